//! Removing what is too old to be asked for, a few rows at a time.

use platform::db::{Db, DbError, progress, set_progress};
use platform::{in_tx, on};

use super::generations::{Generation, generation_at};

/// Under this name stands the oldest generation that may be asked for; 0: all of them.
const HISTORY: &str = "builds_history";
/// Under this name stands the newest generation of which changes were removed.
const CHANGES: &str = "builds_changes_removed";
/// At most so many rows go in one transaction.
const ROWS: i64 = 500;

/// Nothing is known any more of so early a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "that is not kept any more: the history of builds reaches back to {}",
    platform::clock::rfc3339(*.reaches_back_to)
)]
pub struct BeforeHistory {
    /// The earliest time that can be asked about, microseconds UTC.
    pub reaches_back_to: i64,
}

/// The newest generation that was finished by a time (microseconds UTC), or that so early a time is not known any more.
///
/// # Errors
/// The database failed.
pub async fn known_at(db: &Db, time: i64) -> Result<Result<Generation, BeforeHistory>, DbError> {
    const CREATED: &str = "SELECT created FROM generation WHERE n = $1";
    // The horizon is read last: whatever was found before it is still there if it is not behind it.
    let found = generation_at(db, time).await?;
    let oldest = progress(db, HISTORY).await?;
    if found.n >= oldest {
        return Ok(Ok(found));
    }
    let created: Option<i64> = on!(db, |pool| sqlx::query_scalar(CREATED)
        .bind(oldest)
        .fetch_optional(pool)
        .await)?;
    Ok(Err(BeforeHistory {
        reaches_back_to: created.unwrap_or(0),
    }))
}

/// Whether a generation can still be listed.
///
/// # Errors
/// The database failed.
pub async fn is_kept(db: &Db, generation: i64) -> Result<bool, DbError> {
    Ok(generation >= progress(db, HISTORY).await?)
}

/// The newest generation of which changes were removed; 0: of none.
///
/// # Errors
/// The database failed.
pub async fn changes_removed(db: &Db) -> Result<i64, DbError> {
    progress(db, CHANGES).await
}

/// How many rows went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Builds that ended long ago.
    pub builds: u64,
    /// Changes of conclusions.
    pub changes: u64,
    /// Generations.
    pub generations: u64,
    /// Imports.
    pub runs: u64,
    /// Sightings of observations that were said again later.
    pub sightings: u64,
}

/// Removes up to 500 rows of each kind that nobody needs who asks about a time from `refused` on. What is older than
/// `refused` is no longer answered from now on, and what is older than `removed` goes: the time between is for those
/// who began to read before. Changes go by age alone; [`changes_removed`] tells a follower whether some went before it
/// had followed them.
///
/// # Errors
/// The database failed; the next call goes on.
pub async fn remove(db: &Db, refused: i64, removed: i64) -> Result<Removed, DbError> {
    let oldest = generation_at(db, refused).await?.n;
    if oldest > progress(db, HISTORY).await? {
        let mut tx = db.begin().await?;
        set_progress(&mut tx, HISTORY, oldest).await?;
        tx.commit().await?;
    }
    let generation = generation_at(db, removed.min(refused)).await?.n;
    // Said before it is done, so that nobody takes what is left for all there was.
    if generation > progress(db, CHANGES).await? {
        let mut tx = db.begin().await?;
        set_progress(&mut tx, CHANGES, generation).await?;
        tx.commit().await?;
    }
    Ok(Removed {
        builds: delete(
            db,
            "build",
            "product, channel, version, build_id, platform, variant, from_generation",
            "to_generation <= $1 ORDER BY to_generation",
            generation,
        )
        .await?,
        changes: delete(
            db,
            "conclusion_change",
            "generation, product, build_id",
            "generation <= $1 ORDER BY generation, product, build_id",
            generation,
        )
        .await?,
        generations: delete(db, "generation", "n", "n < $1 ORDER BY n", generation).await?,
        runs: delete(
            db,
            "import_run",
            "id",
            "id < $1 AND outcome <> 'running' AND id < (SELECT MAX(newest.id) FROM import_run newest) ORDER BY id",
            removed,
        )
        .await?,
        sightings: delete(
            db,
            "sighting",
            "digest, from_run",
            "to_run < $1 ORDER BY to_run",
            removed,
        )
        .await?,
    })
}

/// Deletes rows with these keys, in one transaction.
async fn delete(
    db: &Db,
    table: &'static str,
    keys: &'static str,
    which: &'static str,
    end: i64,
) -> Result<u64, DbError> {
    let sql = format!(
        "DELETE FROM {table} WHERE ({keys}) IN (SELECT {keys} FROM {table} WHERE {which} LIMIT $2 {})",
        db.skip_locked()
    );
    let mut tx = db.begin().await?;
    let rows = in_tx!(&mut tx, |conn| sqlx::query(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(end)
        .bind(ROWS)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    tx.commit().await?;
    Ok(rows)
}
