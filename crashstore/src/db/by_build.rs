//! The table `crash`: what was attached of builds, and the crashes of one build.

use crash::CrashId;
use platform::db::{Db, DbError};
use platform::on;

use super::summary::State;

/// What was attached to a processed crash, for comparing with a new answer.
///
/// # Errors
/// The database failed.
pub async fn lookup_of(db: &Db, id: &CrashId) -> Result<Option<(String, i64)>, DbError> {
    const SQL: &str = "SELECT answer_digest, generation FROM crash WHERE crash_id = $1 AND state = 'processed'";
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(id.as_str())
        .fetch_optional(pool)
        .await)?)
}

pub(super) const CONCERNED: &str = "SELECT crash_id \
    FROM crash \
    WHERE lookup_build = $2 AND lookup_product = $1 AND state = 'processed' AND generation < $3 \
    AND crash_id > $4 \
    ORDER BY crash_id LIMIT $5";

/// The processed crashes whose build is (`product`, `build_id`) and whose answer is older than
/// `generation`, beginning after the crash `after`, at most `limit`. The channel does not count:
/// a release build also names the release candidate of a beta.
///
/// # Errors
/// The database failed.
pub async fn concerned(
    db: &Db,
    product: &str,
    build_id: &str,
    generation: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, DbError> {
    Ok(on!(db, |pool| sqlx::query_scalar(CONCERNED)
        .bind(product)
        .bind(build_id)
        .bind(generation)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

pub(super) const AFTER: &str =
    "SELECT crash_id, state, generation FROM crash WHERE crash_id > $1 ORDER BY crash_id LIMIT $2";

/// Some crashes whose answers are old, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldAnswers {
    /// The ids, sorted.
    pub crashes: Vec<String>,
    /// After which crash the next ones begin; none after the last.
    pub next: Option<String>,
}

/// Among the `limit` crashes after the crash `after`: those that are processed and whose answer about their build is
/// older than `generation`. Every crash is read, so this is for when it is not known which builds changed.
///
/// # Errors
/// The database failed.
pub async fn with_old_answers(db: &Db, generation: i64, after: &str, limit: i64) -> Result<OldAnswers, DbError> {
    let rows: Vec<(String, String, i64)> = on!(db, |pool| sqlx::query_as(AFTER)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    let next = rows.last().map(|(id, ..)| id.clone());
    let old =
        |(id, state, of): (String, String, i64)| (state == State::Processed.name() && of < generation).then_some(id);
    Ok(OldAnswers {
        crashes: rows.into_iter().filter_map(old).collect(),
        next,
    })
}

pub(super) const OF_BUILD: &str =
    "SELECT COUNT(*) FROM crash WHERE lookup_build = $2 AND lookup_product = $1 AND state = 'processed'";

/// How many processed crashes have the build (`product`, `build_id`), whatever their channel.
///
/// # Errors
/// The database failed.
pub async fn count_of_build(db: &Db, product: &str, build_id: &str) -> Result<i64, DbError> {
    Ok(on!(db, |pool| sqlx::query_scalar(OF_BUILD)
        .bind(product)
        .bind(build_id)
        .fetch_one(pool)
        .await)?)
}

/// Crashes that ask the same about one build.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Asking {
    /// The channel that they report.
    pub channel: String,
    /// The version that they have.
    pub version: String,
    /// What they report instead of it; empty if that is no contradiction.
    pub version_reported: String,
    /// How many there are.
    pub crashes: i64,
}

pub(super) const ASKING: &str = "SELECT channel, version, version_reported, COUNT(*) AS crashes \
    FROM crash \
    WHERE lookup_build = $2 AND lookup_product = $1 AND state = 'processed' \
    GROUP BY channel, version, version_reported \
    ORDER BY channel, version, version_reported LIMIT $3";

/// The processed crashes with the build (`product`, `build_id`), by what they ask about it; at most `limit` kinds.
///
/// # Errors
/// The database failed.
pub async fn asking_of_build(db: &Db, product: &str, build_id: &str, limit: i64) -> Result<Vec<Asking>, DbError> {
    Ok(on!(db, |pool| sqlx::query_as(ASKING)
        .bind(product)
        .bind(build_id)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}
