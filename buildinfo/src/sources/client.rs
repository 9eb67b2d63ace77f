//! Asking a source over HTTP: limits, retries, and telling "not there" from "not answering".

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::{Method, StatusCode, header};
use serde_json::Value;

/// One answer may take so long altogether.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// Connecting may take so long.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Larger answers are refused, in bytes after decompression.
const MAX_ANSWER: usize = 64 << 20;
/// How often a request is tried that fails for a reason which may pass.
const TRIES: usize = 10;
/// After so many refused connections a source is given up: it is down, not flaky.
const CONNECT_TRIES: usize = 4;

/// A source could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// 404: what was asked for is not there. The source itself works.
    #[error("{0} is not there (404)")]
    NotFound(String),
    /// It does not answer: no connection, time-outs, or errors of its own, after all tries.
    #[error("{url} does not answer: {why}")]
    Down {
        /// What was asked.
        url: String,
        /// The last error in short.
        why: String,
    },
    /// It refuses the request; asking again is no use.
    #[error("{url} refuses the request: {why}")]
    Refused {
        /// What was asked.
        url: String,
        /// Its status and words, cut short.
        why: String,
    },
    /// It answers, but with something else than data: HTML, or damaged JSON, after all tries.
    #[error("{url} answers with something else than data: {why}")]
    Garbage {
        /// What was asked.
        url: String,
        /// What came instead, in short.
        why: String,
    },
}

/// An HTTP client for one source. It counts its requests. After a request that failed all its tries
/// the next ones are tried once only, until one succeeds: a source that is away costs its patience
/// once, not for every file.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    requests: Arc<AtomicU64>,
    weary: AtomicBool,
}

impl Client {
    /// A client with a User-Agent and limits.
    ///
    /// # Errors
    /// The TLS library could not be started.
    pub fn new() -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("datil/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            .timeout(ANSWER_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(8)
            .build()?;
        Ok(Self {
            http,
            requests: Arc::default(),
            weary: AtomicBool::new(false),
        })
    }

    /// A client for another source, with the same connections and the same count.
    pub fn for_another(&self) -> Self {
        Self {
            http: self.http.clone(),
            requests: Arc::clone(&self.requests),
            weary: AtomicBool::new(false),
        }
    }

    /// How many requests were sent so far, retries included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// `GET` a JSON document.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub async fn get_json(&self, url: &str) -> Result<Value, SourceError> {
        self.json(Method::GET, url, None).await
    }

    /// `POST` a JSON document and read the one that comes back.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub async fn post_json(&self, url: &str, body: &Value) -> Result<Value, SourceError> {
        self.json(Method::POST, url, Some(body)).await
    }

    async fn json(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Value, SourceError> {
        let refused = AtomicU64::new(0);
        let attempt = || async {
            self.requests.fetch_add(1, Ordering::Relaxed);
            let result = self.once(method.clone(), url, body).await;
            if matches!(result, Err(Attempt::NoConnection(_))) {
                refused.fetch_add(1, Ordering::Relaxed);
            }
            result
        };
        let weary = self.weary.load(Ordering::Relaxed);
        let patience = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(50))
            .with_max_delay(Duration::from_secs(2))
            .with_max_times(TRIES - 1)
            .with_jitter();
        let outcome = attempt
            .retry(patience)
            .when(|error| match error {
                _ if weary => false,
                Attempt::Final(_) => false,
                Attempt::NoConnection(_) => refused.load(Ordering::Relaxed) < CONNECT_TRIES as u64,
                Attempt::Passing(_) => true,
            })
            .await;
        // What is final is an answer of a source that works.
        let worn_out = matches!(outcome, Err(Attempt::Passing(_) | Attempt::NoConnection(_)));
        self.weary.store(worn_out, Ordering::Relaxed);
        outcome.map_err(|error| match error {
            Attempt::Final(error) | Attempt::Passing(error) | Attempt::NoConnection(error) => error,
        })
    }

    async fn once(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Value, Attempt> {
        let mut request = self
            .http
            .request(method, url)
            .header(header::ACCEPT, "application/json");
        if let Some(body) = body {
            request = request.json(body);
        }
        let down = |why: String| SourceError::Down {
            url: url.to_owned(),
            why,
        };
        let mut response = request.send().await.map_err(|error| {
            let why = brief(&error);
            if error.is_connect() {
                Attempt::NoConnection(down(why))
            } else {
                Attempt::Passing(down(why))
            }
        })?;
        let status = response.status();
        if status == StatusCode::NOT_FOUND {
            return Err(Attempt::Final(SourceError::NotFound(url.to_owned())));
        }
        let busy = status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT;
        if busy || status.is_server_error() {
            return Err(Attempt::Passing(down(format!(
                "status {}",
                status.as_u16()
            ))));
        }
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= MAX_ANSWER => {
                    bytes.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => {
                    let why = format!("more than {MAX_ANSWER} bytes");
                    return Err(Attempt::Final(SourceError::Garbage {
                        url: url.to_owned(),
                        why,
                    }));
                }
                Ok(None) => break,
                Err(error) => return Err(Attempt::Passing(down(brief(&error)))),
            }
        }
        if !status.is_success() {
            let why = format!("status {}: {}", status.as_u16(), excerpt(&bytes));
            return Err(Attempt::Final(SourceError::Refused {
                url: url.to_owned(),
                why,
            }));
        }
        // A wrong path, or a page for people in front of a service that is down, comes as 200 with HTML.
        serde_json::from_slice(&bytes).map_err(|_| {
            let why = excerpt(&bytes);
            Attempt::Passing(SourceError::Garbage {
                url: url.to_owned(),
                why,
            })
        })
    }
}

/// How one try ended.
enum Attempt {
    /// Trying again is no use.
    Final(SourceError),
    /// It may pass.
    Passing(SourceError),
    /// Nobody listens.
    NoConnection(SourceError),
}

/// An error without the address, which is named beside it.
fn brief(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "it takes too long"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    kind.to_owned()
}

/// The beginning of an unexpected answer, for people to recognise it.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..300).unwrap_or(bytes)).into_owned();
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().take(120).collect()
}
