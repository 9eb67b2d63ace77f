//! An answer other than 200.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// An answer other than 200.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::serve) struct Refusal {
    pub(in crate::serve) status: StatusCode,
    pub(in crate::serve) body: Value,
}

impl Refusal {
    /// In Buildhub's format: one sentence.
    pub(super) fn plain(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            body: json!({ "error": message.into() }),
        }
    }

    /// In Elasticsearch's format: an error object.
    pub(super) fn parsing(kind: &str, reason: impl Into<String>) -> Self {
        let cause = json!({ "type": kind, "reason": reason.into() });
        let mut error = cause.clone();
        error["root_cause"] = json!([cause]);
        Self {
            status: StatusCode::BAD_REQUEST,
            body: json!({ "error": error, "status": 400 }),
        }
    }
}
