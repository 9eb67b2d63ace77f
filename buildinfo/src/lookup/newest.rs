//! The number of the newest generation, asked for by many at once.

use std::sync::{Mutex as ShortMutex, PoisonError};
use std::time::{Duration, Instant};

use platform::db::{Db, DbError};
use tokio::sync::Mutex;

use crate::db::latest_generation;

/// So long after a failure the database counts as away.
const AWAY: Duration = Duration::from_secs(1);

/// Shares one query among all who wait at the same time: an answer serves whoever came before the query began.
#[derive(Debug, Default)]
pub(super) struct Newest {
    last: Mutex<Option<Seen>>,
    /// When the database failed last.
    failed: ShortMutex<Option<Instant>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    /// When the query began.
    at: Instant,
    /// What it found; nothing if it failed.
    generation: Option<i64>,
}

impl Newest {
    /// The newest generation that was finished when this was called, or a newer one.
    ///
    /// # Errors
    /// The database failed.
    pub(super) async fn of(&self, db: &Db) -> Result<i64, DbError> {
        let came = Instant::now();
        let mut last = self.last.lock().await;
        match *last {
            Some(seen) if seen.at >= came => match seen.generation {
                Some(generation) => return Ok(generation),
                // Those who wait for a database that is away do not wait for each other as well.
                None => drop(last),
            },
            _ => {
                let at = Instant::now();
                let found = latest_generation(db).await.map(|newest| newest.n);
                let generation = found.as_ref().ok().copied();
                if found.is_err() {
                    self.note_away();
                }
                *last = Some(Seen { at, generation });
                return found;
            }
        }
        Ok(latest_generation(db).await?.n)
    }

    /// Whether the database failed within the last second.
    pub(super) fn is_away(&self) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|at| at.elapsed() < AWAY)
    }

    /// Notes that the database failed, or did not answer in time.
    pub(super) fn note_away(&self) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}
