//! Reads crash data, from siggen's JSON or from a processed crash.

use crash::ProcessedCrash;
use serde_json::Value;

use super::data::CrashData;
use super::lenient;
use crate::python;

/// Why a document is not crash data.
#[derive(Debug, thiserror::Error)]
pub enum CrashDataError {
    /// It is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// It is not JSON.
    #[error("not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// It is JSON, but not an object.
    #[error("not a JSON object")]
    NotAnObject,
}

impl<'a> CrashData<'a> {
    /// Reads one JSON document in siggen's schema, or a processed crash (recognised by `json_dump`).
    ///
    /// Values of the wrong type are left out with a note, unless they have another defined meaning (a thread number in
    /// a string counts).
    ///
    /// # Errors
    /// If the document is not a JSON object.
    pub fn from_json(json: &'a [u8]) -> Result<Self, CrashDataError> {
        let text = str::from_utf8(json).map_err(|_| CrashDataError::NotUtf8)?;
        // Nearly all documents are well typed, and reading these directly is several times faster.
        if text.trim_start().starts_with('{')
            && !text.contains("\"json_dump\"")
            && let Ok(data) = serde_json::from_str(text)
        {
            return Ok(data);
        }
        match python::json(text).map_err(CrashDataError::NotJson)? {
            Value::Object(map) if map.contains_key("json_dump") => Ok(Self::from_processed(&ProcessedCrash(map))),
            Value::Object(map) => Ok(lenient::read(|key| map.get(key))),
            _ => Err(CrashDataError::NotAnObject),
        }
    }

    /// Extracts what signatures need from a processed crash.
    ///
    /// Only the crashing and the first thread are read; the others stay empty.
    pub fn from_processed(crash: &ProcessedCrash) -> Self {
        let crashing_thread = crash
            .at(&["json_dump", "crash_info", "crashing_thread"])
            .filter(|index| !index.is_null());
        let was_walked = crash
            .at(&["json_dump"])
            .and_then(Value::as_object)
            .is_some_and(|dump| !dump.is_empty());
        let data = lenient::read(|key| match key {
            "crashing_thread" => crashing_thread,
            "reason" => crash.at(&["json_dump", "crash_info", "type"]),
            "threads" => crash.at(&["json_dump", "threads"]),
            "os" => crash.at(&["json_dump", "system_info", "os"]),
            "original_signature" => crash.at(&["signature"]),
            same => crash.at(&[same]),
        });
        Self {
            no_crashing_thread: was_walked && crashing_thread.is_none(),
            ..data
        }
    }
}
