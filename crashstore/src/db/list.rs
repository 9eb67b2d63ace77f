//! The table `crash`: lists, newest first.

use platform::db::{Db, DbError};
use platform::on;
use sqlx::AssertSqlSafe;

use super::crashes::{SUMMARY, Summary, SummaryRow, signature_hash};
use crate::column::{Name, Text};

/// Which crashes to list; an empty text does not narrow. Duplicates and deleted crashes are never listed.
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
    /// Only crashes that came in at this time or later, microseconds UTC.
    pub since: Option<i64>,
}

impl Filter {
    /// The columns to compare, with what is stored for the values asked for.
    fn conditions(&self) -> Vec<(&'static str, String)> {
        let name = |text: &str| Name::of(text).to_string();
        let mut found = Vec::new();
        for (column, value) in [
            ("product", &self.product),
            ("version", &self.version),
            ("channel", &self.channel),
            ("build_id", &self.build_id),
        ] {
            if !value.is_empty() {
                found.push((column, name(value)));
            }
        }
        if !self.signature.is_empty() {
            let hash = signature_hash(&Text::of(&self.signature));
            found.push(("signature_hash", hash));
        }
        found
    }

    /// The index that leaves the fewest rows to look at: the one that begins with the rarest of the values asked for.
    fn index(&self) -> &'static str {
        let asked = |value: &String| !value.is_empty();
        if asked(&self.signature) {
            "crash_by_signature"
        } else if asked(&self.build_id) {
            "crash_by_build_id"
        } else if asked(&self.version) {
            "crash_by_version"
        } else if asked(&self.product) && asked(&self.channel) {
            "crash_by_product_channel"
        } else if asked(&self.product) {
            "crash_by_product"
        } else if asked(&self.channel) {
            "crash_by_channel"
        } else {
            "crash_by_time"
        }
    }
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

/// The statement of [`list`], and the texts that it compares with. After these come the time since when, the place in the list, and the
/// limit, as far as they are given.
#[doc(hidden)]
pub fn list_sql(db: &Db, filter: &Filter, from_place: bool) -> (String, Vec<String>) {
    let mut conditions = String::from("duplicate_of IS NULL AND deleted IS NULL");
    let mut values = Vec::new();
    for (column, value) in filter.conditions() {
        values.push(value);
        conditions.push_str(&format!(" AND {column} = ${}", values.len()));
    }
    let mut next = values.len() + 1;
    if filter.since.is_some() {
        conditions.push_str(&format!(" AND received >= ${next}"));
        next += 1;
    }
    if from_place {
        conditions.push_str(&format!(
            " AND (received, crash_id) < (${next}, ${})",
            next + 1
        ));
        next += 2;
    }
    let index = db.by_index(filter.index());
    let sql = format!(
        "SELECT {SUMMARY} FROM crash {index} WHERE {conditions} ORDER BY received DESC, crash_id DESC LIMIT ${next}"
    );
    (sql, values)
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
    let (sql, values) = list_sql(db, filter, after.is_some());
    let rows: Vec<SummaryRow> = on!(db, |pool| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        for value in &values {
            query = query.bind(value);
        }
        if let Some(since) = filter.since {
            query = query.bind(since);
        }
        if let Some(cursor) = after {
            query = query.bind(cursor.received).bind(&cursor.crash_id);
        }
        query.bind(limit).fetch_all(pool).await
    })?;
    rows.into_iter().map(Summary::try_from).collect()
}
