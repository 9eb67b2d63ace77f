//! The number of the newest generation, shared by concurrent callers.

use std::sync::{Arc, Mutex as ShortMutex, PoisonError};
use std::time::{Duration, Instant};

use platform::db::{Db, DbError};
use tokio::sync::Mutex;

use crate::db::{finished_here, latest_generation};

/// How long the database counts as away after a failure.
const AWAY: Duration = Duration::from_secs(1);
/// How long one answer of the database serves all callers. It is less than another process needs to tell anyone that it
/// has finished a generation; a generation finished by this process invalidates it at once.
const SERVES: Duration = Duration::from_millis(5);
/// After this time the database is asked again while the old answer still serves, so that under load no caller waits.
const RENEWED: Duration = Duration::from_millis(1);

/// Shares one query among all concurrent callers.
#[derive(Debug, Default)]
pub(super) struct Newest {
    /// The database's last answer.
    last: ShortMutex<Option<Seen>>,
    /// Held while asking the database.
    asking: Arc<Mutex<()>>,
    /// When the database last failed.
    failed: ShortMutex<Option<Instant>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    /// When the query began.
    at: Instant,
    /// The number of generations this process had finished then.
    finished: u64,
    /// The generation found; none if the query failed.
    generation: Option<i64>,
}

impl Seen {
    /// Whether it covers everything finished when the caller came, with `finished` generations of this process.
    fn serves(&self, came: Instant, finished: u64) -> bool {
        self.finished == finished && self.at + SERVES >= came
    }
}

impl Newest {
    /// Returns the newest generation: at least as new as any that this process had finished when this was called, or
    /// that another process had finished 5 ms before.
    ///
    /// # Errors
    /// The database failed.
    pub(super) async fn of(self: &Arc<Self>, db: &Db) -> Result<i64, DbError> {
        let came = Instant::now();
        if let Some(seen) = self.seen(came)
            && let Some(generation) = seen.generation
        {
            if came > seen.at + RENEWED
                && let Ok(asking) = Arc::clone(&self.asking).try_lock_owned()
            {
                let (newest, db) = (Arc::clone(self), db.clone());
                tokio::spawn(async move {
                    // An error is noted, and the next caller meets it.
                    let _ = newest.ask(&db).await;
                    drop(asking);
                });
            }
            return Ok(generation);
        }
        let asking = self.asking.lock().await;
        match self.seen(came).map(|seen| seen.generation) {
            Some(Some(generation)) => return Ok(generation),
            // Callers waiting for a database that is away do not wait for each other as well.
            Some(None) => drop(asking),
            None => return self.ask(db).await,
        }
        Ok(latest_generation(db).await?.n)
    }

    /// Asks the database, and keeps its answer.
    async fn ask(&self, db: &Db) -> Result<i64, DbError> {
        let (at, finished) = (Instant::now(), finished_here());
        let found = latest_generation(db).await.map(|newest| newest.n);
        if found.is_err() {
            self.note_away();
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen {
            at,
            finished,
            generation: found.as_ref().ok().copied(),
        });
        found
    }

    /// The database's last answer, if it serves a caller that came at `came`.
    fn seen(&self, came: Instant) -> Option<Seen> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.filter(|seen| seen.serves(came, finished_here()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_serves_who_comes_soon_unless_this_process_finished_a_generation() {
        let at = Instant::now();
        let seen = Seen {
            at,
            finished: 3,
            generation: Some(1),
        };
        let later = SERVES + Duration::from_nanos(1);
        for (came, finished, serves) in [
            (at - SERVES, 3, true),
            (at, 3, true),
            (at + SERVES, 3, true),
            (at + later, 3, false),
            (at, 4, false),
        ] {
            assert_eq!(seen.serves(came, finished), serves, "{came:?} {finished}");
        }
    }
}
