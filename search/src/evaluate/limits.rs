//! How much an answer may cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Maximum buckets in an answer.
const BUCKETS: u64 = 5_000_000;
/// Maximum bytes of the texts that buckets are named by, in an answer.
const TEXTS: u64 = 256 << 20;
/// Maximum different values, each counted in every bucket that it is in, in an answer.
const DISTINCT: u64 = 20_000_000;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It took too long.
    #[error("the search takes too long: ask for a shorter time, fewer aggregations or a simpler expression")]
    TooLong,
    /// It has too many buckets.
    #[error("the answer has more than 5 million buckets: ask for fewer with _facets_size")]
    TooManyBuckets,
    /// Its buckets are named by too much text.
    #[error("the answer has more than 256 MB of texts: ask for fewer with _facets_size")]
    TooMuchText,
    /// It counts too many different values.
    #[error("more than 20 million different values would be counted: ask for a shorter time or fewer buckets")]
    TooManyDistinct,
    /// Who asked has gone.
    #[error("the search was given up")]
    GivenUp,
    /// The files are damaged or could not be read.
    #[error("the search index cannot be read: {0}")]
    Files(#[from] std::io::Error),
}

/// What an answer may still cost.
#[derive(Debug)]
pub struct Limits {
    /// The processor time of this thread at which to stop.
    until: Option<Duration>,
    given_up: Arc<AtomicBool>,
    buckets: u64,
    texts: u64,
    distinct: u64,
}

/// No end, and nobody who could go away.
impl Default for Limits {
    fn default() -> Self {
        Self::new(None, Arc::default())
    }
}

impl Limits {
    /// For so much time of a processor, if there is a limit, and while `given_up` is false. It counts from now on, and
    /// on this thread.
    pub fn new(processor_time: Option<Duration>, given_up: Arc<AtomicBool>) -> Self {
        let until = processor_time.map(|time| spent() + time);
        Self {
            until,
            given_up,
            buckets: BUCKETS,
            texts: TEXTS,
            distinct: DISTINCT,
        }
    }

    /// Looks whether to go on; called for every thousand rows or texts.
    pub(super) fn go_on(&self) -> Result<(), Refused> {
        if self.given_up.load(Ordering::Relaxed) {
            return Err(Refused::GivenUp);
        }
        if self.until.is_some_and(|until| spent() >= until) {
            return Err(Refused::TooLong);
        }
        Ok(())
    }

    pub(super) fn take_buckets(&mut self, count: usize) -> Result<(), Refused> {
        self.buckets = self.buckets.checked_sub(count as u64).ok_or(Refused::TooManyBuckets)?;
        Ok(())
    }

    pub(super) fn take_text(&mut self, bytes: usize) -> Result<(), Refused> {
        self.texts = self.texts.checked_sub(bytes as u64).ok_or(Refused::TooMuchText)?;
        Ok(())
    }

    pub(super) fn take_distinct(&mut self, count: usize) -> Result<(), Refused> {
        self.distinct = self
            .distinct
            .checked_sub(count as u64)
            .ok_or(Refused::TooManyDistinct)?;
        Ok(())
    }
}

/// The processor time that this thread has taken so far.
pub(crate) fn spent() -> Duration {
    // No time before the start of a thread is told.
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}
