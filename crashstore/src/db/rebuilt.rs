//! The tables `crash` and `search_row`: rows made again from what the blob store holds.
//!
//! Others that write a crash win: a row is replaced only if nothing has changed since it was read.

use std::collections::HashMap;

use crash::CrashId;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use sqlx::AssertSqlSafe;

use super::crashes::signature_hash;
use super::summary::State;
use crate::column::Text;

/// Maximum crashes whose rows [`stored_rows`] reads at once.
pub(crate) const MOST_ROWS: usize = 500;

/// The columns of a crash row that the objects tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Columns {
    pub(crate) product: String,
    pub(crate) version: String,
    pub(crate) version_reported: String,
    pub(crate) channel: String,
    pub(crate) build_id: String,
    pub(crate) os_name: String,
    pub(crate) process_type: String,
    pub(crate) signature: String,
    pub(crate) reason: String,
    pub(crate) weight: f64,
    pub(crate) content_hash: String,
    pub(crate) lookup_product: String,
    pub(crate) lookup_build: String,
    pub(crate) build_status: String,
}

platform::from_row!(Columns {
    product,
    version,
    version_reported,
    channel,
    build_id,
    os_name,
    process_type,
    signature,
    reason,
    weight,
    content_hash,
    lookup_product,
    lookup_build,
    build_status,
});

impl Columns {
    /// Whether both hold the same answer about a build.
    pub(crate) fn same_answer(&self, other: &Self) -> bool {
        fn answer(columns: &Columns) -> [&str; 5] {
            [
                &columns.version,
                &columns.version_reported,
                &columns.lookup_product,
                &columns.lookup_build,
                &columns.build_status,
            ]
        }
        answer(self) == answer(other)
    }
}

/// A crash row to write.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MadeRow {
    pub(crate) id: CrashId,
    /// When it came in, microseconds UTC.
    pub(crate) received: i64,
    pub(crate) state: State,
    pub(crate) columns: Columns,
    /// The first copy; for the state `Duplicate` alone.
    pub(crate) duplicate_of: Option<CrashId>,
    /// The number that the processed crash carries; 0 without one.
    pub(crate) row_version: i64,
    /// When it was processed, microseconds UTC; 0 if it was not.
    pub(crate) processed: i64,
}

/// What a crash row says when it is read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredCrash {
    pub(crate) received: i64,
    pub(crate) state: State,
    pub(crate) columns: Columns,
    pub(crate) row_version: i64,
    /// The claim whose output is valid and not under the crash's own key yet; empty if there is none.
    pub(crate) output: String,
    /// Whether a worker is at work on it.
    pub(crate) is_claimed: bool,
}

/// What a search row says when it is read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredSearch {
    pub(crate) row_version: i64,
    pub(crate) deleted: bool,
    pub(crate) schema: i64,
    pub(crate) doc: Vec<u8>,
}

/// The rows of a crash.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredRows {
    pub(crate) crash: StoredCrash,
    pub(crate) search: Option<StoredSearch>,
}

struct CrashRow {
    crash_id: String,
    received: i64,
    state: String,
    row_version: i64,
    output: String,
    claimed: i64,
    columns: Columns,
}

platform::from_row!(CrashRow { crash_id, received, state, row_version, output, claimed } and columns);

struct DocumentRow {
    crash_id: String,
    row_version: i64,
    deleted: bool,
    schema: i64,
    doc: Vec<u8>,
}

platform::from_row!(DocumentRow {
    crash_id,
    row_version,
    deleted,
    schema,
    doc
});

fn marks(first: usize, count: usize) -> String {
    let marks: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    marks.join(", ")
}

/// The statement that reads the crash rows of so many crashes. Its first parameter: the time, microseconds UTC.
pub(super) fn crash_rows_sql(crashes: usize) -> String {
    format!(
        "SELECT crash_id, received, state, row_version, output, \
         (SELECT COUNT(*) FROM job \
           WHERE job.crash_id = crash.crash_id AND job.state = 1 AND job.lease_until > $1) AS claimed, \
         product, version, version_reported, channel, build_id, os_name, process_type, signature, reason, weight, \
         content_hash, lookup_product, lookup_build, build_status \
         FROM crash WHERE crash_id IN ({})",
        marks(2, crashes)
    )
}

/// The statement that reads the search rows of so many crashes.
pub(super) fn search_rows_sql(crashes: usize) -> String {
    format!(
        "SELECT crash_id, row_version, deleted, schema, doc FROM search_row WHERE crash_id IN ({})",
        marks(1, crashes)
    )
}

/// Whether there is any crash, deleted or not.
pub(crate) async fn is_any_crash(db: &Db) -> Result<bool, DbError> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM crash LIMIT 1) AS found";
    let found: i64 = on!(db, |pool| sqlx::query_scalar(SQL).fetch_one(pool).await)?;
    Ok(found > 0)
}

/// Returns the rows of those of the given crashes, at most [`MOST_ROWS`], that have any. `now`: microseconds UTC.
pub(crate) async fn stored_rows(db: &Db, ids: &[CrashId], now: i64) -> Result<HashMap<String, StoredRows>, DbError> {
    let ids = ids.get(..MOST_ROWS).unwrap_or(ids);
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = crash_rows_sql(ids.len());
    let crashes: Vec<CrashRow> = on!(db, |pool| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str())).bind(now);
        for id in ids {
            query = query.bind(id.as_str());
        }
        query.fetch_all(pool).await
    })?;
    let sql = search_rows_sql(ids.len());
    let documents: Vec<DocumentRow> = match crashes.is_empty() {
        true => Vec::new(),
        false => on!(db, |pool| {
            let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
            for id in ids {
                query = query.bind(id.as_str());
            }
            query.fetch_all(pool).await
        })?,
    };
    let mut searches: HashMap<String, StoredSearch> = documents
        .into_iter()
        .map(|row| {
            let search = StoredSearch {
                row_version: row.row_version,
                deleted: row.deleted,
                schema: row.schema,
                doc: row.doc,
            };
            (row.crash_id, search)
        })
        .collect();
    let rows = crashes.into_iter().map(|row| {
        let search = searches.remove(&row.crash_id);
        let crash = StoredCrash {
            received: row.received,
            state: State::from_name(&row.state),
            columns: row.columns,
            row_version: row.row_version,
            output: row.output,
            is_claimed: row.claimed > 0,
        };
        (row.crash_id, StoredRows { crash, search })
    });
    Ok(rows.collect())
}

/// Inserts a row. Returns `false` if there is one, which stays as it is.
pub(crate) async fn insert_made(tx: &mut Tx, row: &MadeRow) -> Result<bool, DbError> {
    const SQL: &str = "\
        INSERT INTO crash (crash_id, received, state, duplicate_of, row_version, processed, \
        product, version, version_reported, channel, build_id, os_name, process_type, signature, signature_hash, \
        reason, weight, content_hash, lookup_product, lookup_build, build_status) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) \
        ON CONFLICT (crash_id) DO NOTHING";
    let found = &row.columns;
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(row.id.as_str())
        .bind(row.received)
        .bind(row.state.name())
        .bind(row.duplicate_of.as_ref().map(CrashId::as_str))
        .bind(row.row_version)
        .bind(row.processed)
        .bind(&found.product)
        .bind(&found.version)
        .bind(&found.version_reported)
        .bind(&found.channel)
        .bind(&found.build_id)
        .bind(&found.os_name)
        .bind(&found.process_type)
        .bind(&found.signature)
        .bind(hash_of(found, row.state))
        .bind(&found.reason)
        .bind(found.weight)
        .bind(&found.content_hash)
        .bind(&found.lookup_product)
        .bind(&found.lookup_build)
        .bind(&found.build_status)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Replaces a row by what was made of the objects, unless it has changed since it was read as `before`; returns
/// `false` then. When the crash came in stays as it is. If the answer about the build is another one, its digest and
/// generation are forgotten, so that the next look-up counts as new.
pub(crate) async fn replace_made(tx: &mut Tx, before: &StoredCrash, row: &MadeRow) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE crash \
        SET state = $2, row_version = $3, processed = CASE WHEN processed = 0 THEN $4 ELSE processed END, \
        product = $5, version = $6, version_reported = $7, channel = $8, build_id = $9, os_name = $10, \
        process_type = $11, signature = $12, signature_hash = $13, reason = $14, weight = $15, content_hash = $16, \
        lookup_product = $17, lookup_build = $18, build_status = $19, \
        answer_digest = CASE WHEN $20 THEN answer_digest ELSE '' END, \
        generation = CASE WHEN $20 THEN generation ELSE 0 END \
        WHERE crash_id = $1 AND deleted IS NULL AND state = $21 AND row_version = $22 AND output = $23";
    let found = &row.columns;
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(row.id.as_str())
        .bind(row.state.name())
        .bind(row.row_version)
        .bind(row.processed)
        .bind(&found.product)
        .bind(&found.version)
        .bind(&found.version_reported)
        .bind(&found.channel)
        .bind(&found.build_id)
        .bind(&found.os_name)
        .bind(&found.process_type)
        .bind(&found.signature)
        .bind(hash_of(found, row.state))
        .bind(&found.reason)
        .bind(found.weight)
        .bind(&found.content_hash)
        .bind(&found.lookup_product)
        .bind(&found.lookup_build)
        .bind(&found.build_status)
        .bind(before.columns.same_answer(found))
        .bind(before.state.name())
        .bind(before.row_version)
        .bind(&before.output)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// What is not processed has no signature, and no hash of one.
fn hash_of(found: &Columns, state: State) -> String {
    match state {
        State::Processed => signature_hash(&Text::of(&found.signature)),
        State::Received | State::Duplicate | State::Deleted => String::new(),
    }
}

pub(super) const FIRST_COPY: &str = "SELECT crash_id \
    FROM crash \
    WHERE content_hash = $1 AND received <= $2 AND crash_id <> $3 AND duplicate_of IS NULL AND deleted IS NULL \
    ORDER BY received, crash_id LIMIT 1";

/// Returns the first report with the content of this one that came in no later, if any.
pub(crate) async fn first_copy_of(tx: &mut Tx, row: &MadeRow) -> Result<Option<CrashId>, DbError> {
    let found: Option<String> = in_tx!(tx, |conn| sqlx::query_scalar(FIRST_COPY)
        .bind(&row.columns.content_hash)
        .bind(row.received)
        .bind(row.id.as_str())
        .fetch_optional(conn)
        .await)?;
    Ok(found.and_then(|id| id.parse().ok()))
}
