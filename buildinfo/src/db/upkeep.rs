//! Removing history that is too old to be asked for, a few rows at a time.

use platform::db::{Db, DbError, progress, set_progress};
use platform::{in_tx, on};

use super::generations::{Generation, generation_at};

/// The name under which the oldest generation that may be asked for is stored; 0: all of them.
const HISTORY: &str = "builds_history";
/// The name under which the newest generation whose changes were removed is stored.
const CHANGES: &str = "builds_changes_removed";
/// Maximum rows deleted in one transaction.
const ROWS: i64 = 500;

/// The time lies before the history that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "that is not kept any more: the history of builds reaches back to {}",
    platform::clock::rfc3339(*.reaches_back_to)
)]
pub struct BeforeHistory {
    /// The earliest time that can be asked about, microseconds UTC.
    pub reaches_back_to: i64,
}

/// The newest generation finished by a time (microseconds UTC), or an error that the time is too early to be known.
///
/// # Errors
/// The database failed.
pub async fn known_at(db: &Db, time: i64) -> Result<Result<Generation, BeforeHistory>, DbError> {
    const CREATED: &str = "SELECT created FROM generation WHERE n = $1";
    // The horizon is read last: a generation found before is still there unless it is older than the horizon.
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

/// The newest generation whose changes were removed; 0: none.
///
/// # Errors
/// The database failed.
pub async fn changes_removed(db: &Db) -> Result<i64, DbError> {
    progress(db, CHANGES).await
}

/// The number of rows removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Builds that ceased to be valid long ago.
    pub builds: u64,
    /// Changes of conclusions.
    pub changes: u64,
    /// Generations.
    pub generations: u64,
    /// Imports.
    pub runs: u64,
    /// Sightings that ended before the observation was said again.
    pub sightings: u64,
}

/// Removes up to 500 rows of each kind that are not needed to answer about times from `refused` on. From now on, times
/// before `refused` are refused, and rows older than `removed` are deleted: the time between is for readers that have
/// already begun. Changes are removed by age alone; [`changes_removed`] tells a follower whether it missed some.
///
/// # Errors
/// The database failed; the next call continues.
pub async fn remove(db: &Db, refused: i64, removed: i64) -> Result<Removed, DbError> {
    let oldest = generation_at(db, refused).await?.n;
    if oldest > progress(db, HISTORY).await? {
        let mut tx = db.begin().await?;
        set_progress(&mut tx, HISTORY, oldest).await?;
        tx.commit().await?;
    }
    let generation = generation_at(db, removed.min(refused)).await?.n;
    // Stored first, so that no reader mistakes the remaining changes for all of them.
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
