//! Processed crashes without a raw crash.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::NaiveDate;
use crash::CrashId;
use futures::{StreamExt, TryStreamExt};
use platform::blobs::Blobs;
use platform::db::Db;

use super::days::key_of;
use super::{Rebuild, RebuildError, decision};
use crate::db::{State, standing};
use crate::keys::{self, PROCESSED_CRASHES, RAW_CRASHES};

/// Maximum raw crashes that are remembered, 8 bytes each. Those beyond are asked for one by one.
const MOST_KNOWN: usize = 20_000_000;
/// How many objects are asked for at the same time.
const AT_ONCE: usize = 16;

/// What is told while they are looked for.
pub(super) enum Seen {
    /// So many more objects were listed.
    Listed(u64),
    /// A processed crash without a raw crash.
    Orphan(CrashId),
}

/// Tells the processed crashes that have no raw crash. `days` are all that have a folder.
pub(super) async fn find(of: &Rebuild, days: &[NaiveDate], tell: &mut impl FnMut(Seen)) -> Result<(), RebuildError> {
    let (db, blobs) = (&of.db, &of.blobs);
    let known = raw_crashes(blobs, days, tell).await?;
    let mut chunks = blobs.key_chunks(PROCESSED_CRASHES);
    while let Some(keys) = chunks.try_next().await? {
        tell(listed(&keys));
        let ids = keys
            .iter()
            .filter_map(|key| key.rsplit('/').next()?.parse::<CrashId>().ok());
        let unknown = ids.filter(|id| known.binary_search(&mark(id)).is_err());
        let asked = futures::stream::iter(unknown).map(|id| async move {
            let is_orphan = is_orphan(db, blobs, &id).await?;
            Ok::<_, RebuildError>(is_orphan.then_some(id))
        });
        let asked: Vec<Option<CrashId>> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
        for id in asked.into_iter().flatten() {
            tell(Seen::Orphan(id));
        }
    }
    Ok(())
}

/// The marks of the raw crashes of these days, sorted.
async fn raw_crashes(blobs: &Blobs, days: &[NaiveDate], tell: &mut impl FnMut(Seen)) -> Result<Vec<u64>, RebuildError> {
    let mut known = Vec::new();
    for day in days.iter().map(|day| key_of(*day)) {
        let mut chunks = blobs.key_chunks(&format!("{RAW_CRASHES}/{day}"));
        while let Some(keys) = chunks.try_next().await? {
            tell(listed(&keys));
            let ids = keys.iter().filter_map(|key| decision::id_of(key, &day));
            let room = MOST_KNOWN.saturating_sub(known.len());
            known.extend(ids.take(room).map(|id| mark(&id)));
        }
    }
    known.sort_unstable();
    Ok(known)
}

fn listed(keys: &[String]) -> Seen {
    Seen::Listed(u64::try_from(keys.len()).unwrap_or(0))
}

/// A number that two crashes hardly ever share.
fn mark(id: &CrashId) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// Whether there is no raw crash, and a processed one, though nobody deletes them just now.
async fn is_orphan(db: &Db, blobs: &Blobs, id: &CrashId) -> Result<bool, RebuildError> {
    if blobs.exists(&keys::raw_crash(id)).await? || !blobs.exists(&keys::processed_crash(id)).await? {
        return Ok(false);
    }
    let row = standing(db, id).await?;
    Ok(row.is_none_or(|row| row.state != State::Deleted))
}
