//! Takes in what was announced, in the processes that serve the API.

use std::sync::Arc;
use std::time::Duration;

use platform::db::{Db, DbError};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::db;
use crate::import::{ImportError, settle_products, take_in_announced};

/// How often it is looked whether something waits that another process has stored.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The pause after a failure; after each further one, it is twice as long. Every failure leaves a broken run behind.
const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// How often a request looks whether another process has taken in what it announced.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// What takes in announced builds, and who waits for it. Clones share it.
#[derive(Debug, Clone)]
pub struct Inbox {
    db: Db,
    owner: String,
    patience: Duration,
    /// Something was put into the inbox.
    wake: Arc<Notify>,
    /// How often something was taken in.
    taken: Arc<watch::Sender<u64>>,
    /// Nothing more is taken in by this process.
    ended: CancellationToken,
}

impl Inbox {
    /// The inbox of a database. `owner` names the process where it holds the right to import; a request waits for at
    /// most `patience` until what it announced is taken in. Nothing is taken in before [`Inbox::run`].
    pub fn new(db: Db, owner: String, patience: Duration) -> Self {
        Self {
            db,
            owner,
            patience,
            wake: Arc::default(),
            taken: Arc::new(watch::Sender::new(0)),
            ended: CancellationToken::new(),
        }
    }

    /// Derives again what a changed file of products makes different, then takes in what waits, again and again, until
    /// `stop`.
    ///
    /// # Errors
    /// None: failures are retried.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let _ended = self.ended.clone().drop_guard();
        let mut is_settled = false;
        let mut failures: u32 = 0;
        loop {
            let pause = match self.round(&mut is_settled, &stop).await {
                Ok(()) => {
                    failures = 0;
                    LOOK_EVERY
                }
                Err(ImportError::Stopped) => return Ok(()),
                Err(error) => {
                    tracing::warn!(%error, "announced builds could not be taken in; it is tried again");
                    failures = failures.saturating_add(1);
                    pause_after(failures)
                }
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                // What is new may be what was missing.
                () = self.wake.notified() => failures = 0,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn round(&self, is_settled: &mut bool, stop: &CancellationToken) -> Result<(), ImportError> {
        if !*is_settled {
            settle_products(&self.db, &self.owner, stop).await?;
            *is_settled = true;
        }
        if db::last_waiting(&self.db).await?.is_none() {
            return Ok(());
        }
        if let Some(run) = take_in_announced(&self.db, &self.owner, stop).await? {
            tracing::info!(
                statements = run.records,
                generation = run.generation,
                "announced builds were taken in"
            );
        }
        self.taken.send_modify(|times| *times += 1);
        Ok(())
    }

    /// Has what was put into the inbox taken in through a number; returns whether that was done in time. If not, it
    /// will be.
    ///
    /// # Errors
    /// The database failed.
    pub(crate) async fn taken_in(&self, through: i64) -> Result<bool, DbError> {
        let mut taken = self.taken.subscribe();
        let late = tokio::time::sleep(self.patience);
        tokio::pin!(late);
        self.wake.notify_one();
        loop {
            if !db::waits(&self.db, through).await? {
                return Ok(true);
            }
            tokio::select! {
                () = &mut late => return Ok(false),
                () = self.ended.cancelled() => return Ok(false),
                _ = taken.changed() => {}
                () = tokio::time::sleep(ASK_EVERY) => {}
            }
        }
    }
}

/// The pause after so many failures in a row, from 1.
fn pause_after(failures: u32) -> Duration {
    let times = 2_u32.saturating_pow(failures.saturating_sub(1));
    AGAIN_AFTER.saturating_mul(times).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::pause_after;

    #[test]
    fn the_pause_grows_with_the_failures_up_to_ten_minutes() {
        for (failures, seconds) in [(1, 10), (2, 20), (3, 40), (6, 320), (7, 600), (8, 600), (u32::MAX, 600)] {
            assert_eq!(pause_after(failures).as_secs(), seconds, "{failures}");
        }
    }
}
