//! The table `raw_response`: the sources' answers during a captured run.

use builds::said::Response;
use platform::db::{Db, DbError};
use platform::{in_tx, on};
use sqlx::AssertSqlSafe;

use super::lease::Writes;
use super::placeholders::placeholders;

/// Bytes of compressed answers written in one transaction; a larger single answer is written alone.
const CHUNK_BYTES: usize = 256 * 1024;
/// Maximum answers in one transaction.
const CHUNK: usize = 100;
/// Maximum decompressed size of a stored answer; a larger one was not written by us.
const MAX_BODY: usize = 64 << 20;
/// Answers read at a time.
const PAGE: i64 = 20;

/// Stores the answers of a run after the first `kept`, and returns how many are stored now.
///
/// # Errors
/// The database failed; what was stored stays.
pub async fn put_responses(
    to: &impl Writes,
    run: i64,
    kept: i64,
    responses: &[Response],
    now: i64,
) -> Result<i64, DbError> {
    let mut kept = kept;
    let mut rest = responses;
    while !rest.is_empty() {
        let (mut bodies, mut bytes) = (Vec::new(), 0);
        for response in rest.iter().take(CHUNK) {
            let body = zstd::bulk::compress(&response.body, 1).map_err(|error| DbError::Row(error.to_string()))?;
            bytes += body.len();
            bodies.push(body);
            if bytes > CHUNK_BYTES {
                break;
            }
        }
        let (chunk, after) = rest.split_at(bodies.len());
        let sql = format!(
            "INSERT INTO raw_response (run, number, method, path, question, status, content_type, etag, \
             body, fetched) \
             VALUES {} \
             ON CONFLICT (run, number) DO NOTHING",
            placeholders(chunk.len(), 10)
        );
        let mut tx = to.begin_import_repeatable().await?;
        in_tx!(&mut tx, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
            for ((response, body), number) in chunk.iter().zip(&bodies).zip(kept..) {
                query = query
                    .bind(run)
                    .bind(number)
                    .bind(&response.method)
                    .bind(&response.path)
                    .bind(&response.question)
                    .bind(i64::from(response.status))
                    .bind(&response.content_type)
                    .bind(&response.etag)
                    .bind(body.as_slice())
                    .bind(now);
            }
            query.execute(conn).await.map(|_| ())
        })?;
        tx.commit().await?;
        kept += i64::try_from(chunk.len()).unwrap_or(0);
        rest = after;
    }
    Ok(kept)
}

struct Row {
    number: i64,
    method: String,
    path: String,
    question: String,
    status: i64,
    content_type: Option<String>,
    etag: Option<String>,
    body: Vec<u8>,
}

platform::from_row!(Row {
    number,
    method,
    path,
    question,
    status,
    content_type,
    etag,
    body
});

/// Passes the answers of a run to `each`, in the order they came; returns their number.
///
/// # Errors
/// The database failed, or a row cannot be read.
pub async fn each_response(
    db: &Db,
    run: i64,
    mut each: impl FnMut(Response) -> std::io::Result<()>,
) -> Result<u64, DbError> {
    const SQL: &str = "SELECT number, method, path, question, status, content_type, etag, body \
        FROM raw_response \
        WHERE run = $1 AND number > $2 \
        ORDER BY number LIMIT $3";
    let (mut last, mut count) = (-1, 0);
    loop {
        let rows: Vec<Row> = on!(db, |pool| sqlx::query_as(SQL)
            .bind(run)
            .bind(last)
            .bind(PAGE)
            .fetch_all(pool)
            .await)?;
        if rows.is_empty() {
            return Ok(count);
        }
        for row in rows {
            last = row.number;
            count += 1;
            let bad = |what: String| DbError::Row(format!("response {run}/{last}: {what}"));
            let response = Response {
                body: zstd::bulk::decompress(&row.body, MAX_BODY).map_err(|error| bad(error.to_string()))?,
                status: u16::try_from(row.status).map_err(|error| bad(error.to_string()))?,
                method: row.method,
                path: row.path,
                question: row.question,
                content_type: row.content_type,
                etag: row.etag,
            };
            each(response).map_err(|error| bad(error.to_string()))?;
        }
    }
}

/// Deletes the answers that came before a time (microseconds UTC), a few at a time.
///
/// # Errors
/// The database failed; what was deleted stays deleted.
pub async fn forget_responses(to: &impl Writes, before: i64) -> Result<(), DbError> {
    const RUNS: &str = "SELECT DISTINCT run FROM raw_response WHERE run < $1 ORDER BY run";
    const SQL: &str = "DELETE FROM raw_response WHERE run = $1 AND number >= $2 AND number < $2 + 200";
    const LAST: &str = "SELECT MAX(number) FROM raw_response WHERE run = $1";
    let runs: Vec<i64> = on!(to.db(), |pool| sqlx::query_scalar(RUNS)
        .bind(before)
        .fetch_all(pool)
        .await)?;
    for run in runs {
        let last: Option<i64> = on!(to.db(), |pool| sqlx::query_scalar(LAST).bind(run).fetch_one(pool).await)?;
        let mut from = 0;
        while last.is_some_and(|last| from <= last) {
            let mut tx = to.begin_import().await?;
            in_tx!(&mut tx, |conn| sqlx::query(SQL)
                .bind(run)
                .bind(from)
                .execute(conn)
                .await
                .map(|_| ()))?;
            tx.commit().await?;
            from += 200;
        }
    }
    Ok(())
}
