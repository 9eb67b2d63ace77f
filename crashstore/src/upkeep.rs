//! Finishes interrupted work and forgets old tombstones, in small steps that several processes may run at once.

use crash::CrashId;
use futures::TryStreamExt;
use platform::blobs::Blobs;
use platform::clock;
use platform::db::Db;
use platform::queue::{self, Kind, Lane};

use crate::output::{self, Copied};
use crate::report::StoreError;
use crate::{db, deletion, keys};

/// Maximum crashes handled in one step.
const STEP: i64 = 200;
/// How long the upkeep leaves a new deletion to the process that made it.
const GRACE: std::time::Duration = std::time::Duration::from_secs(60);

/// What an upkeep run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Outputs copied to their crashes' own keys.
    pub copied: u64,
    /// Outputs removed because they were not needed.
    pub discarded: u64,
    /// Deleted crashes whose objects were removed.
    pub cleaned: u64,
    /// Crashes to process again because their document was lost.
    pub lost: u64,
    /// Deleted crashes that were forgotten.
    pub forgotten: u64,
}

/// Finishes the work of dead workers and interrupted deletions, and forgets deleted crashes whose objects were gone
/// before `horizon`, microseconds UTC. A crash that fails is left for the next run; the others continue.
///
/// # Errors
/// A store is unavailable; what was done stays done.
pub async fn run(db: &Db, blobs: &Blobs, horizon: i64) -> Result<Kept, StoreError> {
    let mut kept = Kept::default();
    copy_outputs(db, blobs, &mut kept).await?;
    discard_outputs(db, blobs, &mut kept).await?;
    clean_deleted(db, blobs, &mut kept).await?;
    forget_deleted(db, blobs, horizon, &mut kept).await?;
    Ok(kept)
}

async fn copy_outputs(db: &Db, blobs: &Blobs, kept: &mut Kept) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let ids = db::with_output(db, &after, STEP).await?;
        let Some(last) = ids.last() else {
            return Ok(());
        };
        after = last.to_string();
        for id in &ids {
            match output::copy(db, blobs, id).await {
                Ok(Copied::Yes) => kept.copied += 1,
                Ok(Copied::Deleted) => {}
                Ok(Copied::Lost) => {
                    process_again(db, id).await?;
                    kept.lost += 1;
                }
                Err(error) => passed_over(id, &error),
            }
        }
    }
}

/// Queues a crash whose valid document is lost to be processed again.
///
/// # Errors
/// The database failed.
pub async fn process_again(db: &Db, id: &CrashId) -> Result<(), StoreError> {
    tracing::warn!(crash.id = %id, "what was found about a crash is lost: it is processed again");
    let mut tx = db.begin().await?;
    let (kind, lane) = (Kind::Process, Lane::Priority);
    queue::push(&mut tx, id.as_str(), kind, lane, clock::now_micros()).await?;
    tx.commit().await?;
    Ok(())
}

async fn discard_outputs(db: &Db, blobs: &Blobs, kept: &mut Kept) -> Result<(), StoreError> {
    let mut chunks = blobs.key_chunks(keys::OUTPUTS);
    while let Some(chunk) = chunks.try_next().await? {
        for key in chunk {
            let name = key.rsplit('/').next().unwrap_or_default();
            let Some((id, claim)) = keys::of_output(name) else {
                continue;
            };
            // A claim that ended without naming its output can never name it.
            if !db::is_output_owned(db, &id, claim).await? {
                blobs.delete(&key).await?;
                kept.discarded += 1;
            }
        }
    }
    Ok(())
}

async fn clean_deleted(db: &Db, blobs: &Blobs, kept: &mut Kept) -> Result<(), StoreError> {
    let until = clock::now_micros().saturating_sub(clock::micros(GRACE));
    loop {
        let ids = db::to_clean(db, until, STEP).await?;
        let mut done = 0;
        for id in &ids {
            match deletion::clean(db, blobs, id).await {
                Ok(()) => done += 1,
                Err(error) => passed_over(id, &error),
            }
        }
        kept.cleaned += done;
        if done == 0 || done < u64::try_from(STEP).unwrap_or(0) {
            return Ok(());
        }
    }
}

async fn forget_deleted(db: &Db, blobs: &Blobs, horizon: i64, kept: &mut Kept) -> Result<(), StoreError> {
    loop {
        let ids = db::tombstones_before(db, horizon, STEP).await?;
        let mut gone = Vec::new();
        for id in ids {
            // Objects that have come back are removed before the tombstone.
            match deletion::remove_objects(blobs, &id).await {
                Ok(()) => gone.push(id),
                Err(error) => passed_over(&id, &error),
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        let mut tx = db.begin().await?;
        let forgotten = db::forget(&mut tx, &gone).await?;
        tx.commit().await?;
        kept.forgotten += forgotten;
        if forgotten == 0 {
            // They wait for the sequencer.
            return Ok(());
        }
    }
}

fn passed_over(id: &CrashId, error: &StoreError) {
    tracing::warn!(crash.id = %id, %error, "the upkeep passed over a crash; it comes back to it");
}
