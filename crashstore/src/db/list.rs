//! The table `crash`: lists, newest first.

use platform::db::{Db, DbError};
use platform::on;
use sqlx::AssertSqlSafe;

use super::crashes::{SUMMARY, Summary, SummaryRow, signature_hash};

/// Which crashes to list; an empty text does not narrow. Duplicates are never listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The product.
    pub product: String,
    /// The version.
    pub version: String,
    /// The channel.
    pub channel: String,
    /// The build id.
    pub build_id: String,
    /// The signature, whole.
    pub signature: String,
}

/// A place in the list: after this crash. Written `<received>-<crash id>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// When the crash came in, microseconds UTC.
    pub received: i64,
    /// Its id.
    pub crash_id: String,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.received, self.crash_id)
    }
}

impl std::str::FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (received, crash_id) = text.split_once('-').ok_or(())?;
        let crash_id: crash::CrashId = crash_id.parse().map_err(|_| ())?;
        Ok(Self {
            received: received.parse().map_err(|_| ())?,
            crash_id: crash_id.to_string(),
        })
    }
}

/// The crashes that match, newest first, after `after`, at most `limit`.
///
/// # Errors
/// The database failed.
pub async fn list(
    db: &Db,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<Summary>, DbError> {
    let hash = if filter.signature.is_empty() {
        String::new()
    } else {
        signature_hash(&filter.signature)
    };
    let mut conditions = String::from("duplicate_of IS NULL");
    let mut values: Vec<&str> = Vec::new();
    for (column, value) in [
        ("product", &filter.product),
        ("version", &filter.version),
        ("channel", &filter.channel),
        ("build_id", &filter.build_id),
        ("signature_hash", &hash),
    ] {
        if !value.is_empty() {
            values.push(value);
            conditions.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    }
    let next = values.len() + 1;
    if after.is_some() {
        conditions.push_str(&format!(
            " AND (received < ${next} OR (received = ${next} AND crash_id < ${}))",
            next + 1
        ));
    }
    let limit_at = if after.is_some() { next + 2 } else { next };
    let sql = format!(
        "SELECT {SUMMARY} FROM crash WHERE {conditions} ORDER BY received DESC, crash_id DESC LIMIT ${limit_at}"
    );
    let rows: Vec<SummaryRow> = on!(db, |pool| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        for value in values {
            query = query.bind(value);
        }
        if let Some(cursor) = after {
            query = query.bind(cursor.received).bind(&cursor.crash_id);
        }
        query.bind(limit).fetch_all(pool).await
    })?;
    rows.into_iter().map(Summary::try_from).collect()
}
