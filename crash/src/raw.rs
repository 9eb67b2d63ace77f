//! Raw crashes: the annotations and the collector's notes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::collector::{self, Metadata};
use crate::lenient;

/// Annotations that identify people.
const PRIVATE_ANNOTATIONS: [&str; 4] = ["Email", "TelemetryClientId", "TelemetryServerURL", "TelemetrySessionId"];

/// Returns whether an annotation identifies people, in any spelling; these are removed before anything is stored.
/// `guid` is what Crashpad, Breakpad and Electron call the identity of an installation.
pub fn is_private(name: &str) -> bool {
    let plain = name.replace('\0', "");
    let plain = plain.trim().trim_start_matches('_');
    PRIVATE_ANNOTATIONS
        .iter()
        .chain(&["guid", "client_guid", "clientguid"])
        .any(|private| plain.eq_ignore_ascii_case(private))
}

/// Returns the text of a value: a string, or a number (from clients that send JSON) as it was written.
pub fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A raw crash: one flat JSON object with all annotations, plus `uuid`, `submitted_timestamp` (RFC 3339), `version` (2)
/// and `metadata`. Annotation values should be strings, but clients that send JSON may send any value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawCrash(pub Map<String, Value>);

/// Stored bytes that are not a raw crash.
#[derive(Debug, thiserror::Error)]
#[error("the raw crash is not a JSON object")]
pub struct RawCrashError;

impl RawCrash {
    /// Reads a stored raw crash, also as Python writes JSON.
    ///
    /// # Errors
    /// The bytes are not a JSON object.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RawCrashError> {
        lenient::read(bytes).map_err(|_| RawCrashError)
    }

    /// Returns the stored form: one line of JSON with sorted keys.
    pub fn to_json(&self) -> Vec<u8> {
        // Serialising a map of JSON values cannot fail.
        serde_json::to_vec(&self.0).unwrap_or_default()
    }

    /// Returns the value of an annotation, if it is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Returns the value of an annotation, if it is a string or a number.
    pub fn annotation(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).and_then(text_of)
    }

    /// Returns when the report was received, in RFC 3339, if the collector recorded it.
    pub fn submitted(&self) -> Option<&str> {
        self.text(collector::SUBMITTED)
    }

    /// Returns the collector's notes; empty if the object is missing or unreadable.
    pub fn metadata(&self) -> Metadata {
        self.0
            .get(collector::METADATA)
            .and_then(|value| Metadata::deserialize(value).ok())
            .unwrap_or_default()
    }

    /// Iterates over the annotations, without the keys that the collector wrote.
    pub fn annotations(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter().filter(|(name, _)| !collector::writes(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_annotations_are_recognised_in_any_spelling() {
        for name in [
            "Email",
            "email",
            " Email",
            "TelemetryClientId",
            "guid",
            "GUID",
            "_guid",
            "gu\0id",
            "client_guid",
        ] {
            assert!(is_private(name), "{name:?}");
        }
        for name in ["ProductName", "guide", "Emails", "ProductID", ""] {
            assert!(!is_private(name), "{name:?}");
        }
    }
}
