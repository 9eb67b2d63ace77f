//! The table `reported_version`: installs whose program reports a version other than its build's.

use builds::unknown::Tally;
use platform::db::{Db, DbError};
use platform::{in_tx, on};

use super::deletion::{ROWS, delete_until};

/// Maximum installs kept for one build and reported version: a larger number says nothing more.
const MOST_INSTALLS: i64 = 1000;
/// Maximum installs kept in total.
const MOST: i64 = 20_000;
/// Maximum versions examined per build, those that most installs report: the build may by now have the first of them.
const MOST_OF_BUILD: i64 = 3;
/// Maximum versions examined in total.
const MOST_GROUPS: i64 = 300;
/// Installs are forgotten after 30 days, in microseconds.
const KEEP: i64 = 30 * 86_400_000_000;

/// A build for which installs report another version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedVersion {
    /// The product.
    pub product: String,
    /// The channel that the crashes report.
    pub channel: String,
    /// The build id, digits.
    pub build_id: String,
    /// The version that the programs report.
    pub reported: String,
    /// The number of such installs, at most a thousand.
    pub installs: i64,
    /// When the last such report came in, microseconds UTC.
    pub last: i64,
    /// The number of versions of this build and channel, including this one, that at least the requested number of
    /// installs report.
    pub versions: i64,
}

platform::from_row!(ReportedVersion {
    product,
    channel,
    build_id,
    reported,
    installs,
    last,
    versions
});

pub(super) async fn add(db: &Db, tally: &Tally) -> Result<(), DbError> {
    const SQL: &str = "\
        INSERT INTO reported_version (product, channel, build_id, reported, install_hash, at) \
        SELECT $1, $2, $3, $4, $5, $6 \
        WHERE (SELECT COUNT(*) \
            FROM reported_version \
            WHERE product = $1 AND channel = $2 AND build_id = $3 AND reported = $4) < $7 \
        OR EXISTS (SELECT 1 \
            FROM reported_version \
            WHERE product = $1 AND channel = $2 AND build_id = $3 AND reported = $4 AND install_hash = $5) \
        ON CONFLICT (product, channel, build_id, reported, install_hash) DO UPDATE \
        SET at = CASE WHEN excluded.at > reported_version.at THEN excluded.at ELSE reported_version.at END";
    // In a fixed order, so that two processes never wait for each other's rows.
    let mut sightings: Vec<_> = tally.versions.iter().collect();
    sightings.sort_by(|a, b| a.0.cmp(b.0));
    for sightings in sightings.chunks(ROWS) {
        let mut tx = db.begin().await?;
        for ((key, reported, install), at) in sightings {
            in_tx!(&mut tx, |conn| sqlx::query(SQL)
                .bind(&key.product)
                .bind(&key.channel)
                .bind(&key.build_id)
                .bind(reported)
                .bind(install.as_str())
                .bind(**at)
                .bind(MOST_INSTALLS)
                .execute(conn)
                .await
                .map(|_| ()))?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// The builds for which at least `installs` installs report another version, most installs first: for each build the
/// three most reported versions, at most 300 in total. Versions that clients invent sort after those that many report.
///
/// # Errors
/// The database failed.
pub async fn reported_versions(db: &Db, installs: i64) -> Result<Vec<ReportedVersion>, DbError> {
    const SQL: &str = "SELECT product, channel, build_id, reported, installs, last, versions \
        FROM (SELECT product, channel, build_id, reported, COUNT(*) AS installs, MAX(at) AS last, \
        COUNT(*) OVER (PARTITION BY product, channel, build_id) AS versions, \
        ROW_NUMBER() OVER (PARTITION BY product, channel, build_id ORDER BY COUNT(*) DESC, reported) AS place \
        FROM reported_version \
        GROUP BY product, channel, build_id, reported \
        HAVING COUNT(*) >= $1) AS g \
        WHERE place <= $2 \
        ORDER BY installs DESC, product, channel, build_id, reported LIMIT $3";
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(installs)
        .bind(MOST_OF_BUILD)
        .bind(MOST_GROUPS)
        .fetch_all(pool)
        .await)?)
}

/// Forgets installs that reported nothing within 30 days of `now`, and those beyond 20,000.
pub(super) async fn prune(db: &Db, now: i64) -> Result<(), DbError> {
    const OLD: &str = "DELETE FROM reported_version \
        WHERE (product, channel, build_id, reported, install_hash) IN (\
            SELECT product, channel, build_id, reported, install_hash \
            FROM reported_version \
            WHERE at < $1 \
            ORDER BY at LIMIT $2)";
    const END: &str = "SELECT at FROM reported_version ORDER BY at DESC LIMIT 1 OFFSET $1";
    let end: Option<i64> = on!(db, |pool| sqlx::query_scalar(END).bind(MOST).fetch_optional(pool).await)?;
    let end = end.map_or(i64::MIN, |end| end.saturating_add(1));
    delete_until(db, OLD, end.max(now.saturating_sub(KEEP))).await
}
