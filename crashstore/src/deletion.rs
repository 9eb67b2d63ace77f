//! Deletes a crash for good: first a tombstone is written, then the objects are removed. Once the tombstone is written,
//! the crash is deleted, and after an interruption the upkeep finishes the work.

use crash::CrashId;
use futures::TryStreamExt;
use platform::access::{self, Action, Actor};
use platform::blobs::Blobs;
use platform::clock;
use platform::db::Db;

use crate::report::StoreError;
use crate::{db, keys, received, report};

/// The result of deleting a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is deleted, now or earlier, and nothing of it is left.
    Done,
    /// It is deleted, but the blob store is unavailable: the upkeep will remove its objects.
    ObjectsLater,
    /// There is no crash with this id.
    Nothing,
}

/// Deletes a crash with all its objects; the audit log says that `by` did so. Once the tombstone is written, the crash
/// is invisible and no worker can bring it back.
///
/// # Errors
/// The database failed, or the blob store did before it was known whether the crash exists.
pub async fn delete(db: &Db, blobs: &Blobs, id: &CrashId, by: &Actor) -> Result<Deletion, StoreError> {
    if db::standing(db, id).await?.is_none()
        && !blobs.exists(&keys::raw_crash(id)).await?
        && !blobs.exists(&keys::processed_crash(id)).await?
    {
        return Ok(Deletion::Nothing);
    }
    let mut tx = db.begin().await?;
    db::bury(&mut tx, id, received::day_of(id), clock::now_micros()).await?;
    access::record(&mut tx, by, Action::DeleteCrash, Some(id.as_str()), "").await?;
    tx.commit().await?;
    match clean(db, blobs, id).await {
        Ok(()) => Ok(Deletion::Done),
        Err(StoreError::Blob(error)) => {
            tracing::warn!(crash.id = %id, %error, "the objects of a deleted crash could not be removed yet");
            Ok(Deletion::ObjectsLater)
        }
        Err(error) => Err(error),
    }
}

/// Removes the objects of a deleted crash.
///
/// # Errors
/// A store failed; the call can be repeated.
pub(crate) async fn clean(db: &Db, blobs: &Blobs, id: &CrashId) -> Result<(), StoreError> {
    remove_objects(blobs, id).await?;
    let mut tx = db.begin().await?;
    db::cleaned(&mut tx, id, clock::now_micros()).await?;
    tx.commit().await?;
    Ok(())
}

pub(crate) async fn remove_objects(blobs: &Blobs, id: &CrashId) -> Result<(), StoreError> {
    report::delete(blobs, id).await?;
    // There are only ever a few.
    let mut chunks = blobs.key_chunks(keys::OUTPUTS);
    while let Some(chunk) = chunks.try_next().await? {
        for key in chunk {
            let name = key.rsplit('/').next().unwrap_or_default();
            if keys::of_output(name).is_some_and(|(of, _)| of == *id) {
                blobs.delete(&key).await?;
            }
        }
    }
    Ok(())
}
