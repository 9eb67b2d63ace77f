//! Where a crash is stored.

use crash::CrashId;
use platform::blobs::Blobs;
use platform::db::Db;

use crate::db::{self, Standing, State};
use crate::keys;
use crate::report::StoreError;

/// What is stored of a crash. Of a deleted one nothing counts, even if objects of it are still to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Presence {
    /// Its annotations.
    pub raw: bool,
    /// What was made of it.
    pub processed: bool,
    /// Its search row.
    pub search: bool,
}

/// Looks where a crash is stored; no object is read.
///
/// # Errors
/// A store failed.
pub async fn presence(db: &Db, blobs: &Blobs, id: &CrashId) -> Result<Presence, StoreError> {
    let standing = db::standing(db, id).await?;
    let processed = match &standing {
        Some(Standing {
            state: State::Deleted, ..
        }) => return Ok(Presence::default()),
        Some(Standing {
            state: State::Processed,
            output: Some(claim),
            ..
        }) => blobs.exists(&keys::output(id, claim)).await? || blobs.exists(&keys::processed_crash(id)).await?,
        Some(Standing {
            state: State::Processed,
            ..
        })
        | None => blobs.exists(&keys::processed_crash(id)).await?,
        Some(_) => false,
    };
    Ok(Presence {
        raw: blobs.exists(&keys::raw_crash(id)).await?,
        processed,
        search: db::form_of(db, id).await?.is_some(),
    })
}
