//! The tables `observation` and `sighting`.

use std::collections::{BTreeSet, HashMap, HashSet};

use builds::said::observation::{Digest, Kind, Observation, SourceName};
use futures::TryStreamExt;
use platform::db::{Db, DbError};
use platform::on;
use sqlx::AssertSqlSafe;

use super::dirty_groups::{Touched, touched};
use super::placeholders::{MANY, marks, quoted};

/// An observation and when it was first seen.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The observation.
    pub observation: Observation,
    /// Its digest.
    pub digest: String,
    /// When the run that first saw it began, microseconds UTC.
    pub first_seen: i64,
    /// Why it cannot be interpreted, if so.
    pub problem: Option<String>,
}

struct Row {
    digest: String,
    source: String,
    kind: String,
    subject: String,
    url: String,
    body: String,
    first_run: i64,
    problem: Option<String>,
}

platform::from_row!(Row {
    digest,
    source,
    kind,
    subject,
    url,
    body,
    first_run,
    problem
});

struct OfGroup {
    group_key: String,
    row: Row,
}

platform::from_row!(OfGroup { group_key } and row);

const COLUMNS: &str = "o.digest, o.source, o.kind, o.subject, o.url, o.body, o.first_run, o.problem";

impl Stored {
    /// Reads a row; none for a kind of statement that another release of the program stored and this one cannot read.
    fn read(row: Row) -> Result<Option<Self>, DbError> {
        let bad = |what: &str| DbError::Row(format!("observation {}: {what}", row.digest));
        let Ok(kind) = row.kind.parse() else {
            return Ok(None);
        };
        Ok(Some(Self {
            observation: Observation {
                source: SourceName::stored(&row.source).map_err(|_| bad("source"))?,
                kind,
                subject: row.subject,
                url: row.url,
                body: serde_json::from_str(&row.body)
                    .map_err(|_| DbError::Row(format!("observation {}: body", row.digest)))?,
            },
            digest: row.digest,
            first_seen: row.first_run,
            problem: row.problem,
        }))
    }
}

/// What must be derived again when the observations with this subject or digest are ignored, or no longer ignored.
///
/// # Errors
/// The database failed or a row cannot be read.
pub(super) async fn touched_by_ignoring(db: &Db, subject_or_digest: &str) -> Result<BTreeSet<Touched>, DbError> {
    // Each source and kind is an index search; with OR between two texts, the database would read everything.
    let by_subject = format!(
        "SELECT {COLUMNS} \
         FROM observation o \
         WHERE o.source IN ({}) AND o.kind IN ({}) AND substr(o.subject, 1, 300) = substr($1, 1, 300) \
         AND o.subject = $1",
        quoted(SourceName::all().map(SourceName::as_str)),
        quoted(Kind::ALL.map(Kind::as_str)),
    );
    let by_digest = format!("SELECT {COLUMNS} FROM observation o WHERE o.digest = $1");
    let mut rows: Vec<Row> = Vec::new();
    for sql in [by_subject, by_digest] {
        let found: Vec<Row> = on!(db, |pool| sqlx::query_as(AssertSqlSafe(sql.as_str()))
            .bind(subject_or_digest)
            .fetch_all(pool)
            .await)?;
        rows.extend(found);
    }
    let mut dirty = BTreeSet::new();
    for row in rows {
        if let Some(stored) = Stored::read(row)? {
            dirty.extend(touched(&stored.observation));
        }
    }
    Ok(dirty)
}

/// The number of observations of each of these groups, still said or not; at most 100 groups.
///
/// # Errors
/// The database failed.
pub async fn group_sizes(db: &Db, group_keys: &[String]) -> Result<HashMap<String, usize>, DbError> {
    let sql = format!(
        "SELECT group_key, COUNT(*) FROM observation WHERE group_key IN ({}) GROUP BY group_key",
        marks(group_keys.len(), 1)
    );
    if group_keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64)> = on!(db, |pool| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        for key in group_keys {
            query = query.bind(key);
        }
        query.fetch_all(pool).await
    })?;
    let sizes = rows
        .into_iter()
        .map(|(key, size)| (key, usize::try_from(size).unwrap_or(usize::MAX)));
    Ok(sizes.collect())
}

/// What is still said about the groups with these keys, in key order.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn of_group(db: &Db, group_key: &str) -> Result<Vec<Observation>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM observation o WHERE o.group_key = $1 AND o.said_to IS NULL");
    let mut rows: Vec<Row> = on!(db, |pool| sqlx::query_as(AssertSqlSafe(sql.as_str()))
        .bind(group_key)
        .fetch_all(pool)
        .await)?;
    rows.sort_unstable_by(|left, right| left.digest.cmp(&right.digest));
    rows.into_iter()
        .filter_map(|row| Stored::read(row).transpose())
        .map(|stored| stored.map(|stored| stored.observation))
        .collect()
}

/// Passes on what is still said about the groups with these keys, with the group's key, in no particular order. It
/// holds one observation at a time: some old versions have ten thousand.
///
/// # Errors
/// The database failed or a row cannot be read; some observations were already passed on.
pub async fn each_of_groups(
    db: &Db,
    group_keys: &[String],
    mut each: impl FnMut(&str, &Observation, Digest),
) -> Result<(), DbError> {
    for keys in group_keys.chunks(MANY) {
        let sql = format!(
            "SELECT o.group_key, {COLUMNS} FROM observation o WHERE o.group_key IN ({}) AND o.said_to IS NULL",
            marks(keys.len(), 1)
        );
        on!(db, |pool| {
            let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
            for key in keys {
                query = query.bind(key);
            }
            let mut rows = query.fetch(pool);
            while let Some(OfGroup { group_key, row }) = rows.try_next().await? {
                let Some(stored) = Stored::read(row)? else { continue };
                let digest = stored.digest.parse();
                let digest = digest.map_err(|_| DbError::Row(format!("digest {}", stored.digest)))?;
                each(&group_key, &stored.observation, digest);
            }
        });
    }
    Ok(())
}

/// What is still said about versions as a whole: the observations that [`builds::facts()`] reads.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn fact_observations(db: &Db) -> Result<Vec<Observation>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} \
         FROM observation o \
         WHERE o.kind IN ('{}', '{}', '{}', '{}') AND o.said_to IS NULL \
         ORDER BY o.digest",
        // Literals, as in the index: with parameters it would not be used.
        Kind::ShippedRelease,
        Kind::ReleaseDirectory,
        Kind::ReleaseHistory,
        Kind::CurrentVersions,
    );
    let rows: Vec<Row> = on!(db, |pool| sqlx::query_as(AssertSqlSafe(sql.as_str()))
        .fetch_all(pool)
        .await)?;
    rows.into_iter()
        .filter_map(|row| Stored::read(row).transpose())
        .map(|stored| stored.map(|stored| stored.observation))
        .collect()
}

/// The observations with these digests, sorted by digest, at most 200 of them.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn by_digests(db: &Db, digests: &[Digest]) -> Result<Vec<Stored>, DbError> {
    let digests: Vec<String> = digests.iter().take(200).map(ToString::to_string).collect();
    if digests.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM observation o WHERE o.digest IN ({})",
        marks(digests.len(), 1)
    );
    let mut rows: Vec<Row> = on!(db, |pool| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        for digest in &digests {
            query = query.bind(digest);
        }
        query.fetch_all(pool).await
    })?;
    rows.sort_unstable_by(|left, right| left.digest.cmp(&right.digest));
    rows.into_iter()
        .filter_map(|row| Stored::read(row).transpose())
        .collect()
}

/// The observations among these, at most 200, that are still said.
///
/// # Errors
/// The database failed.
pub async fn said_now(db: &Db, digests: &[Digest]) -> Result<HashSet<String>, DbError> {
    let digests: Vec<String> = digests.iter().take(200).map(ToString::to_string).collect();
    if digests.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = format!(
        "SELECT digest FROM observation WHERE said_to IS NULL AND digest IN ({})",
        marks(digests.len(), 1)
    );
    let said: Vec<String> = on!(db, |pool| {
        let mut query = sqlx::query_scalar(AssertSqlSafe(sql.as_str()));
        for digest in &digests {
            query = query.bind(digest);
        }
        query.fetch_all(pool).await
    })?;
    Ok(said.into_iter().collect())
}
