//! The outputs of processing: which one is valid, and how it comes to the processed crash's own key.
//!
//! A worker writes what it found as an object of its own, named by its claim. The transaction that ends its claim
//! names that object in the crash's row. Then the object is copied to the key of the processed crash and removed, by
//! the worker or, if it died, by the upkeep. Readers follow the row. So a worker that was away for too long overwrites
//! nothing: it has no claim to be named by. Even if it was stopped between looking and copying, what it writes too
//! late is told by its number, is not shown, and is made again.

use bytes::Bytes;
use crash::{CrashId, ProcessedCrash};
use platform::blobs::{BlobError, Blobs};
use platform::db::Db;

use crate::db::{self, Output, Standing, State};
use crate::keys;
use crate::report::{MAX_PROCESSED, StoreError, load_processed};

/// How often a row is read again that changed while its document was being read.
const READS: usize = 4;

/// What is stored of a processed crash.
#[derive(Debug)]
pub enum Stored {
    /// The valid document.
    Valid(Box<ProcessedCrash>),
    /// The row names a document that is not there: the crash must be processed again.
    Lost,
    /// The crash was never processed, or was deleted.
    None,
}

/// What became of copying an output to its own key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// It is there, or there was nothing to copy.
    Yes,
    /// The crash was deleted meanwhile: nothing of it is left.
    Deleted,
    /// The valid document is not there any more: the crash must be processed again.
    Lost,
}

/// Writes what a claim has made of a crash, where only its row can make it valid. When this returns, it is durable.
///
/// # Errors
/// The store failed; the same call may be made again.
pub async fn save(blobs: &Blobs, id: &CrashId, claim: &str, document: Bytes) -> Result<(), BlobError> {
    blobs.replace(&keys::output(id, claim), document).await
}

/// Removes what a claim has made of a crash and what did not become valid.
///
/// # Errors
/// The store failed; the upkeep removes it later.
pub async fn discard(blobs: &Blobs, id: &CrashId, claim: &str) -> Result<(), BlobError> {
    blobs.delete(&keys::output(id, claim)).await
}

/// Loads the valid document of a processed crash. Without a row (the table is a cache) the object under its own key
/// speaks for itself.
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

/// Copies the valid output of a crash to its own key, if it is not there yet. May be done by several at once.
///
/// # Errors
/// A store failed; the same call may be made again.
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
            // Somebody else has copied it.
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
    // Others write all the time: what they leave is for them, or for the upkeep.
    Ok(Copied::Yes)
}

/// What was written to the crash's own key may have replaced something newer. `None`: what is valid is still to be
/// copied.
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
