//! HTTP requests to a source: limits, retries, and telling "not there" from "not answering".

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use builds::SourceName;
use builds::said::Response as Recorded;
use builds::said::source::Source;
use reqwest::{Method, RequestBuilder, StatusCode, header, redirect};
use serde_json::Value;

use super::tape::Tape;

/// Maximum duration of one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// A source that sends nothing for this long hangs.
const SILENCE_LIMIT: Duration = Duration::from_secs(10);
/// Maximum time to connect.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Maximum size of an answer in bytes after decompression.
const MAX_ANSWER: usize = 64 << 20;
/// Maximum tries of a request that fails for a transient reason.
const TRIES: usize = 10;
/// Maximum pause between tries, as a multiple of the first.
const PAUSE_GROWS: u32 = 8;
/// After this many failures in a row a source is given up for this import.
const GIVE_UP_AFTER: u64 = 30;
/// How many failures a refused connection counts as: nothing listens there.
const NO_CONNECTION: u64 = 8;
/// How many failures a time-out counts as: it costs as much time.
const SILENCE: u64 = 15;
/// Maximum redirects followed.
const MOVES: usize = 5;

/// A source could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// 404: the document does not exist. The source itself works.
    #[error("{0} is not there (404)")]
    NotFound(String),
    /// It does not answer: no connection, time-outs, or server errors, after all tries.
    #[error("{url} does not answer: {why}")]
    Down {
        /// What was asked.
        url: String,
        /// The last error in short.
        why: String,
    },
    /// It refuses the request; retrying is no use.
    #[error("{url} refuses the request: {why}")]
    Refused {
        /// What was asked.
        url: String,
        /// The status and message, cut short.
        why: String,
    },
    /// It answers, but not with data: HTML, or damaged JSON, after all tries.
    #[error("{url} answers with something else than data: {why}")]
    Garbage {
        /// What was asked.
        url: String,
        /// What came instead, in short.
        why: String,
    },
}

/// A document as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The content.
    pub bytes: Vec<u8>,
    /// The content type stated by the source.
    pub content_type: Option<String>,
    /// The source's `ETag`.
    pub etag: Option<String>,
}

/// The answer to a request that may yield "unchanged".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The current document.
    Document(Document),
    /// Unchanged since this `ETag` (304).
    Unchanged,
}

/// An HTTP client for one source. It counts its requests, and gives up on a source that only fails, so that a dead
/// source exhausts the retries once, not for every file.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    requests: Arc<AtomicU64>,
    failures: AtomicU64,
    trouble: AtomicU64,
    dead: AtomicBool,
    last: Mutex<String>,
    moved: Mutex<Option<String>>,
    pause: Duration,
    tape: Option<Arc<Tape>>,
    source: Option<&'static Source>,
}

impl Client {
    /// Creates a client with a User-Agent and limits. `pause` precedes the second try of a request, and grows to at
    /// most eight times that. With a tape, answers are recorded on it or played from it.
    ///
    /// # Errors
    /// The TLS library could not be started.
    pub fn new(pause: Duration, tape: Option<Arc<Tape>>) -> Result<Self, reqwest::Error> {
        let http = platform::http::client()
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(SILENCE_LIMIT)
            .timeout(ANSWER_LIMIT)
            .redirect(redirect::Policy::custom(follow))
            .pool_max_idle_per_host(16)
            .build()?;
        Ok(Self {
            http,
            requests: Arc::default(),
            failures: AtomicU64::new(0),
            trouble: AtomicU64::new(0),
            dead: AtomicBool::new(false),
            last: Mutex::default(),
            moved: Mutex::new(None),
            pause,
            tape,
            source: None,
        })
    }

    /// A client for this source, with the same connections and the same count. What is personal in its answers is
    /// neither recorded nor handed over.
    pub fn for_source(&self, source: SourceName) -> Self {
        Self {
            http: self.http.clone(),
            requests: Arc::clone(&self.requests),
            failures: AtomicU64::new(0),
            trouble: AtomicU64::new(0),
            dead: AtomicBool::new(false),
            last: Mutex::default(),
            moved: Mutex::new(None),
            pause: self.pause,
            tape: self.tape.clone(),
            source: Some(source.row()),
        }
    }

    /// The number of requests sent so far, including retries.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many of this source's answers failed: server errors, or no answer in time.
    pub fn trouble(&self) -> u64 {
        self.trouble.load(Ordering::Relaxed)
    }

    /// Whether the source was given up because it only failed.
    pub fn gave_up(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Where the source says it has moved, if so; it is followed each time.
    pub fn moved_to(&self) -> Option<String> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a `GET` for a JSON document.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub async fn get_json(&self, url: &str) -> Result<Value, SourceError> {
        self.json(Method::GET, url, None).await
    }

    /// Sends a JSON document by `POST` and reads the JSON answer.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub async fn post_json(&self, url: &str, body: &Value) -> Result<Value, SourceError> {
        self.json(Method::POST, url, Some(body)).await
    }

    /// Sends a `GET` for a document of any kind; with `etag`, only if it has changed since.
    ///
    /// # Errors
    /// See [`SourceError`]; [`SourceError::Garbage`] only for its size.
    pub async fn get(&self, url: &str, accept: &'static str, etag: Option<&str>) -> Result<Fetched, SourceError> {
        let request = || {
            let request = self.http.get(url).header(header::ACCEPT, accept);
            match etag {
                Some(etag) => request.header(header::IF_NONE_MATCH, etag),
                None => request,
            }
        };
        self.patiently(url, request, Ok).await
    }

    async fn json(&self, method: Method, url: &str, body: Option<&Value>) -> Result<Value, SourceError> {
        let request = || {
            let request = self
                .http
                .request(method.clone(), url)
                .header(header::ACCEPT, "application/json");
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        // A wrong path, or an error page in front of a service that is down, arrives as 200 with HTML.
        let read = |fetched: Fetched| match fetched {
            Fetched::Unchanged => Err("304 without having been asked for".to_owned()),
            Fetched::Document(document) => {
                serde_json::from_slice(&document.bytes).map_err(|_| excerpt(&document.bytes))
            }
        };
        self.patiently(url, request, read).await
    }

    /// Retries a request until it is answered or retrying is no use.
    async fn patiently<T>(
        &self,
        url: &str,
        request: impl Fn() -> RequestBuilder,
        read: impl Fn(Fetched) -> Result<T, String>,
    ) -> Result<T, SourceError> {
        let attempt = || async {
            if self.dead.load(Ordering::Relaxed) {
                let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                return Err(Attempt::Final(SourceError::Down {
                    url: url.to_owned(),
                    why: format!("{last}, again and again; it was given up"),
                }));
            }
            self.requests.fetch_add(1, Ordering::Relaxed);
            let result = match self.once(url, request()).await {
                Ok(fetched) => read(fetched).map_err(|why| {
                    Attempt::Passing(SourceError::Garbage {
                        url: url.to_owned(),
                        why,
                    })
                }),
                Err(error) => Err(error),
            };
            self.count(&result);
            result
        };
        let patience = ExponentialBuilder::default()
            .with_min_delay(self.pause)
            .with_max_delay(self.pause * PAUSE_GROWS)
            .with_max_times(TRIES - 1)
            .with_jitter();
        let outcome = attempt
            .retry(patience)
            .when(|error| !matches!(error, Attempt::Final(_)))
            .await;
        outcome.map_err(|error| match error {
            Attempt::Final(error)
            | Attempt::Passing(error)
            | Attempt::NoConnection(error)
            | Attempt::Silence(error) => error,
        })
    }

    /// Counts failures that may mean the source is dead. A final answer comes from a source that works.
    fn count<T>(&self, result: &Result<T, Attempt>) {
        let weight = match result {
            Ok(_) | Err(Attempt::Final(_)) => {
                self.failures.store(0, Ordering::Relaxed);
                return;
            }
            Err(Attempt::Passing(_)) => 1,
            Err(Attempt::NoConnection(_)) => NO_CONNECTION,
            Err(Attempt::Silence(_)) => SILENCE,
        };
        self.trouble.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = result {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = error.why();
        }
        if self.failures.fetch_add(weight, Ordering::Relaxed) + weight >= GIVE_UP_AFTER {
            self.dead.store(true, Ordering::Relaxed);
        }
    }

    async fn once(&self, url: &str, request: RequestBuilder) -> Result<Fetched, Attempt> {
        let Some(tape) = &self.tape else {
            let answer = self.send(url, request).await?;
            return judge(url, self.public(answer));
        };
        let built = request.build().map_err(|error| {
            Attempt::Final(SourceError::Refused {
                url: url.to_owned(),
                why: brief(&error),
            })
        })?;
        let (method, path) = (built.method().to_string(), below_host(built.url()));
        let question = built.body().and_then(reqwest::Body::as_bytes);
        let question = String::from_utf8_lossy(question.unwrap_or_default()).into_owned();
        if let Some(played) = tape.play(&method, &path, &question) {
            let down = || SourceError::Down {
                url: url.to_owned(),
                why: "it was not asked when this was recorded".to_owned(),
            };
            let played = played.ok_or_else(|| Attempt::Final(down()))?;
            return judge(url, self.public(Answer::from(played)));
        }
        let request = RequestBuilder::from_parts(self.http.clone(), built);
        let answer = self.public(self.send(url, request).await?);
        tape.record(|| Recorded {
            method,
            path,
            question,
            status: answer.status.as_u16(),
            content_type: answer.content_type.clone(),
            etag: answer.etag.clone(),
            body: answer.bytes.clone(),
        });
        judge(url, answer)
    }

    /// An answer without what is personal: errors quote what they could not read, and tapes keep all.
    fn public(&self, mut answer: Answer) -> Answer {
        if let Some(source) = self.source {
            answer.bytes = source.public_answer(answer.bytes);
        }
        answer
    }

    /// Sends a request and reads any answer.
    async fn send(&self, url: &str, request: RequestBuilder) -> Result<Answer, Attempt> {
        let broken = |error: &reqwest::Error| {
            let why = SourceError::Down {
                url: url.to_owned(),
                why: brief(error),
            };
            if error.is_timeout() {
                Attempt::Silence(why)
            } else if error.is_connect() {
                Attempt::NoConnection(why)
            } else {
                Attempt::Passing(why)
            }
        };
        let mut response = request.send().await.map_err(|error| broken(&error))?;
        let status = response.status();
        if response.url().as_str() != url && status.is_success() {
            let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
            moved.get_or_insert_with(|| response.url().to_string());
        }
        if is_busy(status) {
            wait_as_told(&response).await;
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
                Err(error) => return Err(broken(&error)),
            }
        }
        let text = |name| {
            let value = response.headers().get(name)?.to_str().ok()?;
            (value.len() <= 200).then(|| value.to_owned())
        };
        Ok(Answer {
            status,
            content_type: text(header::CONTENT_TYPE),
            etag: text(header::ETAG),
            bytes,
        })
    }
}

/// Any answer.
struct Answer {
    status: StatusCode,
    content_type: Option<String>,
    etag: Option<String>,
    bytes: Vec<u8>,
}

impl From<Recorded> for Answer {
    fn from(recorded: Recorded) -> Self {
        Self {
            status: StatusCode::from_u16(recorded.status).unwrap_or(StatusCode::BAD_GATEWAY),
            content_type: recorded.content_type,
            etag: recorded.etag,
            bytes: recorded.body,
        }
    }
}

/// Classifies an answer: present, absent, temporarily unavailable, or refused.
fn judge(url: &str, answer: Answer) -> Result<Fetched, Attempt> {
    let status = answer.status;
    if status == StatusCode::NOT_FOUND || status == StatusCode::GONE {
        return Err(Attempt::Final(SourceError::NotFound(url.to_owned())));
    }
    if status == StatusCode::NOT_MODIFIED {
        return Ok(Fetched::Unchanged);
    }
    let why = format!("status {}", status.as_u16());
    if is_busy(status) {
        let url = url.to_owned();
        return Err(Attempt::Passing(SourceError::Down { url, why }));
    }
    if !status.is_success() {
        return Err(Attempt::Final(SourceError::Refused {
            url: url.to_owned(),
            why: format!("{why}: {}", excerpt(&answer.bytes)),
        }));
    }
    Ok(Fetched::Document(Document {
        bytes: answer.bytes,
        content_type: answer.content_type,
        etag: answer.etag,
    }))
}

/// Whether a status is transient.
fn is_busy(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT
}

/// Path and query, which are the same for a source and its mirrors.
fn below_host(address: &reqwest::Url) -> String {
    address[url::Position::BeforePath..].to_owned()
}

/// The result of one try.
enum Attempt {
    /// Retrying is no use.
    Final(SourceError),
    /// It may be transient.
    Passing(SourceError),
    /// The connection was refused.
    NoConnection(SourceError),
    /// It accepts connections but sends nothing.
    Silence(SourceError),
}

impl Attempt {
    /// What went wrong, without the address.
    fn why(&self) -> String {
        let (Self::Final(error) | Self::Passing(error) | Self::NoConnection(error) | Self::Silence(error)) = self;
        match error {
            SourceError::NotFound(_) => "status 404".to_owned(),
            SourceError::Down { why, .. } | SourceError::Refused { why, .. } | SourceError::Garbage { why, .. } => {
                why.clone()
            }
        }
    }
}

/// The redirect policy: follows a moved document on the same host, or to any host over TLS. Does not follow a search:
/// as a `GET` it would be another question.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let Some(from) = attempt.previous().last() else {
        return attempt.stop();
    };
    let searched = attempt
        .previous()
        .first()
        .is_some_and(|first| first.path().starts_with("/api/"));
    let trusted = attempt.url().scheme() == "https" || attempt.url().host() == from.host();
    if searched || !trusted || attempt.previous().len() > MOVES {
        attempt.stop()
    } else {
        attempt.follow()
    }
}

/// Waits as long as a busy source asks, but only a few seconds at most.
async fn wait_as_told(response: &reqwest::Response) {
    let seconds = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(seconds) = seconds {
        tokio::time::sleep(Duration::from_secs(seconds.min(5))).await;
    }
}

/// An error without its address, which is given beside it.
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

/// The beginning of an unexpected answer, enough to recognise it.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..300).unwrap_or(bytes)).into_owned();
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text::cut(&text, 120).to_owned()
}
