//! Processed crashes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lenient;

/// A processed crash: one JSON object, whose fields are described in [`crate::fields`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProcessedCrash(pub Map<String, Value>);

impl ProcessedCrash {
    /// Reads a stored processed crash, also as Python writes JSON; returns `None` if the bytes are not an object.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        lenient::read(bytes).ok()
    }

    /// Returns the stored form: one line of JSON with sorted keys.
    pub fn to_json(&self) -> Vec<u8> {
        // Serialising a map of JSON values cannot fail.
        serde_json::to_vec(&self.0).unwrap_or_default()
    }

    /// Returns the value of a field, if it is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Sets a field.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Returns the version of this document, as counted in the crash's row; 0 if it has none.
    pub fn row_version(&self) -> i64 {
        self.0.get("row_version").and_then(Value::as_i64).unwrap_or(0)
    }

    /// Returns the value at a path of object keys, such as `["json_dump", "system_info", "os"]`.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.0.get(*first)?, |value, key| value.get(*key))
    }
}
