//! Processed crashes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A processed crash: one JSON object, whose fields stand in [`crate::fields`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProcessedCrash(pub Map<String, Value>);

impl ProcessedCrash {
    /// Reads a stored processed crash; `None` when the bytes are not a JSON object.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The stored form: one line of JSON with sorted keys.
    pub fn to_json(&self) -> Vec<u8> {
        // A map of JSON values always has a JSON form.
        serde_json::to_vec(&self.0).unwrap_or_default()
    }

    /// The value of a field, if it is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Sets a field.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Which writing of this crash it is: the number in the crash's row, 0 when the document has none.
    pub fn row_version(&self) -> i64 {
        self.0.get("row_version").and_then(Value::as_i64).unwrap_or(0)
    }

    /// The value at a path of object keys, such as `["json_dump", "system_info", "os"]`.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.0.get(*first)?, |value, key| value.get(*key))
    }
}
