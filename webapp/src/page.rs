//! What all pages share: HTML responses, their headers, the stylesheet, and error pages.

use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use platform::http::ApiError;

const STYLE: &str = include_str!("style.css");
const STYLE_HASH: u64 = fnv1a(STYLE.as_bytes());

/// The 64-bit FNV-1a hash: it only names a version of the stylesheet and is not for security.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

/// The file name of this version of the stylesheet.
pub(crate) fn style_name() -> String {
    format!("style.{STYLE_HASH:016x}.css")
}

/// The stylesheet. Its name changes with its content, so it may be cached for a year.
pub(crate) async fn stylesheet(Path(file): Path<String>) -> Response {
    if file != style_name() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, STYLE).into_response()
}

/// Adds the headers that keep a page from loading or running anything foreign.
pub(crate) async fn protect(mut response: Response) -> Response {
    add_protection(&mut response);
    response
}

fn add_protection(response: &mut Response) {
    const HEADERS: [(HeaderName, &str); 6] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // For browsers that do not know `frame-ancestors`.
        (header::X_FRAME_OPTIONS, "DENY"),
        // No other site learns which page led to it. Our own pages may: without a referrer, a browser would hide from
        // us that a form is our own.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        // No page of another site can put an answer into itself without asking (CORS).
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

/// A page with its status code.
pub(crate) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (
            status,
            [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CACHE_CONTROL, "no-cache"),
            ],
            text,
        )
            .into_response(),
        Err(error) => ApiError::Internal(error.into()).into_response(),
    }
}

/// Says that an answer depends on who asks, so that nobody gets another one's. (What is made for the holder of a token
/// is kept nowhere: [`platform::http::layers`].)
pub(crate) fn vary(response: &mut Response) {
    let by = HeaderValue::from_static("Auth-Token, Cookie");
    response.headers_mut().insert(header::VARY, by);
}

/// Redirects the client to another address on this host, which must be ASCII.
pub(crate) fn moved(status: StatusCode, to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (status, [(header::LOCATION, to)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The page that says what is wrong, and what the reader can do.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub(crate) struct Problem {
    pub(crate) title: String,
    /// What is wrong, in a sentence.
    pub(crate) sentence: String,
    /// Possible causes.
    pub(crate) causes: Vec<String>,
}

impl Problem {
    pub(crate) fn answer(&self, status: StatusCode) -> Response {
        html(status, self)
    }
}

/// The page for an address that leads nowhere.
fn nothing_here() -> Response {
    let problem = Problem {
        title: "No such page".to_owned(),
        sentence: "Nothing is served under this address.".to_owned(),
        causes: vec![
            "The address was cut off or mistyped.".to_owned(),
            "The page is one of another service of this system.".to_owned(),
        ],
    };
    problem.answer(StatusCode::NOT_FOUND)
}

/// The page for an error that did not come from one of our pages, such as those of a server's layers.
pub fn error_page(error: ApiError) -> Response {
    let mut response = match error {
        ApiError::NotFound(_) => nothing_here(),
        error => PageError(error).into_response(),
    };
    add_protection(&mut response);
    response
}

/// An error, returned as a page.
#[derive(Debug)]
pub(crate) struct PageError(ApiError);

impl<E: Into<ApiError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, _) = self.0.status();
        let title = match &self.0 {
            ApiError::NotFound(_) => "Not found",
            ApiError::BadRequest(_) | ApiError::Wrong { .. } => "This cannot be understood",
            ApiError::Forbidden(_) => "Not allowed",
            ApiError::MethodNotAllowed => "This cannot be done here",
            ApiError::TooLarge(_) => "Too long",
            ApiError::RateLimited(_) => "Too many requests",
            ApiError::Unavailable(_) => "Not at the moment",
            ApiError::TooSlow(_) => "This took too long",
            ApiError::Internal(cause) => {
                tracing::error!(cause = platform::causes::line(cause), "a page could not be made");
                "Something failed here"
            }
        };
        let sentence = match &self.0 {
            ApiError::Internal(_) => {
                "This is a fault of the system, not of your request. The cause is in its log.".to_owned()
            }
            error => error.to_string(),
        };
        let problem = Problem {
            title: title.to_owned(),
            sentence,
            causes: Vec::new(),
        };
        problem.answer(status)
    }
}

/// The error for a parameter that cannot match any stored text.
pub(crate) fn unusable(parameter: &'static str) -> PageError {
    PageError(ApiError::BadRequest(format!(
        "The value of {parameter} is too long or holds control characters."
    )))
}
