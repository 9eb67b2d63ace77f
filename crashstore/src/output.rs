//! The outputs of processing: which one is valid, and how it gets to the processed crash's own key.
//!
//! A worker writes its results as a separate object, named by its claim. The transaction that ends its claim names that
//! object in the crash's row. Then the worker or, if it died, the upkeep copies the object to the key of the processed
//! crash and removes it. Readers follow the row. So a worker that was stopped for too long overwrites nothing: it no
//! longer has a claim. Even if it was stopped between checking and copying, its late write is recognized by its number,
//! is not shown, and is replaced.

use bytes::Bytes;
use crash::{CrashId, ProcessedCrash};
use platform::blobs::{BlobError, Blobs};
use platform::db::Db;

use crate::db::{self, Output, Standing, State};
use crate::keys;
use crate::report::{MAX_PROCESSED, StoreError, load_processed};

/// How many times a row is read if it keeps changing while its document is being read.
const READS: usize = 4;

/// The stored result of a processed crash.
#[derive(Debug)]
pub enum Stored {
    /// The valid document.
    Valid(Box<ProcessedCrash>),
    /// The row names a document that does not exist: the crash must be processed again.
    Lost,
    /// The crash was never processed, or was deleted.
    None,
}

/// The result of copying an output to its crash's own key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// It was copied, or there was nothing to copy.
    Yes,
    /// The crash was deleted in the meantime: nothing of it is left.
    Deleted,
    /// The valid document no longer exists: the crash must be processed again.
    Lost,
}

/// Writes the output of a claim on a crash; only the row can make it valid. It is durable when this returns.
///
/// # Errors
/// The store failed; the call can be repeated.
pub async fn save(blobs: &Blobs, id: &CrashId, claim: &str, document: Bytes) -> Result<(), BlobError> {
    blobs.replace(&keys::output(id, claim), document).await
}

/// Removes a claim's output that did not become valid.
///
/// # Errors
/// The store failed; the upkeep will remove the output later.
pub async fn discard(blobs: &Blobs, id: &CrashId, claim: &str) -> Result<(), BlobError> {
    blobs.delete(&keys::output(id, claim)).await
}

/// Loads the valid document of a processed crash. Without a row (the table is a cache), the object under its own key is
/// valid.
///
/// # Errors
/// A store failed, or the object is damaged.
pub async fn load(db: &Db, blobs: &Blobs, id: &CrashId) -> Result<Stored, StoreError> {
    let mut last = db::standing(db, id).await?;
    for _ in 0..READS {
        let (key, wanted) = match &last {
            None => (keys::processed_crash(id), 0),
            Some(Standing {
                state: State::Processed,
                row_version,
                output,
            }) => {
                let key = output
                    .as_ref()
                    .map_or_else(|| keys::processed_crash(id), |claim| keys::output(id, claim));
                (key, *row_version)
            }
            Some(_) => return Ok(Stored::None),
        };
        let document = load_processed(blobs, key).await?;
        if let Some(document) = document.filter(|document| document.row_version() >= wanted) {
            return Ok(Stored::Valid(Box::new(document)));
        }
        let now = db::standing(db, id).await?;
        if now == last {
            break;
        }
        last = now;
    }
    Ok(match last {
        None => Stored::None,
        Some(_) => Stored::Lost,
    })
}

/// Copies the valid output of a crash to its own key, if it is not there yet. Concurrent calls are safe.
///
/// # Errors
/// A store failed; the call can be repeated.
pub async fn copy(db: &Db, blobs: &Blobs, id: &CrashId) -> Result<Copied, StoreError> {
    for _ in 0..READS {
        let output = match db::standing(db, id).await? {
            Some(Standing {
                state: State::Processed,
                row_version,
                output: Some(claim),
            }) => Output { row_version, claim },
            Some(standing) if standing.state == State::Deleted => return Ok(Copied::Deleted),
            _ => return Ok(Copied::Yes),
        };
        let source = keys::output(id, &output.claim);
        let Some(document) = blobs.get(&source, MAX_PROCESSED).await? else {
            let now = db::standing(db, id).await?;
            let same = now.is_some_and(|now| now.output.as_ref() == Some(&output.claim));
            if same {
                return Ok(Copied::Lost);
            }
            // Another process has copied it.
            continue;
        };
        blobs.replace(&keys::processed_crash(id), document).await?;
        let mut tx = db.begin().await?;
        let valid = db::output_is_copied(&mut tx, id, &output).await?;
        tx.commit().await?;
        blobs.delete(&source).await?;
        if valid {
            return Ok(Copied::Yes);
        }
        if let Some(end) = too_late(db, blobs, id).await? {
            return Ok(end);
        }
    }
    // Others keep writing: the rest is left to them or the upkeep.
    Ok(Copied::Yes)
}

/// Handles a late copy, which may have replaced a newer document under the crash's own key. `None`: the valid output
/// has still to be copied.
async fn too_late(db: &Db, blobs: &Blobs, id: &CrashId) -> Result<Option<Copied>, StoreError> {
    Ok(match db::standing(db, id).await? {
        Some(Standing {
            state: State::Deleted, ..
        }) => {
            blobs.delete(&keys::processed_crash(id)).await?;
            Some(Copied::Deleted)
        }
        Some(Standing {
            state: State::Processed,
            output: None,
            ..
        }) => Some(match load(db, blobs, id).await? {
            Stored::Lost => Copied::Lost,
            Stored::Valid(_) | Stored::None => Copied::Yes,
        }),
        Some(Standing { output: Some(_), .. }) => None,
        Some(_) | None => Some(Copied::Yes),
    })
}
