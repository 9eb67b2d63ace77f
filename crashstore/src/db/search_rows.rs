//! The table `search_row`: writing it, and reading it in the order of its numbers.
//!
//! Whoever writes a row leaves `seq` empty; [`super::number_search_rows`] fills it. A number above the last one that
//! was given is one of an earlier release, which wrote its clock there: such a row counts as one without.

use std::collections::HashMap;

use crash::CrashId;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use sqlx::AssertSqlSafe;

use crate::search::SCHEMA;

/// Maximum crashes whose documents [`search_documents`] reads at once.
pub const MOST_DOCUMENTS: usize = 1000;

/// A row as search reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRow {
    /// The crash.
    pub crash_id: String,
    /// When the crash came in, microseconds UTC.
    pub date: i64,
    /// Which write of the crash it is of.
    pub row_version: i64,
    /// Whether the crash was deleted; the document is empty then.
    pub deleted: bool,
    /// The form of the document, see [`crate::search::SCHEMA`].
    pub schema: i64,
    /// Its number.
    pub seq: i64,
    /// The document, for [`crate::search::read_document`].
    pub doc: Vec<u8>,
}

platform::from_row!(SearchRow {
    crash_id,
    date,
    row_version,
    deleted,
    schema,
    seq,
    doc
});

/// How far a reader has come. It is kept together with what was made of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The number of the last row that was read; 0 before the first.
    pub seq: i64,
    /// The newest number when the reader began, with nothing.
    pub began: i64,
}

/// What follows a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// The rows in the order of their numbers. None: the reader has them all.
    pub rows: Vec<SearchRow>,
    /// The place after them.
    pub place: Place,
    /// The last number that was given when they were read.
    pub newest: i64,
    /// The reader cannot go on and must begin anew with nothing: a deletion after its place is forgotten already, or
    /// the database is an older copy than the one that it read before.
    pub broken: bool,
}

/// Writes the search row of a crash, in the transaction that gives the crash this `row_version`: that transaction
/// decides which of two writers wins. `date` is when the crash came in, microseconds UTC, and never changes. The row
/// waits for its number.
///
/// # Errors
/// The database failed.
pub async fn upsert(tx: &mut Tx, id: &CrashId, date: i64, row_version: i64, doc: &[u8]) -> Result<(), DbError> {
    write(tx, id, date, row_version, false, doc).await
}

/// Marks the search row of a crash as deleted and empties it; it is removed with the crash's tombstone.
///
/// # Errors
/// The database failed.
pub(crate) async fn delete(tx: &mut Tx, id: &CrashId, date: i64, row_version: i64) -> Result<(), DbError> {
    write(tx, id, date, row_version, true, &[]).await
}

async fn write(
    tx: &mut Tx,
    id: &CrashId,
    date: i64,
    row_version: i64,
    deleted: bool,
    doc: &[u8],
) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO search_row (crash_id, date, row_version, deleted, schema, seq, doc) \
        VALUES ($1, $2, $3, $4, $5, NULL, $6) \
        ON CONFLICT (crash_id) DO UPDATE \
        SET row_version = excluded.row_version, deleted = excluded.deleted, schema = excluded.schema, \
        seq = NULL, doc = excluded.doc";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_str())
        .bind(date)
        .bind(row_version)
        .bind(deleted)
        .bind(SCHEMA)
        .bind(doc)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

// One statement, so that the last number and the rows are of one moment.
pub(super) const AFTER: &str = "SELECT crash_id, date, row_version, deleted, schema, seq, doc \
    FROM search_row \
    WHERE seq > $1 AND seq <= (SELECT number FROM search_sequence WHERE name = 'search_row') \
    ORDER BY seq LIMIT $2";

/// Reads at most `limit` rows after a place. A row that is written again meanwhile comes later, with a new number; no
/// row is ever passed over.
///
/// # Errors
/// The database failed.
pub async fn search_rows_after(db: &Db, place: Place, limit: i64) -> Result<Tail, DbError> {
    let rows: Vec<SearchRow> = on!(db, |pool| sqlx::query_as(AFTER)
        .bind(place.seq)
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    // Read after the rows: what was removed before they were read is known then. What was a tombstone when the reader
    // began it never saw otherwise, so that its end does not matter.
    let (newest, removed) = numbers(db).await?;
    Ok(Tail {
        place: Place {
            seq: rows.last().map_or(place.seq, |row| row.seq),
            ..place
        },
        newest,
        broken: newest < place.seq || removed > place.seq.max(place.began),
        rows,
    })
}

pub(super) const BEFORE: &str = "SELECT crash_id, date, row_version, deleted, schema, COALESCE(seq, 0) AS seq, doc \
    FROM search_row \
    WHERE NOT deleted AND date >= $1 AND (date, crash_id) < ($2, $3) \
    ORDER BY date DESC, crash_id DESC LIMIT $4";

/// Reads at most `limit` rows that are not deleted, the newest first: of crashes that came in at `from` (microseconds
/// UTC) or later, and before the date and id of `before`. They have a number or none; a reader of them and of
/// those after the place at which that was begun has every row.
///
/// # Errors
/// The database failed.
pub async fn search_rows_before(
    db: &Db,
    from: i64,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<SearchRow>, DbError> {
    Ok(on!(db, |pool| sqlx::query_as(BEFORE)
        .bind(from)
        .bind(before.0)
        .bind(before.1)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// Which database this is: a text that no other has. A copy of its files has the same.
///
/// # Errors
/// The database failed.
pub async fn identity(db: &Db) -> Result<String, DbError> {
    const SQL: &str = "SELECT identity FROM search_sequence WHERE name = 'search_row'";
    let found: Option<String> = on!(db, |pool| sqlx::query_scalar(SQL).fetch_optional(pool).await)?;
    Ok(found.unwrap_or_default())
}

/// The place of a reader that has nothing yet.
///
/// # Errors
/// The database failed.
pub async fn first_place(db: &Db) -> Result<Place, DbError> {
    let (began, _) = numbers(db).await?;
    Ok(Place { seq: 0, began })
}

/// The last number that was given; 0 before the first.
///
/// # Errors
/// The database failed.
pub async fn newest_seq(db: &Db) -> Result<i64, DbError> {
    Ok(numbers(db).await?.0)
}

/// The last number that was given, and the highest of a row that was removed.
async fn numbers(db: &Db) -> Result<(i64, i64), DbError> {
    const SQL: &str = "SELECT number, removed FROM search_sequence WHERE name = 'search_row'";
    let found: Option<(i64, i64)> = on!(db, |pool| sqlx::query_as(SQL).fetch_optional(pool).await)?;
    Ok(found.unwrap_or_default())
}

/// The statement of [`search_documents`] for so many crashes.
pub(super) fn documents_sql(crashes: usize) -> String {
    let marks: Vec<String> = (1..=crashes).map(|n| format!("${n}")).collect();
    format!(
        "SELECT crash_id, date, doc FROM search_row WHERE NOT deleted AND crash_id IN ({})",
        marks.join(", ")
    )
}

/// What search keeps of a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchDocument {
    /// When the crash came in, microseconds UTC: the date by which it is searched.
    pub date: i64,
    /// For [`crate::search::read_document`].
    pub document: Vec<u8>,
}

/// The documents of crashes that are not deleted, by their ids. Of more than [`MOST_DOCUMENTS`] crashes, those of the
/// first.
///
/// # Errors
/// The database failed.
pub async fn search_documents(db: &Db, ids: &[CrashId]) -> Result<HashMap<String, SearchDocument>, DbError> {
    let ids = &ids[..ids.len().min(MOST_DOCUMENTS)];
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = documents_sql(ids.len());
    let rows: Vec<(String, i64, Vec<u8>)> = on!(db, |pool| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        for id in ids {
            query = query.bind(id.as_str());
        }
        query.fetch_all(pool).await
    })?;
    let by_id = rows
        .into_iter()
        .map(|(id, date, document)| (id, SearchDocument { date, document }));
    Ok(by_id.collect())
}
