//! The table `search_row`: rows whose document has an older form than this release writes.

use crash::CrashId;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use sqlx::AssertSqlSafe;

use crate::search::SCHEMA;

/// Maximum rows of each form that [`older_forms`] counts.
pub const MOST_OLDER: i64 = 10_000;

/// A row of an older form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OlderRow {
    /// The crash.
    pub crash_id: String,
    /// When the crash came in, microseconds UTC.
    pub date: i64,
    /// The state of the crash's job, as the queue stores it; `None` without one.
    pub job: Option<i64>,
}

platform::from_row!(OlderRow { crash_id, date, job });

pub(super) const NEXT: &str = "SELECT schema FROM search_row WHERE NOT deleted AND schema > $1 AND schema < $2 \
    ORDER BY schema LIMIT 1";
// In the order of the index that finds them, whatever PostgreSQL believes of how many they are.
pub(super) const COUNT: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM search_row \
    WHERE NOT deleted AND schema >= $1 AND schema <= $1 ORDER BY schema LIMIT $2) AS counted";

/// The older forms that rows have, each with its number of rows, up to [`MOST_OLDER`]; none if every row has the newest
/// form. Deleted crashes do not count.
///
/// # Errors
/// The database failed.
pub async fn older_forms(db: &Db) -> Result<Vec<(i64, i64)>, DbError> {
    let mut found = Vec::new();
    let mut last = i64::MIN;
    // Every form is found by its first row, so that the rows are not read.
    while let Some(form) = next_form(db, last).await? {
        let rows: i64 = on!(db, |pool| sqlx::query_scalar(COUNT)
            .bind(form)
            .bind(MOST_OLDER)
            .fetch_one(pool)
            .await)?;
        found.push((form, rows));
        last = form;
    }
    Ok(found)
}

/// The next older form that a row has.
async fn next_form(db: &Db, last: i64) -> Result<Option<i64>, DbError> {
    Ok(on!(db, |pool| sqlx::query_scalar(NEXT)
        .bind(last)
        .bind(SCHEMA)
        .fetch_optional(pool)
        .await)?)
}

/// The statement of [`older_rows`] for one form. Its parameters: the form, date and crash of the place, the limit. The
/// form is between two equal bounds, and stands in the order: so PostgreSQL, too, goes by the index of the forms, and
/// never through the rows of all forms by date.
pub(super) fn rows_sql(db: &Db) -> String {
    format!(
        "SELECT search_row.crash_id, search_row.date, job.state AS job \
         FROM search_row {} LEFT JOIN job ON job.crash_id = search_row.crash_id \
         WHERE NOT search_row.deleted AND search_row.schema >= $1 \
         AND (search_row.schema, search_row.date, search_row.crash_id) < ($1, $2, $3) \
         ORDER BY search_row.schema DESC, search_row.date DESC, search_row.crash_id DESC LIMIT $4",
        db.by_index("search_row_by_schema")
    )
}

/// At most `limit` rows of these forms, newest crashes first, after the row `after`.
///
/// # Errors
/// The database failed.
pub async fn older_rows(
    db: &Db,
    forms: &[i64],
    after: Option<&OlderRow>,
    limit: i64,
) -> Result<Vec<OlderRow>, DbError> {
    let sql = rows_sql(db);
    let (date, id) = after.map_or((i64::MAX, ""), |row| (row.date, &row.crash_id));
    let mut rows: Vec<OlderRow> = Vec::new();
    for form in forms {
        let of_form: Vec<OlderRow> = on!(db, |pool| sqlx::query_as(AssertSqlSafe(sql.as_str()))
            .bind(form)
            .bind(date)
            .bind(id)
            .bind(limit)
            .fetch_all(pool)
            .await)?;
        rows.extend(of_form);
    }
    rows.sort_by(|a, b| (b.date, &b.crash_id).cmp(&(a.date, &a.crash_id)));
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(rows)
}

/// The form of a crash's search row, and which write of the crash it is of; `None` without a row, or if the crash was
/// deleted.
///
/// # Errors
/// The database failed.
pub async fn form_of(db: &Db, id: &CrashId) -> Result<Option<(i64, i64)>, DbError> {
    const SQL: &str = "SELECT schema, row_version FROM search_row WHERE crash_id = $1 AND NOT deleted";
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(id.as_str())
        .fetch_optional(pool)
        .await)?)
}

/// Gives a search row of an older form its document in the newest form; the row waits for a new number. `doc` is made
/// of the crash's write number `row_version`. Returns `false`, and changes nothing, if the row is of another write, has
/// the newest form already, is gone, or the crash was deleted.
///
/// # Errors
/// The database failed.
pub async fn renew_search_row(tx: &mut Tx, id: &CrashId, row_version: i64, doc: &[u8]) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE search_row \
        SET schema = $3, seq = NULL, doc = $4 \
        WHERE crash_id = $1 AND row_version = $2 AND schema < $3 AND NOT deleted";
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_str())
        .bind(row_version)
        .bind(SCHEMA)
        .bind(doc)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}
