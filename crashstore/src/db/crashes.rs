//! The table `crash`: writing and reading one row.

use crash::CrashId;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};

use super::summary::State;
use crate::column::{Name, Text};
use crate::received::Received;

/// The processor's results, for the columns that lists use.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Finished {
    /// The operating system's name.
    pub os_name: Name,
    /// The process that crashed, such as `parent` or `content`.
    pub process_type: Name,
    /// The signature.
    pub signature: Text,
    /// The crash reason.
    pub reason: Text,
    /// The product.
    pub product: Name,
    /// The channel.
    pub channel: Name,
    /// The build id.
    pub build_id: Name,
    /// The build service's answer.
    pub attached: Attached,
}

/// The part of the answer about its build that a crash's row keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attached {
    /// The exact version, or its substitute.
    pub version: Name,
    /// The version the client reported, where no build confirms it; empty where it fits.
    pub version_reported: Name,
    /// The product looked up.
    pub lookup_product: Name,
    /// The build id looked up.
    pub lookup_build: Name,
    /// Digest of the answer without its volatile parts.
    pub answer_digest: String,
    /// The status in the answer.
    pub status: Name,
    /// The generation of the builds that answered.
    pub generation: i64,
}

/// An output: the result of one claim on a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The number of this write, one more than the previous one. The document carries it too.
    pub row_version: i64,
    /// The claim that produced it.
    pub claim: String,
}

/// Which output of a crash is the valid one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The state of the crash.
    pub state: State,
    /// The number of the latest write; 0 before the first.
    pub row_version: i64,
    /// The claim whose output has not been copied to the processed crash's own key yet.
    pub output: Option<String>,
}

/// Inserts the row of a new crash. Returns `false` if there is a row, which stays as it is. A tombstone counts as one:
/// whatever came in under its id is removed again.
///
/// # Errors
/// The database failed.
pub async fn insert_received(tx: &mut Tx, crash: &Received) -> Result<bool, DbError> {
    const SQL: &str = "\
        INSERT INTO crash (crash_id, received, state, product, version, channel, build_id, weight, \
        content_hash, duplicate_of) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
        ON CONFLICT (crash_id) DO NOTHING";
    const CLEAN: &str = "UPDATE crash SET cleaned = NULL WHERE crash_id = $1 AND cleaned IS NOT NULL";
    let state = if crash.duplicate_of.is_some() {
        State::Duplicate
    } else {
        State::Received
    };
    let rows = in_tx!(&mut *tx, |conn| sqlx::query(SQL)
        .bind(crash.id.as_str())
        .bind(crash.received)
        .bind(state.name())
        .bind(crash.product.as_str())
        .bind(crash.version.as_str())
        .bind(crash.channel.as_str())
        .bind(crash.build_id.as_str())
        .bind(crash.weight)
        .bind(&crash.content_hash)
        .bind(crash.duplicate_of.as_ref().map(CrashId::as_str))
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    if rows == 0 {
        in_tx!(tx, |conn| sqlx::query(CLEAN)
            .bind(crash.id.as_str())
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    Ok(rows == 1)
}

pub(super) const BY_CONTENT: &str = "SELECT crash_id \
    FROM crash \
    WHERE content_hash = $1 AND received >= $2 AND duplicate_of IS NULL AND deleted IS NULL \
    ORDER BY received, crash_id LIMIT 1";

/// Returns the first report with this content that came in at `since` or later, if any.
///
/// # Errors
/// The database failed.
pub async fn find_by_content(db: &Db, content_hash: &str, since: i64) -> Result<Option<CrashId>, DbError> {
    let found: Option<String> = on!(db, |pool| sqlx::query_scalar(BY_CONTENT)
        .bind(content_hash)
        .bind(since)
        .fetch_optional(pool)
        .await)?;
    Ok(found.and_then(|id| id.parse().ok()))
}

/// Writes the processor's results, names the output that holds them, and marks the crash as processed. Returns `false`
/// if there is no such row, it was deleted, or another writer came first.
///
/// # Errors
/// The database failed.
pub async fn finish(
    tx: &mut Tx,
    id: &CrashId,
    found: &Finished,
    before: i64,
    output: &Output,
    now: i64,
) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE crash \
        SET state = 'processed', os_name = $2, process_type = $3, signature = $4, signature_hash = $5, reason = $6, \
        product = $7, channel = $8, build_id = $9, version = $10, lookup_product = $11, lookup_build = $12, \
        answer_digest = $13, build_status = $14, generation = $15, processed = $16, output = $17, row_version = $18, \
        version_reported = $20 \
        WHERE crash_id = $1 AND deleted IS NULL AND row_version = $19";
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_str())
        .bind(found.os_name.as_str())
        .bind(found.process_type.as_str())
        .bind(found.signature.as_str())
        .bind(signature_hash(&found.signature))
        .bind(found.reason.as_str())
        .bind(found.product.as_str())
        .bind(found.channel.as_str())
        .bind(found.build_id.as_str())
        .bind(found.attached.version.as_str())
        .bind(found.attached.lookup_product.as_str())
        .bind(found.attached.lookup_build.as_str())
        .bind(&found.attached.answer_digest)
        .bind(found.attached.status.as_str())
        .bind(found.attached.generation)
        .bind(now)
        .bind(&output.claim)
        .bind(output.row_version)
        .bind(before)
        .bind(found.attached.version_reported.as_str())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Whether a crash is in this state; if it is, it stays so until the transaction ends.
///
/// # Errors
/// The database failed.
pub async fn hold_state(tx: &mut Tx, id: &CrashId, state: State) -> Result<bool, DbError> {
    // Writing what is there keeps other writers out, in both databases.
    const SQL: &str = "UPDATE crash SET state = state WHERE crash_id = $1 AND state = $2";
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_str())
        .bind(state.name())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Writes a new answer about the build of a processed crash. Returns `false` if there is no such row, or it was
/// deleted.
///
/// # Errors
/// The database failed.
pub async fn attach_build(tx: &mut Tx, id: &CrashId, found: &Attached) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE crash \
        SET version = $2, lookup_product = $3, lookup_build = $4, answer_digest = $5, build_status = $6, \
        generation = $7, version_reported = $8 \
        WHERE crash_id = $1 AND state = 'processed'";
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_str())
        .bind(found.version.as_str())
        .bind(found.lookup_product.as_str())
        .bind(found.lookup_build.as_str())
        .bind(&found.answer_digest)
        .bind(found.status.as_str())
        .bind(found.generation)
        .bind(found.version_reported.as_str())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Writes a new signature of a processed crash. Returns `false` if there is no such row, or it was deleted.
///
/// # Errors
/// The database failed.
pub async fn sign(tx: &mut Tx, id: &CrashId, signature: &Text) -> Result<bool, DbError> {
    const SQL: &str =
        "UPDATE crash SET signature = $2, signature_hash = $3 WHERE crash_id = $1 AND state = 'processed'";
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_str())
        .bind(signature.as_str())
        .bind(signature_hash(signature))
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Names the output that is valid for a processed crash from now on. Returns `false` if there is no such row, it was
/// deleted, or another writer came first.
///
/// # Errors
/// The database failed.
pub async fn name_output(tx: &mut Tx, id: &CrashId, before: i64, output: &Output) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE crash \
        SET output = $2, row_version = $3 \
        WHERE crash_id = $1 AND state = 'processed' AND row_version = $4";
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_str())
        .bind(&output.claim)
        .bind(output.row_version)
        .bind(before)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Notes that an output was copied to the processed crash's own key. Returns `false` if it is no longer the valid one.
///
/// # Errors
/// The database failed.
pub async fn output_is_copied(tx: &mut Tx, id: &CrashId, output: &Output) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE crash SET output = '' WHERE crash_id = $1 AND output = $2 AND row_version = $3";
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_str())
        .bind(&output.claim)
        .bind(output.row_version)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Returns which output of a crash is valid, `None` without a row.
///
/// # Errors
/// The database failed.
pub async fn standing(db: &Db, id: &CrashId) -> Result<Option<Standing>, DbError> {
    const SQL: &str = "SELECT state, row_version, output FROM crash WHERE crash_id = $1";
    let row: Option<(String, i64, String)> = on!(db, |pool| sqlx::query_as(SQL)
        .bind(id.as_str())
        .fetch_optional(pool)
        .await)?;
    Ok(row.map(|(state, row_version, output)| Standing {
        state: State::from_name(&state),
        row_version,
        output: (!output.is_empty()).then_some(output),
    }))
}

pub(super) const OWNED: &str = "SELECT 1 \
    FROM job \
    WHERE crash_id = $1 AND owner = $2 \
    UNION ALL \
    SELECT 1 \
    FROM crash \
    WHERE crash_id = $1 AND output = $2 LIMIT 1";

/// Whether an output is valid for its crash, or may become so because its claim is still held.
///
/// # Errors
/// The database failed.
pub async fn is_output_owned(db: &Db, id: &CrashId, claim: &str) -> Result<bool, DbError> {
    // One statement, because the job is removed in the transaction that names its output.
    let found: Option<i32> = on!(db, |pool| sqlx::query_scalar(OWNED)
        .bind(id.as_str())
        .bind(claim)
        .fetch_optional(pool)
        .await)?;
    Ok(found.is_some())
}

pub(super) const WITH_OUTPUT: &str =
    "SELECT crash_id FROM crash WHERE output <> '' AND crash_id > $1 ORDER BY crash_id LIMIT $2";

/// Returns the crashes after the id `after` whose output has not been copied to their own key yet, in the order of
/// their ids.
///
/// # Errors
/// The database failed.
pub async fn with_output(db: &Db, after: &str, limit: i64) -> Result<Vec<CrashId>, DbError> {
    let ids: Vec<String> = on!(db, |pool| sqlx::query_scalar(WITH_OUTPUT)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    parsed(&ids)
}

pub(super) fn parsed(ids: &[String]) -> Result<Vec<CrashId>, DbError> {
    ids.iter()
        .map(|id| id.parse().map_err(|_| DbError::Row(format!("crash id {id}"))))
        .collect()
}

/// Returns those of the given crashes, at most 500, that have no row, in the same order. A deleted crash whose objects
/// were noted as gone counts as one without, so that any that came back are removed.
///
/// # Errors
/// The database failed.
pub async fn unknown_of(db: &Db, ids: &[CrashId]) -> Result<Vec<CrashId>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let marks: Vec<String> = (1..=ids.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT crash_id FROM crash WHERE cleaned IS NULL AND crash_id IN ({})",
        marks.join(", ")
    );
    let known: Vec<String> = on!(db, |pool| {
        let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()));
        for id in ids {
            query = query.bind(id.as_str());
        }
        query.fetch_all(pool).await
    })?;
    let known: std::collections::HashSet<String> = known.into_iter().collect();
    Ok(ids.iter().filter(|id| !known.contains(id.as_str())).cloned().collect())
}

/// The hash a signature is looked up by: long texts make poor index keys.
pub(super) fn signature_hash(signature: &Text) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(&Sha256::digest(signature.as_bytes())[..16])
}
