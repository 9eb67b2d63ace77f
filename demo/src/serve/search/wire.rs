//! Values as written in requests and answers.

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use crate::serve::record::Scalar;

/// Reads a count, written as a number or as digits.
pub(super) fn count(body: &Map<String, Value>, key: &str, default: u64) -> Result<u64, Refusal> {
    let Some(value) = body.get(key) else {
        return Ok(default);
    };
    let number = match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    number.ok_or_else(|| Refusal::parsing("illegal_argument_exception", format!("[{key}] is not a count")))
}

/// Returns a value as an answer writes it.
pub(super) fn wire(value: &Scalar<'_>) -> Value {
    match value {
        Scalar::Text(text) => json!(text),
        Scalar::Date(number) | Scalar::Number(number) => json!(number),
    }
}
