//! The table `crash`: a row as lists and pages show it.

use crash::CrashId;
use platform::db::{Db, DbError};
use platform::on;

/// The state of a crash report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Accepted; not processed yet.
    Received,
    /// Processed.
    Processed,
    /// A copy of an earlier report; not processed.
    Duplicate,
    /// Deleted: the row is a tombstone that keeps the crash from coming back.
    Deleted,
}

impl State {
    /// The name, as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Processed => "processed",
            Self::Duplicate => "duplicate",
            Self::Deleted => "deleted",
        }
    }

    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "processed" => Self::Processed,
            "duplicate" => Self::Duplicate,
            "deleted" => Self::Deleted,
            _ => Self::Received,
        }
    }
}

/// A row as shown in lists and on pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The id.
    pub id: CrashId,
    /// When it came in, microseconds UTC.
    pub received: i64,
    /// Where it stands.
    pub state: State,
    /// The product.
    pub product: String,
    /// The version: as reported, and exact once processed.
    pub version: String,
    /// The version the client reported, where it contradicts its build's version; empty otherwise.
    pub version_reported: String,
    /// The channel.
    pub channel: String,
    /// The build id.
    pub build_id: String,
    /// The operating system's name.
    pub os_name: String,
    /// The process that crashed.
    pub process_type: String,
    /// The signature.
    pub signature: String,
    /// The crash reason.
    pub reason: String,
    /// The status of its build.
    pub build_status: String,
    /// The number of crashes it represents.
    pub weight: f64,
    /// The first copy, if this is a later one.
    pub duplicate_of: Option<CrashId>,
}

/// The columns of a [`Summary`], in order.
pub(super) const SUMMARY: &str = "crash_id, received, state, product, version, version_reported, channel, build_id, \
    os_name, process_type, signature, reason, build_status, weight, duplicate_of";

pub(super) struct SummaryRow {
    crash_id: String,
    received: i64,
    state: String,
    product: String,
    version: String,
    version_reported: String,
    channel: String,
    build_id: String,
    os_name: String,
    process_type: String,
    signature: String,
    reason: String,
    build_status: String,
    weight: f64,
    duplicate_of: Option<String>,
}

platform::from_row!(SummaryRow {
    crash_id,
    received,
    state,
    product,
    version,
    version_reported,
    channel,
    build_id,
    os_name,
    process_type,
    signature,
    reason,
    build_status,
    weight,
    duplicate_of,
});

impl TryFrom<SummaryRow> for Summary {
    type Error = DbError;

    fn try_from(row: SummaryRow) -> Result<Self, DbError> {
        let id = |text: String| text.parse::<CrashId>().map_err(|e| DbError::Row(e.to_string()));
        Ok(Self {
            id: id(row.crash_id)?,
            received: row.received,
            state: State::from_name(&row.state),
            product: row.product,
            version: row.version,
            version_reported: row.version_reported,
            channel: row.channel,
            build_id: row.build_id,
            os_name: row.os_name,
            process_type: row.process_type,
            signature: row.signature,
            reason: row.reason,
            build_status: row.build_status,
            weight: row.weight,
            duplicate_of: row.duplicate_of.map(id).transpose()?,
        })
    }
}

/// The row of a crash.
///
/// # Errors
/// The database failed.
pub async fn get(db: &Db, id: &CrashId) -> Result<Option<Summary>, DbError> {
    let sql = format!("SELECT {SUMMARY} FROM crash WHERE crash_id = $1");
    let row: Option<SummaryRow> = on!(db, |pool| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(id.as_str())
        .fetch_optional(pool)
        .await)?;
    row.map(Summary::try_from).transpose()
}

/// The id of the first copy of a report that was sent more than once; of any other its own.
///
/// # Errors
/// The database failed.
pub async fn first_copy(db: &Db, id: &CrashId) -> Result<CrashId, DbError> {
    let first = get(db, id).await?.and_then(|row| row.duplicate_of);
    Ok(first.unwrap_or_else(|| id.clone()))
}
