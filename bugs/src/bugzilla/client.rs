//! HTTP requests to a Bugzilla: limits, retries, and what its errors mean.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Response, StatusCode, header, redirect};
use url::Url;

use super::answer::{self, NoBugs, Said};
use super::question::Question;
use crate::meters;

/// Maximum duration of one answer: a search over all bugs takes a while.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);
/// A Bugzilla that sends nothing for this long hangs. It sends nothing while it searches.
const SILENCE_LIMIT: Duration = Duration::from_secs(60);
/// Maximum time to connect.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Maximum size of an answer in bytes after decompression.
const MAX_ANSWER: usize = 16 << 20;
/// Maximum tries of a request that fails for a transient reason.
const TRIES: u32 = 3;
/// The longest wait that is waited at once, in seconds; with a longer one the import ends, and goes on later.
const SHORT_WAIT: u64 = 10;
/// Maximum redirects followed.
const MOVES: usize = 5;

/// A Bugzilla could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BugzillaError {
    /// It does not answer: no connection, time-outs, or server errors, after all tries.
    #[error("the Bugzilla does not answer: {0}")]
    Down(String),
    /// It gets too many requests (429).
    #[error("the Bugzilla gets too many requests (status 429){}", wait(*.seconds))]
    Busy {
        /// How many seconds it wants to be left alone; `None` if it does not say so.
        seconds: Option<u64>,
    },
    /// It refuses the request; retrying is no use.
    #[error("the Bugzilla refuses the request: {0}")]
    Refused(String),
    /// It answers, but not with bugs.
    #[error("the Bugzilla answers with something else than bugs: {0}")]
    Garbage(String),
    /// Its answer is larger than is read.
    #[error("the Bugzilla's answer is larger than {MAX_ANSWER} bytes")]
    TooLarge,
}

fn wait(seconds: Option<u64>) -> String {
    seconds.map_or_else(String::new, |seconds| {
        format!(" and wants to be asked again in {seconds} seconds")
    })
}

/// An HTTP client for one Bugzilla. It sends no credentials, and counts its requests.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    root: Url,
    pause: Duration,
    requests: AtomicU64,
}

impl Client {
    /// Creates a client with a User-Agent and limits. `pause` precedes the second try of a request, and doubles.
    ///
    /// # Errors
    /// The TLS library could not be started.
    pub fn new(root: Url, pause: Duration) -> Result<Self, reqwest::Error> {
        let http = platform::http::client()
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(SILENCE_LIMIT)
            .timeout(ANSWER_LIMIT)
            .redirect(redirect::Policy::custom(follow))
            .build()?;
        Ok(Self {
            http,
            root,
            pause,
            requests: AtomicU64::new(0),
        })
    }

    /// The number of requests sent so far, including retries.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Asks for at most `limit` bugs from the `offset`-th on, in the order of their numbers.
    ///
    /// # Errors
    /// See [`BugzillaError`].
    pub async fn ask(&self, question: &Question, offset: u64, limit: usize) -> Result<Vec<Said>, BugzillaError> {
        let url = question.url(&self.root, offset, limit);
        let mut pause = self.pause;
        let mut tries = 1;
        loop {
            self.requests.fetch_add(1, Ordering::Relaxed);
            meters::REQUESTS.add(1);
            let error = match self.once(url.clone()).await {
                Ok(bugs) => return Ok(bugs),
                Err(error) => error,
            };
            let pause_now = match &error {
                BugzillaError::Down(_) | BugzillaError::Busy { seconds: None } => pause,
                BugzillaError::Busy { seconds: Some(seconds) } if *seconds <= SHORT_WAIT => {
                    pause.max(Duration::from_secs(*seconds))
                }
                _ => return Err(error),
            };
            if tries == TRIES {
                return Err(error);
            }
            tokio::time::sleep(pause_now).await;
            tries += 1;
            pause *= 2;
        }
    }

    async fn once(&self, url: Url) -> Result<Vec<Said>, BugzillaError> {
        let request = self.http.get(url).header(header::ACCEPT, "application/json");
        let response = request.send().await.map_err(|error| broken(&error))?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(BugzillaError::Busy {
                seconds: retry_after(&response),
            });
        }
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return Err(BugzillaError::Down(format!("status {}", status.as_u16())));
        }
        let bytes = body(response).await?;
        match answer::read(&bytes) {
            Ok(bugs) if status.is_success() => Ok(bugs),
            Err(NoBugs::Error(words)) => Err(BugzillaError::Refused(words)),
            Err(NoBugs::Garbage(what)) if status.is_success() => Err(BugzillaError::Garbage(what.to_owned())),
            Ok(_) | Err(NoBugs::Garbage(_)) => Err(BugzillaError::Refused(format!("status {}", status.as_u16()))),
        }
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, BugzillaError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(BugzillaError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// How long a server that is busy wants to be left alone, in seconds.
fn retry_after(response: &Response) -> Option<u64> {
    let value = response.headers().get(header::RETRY_AFTER)?;
    value.to_str().ok()?.trim().parse().ok()
}

/// The redirect policy: on the same host, or to any host over TLS.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let Some(from) = attempt.previous().last() else {
        return attempt.stop();
    };
    let trusted = attempt.url().scheme() == "https" || attempt.url().host() == from.host();
    if trusted && attempt.previous().len() <= MOVES {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// An error in short, without its address.
fn broken(error: &reqwest::Error) -> BugzillaError {
    let kind = if error.is_timeout() {
        "it takes too long"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    BugzillaError::Down(kind.to_owned())
}
