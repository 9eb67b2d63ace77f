//! The sweep writes rows and jobs for stored reports that have none.
//!
//! Every report in the blob store was accepted, so each must have a row. The sweep covers those whose rows could not be
//! written as they came in and, once after every start, everything else, the newest days first.

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

/// The interval between sweeps.
const EVERY: Duration = Duration::from_secs(60);
/// How many times a report missing from the blob store is looked for: its last object may still be on its way.
const MAX_LOOKS: u8 = 2;
/// Maximum raw crashes read for one transaction.
const READ_AT_ONCE: usize = 100;

/// An error that stopped a sweep. It tries again.
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
            // Logged; reports not recorded are still remembered.
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
    /// Records the reports remembered as unrecorded. Returns how many were recorded.
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

    /// Records every stored report that has no row, the newest days first, and marks past days as swept: nothing more
    /// is added to those. Returns how many were recorded.
    pub(crate) async fn sweep_everything(&self) -> Result<u64, SweepError> {
        let mut days = self.blobs.names(RAW_CRASHES, true).await?;
        let swept = swept_days(&self.db).await?;
        days.retain(|day| swept.binary_search(day).is_err());
        days.reverse();
        let yesterday = yesterday();
        let mut count = 0;
        for day in days {
            // Old reports must not hold up new ones.
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
            // Copies of one report may be in the same chunk.
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

/// The result of sweeping some ids.
#[derive(Debug, Default)]
struct Swept {
    /// How many got a row.
    recorded: u64,
    /// Ids without a report in the blob store.
    missing: Vec<CrashId>,
}

fn id_of(key: &str) -> Option<CrashId> {
    key.rsplit('/').next()?.parse().ok()
}
