//! The answers of `/submit`. Existing clients parse these texts and statuses.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use crash::CrashId;

/// An answer to a report that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// We have taken responsibility for the report, or pretend to have.
    Taken(CrashId),
    /// The rule with this name rejected the report.
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
    /// The code in the answer, without `malformed_`; also a metric label. Firefox uses it as a metric label too: lower
    /// snake case.
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

/// The response to a report. Only a crash id is followed by a line ending, LF: Firefox compares what follows `CrashID=`
/// byte by byte.
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
