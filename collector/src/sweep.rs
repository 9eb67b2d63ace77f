//! The sweep: rows and jobs for stored reports that have none.
//!
//! Every report in the blob store was accepted, so each is to be known: those whose rows could not
//! be written while they came in, and, once after every start, whatever else is there, the newest
//! days first.

use std::collections::HashMap;
use std::time::Duration;

use crash::CrashId;
use crashstore::db::{day_is_swept, find_by_content, swept_days, unknown_of};
use crashstore::keys::RAW_CRASHES;
use crashstore::{Received, StoreError, report};
use futures::TryStreamExt;
use platform::blobs::BlobError;
use platform::clock;
use platform::db::DbError;
use platform::queue::Lane;
use tokio_util::sync::CancellationToken;

use crate::inner::Inner;
use crate::meters;
use crate::store::yesterday;
use crate::writer::{BATCH, record};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(60);
/// How often a report that is not in the blob store is looked for: its last object may still be
/// on its way.
const MAX_LOOKS: u8 = 2;
/// How many raw crashes are read for one transaction.
const READ_AT_ONCE: usize = 100;

/// What kept the sweep from its work. It tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SweepError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// Sweeps until `stop` is cancelled.
pub(crate) async fn run(collector: &Inner, stop: &CancellationToken) {
    let everything = async {
        let mut is_due = true;
        loop {
            is_due |= collector.unrecorded.has_overflowed();
            if is_due {
                is_due = log(collector.sweep_everything().await).is_err();
            }
            clock::sleep(EVERY).await;
        }
    };
    let unrecorded = async {
        loop {
            // Logged; what could not be done is remembered still.
            let _ = log(collector.sweep_unrecorded().await);
            clock::sleep(EVERY).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        ((), ()) = async { tokio::join!(everything, unrecorded) } => {}
    }
}

fn log(swept: Result<u64, SweepError>) -> Result<(), ()> {
    match swept {
        Ok(0) => Ok(()),
        Ok(count) => {
            tracing::info!(count, "stored crash reports without a row were recorded");
            Ok(())
        }
        Err(error) => {
            tracing::warn!(%error, "looking for unrecorded crash reports stopped; it will go on later");
            Err(())
        }
    }
}

impl Inner {
    /// Records the reports that are remembered as unrecorded. Answers how many were.
    pub(crate) async fn sweep_unrecorded(&self) -> Result<u64, SweepError> {
        let looked_for = self.unrecorded.take();
        let ids: Vec<CrashId> = looked_for.keys().cloned().collect();
        let mut count = 0;
        for (at, chunk) in ids.chunks(READ_AT_ONCE).enumerate() {
            match self.record_unknown(chunk, Lane::Standard).await {
                Ok(swept) => {
                    count += swept.recorded;
                    for id in swept.missing {
                        let looks = looked_for.get(&id).map_or(1, |looks| looks + 1);
                        if looks < MAX_LOOKS {
                            self.unrecorded.put(id, looks);
                        }
                    }
                }
                Err(error) => {
                    for id in ids.iter().skip(at * READ_AT_ONCE) {
                        let looks = looked_for.get(id).copied().unwrap_or(0);
                        self.unrecorded.put(id.clone(), looks);
                    }
                    return Err(error);
                }
            }
        }
        Ok(count)
    }

    /// Records every stored report that has no row, the newest days first, and remembers the days that are past:
    /// nothing more comes to those. Answers how many had none.
    pub(crate) async fn sweep_everything(&self) -> Result<u64, SweepError> {
        let mut days = self.blobs.names(RAW_CRASHES, true).await?;
        let swept = swept_days(&self.db).await?;
        days.retain(|day| swept.binary_search(day).is_err());
        days.reverse();
        let yesterday = yesterday();
        let mut count = 0;
        for day in days {
            // Old reports must not hold up those that come in now.
            let lane = if day < yesterday {
                Lane::Reprocessing
            } else {
                Lane::Standard
            };
            let mut chunks = self.blobs.key_chunks(&format!("{RAW_CRASHES}/{day}"));
            while let Some(keys) = chunks.try_next().await? {
                let ids: Vec<CrashId> = keys.iter().filter_map(|key| id_of(key)).collect();
                for ids in ids.chunks(BATCH) {
                    count += self.record_unknown(ids, lane).await?.recorded;
                }
            }
            if day < yesterday {
                let mut tx = self.db.begin().await?;
                day_is_swept(&mut tx, &day, clock::now_micros()).await?;
                tx.commit().await?;
            }
        }
        Ok(count)
    }

    async fn record_unknown(&self, ids: &[CrashId], lane: Lane) -> Result<Swept, SweepError> {
        let mut swept = Swept::default();
        for ids in unknown_of(&self.db, ids).await?.chunks(READ_AT_ONCE) {
            let mut rows = Vec::new();
            // Copies of one report among these.
            let mut firsts: HashMap<String, CrashId> = HashMap::new();
            for id in ids {
                match report::load_raw(&self.blobs, id).await {
                    Ok(Some(raw)) => {
                        let row = self.with_first_copy(Received::of(id, &raw), &mut firsts).await?;
                        rows.push((row, lane));
                    }
                    Ok(None) => swept.missing.push(id.clone()),
                    Err(StoreError::Blob(BlobError::TooLarge { .. }) | StoreError::Damaged(_)) => {
                        meters::DAMAGED.add(1);
                        tracing::warn!(crash.id = %id, "a stored raw crash cannot be read");
                    }
                    Err(StoreError::Blob(error)) => return Err(error.into()),
                    Err(StoreError::Database(error)) => return Err(error.into()),
                }
            }
            if !rows.is_empty() {
                let new = record(&self.db, &rows).await?;
                meters::SWEPT.add(new);
                swept.recorded += new;
                self.wake.now();
            }
        }
        Ok(swept)
    }

    async fn with_first_copy(
        &self,
        mut row: Received,
        firsts: &mut HashMap<String, CrashId>,
    ) -> Result<Received, DbError> {
        if row.content_hash.is_empty() {
            return Ok(row);
        }
        row.duplicate_of = match firsts.get(&row.content_hash) {
            Some(first) => Some(first.clone()),
            None => find_by_content(&self.db, &row.content_hash, i64::MIN).await?,
        };
        if row.duplicate_of.is_none() {
            firsts.insert(row.content_hash.clone(), row.id.clone());
        }
        Ok(row)
    }
}

/// What became of some ids.
#[derive(Debug, Default)]
struct Swept {
    /// How many had no row and have one now.
    recorded: u64,
    /// Those without a report in the blob store.
    missing: Vec<CrashId>,
}

fn id_of(key: &str) -> Option<CrashId> {
    key.rsplit('/').next()?.parse().ok()
}
