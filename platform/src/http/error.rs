//! The error type of every endpoint.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::query::Wrong;
use crate::cpu::Panicked;
use crate::db::{DbError, is_too_slow};

/// The error type of every endpoint. The client sees the status, a stable code and our sentence; the cause of an
/// internal error goes only to the log.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 404: not found.
    #[error("{0}")]
    NotFound(String),
    /// 400: the request cannot be understood.
    #[error("{0}")]
    BadRequest(String),
    /// 400: lists all missing or wrong parameters, with the address of a correct request.
    #[error("{wrong}. For example: {example}")]
    Wrong {
        /// The faulty parameters.
        wrong: Wrong,
        /// The address of a correct request.
        example: &'static str,
    },
    /// 403: a token with a permission is required.
    #[error("{0}")]
    Forbidden(String),
    /// 405: the address exists, but does not take this method.
    #[error("this address does not take this method")]
    MethodNotAllowed,
    /// 413: the request is too long.
    #[error("{0}")]
    TooLarge(String),
    /// 429: too many requests; the client may retry after this time.
    #[error("too many requests: try again after {} seconds", seconds(*.0))]
    RateLimited(Duration),
    /// 503: not now; retry after some seconds.
    #[error("{0}")]
    Unavailable(String),
    /// 503: the request took too long and was abandoned.
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

/// A shared result fails for all who wait for it.
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
    /// Returns the HTTP status and the stable code.
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

    /// The number of seconds after which a retry is worthwhile.
    pub(super) fn wait(&self) -> Option<u64> {
        match self {
            Self::RateLimited(wait) => Some(seconds(*wait)),
            Self::Unavailable(_) | Self::TooSlow(_) => Some(10),
            _ => None,
        }
    }

    /// The error for a status without a message, for a request to this path.
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
    /// Fails if any problem was noted; `example` is the address of a correct request.
    ///
    /// # Errors
    /// A problem was noted.
    pub fn refused(self, example: &'static str) -> Result<(), ApiError> {
        if self.problems().next().is_none() {
            return Ok(());
        }
        Err(ApiError::Wrong { wrong: self, example })
    }
}
