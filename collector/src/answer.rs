//! What `/submit` answers. The texts and statuses are those that existing clients parse.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use crash::CrashId;

/// An answer to a report that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Responsibility for the report has passed to us (or it was pretended to).
    Taken(CrashId),
    /// The rule of this name keeps the report out.
    Rejected(String),
}

/// Why a report was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{}", .0.code())]
    Malformed(Malformed),
    #[error("the uuid came without a valid token")]
    UnauthorizedUuid,
    #[error("the body is too large")]
    TooLarge,
    #[error("the body came too slowly")]
    TooSlow,
    #[error("the report could not be stored now")]
    Unavailable,
}

/// What is wrong with a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    NoContentType,
    WrongContentType,
    NoBoundary,
    NoContentLength,
    BadGzip,
    PayloadStructure,
    Json,
    JsonValue,
    NoAnnotations,
    DumpName,
    Uuid,
}

impl Malformed {
    /// The code in the answer, without `malformed_`; also a metric label. Firefox makes a metric
    /// label of it as well: lower snake case.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NoContentType => "no_content_type",
            Self::WrongContentType => "wrong_content_type",
            Self::NoBoundary => "no_boundary",
            Self::NoContentLength => "no_content_length",
            Self::BadGzip => "bad_gzip",
            Self::PayloadStructure => "invalid_payload_structure",
            Self::Json => "invalid_json",
            Self::JsonValue => "invalid_json_value",
            Self::NoAnnotations => "no_annotations",
            Self::DumpName => "invalid_dump_name",
            Self::Uuid => "invalid_uuid",
        }
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// The response to a report. Line ends are LF and stand after a crash id only: Firefox compares
/// what follows `CrashID=` byte by byte.
pub(crate) fn response(outcome: &Result<Answer, Refusal>) -> Response<Body> {
    let (status, body) = match outcome {
        Ok(Answer::Taken(id)) => (StatusCode::OK, format!("CrashID=bp-{id}\n")),
        Ok(Answer::Rejected(rule)) => (StatusCode::OK, format!("Discarded=rule_{rule}")),
        Err(Refusal::Malformed(malformed)) => (
            StatusCode::BAD_REQUEST,
            format!("Discarded=malformed_{}", malformed.code()),
        ),
        Err(Refusal::UnauthorizedUuid) => (StatusCode::UNAUTHORIZED, "Discarded=unauthorized_uuid".to_owned()),
        Err(Refusal::TooLarge) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "Discarded=post_body_too_large".to_owned(),
        ),
        Err(Refusal::TooSlow) => (StatusCode::REQUEST_TIMEOUT, String::new()),
        Err(Refusal::Unavailable) => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
