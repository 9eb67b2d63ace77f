//! The table `crash`: what was attached of builds, and the crashes of one build.

use crash::CrashId;
use platform::db::{Db, DbError};
use platform::on;

use super::summary::State;

/// Returns the digest and generation of a processed crash's answer, to compare with a new one.
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

/// Returns at most `limit` processed crashes after the crash `after` whose build is (`product`, `build_id`) and whose
/// answer is older than `generation`. The channel does not matter: a release build also names the release candidate of
/// a beta.
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

/// Some crashes with old answers, and where to continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldAnswers {
    /// The ids, sorted.
    pub crashes: Vec<String>,
    /// The crash to continue after; `None` at the end.
    pub next: Option<String>,
}

/// Returns those of the `limit` crashes after the crash `after` that are processed and whose answer about their build
/// is older than `generation`. Every crash is read, so this is for when it is not known which builds changed.
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

/// Counts the processed crashes with the build (`product`, `build_id`), whatever their channel.
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

/// Crashes that make the same look-up of one build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// The channel they report.
    pub channel: String,
    /// Their version.
    pub version: String,
    /// The version they report, if it contradicts `version`; else empty.
    pub version_reported: String,
    /// How many there are.
    pub crashes: i64,
}

platform::from_row!(Asking {
    channel,
    version,
    version_reported,
    crashes
});

pub(super) const ASKING: &str = "SELECT channel, version, version_reported, COUNT(*) AS crashes \
    FROM crash \
    WHERE lookup_build = $2 AND lookup_product = $1 AND state = 'processed' \
    GROUP BY channel, version, version_reported \
    ORDER BY channel, version, version_reported LIMIT $3";

/// Counts the processed crashes with the build (`product`, `build_id`), grouped by look-up; at most `limit` groups.
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
