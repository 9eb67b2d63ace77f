//! The errors of the endpoints, in the words that clients of Crash Stats know.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use crash::CrashId;
use platform::access::Permission;
use platform::cpu::Panicked;
use platform::db::DbError;
use platform::http::{ApiError, Caller};
use serde_json::{Map, Value, json};

/// An answer that is an error: an object with a text under `error`.
#[derive(Debug)]
pub(super) struct Failure(Box<Inner>);

#[derive(Debug)]
enum Inner {
    Said {
        status: StatusCode,
        body: Value,
        /// After how many seconds it is worth while to ask again.
        retry_after: Option<u64>,
    },
    /// An error as every other address says it.
    Other(ApiError),
}

impl Failure {
    /// An error with this object.
    pub(super) fn new(status: StatusCode, body: Value) -> Self {
        Self(Box::new(Inner::Said {
            status,
            body,
            retry_after: None,
        }))
    }

    /// An error with this text.
    pub(super) fn text(status: StatusCode, text: &str) -> Self {
        Self::new(status, json!({ "error": text }))
    }

    /// 503: ask again after so many seconds.
    pub(super) fn not_now(text: &str, retry_after: u64) -> Self {
        Self(Box::new(Inner::Said {
            status: StatusCode::SERVICE_UNAVAILABLE,
            body: json!({ "error": text }),
            retry_after: Some(retry_after),
        }))
    }

    /// 400: parameters that are missing or of another kind. Some clients read `errors`, some `error`.
    pub(super) fn of_form<'a>(wrong: BTreeMap<&'a str, &'a str>) -> Self {
        let texts: Vec<String> = wrong.iter().map(|(name, text)| format!("{name}: {text}")).collect();
        let errors: Map<String, Value> = wrong
            .into_iter()
            .map(|(name, text)| (name.to_owned(), json!([text])))
            .collect();
        Self::new(
            StatusCode::BAD_REQUEST,
            json!({ "error": texts.join(" "), "errors": errors }),
        )
    }

    /// 400: a request that makes no sense.
    pub(super) fn bad_argument(text: &str) -> Self {
        let error = format!("Bad request: BadArgumentError: {text}");
        Self::text(StatusCode::BAD_REQUEST, &error)
    }

    /// 400: a parameter with a value that makes no sense.
    pub(super) fn bad_value(parameter: &str) -> Self {
        Self::bad_argument(&format!("Bad value for parameter(s) '{parameter}'"))
    }

    /// 404: there is no such crash.
    pub(super) fn no_crash(id: &CrashId) -> Self {
        Self::text(StatusCode::NOT_FOUND, &format!("Not found: CrashIDNotFound {id}"))
    }

    /// 405.
    pub(super) fn method_not_allowed() -> Self {
        Self::text(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
    }

    #[cfg(test)]
    pub(super) fn body(&self) -> Value {
        match &*self.0 {
            Inner::Said { body, .. } => body.clone(),
            Inner::Other(error) => json!({ "error": error.to_string() }),
        }
    }
}

/// Refuses a caller without this permission with 403.
pub(super) fn require(caller: &Caller, permission: Permission) -> Result<(), Failure> {
    let allowed = caller.require(permission);
    allowed.map_err(|error| Failure::text(StatusCode::FORBIDDEN, &error.to_string()))
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(Box::new(Inner::Other(error)))
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<Panicked> for Failure {
    fn from(error: Panicked) -> Self {
        ApiError::from(error).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match *self.0 {
            Inner::Other(error) => error.into_response(),
            Inner::Said {
                status,
                body,
                retry_after,
            } => {
                let mut response = (status, axum::Json(body)).into_response();
                if let Some(seconds) = retry_after {
                    let headers = response.headers_mut();
                    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                response
            }
        }
    }
}
