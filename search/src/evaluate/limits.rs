//! How much an answer may cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Maximum buckets in an answer.
const BUCKETS: u64 = 5_000_000;
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
    until: Option<Instant>,
    given_up: Arc<AtomicBool>,
    buckets: u64,
    distinct: u64,
}

/// No end, and nobody who could go away.
impl Default for Limits {
    fn default() -> Self {
        Self::new(None, Arc::default())
    }
}

impl Limits {
    /// Until this moment, if there is one, and while `given_up` is false.
    pub fn new(until: Option<Instant>, given_up: Arc<AtomicBool>) -> Self {
        Self {
            until,
            given_up,
            buckets: BUCKETS,
            distinct: DISTINCT,
        }
    }

    /// Looks whether to go on; called for every thousand rows or texts.
    pub(super) fn go_on(&self) -> Result<(), Refused> {
        if self.given_up.load(Ordering::Relaxed) {
            return Err(Refused::GivenUp);
        }
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return Err(Refused::TooLong);
        }
        Ok(())
    }

    pub(super) fn take_buckets(&mut self, count: usize) -> Result<(), Refused> {
        self.buckets = self.buckets.checked_sub(count as u64).ok_or(Refused::TooManyBuckets)?;
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
