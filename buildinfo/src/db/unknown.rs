//! The tables `unknown_build` and `unknown_seen`.

use builds::names::product::Product;
use builds::unknown::{Asked, Tally, UnknownKey, Verdict};
use platform::db::{Db, DbError};
use platform::{in_tx, on};
use sqlx::AssertSqlSafe;

use super::deletion::{ROWS, delete_until};
use super::page::Page;
use super::placeholders::placeholders;
use super::reported;

/// Maximum ids kept for each product and verdict; in total for products without a source.
const MOST: i64 = 5000;
/// Maximum installs kept for one build: the alarm needs only a few.
const MOST_INSTALLS: i64 = 100;
/// Maximum installs kept in total.
const MOST_SEEN: i64 = 20_000;
/// Ids not asked for within this time are deleted: 90 days in microseconds.
const KEEP: i64 = 90 * 86_400_000_000;
/// Installs are deleted after a week.
const KEEP_SEEN: i64 = 7 * 86_400_000_000;

/// A listed unknown build id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The product.
    pub product: String,
    /// The channel.
    pub channel: String,
    /// The id, or the kind of junk.
    pub build_id: String,
    /// See [`Verdict`].
    pub verdict: String,
    /// How often it was looked up.
    pub asked: i64,
    /// When it was first looked up, microseconds UTC.
    pub first_asked: i64,
    /// When it was last looked up, microseconds UTC.
    pub last_asked: i64,
    /// When an alarm was raised because of it, microseconds UTC.
    pub raised: Option<i64>,
    /// When an import looked for it because of the alarm, microseconds UTC.
    pub tried: Option<i64>,
    /// The outcome of that import.
    pub outcome: Option<String>,
    /// When the alarm ended, microseconds UTC.
    pub cleared: Option<i64>,
}

platform::from_row!(Unknown {
    product,
    channel,
    build_id,
    verdict,
    asked,
    first_asked,
    last_asked,
    raised,
    tried,
    outcome,
    cleared,
});

impl Unknown {
    /// The key that it is counted under.
    pub fn key(&self) -> UnknownKey {
        UnknownKey {
            product: self.product.clone(),
            channel: self.channel.clone(),
            build_id: self.build_id.clone(),
        }
    }
}

/// Writes the counts from memory to the database, in small transactions. If a transaction fails during its commit and
/// is written again, some questions count twice.
///
/// # Errors
/// The database failed; what was not written is returned.
pub async fn add_unknown(db: &Db, mut tally: Tally) -> Result<(), (Tally, DbError)> {
    let mut asked: Vec<(UnknownKey, Asked)> = tally.asked.drain().collect();
    // In a fixed order, so that two processes never wait for each other's rows.
    asked.sort_by(|a, b| a.0.cmp(&b.0));
    for start in (0..asked.len()).step_by(ROWS) {
        let end = asked.len().min(start + ROWS);
        if let Err(error) = add_asked(db, &asked[start..end]).await {
            tally.asked.extend(asked.drain(start..));
            return Err((tally, error));
        }
    }
    let sightings = async {
        add_sightings(db, &tally).await?;
        reported::add(db, &tally).await
    };
    match sightings.await {
        Ok(()) => Ok(()),
        Err(error) => Err((tally, error)),
    }
}

async fn add_asked(db: &Db, rows: &[(UnknownKey, Asked)]) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO unknown_build (product, channel, build_id, verdict, asked, first_asked, last_asked) \
         VALUES {} \
         ON CONFLICT (product, channel, build_id) DO UPDATE \
         SET verdict = excluded.verdict, asked = unknown_build.asked + excluded.asked, \
         last_asked = CASE WHEN excluded.last_asked > unknown_build.last_asked THEN excluded.last_asked \
         ELSE unknown_build.last_asked END",
        placeholders(rows.len(), 7)
    );
    let mut tx = db.begin().await?;
    in_tx!(&mut tx, |conn| {
        let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
        for (key, asked) in rows {
            query = query
                .bind(&key.product)
                .bind(&key.channel)
                .bind(&key.build_id)
                .bind(asked.verdict.as_str())
                .bind(asked.count)
                .bind(asked.first)
                .bind(asked.last);
        }
        query.execute(conn).await.map(|_| ())
    })?;
    tx.commit().await
}

async fn add_sightings(db: &Db, tally: &Tally) -> Result<(), DbError> {
    const SQL: &str = "\
        INSERT INTO unknown_seen (product, channel, build_id, install_hash, reported, at) \
        SELECT $1, $2, $3, $4, $5, $6 \
        WHERE (SELECT COUNT(*) FROM unknown_seen WHERE product = $1 AND channel = $2 AND build_id = $3) < $7 \
        OR EXISTS (SELECT 1 \
            FROM unknown_seen \
            WHERE product = $1 AND channel = $2 AND build_id = $3 AND install_hash = $4) \
        ON CONFLICT (product, channel, build_id, install_hash) DO UPDATE \
        SET at = CASE WHEN excluded.at > unknown_seen.at THEN excluded.at ELSE unknown_seen.at END";
    let mut sightings: Vec<_> = tally.sightings.iter().collect();
    sightings.sort_by(|a, b| a.0.cmp(b.0));
    for sightings in sightings.chunks(ROWS) {
        let mut tx = db.begin().await?;
        for ((key, install), seen) in sightings {
            in_tx!(&mut tx, |conn| sqlx::query(SQL)
                .bind(&key.product)
                .bind(&key.channel)
                .bind(&key.build_id)
                .bind(install.as_str())
                .bind(&seen.reported)
                .bind(seen.at)
                .bind(MOST_INSTALLS)
                .execute(conn)
                .await
                .map(|_| ()))?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Deletes ids not looked up within 90 days of `now` (microseconds UTC), and those beyond 5,000 per product and
/// verdict, least recently asked first; installs after a week, and those beyond 20,000; alarms after 90 days; and
/// installs that report another version than their build's after 30 days.
///
/// # Errors
/// The database failed; calling it again continues.
pub async fn prune_unknown(db: &Db, now: i64) -> Result<(), DbError> {
    const OLD: &str = "DELETE FROM unknown_build \
        WHERE (product, channel, build_id) IN (\
            SELECT product, channel, build_id \
            FROM unknown_build \
            WHERE last_asked < $1 \
            ORDER BY last_asked LIMIT $2)";
    const OLD_ALARM: &str = "DELETE FROM unknown_alarm \
        WHERE (product, channel, build_id) IN (\
            SELECT product, channel, build_id \
            FROM unknown_alarm \
            WHERE raised < $1 \
            ORDER BY raised LIMIT $2)";
    const OLD_SEEN: &str = "DELETE FROM unknown_seen \
        WHERE (product, channel, build_id, install_hash) IN (\
            SELECT product, channel, build_id, install_hash \
            FROM unknown_seen \
            WHERE at < $1 \
            ORDER BY at LIMIT $2)";
    const SEEN_END: &str = "SELECT at FROM unknown_seen ORDER BY at DESC LIMIT 1 OFFSET $1";
    const END: &str = "SELECT last_asked \
        FROM unknown_build \
        WHERE product = $1 AND verdict = $2 \
        ORDER BY last_asked DESC LIMIT 1 OFFSET $3";
    const END_OF_ALL: &str =
        "SELECT last_asked FROM unknown_build WHERE verdict = $1 ORDER BY last_asked DESC LIMIT 1 OFFSET $2";
    const SURPLUS: &str = "DELETE FROM unknown_build \
        WHERE (product, channel, build_id) IN (\
            SELECT product, channel, build_id \
            FROM unknown_build \
            WHERE verdict = $1 AND ($2 = '' OR product = $2) AND last_asked <= $3 \
            LIMIT $4)";
    delete_until(db, OLD, now.saturating_sub(KEEP)).await?;
    delete_until(db, OLD_ALARM, now.saturating_sub(KEEP)).await?;
    let end: Option<i64> = on!(db, |pool| sqlx::query_scalar(SEEN_END)
        .bind(MOST_SEEN)
        .fetch_optional(pool)
        .await)?;
    let end = end.map_or(i64::MIN, |end| end.saturating_add(1));
    delete_until(db, OLD_SEEN, end.max(now.saturating_sub(KEEP_SEEN))).await?;
    reported::prune(db, now).await?;
    let mut parts: Vec<(&str, Verdict)> = vec![("", Verdict::NoSource), ("", Verdict::Junk)];
    for product in Product::all() {
        parts.extend([
            (product.as_str(), Verdict::Unofficial),
            (product.as_str(), Verdict::NotSeen),
        ]);
    }
    for (product, verdict) in parts {
        let end: Option<i64> = if product.is_empty() {
            on!(db, |pool| sqlx::query_scalar(END_OF_ALL)
                .bind(verdict.as_str())
                .bind(MOST)
                .fetch_optional(pool)
                .await)?
        } else {
            on!(db, |pool| sqlx::query_scalar(END)
                .bind(product)
                .bind(verdict.as_str())
                .bind(MOST)
                .fetch_optional(pool)
                .await)?
        };
        let Some(end) = end else { continue };
        loop {
            let mut tx = db.begin().await?;
            let rows = in_tx!(&mut tx, |conn| sqlx::query(SURPLUS)
                .bind(verdict.as_str())
                .bind(product)
                .bind(end)
                .bind(i64::try_from(ROWS).unwrap_or(i64::MAX))
                .execute(conn)
                .await
                .map(|done| done.rows_affected()))?;
            tx.commit().await?;
            if rows == 0 {
                break;
            }
        }
    }
    Ok(())
}

/// Deletes builds that are no longer unknown, with their installs; at most 200 in a transaction.
///
/// # Errors
/// The database failed; calling it again continues.
pub async fn forget_unknown(db: &Db, keys: &[UnknownKey]) -> Result<(), DbError> {
    const BUILD: &str = "DELETE FROM unknown_build WHERE product = $1 AND channel = $2 AND build_id = $3";
    const SEEN: &str = "DELETE FROM unknown_seen WHERE product = $1 AND channel = $2 AND build_id = $3";
    for keys in keys.chunks(ROWS) {
        let mut tx = db.begin().await?;
        for key in keys {
            for sql in [BUILD, SEEN] {
                in_tx!(&mut tx, |conn| sqlx::query(sql)
                    .bind(&key.product)
                    .bind(&key.channel)
                    .bind(&key.build_id)
                    .execute(conn)
                    .await
                    .map(|_| ()))?;
            }
        }
        tx.commit().await?;
    }
    Ok(())
}

/// The number of ids of each verdict, sorted by verdict.
///
/// # Errors
/// The database failed.
pub async fn unknown_counts(db: &Db) -> Result<Vec<(String, i64)>, DbError> {
    const SQL: &str = "SELECT verdict, COUNT(*) FROM unknown_build GROUP BY verdict ORDER BY verdict";
    Ok(on!(db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?)
}

/// Whether to list only builds with an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmFilter {
    /// Every unknown id.
    Any,
    /// Those with an open alarm.
    Open,
    /// Those whose alarm has ended, mostly because the build became known.
    Cleared,
}

impl AlarmFilter {
    /// The filter named `open` or `cleared`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "open" => Some(Self::Open),
            "cleared" => Some(Self::Cleared),
            _ => None,
        }
    }
}

/// Which unknown ids to list; an empty member does not filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFilter {
    /// Of this product.
    pub product: Option<String>,
    /// With this verdict.
    pub verdict: Option<Verdict>,
    /// With an alarm.
    pub alarm: AlarmFilter,
}

/// The unknown ids that match a filter, highest build id first, then by product and channel, after the key `after`; at
/// most `limit`.
///
/// # Errors
/// The database failed.
pub async fn list_unknown(
    db: &Db,
    filter: &UnknownFilter,
    after: Option<&UnknownKey>,
    limit: i64,
) -> Result<Page<Unknown>, DbError> {
    let from = match filter.alarm {
        AlarmFilter::Any => {
            "SELECT b.product, b.channel, b.build_id, b.verdict, b.asked, b.first_asked, b.last_asked, \
             a.raised, a.tried, a.outcome, a.cleared \
             FROM unknown_build b \
             LEFT JOIN unknown_alarm a \
                 ON a.product = b.product AND a.channel = b.channel AND a.build_id = b.build_id \
             WHERE 1 = 1"
        }
        AlarmFilter::Open | AlarmFilter::Cleared => {
            "SELECT b.product, b.channel, b.build_id, COALESCE(a.verdict, 'not_seen') AS verdict, \
             COALESCE(a.asked, 0) AS asked, COALESCE(a.first_asked, b.raised) AS first_asked, \
             COALESCE(a.last_asked, b.raised) AS last_asked, b.raised, b.tried, b.outcome, b.cleared \
             FROM unknown_alarm b \
             LEFT JOIN unknown_build a \
                 ON a.product = b.product AND a.channel = b.channel AND a.build_id = b.build_id \
             WHERE 1 = 1"
        }
    };
    let mut sql = from.to_owned();
    match filter.alarm {
        AlarmFilter::Any => {}
        AlarmFilter::Open => sql.push_str(" AND b.cleared IS NULL"),
        AlarmFilter::Cleared => sql.push_str(" AND b.cleared IS NOT NULL"),
    }
    // $1 is the limit; the texts follow.
    let mut texts: Vec<&str> = Vec::new();
    if let Some(product) = &filter.product {
        texts.push(product);
        sql.push_str(&format!(" AND b.product = ${}", texts.len() + 1));
    }
    if let Some(verdict) = filter.verdict {
        texts.push(verdict.as_str());
        let column = match filter.alarm {
            AlarmFilter::Any => "b.verdict",
            _ => "COALESCE(a.verdict, 'not_seen')",
        };
        sql.push_str(&format!(" AND {column} = ${}", texts.len() + 1));
    }
    if let Some(after) = after {
        let first = texts.len() + 2;
        texts.extend([&*after.build_id, &*after.product, &*after.channel]);
        sql.push_str(&format!(
            " AND (b.build_id, b.product, b.channel) < (${first}, ${}, ${})",
            first + 1,
            first + 2
        ));
    }
    sql.push_str(" ORDER BY b.build_id DESC, b.product DESC, b.channel DESC LIMIT $1");
    let mut rows: Vec<Unknown> = on!(db, |pool| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str())).bind(limit.saturating_add(1));
        for text in &texts {
            query = query.bind(*text);
        }
        query.fetch_all(pool).await
    })?;
    let limit = usize::try_from(limit).unwrap_or(0);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Page { rows, more })
}
