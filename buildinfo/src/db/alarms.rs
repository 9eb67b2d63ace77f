//! The table `unknown_alarm`, and the sightings that raise an alarm.

use platform::db::{Db, DbError};
use platform::{in_tx, on};

use builds::unknown::UnknownKey;

/// An alarm needs its sightings within one hour; in microseconds.
const WINDOW: i64 = 3_600_000_000;
/// Maximum open alarms; more would help nobody.
const MOST_OPEN: i64 = 100;

/// An unknown build that crashes on several installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// The product.
    pub product: String,
    /// The channel.
    pub channel: String,
    /// The build id, digits.
    pub build_id: String,
    /// The version that the crashes report.
    pub reported: String,
    /// On how many installs it crashed within one hour.
    pub installs: i64,
    /// For an alarm not raised yet, when the last of these crashes came in; otherwise when it was raised. Microseconds
    /// UTC.
    pub raised: i64,
    /// When an import looked for the build because of this alarm, microseconds UTC.
    pub tried: Option<i64>,
    /// The outcome of that import.
    pub outcome: Option<String>,
}

platform::from_row!(Alarm {
    product,
    channel,
    build_id,
    reported,
    installs,
    raised,
    tried,
    outcome
});

impl Alarm {
    /// The key that the build is counted under.
    pub fn key(&self) -> UnknownKey {
        UnknownKey {
            product: self.product.clone(),
            channel: self.channel.clone(),
            build_id: self.build_id.clone(),
        }
    }
}

/// The builds without an alarm that crashed on at least `installs` installs within an hour; at most 200.
///
/// # Errors
/// The database failed.
pub async fn alarm_candidates(db: &Db, installs: i64) -> Result<Vec<Alarm>, DbError> {
    const SQL: &str = "SELECT s.product, s.channel, s.build_id, MAX(s.reported) AS reported, COUNT(*) AS installs, \
        MAX(s.at) AS raised, CAST(NULL AS BIGINT) AS tried, CAST(NULL AS TEXT) AS outcome \
        FROM unknown_seen s \
        JOIN (SELECT product, channel, build_id, MAX(at) AS newest \
            FROM unknown_seen \
            GROUP BY product, channel, build_id) n \
            ON n.product = s.product AND n.channel = s.channel AND n.build_id = s.build_id \
        WHERE s.at >= n.newest - $1 \
        AND NOT EXISTS (SELECT 1 \
            FROM unknown_alarm a \
            WHERE a.product = s.product AND a.channel = s.channel AND a.build_id = s.build_id \
            AND a.cleared IS NULL) \
        GROUP BY s.product, s.channel, s.build_id \
        HAVING COUNT(*) >= $2 \
        ORDER BY raised DESC LIMIT 200";
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(WINDOW)
        .bind(installs)
        .fetch_all(pool)
        .await)?)
}

/// Raises an alarm at `now`; `false` if it is already open, raised by another process, or if a hundred are open.
///
/// # Errors
/// The database failed.
pub async fn raise_alarm(db: &Db, alarm: &Alarm, now: i64) -> Result<bool, DbError> {
    const OPEN: &str = "SELECT COUNT(*) FROM unknown_alarm WHERE cleared IS NULL";
    const SQL: &str = "INSERT INTO unknown_alarm (product, channel, build_id, reported, installs, raised) \
        VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (product, channel, build_id) DO UPDATE \
        SET reported = excluded.reported, installs = excluded.installs, raised = excluded.raised, tried = NULL, \
        outcome = NULL, cleared = NULL \
        WHERE unknown_alarm.cleared IS NOT NULL";
    let mut tx = db.begin().await?;
    let open: i64 = in_tx!(&mut tx, |conn| sqlx::query_scalar(OPEN).fetch_one(conn).await)?;
    if open >= MOST_OPEN {
        return Ok(false);
    }
    let rows = in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(&alarm.product)
        .bind(&alarm.channel)
        .bind(&alarm.build_id)
        .bind(&alarm.reported)
        .bind(alarm.installs)
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    tx.commit().await?;
    Ok(rows == 1)
}

/// The open alarms, oldest first; [`raise_alarm`] limits their number.
///
/// # Errors
/// The database failed.
pub async fn open_alarms(db: &Db) -> Result<Vec<Alarm>, DbError> {
    const SQL: &str = "SELECT product, channel, build_id, reported, installs, raised, tried, outcome \
        FROM unknown_alarm \
        WHERE cleared IS NULL \
        ORDER BY build_id, product, channel LIMIT 1000";
    let mut open: Vec<Alarm> = on!(db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?;
    open.sort_by(|left, right| {
        let place = |alarm: &Alarm| (alarm.raised, alarm.key());
        place(left).cmp(&place(right))
    });
    Ok(open)
}

/// Stores that an import looked for a build because of its alarm, and the outcome. Does not touch an alarm that was
/// raised again since, or for which a later search is stored.
///
/// # Errors
/// The database failed.
pub async fn record_try(db: &Db, alarm: &Alarm, tried: i64, outcome: &str) -> Result<(), DbError> {
    const SQL: &str = "UPDATE unknown_alarm \
        SET tried = $4, outcome = $5 \
        WHERE product = $1 AND channel = $2 AND build_id = $3 AND raised = $6 \
        AND (tried IS NULL OR tried <= $4)";
    let outcome = text::cut(outcome, 500);
    let mut tx = db.begin().await?;
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(&alarm.product)
        .bind(&alarm.channel)
        .bind(&alarm.build_id)
        .bind(tried)
        .bind(outcome)
        .bind(alarm.raised)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// Ends the alarm of a build at `now`; `false` if none was open.
///
/// # Errors
/// The database failed.
pub async fn clear_alarm(db: &Db, key: &UnknownKey, now: i64) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE unknown_alarm \
        SET cleared = $4 \
        WHERE product = $1 AND channel = $2 AND build_id = $3 AND cleared IS NULL";
    let mut tx = db.begin().await?;
    let rows = in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(&key.product)
        .bind(&key.channel)
        .bind(&key.build_id)
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    tx.commit().await?;
    Ok(rows == 1)
}
