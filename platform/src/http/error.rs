//! The one error of every endpoint.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::query::Wrong;
use crate::cpu::Panicked;
use crate::db::{DbError, is_too_slow};

/// The one error of every endpoint. The client sees the status, a stable code and our sentence;
/// the cause of an internal error goes to the log only.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 404: there is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// 400: the request cannot be understood.
    #[error("{0}")]
    BadRequest(String),
    /// 400: parameters are missing or wrong: all of them, with the address of a right request.
    #[error("{wrong}. For example: {example}")]
    Wrong {
        /// What is wrong with which one.
        wrong: Wrong,
        /// The address of a right request.
        example: &'static str,
    },
    /// 403: it needs a token with a permission.
    #[error("{0}")]
    Forbidden(String),
    /// 405: there is something, but not to do that with.
    #[error("this address does not take this method")]
    MethodNotAllowed,
    /// 413: the request is longer than what is taken.
    #[error("{0}")]
    TooLarge(String),
    /// 429: too many requests; the client may ask again after this time.
    #[error("too many requests: try again after {} seconds", seconds(*.0))]
    RateLimited(Duration),
    /// 503: not now; try again after some seconds.
    #[error("{0}")]
    Unavailable(String),
    /// 503: it took too long and was given up.
    #[error("{0}")]
    TooSlow(String),
    /// 500: our fault.
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        anyhow::Error::from(error).into()
    }
}

/// What many wait for fails for all of them.
impl From<Arc<DbError>> for ApiError {
    fn from(error: Arc<DbError>) -> Self {
        anyhow::Error::from(error).into()
    }
}

impl From<Panicked> for ApiError {
    fn from(error: Panicked) -> Self {
        Self::Internal(error.into())
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        let mut causes = error.chain().filter_map(|cause| cause.downcast_ref());
        if causes.any(is_too_slow) {
            tracing::warn!(cause = crate::causes::line(&error), "a request was given up");
            Self::TooSlow("the database took too long: ask for less, or try again later".to_owned())
        } else {
            Self::Internal(error)
        }
    }
}

impl ApiError {
    /// The HTTP status and the stable code.
    pub fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::BadRequest(_) | Self::Wrong { .. } => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::TooSlow(_) => (StatusCode::SERVICE_UNAVAILABLE, "too_slow"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// After how many seconds it is worth to ask again.
    pub(super) fn wait(&self) -> Option<u64> {
        match self {
            Self::RateLimited(wait) => Some(seconds(*wait)),
            Self::Unavailable(_) | Self::TooSlow(_) => Some(10),
            _ => None,
        }
    }

    /// The error that a status says which came without words, about a request to this path.
    pub(super) fn of_status(status: StatusCode, path: &str) -> Self {
        let is_text = percent_encoding::percent_decode_str(path).decode_utf8().is_ok();
        match status {
            StatusCode::BAD_REQUEST if !is_text => Self::BadRequest(
                "the address is damaged: what its signs with % stand for is no text (UTF-8)".to_owned(),
            ),
            StatusCode::NOT_FOUND => Self::NotFound("there is nothing at this address".to_owned()),
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge("the request is too long".to_owned()),
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable("this cannot be done now: try again later".to_owned()),
            status if status.is_client_error() => Self::BadRequest("the request cannot be understood".to_owned()),
            status => Self::Internal(anyhow::anyhow!("an answer with nothing but {status}")),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        if let Self::Internal(cause) = &self {
            tracing::error!(cause = crate::causes::line(cause), "a request failed");
        }
        let mut body = json!({ "error": self.to_string(), "code": code });
        if let Self::Wrong { wrong, example } = &self {
            body["problems"] = wrong.problems().collect();
            body["example"] = (*example).into();
        }
        let body = axum::Json(body);
        let wait = self.wait();
        let mut response = (status, body).into_response();
        if let Some(wait) = wait {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

/// Whole seconds, rounded up.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

impl Wrong {
    /// The error of all that was noted; `example` is the address of a right request.
    ///
    /// # Errors
    /// Something was noted.
    pub fn refused(self, example: &'static str) -> Result<(), ApiError> {
        if self.problems().next().is_none() {
            return Ok(());
        }
        Err(ApiError::Wrong { wrong: self, example })
    }
}
