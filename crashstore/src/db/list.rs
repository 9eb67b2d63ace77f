//! The table `crash`: lists, newest first.

use platform::db::{Beginning, Db, DbError, values};
use platform::on;
use sqlx::AssertSqlSafe;
use text::cursor;

use super::crashes::signature_hash;
use super::summary::{SUMMARY, Summary, SummaryRow};
use crate::column::{Name, Text};

/// Where no more versions or build ids than this begin so, the crashes of each are looked up by an index of its own.
const MOST_VALUES: usize = 50;

/// Which crashes to list; an empty text does not narrow. Duplicates and deleted crashes are never listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The product.
    pub product: String,
    /// The version.
    pub version: String,
    /// How the version begins.
    pub version_begins: Option<Beginning>,
    /// The channel.
    pub channel: String,
    /// The build id.
    pub build_id: String,
    /// How the build id begins.
    pub build_id_begins: Option<Beginning>,
    /// The signature, whole.
    pub signature: String,
    /// Only crashes that came in at this time or later, microseconds UTC.
    pub since: Option<i64>,
}

impl Filter {
    /// Whether everything is listed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The beginning by which crashes are found, with its column. None where a whole value finds them: a signature,
    /// build id or version.
    fn leading(&self) -> Option<(&'static str, &Beginning)> {
        let whole = [&self.signature, &self.build_id, &self.version];
        if whole.iter().any(|value| !value.is_empty()) {
            return None;
        }
        if let Some(begin) = &self.build_id_begins {
            return Some(("build_id", begin));
        }
        Some(("version", self.version_begins.as_ref()?))
    }

    /// The same with one whole value in place of the beginning of a column.
    fn with(&self, column: &str, value: String) -> Self {
        let mut filter = self.clone();
        if column == "version" {
            (filter.version, filter.version_begins) = (value, None);
        } else {
            (filter.build_id, filter.build_id_begins) = (value, None);
        }
        filter
    }

    /// The columns whose beginning is compared row by row.
    fn begins(&self) -> impl Iterator<Item = (&'static str, &Beginning)> {
        [("version", &self.version_begins), ("build_id", &self.build_id_begins)]
            .into_iter()
            .filter_map(|(column, begin)| Some((column, begin.as_ref()?)))
    }

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

/// A place in the list: after this crash. Written as [`cursor`] does: when it came in, and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// When the crash came in, microseconds UTC.
    pub received: i64,
    /// Its id.
    pub crash_id: String,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&cursor::write([&self.received.to_string(), &self.crash_id]))
    }
}

impl std::str::FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let [received, crash_id] = cursor::read(text).ok_or(())?;
        let crash_id: crash::CrashId = crash_id.parse().map_err(|_| ())?;
        Ok(Self {
            received: received.parse().map_err(|_| ())?,
            crash_id: crash_id.to_string(),
        })
    }
}

/// The statement of [`list`], and the texts that it compares with. After these come the time since when, the place in
/// the list, and the limit, as far as they are given.
#[doc(hidden)]
pub fn list_sql(db: &Db, filter: &Filter, from_place: bool) -> (String, Vec<String>) {
    let mut conditions = String::from("duplicate_of IS NULL AND deleted IS NULL");
    let mut values = Vec::new();
    for (column, value) in filter.conditions() {
        values.push(value);
        conditions.push_str(&format!(" AND {column} = ${}", values.len()));
    }
    for (column, begin) in filter.begins() {
        let bounds = begin.bounds();
        let first = values.len() + 1;
        values.extend([bounds.from, bounds.until, bounds.gap_from, bounds.gap_until]);
        // Not a range for an index: the rows come in the order of time.
        conditions.push_str(&format!(
            " AND {column} || '' >= ${first} AND {column} || '' < ${} AND ({column} < ${} OR {column} >= ${})",
            first + 1,
            first + 2,
            first + 3
        ));
    }
    let mut next = values.len() + 1;
    if filter.since.is_some() {
        conditions.push_str(&format!(" AND received >= ${next}"));
        next += 1;
    }
    if from_place {
        conditions.push_str(&format!(" AND (received, crash_id) < (${next}, ${})", next + 1));
        next += 2;
    }
    let index = db.by_index(filter.index());
    let sql = format!(
        "SELECT {SUMMARY} FROM crash {index} WHERE {conditions} ORDER BY received DESC, crash_id DESC LIMIT ${next}"
    );
    (sql, values)
}

/// The statement that finds the highest value of a column between two texts.
#[doc(hidden)]
pub fn next_value_sql(db: &Db, column: &str) -> String {
    let index = db.by_index(if column == "version" {
        "crash_by_version"
    } else {
        "crash_by_build_id"
    });
    format!("SELECT {column} FROM crash {index} WHERE {column} >= $1 AND {column} < $2 ORDER BY {column} DESC LIMIT 1")
}

/// The crashes that match, newest first, after `after`, at most `limit`. Where all that is known is how a version or
/// build id begins, each that begins so is looked up, if they are few; else crashes are compared one by one in the
/// order of time.
///
/// # Errors
/// The database failed.
pub async fn list(db: &Db, filter: &Filter, after: Option<&Cursor>, limit: i64) -> Result<Vec<Summary>, DbError> {
    let Some((column, begin)) = filter.leading() else {
        return list_of(db, filter, after, limit).await;
    };
    let found = values(db, &next_value_sql(db, column), begin, MOST_VALUES + 1).await?;
    if found.len() > MOST_VALUES {
        return list_of(db, filter, after, limit).await;
    }
    let most = usize::try_from(limit).unwrap_or(0);
    let mut rows = Vec::new();
    for value in found {
        rows.extend(list_of(db, &filter.with(column, value), after, limit).await?);
        // Each value has its rows in order; together they are put in order again.
        rows.sort_by(|a: &Summary, b| (b.received, b.id.as_str()).cmp(&(a.received, a.id.as_str())));
        rows.truncate(most);
    }
    Ok(rows)
}

/// The crashes that match whole values, and the beginnings of others row by row, in the order of an index.
async fn list_of(db: &Db, filter: &Filter, after: Option<&Cursor>, limit: i64) -> Result<Vec<Summary>, DbError> {
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
