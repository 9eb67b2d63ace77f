//! Reading crash data: from siggen's JSON, or out of a processed crash.

use crash::ProcessedCrash;
use serde_json::Value;

use super::data::CrashData;
use super::lenient;
use crate::python;

/// Why a document is no crash data.
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
    /// Reads one JSON document in siggen's schema, or a processed crash (known by `json_dump`).
    ///
    /// Values of another type than they should have are left out with a note, as far as they have
    /// no other defined meaning (a thread number in a text counts).
    ///
    /// # Errors
    /// If the document is not a JSON object.
    pub fn from_json(json: &'a [u8]) -> Result<Self, CrashDataError> {
        let text = str::from_utf8(json).map_err(|_| CrashDataError::NotUtf8)?;
        // Nearly all documents are well typed, and reading them directly is several times faster.
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

    /// Takes what signatures need out of a processed crash.
    ///
    /// Of the threads only the crashing and the first one are read; the others stay empty.
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
