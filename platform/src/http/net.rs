//! What a server is set to, and what an address promises: in which form errors are said there.

use std::time::Duration;

use axum::extract::MatchedPath;
use axum::http::{Extensions, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::authentication::Access;
use super::error::ApiError;
use super::limit::Limits;
use super::settings::HttpSettings;

/// Makes the page that says an error.
pub type Page = fn(ApiError) -> Response;

/// What all requests to a server pass through.
pub(super) struct Net {
    pub(super) access: Access,
    pub(super) limits: Limits,
    pub(super) proxies: usize,
    pub(super) time: Option<Duration>,
    page: Page,
}

/// What an address promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Api,
    Submit,
    Operations,
    Static,
    Page,
}

impl Kind {
    pub(super) fn of(path: &str) -> Self {
        match path {
            "/submit" | "/submit/" => Self::Submit,
            "/metrics" | "/robots.txt" => Self::Operations,
            _ if path.starts_with("/api/") => Self::Api,
            _ if path.starts_with("/__") => Self::Operations,
            _ if path.starts_with("/static/") => Self::Static,
            _ => Self::Page,
        }
    }

    /// Whether it is for clients and people: their requests are counted, and it matters who is signed in.
    pub(super) fn is_for_clients(self) -> bool {
        matches!(self, Self::Api | Self::Page)
    }
}

/// The pattern that a request's path fits: never the path itself, which may say what is protected.
pub(super) fn route(extensions: &Extensions) -> Option<&str> {
    let matched = extensions.get::<MatchedPath>();
    matched.map(MatchedPath::as_str)
}

/// Marks an error that has its words already, in another form than the address promises.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worded;

impl Net {
    pub(super) fn new(settings: &HttpSettings, access: Access, page: Page) -> Self {
        Self {
            access,
            limits: Limits::new(settings),
            proxies: usize::from(settings.proxies),
            time: match settings.answer_seconds {
                0 => None,
                seconds => Some(Duration::from_secs(u64::from(seconds))),
            },
            page,
        }
    }

    /// Says an error in the form that such an address promises.
    pub(super) fn say(&self, kind: Kind, error: ApiError) -> Response {
        let (status, _) = error.status();
        match kind {
            Kind::Api | Kind::Operations | Kind::Static => error.into_response(),
            Kind::Submit => (status, error.to_string()).into_response(),
            Kind::Page => {
                let wait = error.wait();
                let mut response = (self.page)(error);
                if let Some(wait) = wait {
                    response
                        .headers_mut()
                        .insert(header::RETRY_AFTER, HeaderValue::from(wait));
                }
                response
            }
        }
    }
}
