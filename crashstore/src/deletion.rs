//! Deleting a crash for good: first its tombstone, then its objects. Interrupted anywhere, it is deleted, and the
//! upkeep goes on.

use crash::CrashId;
use futures::TryStreamExt;
use platform::blobs::Blobs;
use platform::clock;
use platform::db::Db;

use crate::report::StoreError;
use crate::{db, keys, received, report};

/// What became of a wish to delete a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is deleted, or was so before, and nothing of it is left.
    Done,
    /// It is deleted, but the blob store is away: the upkeep removes its objects.
    ObjectsLater,
    /// There is nothing under this id.
    Nothing,
}

/// Deletes a crash with all its objects. From the moment of the tombstone on nobody sees it, and no worker can bring
/// it back.
///
/// # Errors
/// The database failed; or the blob store did, before it was known that there is such a crash.
pub async fn delete(db: &Db, blobs: &Blobs, id: &CrashId) -> Result<Deletion, StoreError> {
    if db::standing(db, id).await?.is_none()
        && !blobs.exists(&keys::raw_crash(id)).await?
        && !blobs.exists(&keys::processed_crash(id)).await?
    {
        return Ok(Deletion::Nothing);
    }
    let mut tx = db.begin().await?;
    db::bury(&mut tx, id, received::day_of(id), clock::now_micros()).await?;
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
/// A store failed; the same call may be made again.
pub(crate) async fn clean(db: &Db, blobs: &Blobs, id: &CrashId) -> Result<(), StoreError> {
    remove_objects(blobs, id).await?;
    let mut tx = db.begin().await?;
    db::cleaned(&mut tx, id, clock::now_micros()).await?;
    tx.commit().await?;
    Ok(())
}

pub(crate) async fn remove_objects(blobs: &Blobs, id: &CrashId) -> Result<(), StoreError> {
    report::delete(blobs, id).await?;
    // Few are there at any time.
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
