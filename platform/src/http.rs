//! The HTTP server, the one error type of every endpoint, and the endpoints for operators.

mod client;
mod layers;
mod limit;
pub mod meters;
mod operations;
pub mod query;

use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::config::ConfigError;
use crate::cpu::Panicked;
use crate::db::{DbError, is_too_slow};

pub use layers::{Page, layers};
pub use operations::{Operations, Release, operations};

/// How long a client may take to send its request head.
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// The section `http` of the settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Address and port to listen on, such as `127.0.0.1:8000`; port 0 takes a free one. Empty:
    /// the loopback address and the service's own port.
    pub bind: String,
    /// How many requests a minute one client address may make of the API (`/api/`) and of pages, and at once; 0: no
    /// limit. Crash reports, health and the stylesheet are not counted.
    pub rate_limit: u32,
    /// How many proxies of our own stand in front, each of which appends to `X-Forwarded-For`: where the client's
    /// address is read for the limit. 0: the address of the connection.
    pub proxies: u8,
    /// How many seconds a request may take until its answer begins, then it is given up with 503; 0: no limit. Crash
    /// reports have limits of their own.
    pub answer_seconds: u32,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            bind: String::new(),
            rate_limit: 0,
            proxies: 0,
            answer_seconds: 30,
        }
    }
}

impl HttpSettings {
    /// Whether every value can be used.
    ///
    /// # Errors
    /// The first setting that cannot, and why.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.bind.is_empty() {
            return Ok(());
        }
        match self.bind.to_socket_addrs() {
            Ok(_) => Ok(()),
            Err(error) => Err(ConfigError::setting(
                "http.bind",
                format!(
                    "{:?} is no address of this machine with a port, such as 127.0.0.1:8000: {error}",
                    self.bind
                ),
            )),
        }
    }
}

/// How many connections may be open at once; more wait in the listen queue.
const MAX_CONNECTIONS: usize = 4096;

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
        wrong: query::Wrong,
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
    fn wait(&self) -> Option<u64> {
        match self {
            Self::RateLimited(wait) => Some(seconds(*wait)),
            Self::Unavailable(_) | Self::TooSlow(_) => Some(10),
            _ => None,
        }
    }

    /// The error that a status says which came without words, about a request to this path.
    fn of_status(status: StatusCode, path: &str) -> Self {
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

/// Serves until `stop` is cancelled, then lets running requests end. Clients that do not send
/// their request head in time, and idle connections when stopping, are closed.
///
/// # Errors
/// Never while serving: a failed connection concerns its client only.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> anyhow::Result<()> {
    let connections = TaskTracker::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit?,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, mostly: give others time to close theirs.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        // Answers are small and complete: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let service = router.clone().map_request(move |mut request: Request<_>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = server.serve_connection(TokioIo::new(stream), service);
        let stop = stop.clone();
        connections.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            // Errors here are clients that went away or spoke no HTTP.
            tokio::select! {
                _ = connection.as_mut() => {}
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            drop(permit);
        });
    }
    connections.close();
    connections.wait().await;
    Ok(())
}
