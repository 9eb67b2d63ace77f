//! How much an answer may cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Maximum buckets in an answer.
const BUCKETS: u64 = 2_000_000;
/// Maximum buckets in all answers of this process that are being made or written.
const BUCKETS_AT_ONCE: u64 = 4_000_000;
/// Those that there are.
static BUCKETS_HELD: AtomicU64 = AtomicU64::new(0);
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
    #[error("the answer has more than 2 million buckets: ask for fewer with _facets_size")]
    TooManyBuckets,
    /// Its buckets are named by too much text.
    #[error("the answer has more than 256 MB of texts: ask for fewer with _facets_size")]
    TooMuchText,
    /// Other answers take the memory that it needs.
    #[error("other searches have too many buckets at the moment: ask again in a few seconds")]
    NoMemory,
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
    held: Held,
    texts: u64,
    distinct: u64,
}

/// The buckets of an answer, which count until it is dropped.
#[derive(Debug)]
pub struct Held {
    all: &'static AtomicU64,
    own: u64,
}

impl Held {
    fn new(all: &'static AtomicU64) -> Self {
        Self { all, own: 0 }
    }

    fn take(&mut self, count: u64) -> Result<(), Refused> {
        self.own += count;
        let all = self.all.fetch_add(count, Ordering::Relaxed) + count;
        if all > BUCKETS_AT_ONCE {
            return Err(Refused::NoMemory);
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.own, Ordering::Relaxed);
    }
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
            held: Held::new(&BUCKETS_HELD),
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
        self.held.take(count as u64)
    }

    /// What the answer holds, to be kept with it.
    pub fn into_held(self) -> Held {
        self.held
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_count_until_their_answer_is_dropped() {
        static ALL: AtomicU64 = AtomicU64::new(0);
        let (mut first, mut second) = (Held::new(&ALL), Held::new(&ALL));
        assert!(first.take(BUCKETS_AT_ONCE).is_ok());
        assert!(matches!(second.take(1), Err(Refused::NoMemory)));
        drop((first, second));
        assert_eq!(ALL.load(Ordering::Relaxed), 0);
        assert!(Held::new(&ALL).take(BUCKETS_AT_ONCE).is_ok());
    }
}
