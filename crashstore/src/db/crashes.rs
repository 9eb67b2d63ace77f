//! The table `crash`: writing and reading one row.

use crash::CrashId;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};

use crate::column::{Name, Text};
use crate::received::Received;

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

    fn from_name(name: &str) -> Self {
        match name {
            "processed" => Self::Processed,
            "duplicate" => Self::Duplicate,
            "deleted" => Self::Deleted,
            _ => Self::Received,
        }
    }
}

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

/// A row as shown in lists and on pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The id.
    pub id: CrashId,
    /// When it came in, microseconds UTC.
    pub received: i64,
    /// Its state.
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

#[derive(sqlx::FromRow)]
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

/// Returns the row of a crash.
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

/// Returns the digest and generation of a processed crash's answer, to compare with a new one.
///
/// # Errors
/// The database failed.
pub async fn lookup_of(db: &Db, id: &CrashId) -> Result<Option<(String, i64)>, DbError> {
    const SQL: &str = "SELECT answer_digest, generation FROM crash WHERE crash_id = $1 AND state = 'processed'";
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(id.as_str())
        .fetch_optional(pool)
        .await)?)
}

pub(super) const CONCERNED: &str = "SELECT crash_id \
    FROM crash \
    WHERE lookup_build = $2 AND lookup_product = $1 AND state = 'processed' AND generation < $3 \
    AND crash_id > $4 \
    ORDER BY crash_id LIMIT $5";

/// Returns at most `limit` processed crashes after the crash `after` whose build is (`product`, `build_id`) and whose
/// answer is older than `generation`. The channel does not matter: a release build also names the release candidate of
/// a beta.
///
/// # Errors
/// The database failed.
pub async fn concerned(
    db: &Db,
    product: &str,
    build_id: &str,
    generation: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, DbError> {
    Ok(on!(db, |pool| sqlx::query_scalar(CONCERNED)
        .bind(product)
        .bind(build_id)
        .bind(generation)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

pub(super) const AFTER: &str =
    "SELECT crash_id, state, generation FROM crash WHERE crash_id > $1 ORDER BY crash_id LIMIT $2";

/// Some crashes with old answers, and where to continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldAnswers {
    /// The ids, sorted.
    pub crashes: Vec<String>,
    /// The crash to continue after; `None` at the end.
    pub next: Option<String>,
}

/// Returns those of the `limit` crashes after the crash `after` that are processed and whose answer about their build
/// is older than `generation`. Every crash is read, so this is for when it is not known which builds changed.
///
/// # Errors
/// The database failed.
pub async fn with_old_answers(db: &Db, generation: i64, after: &str, limit: i64) -> Result<OldAnswers, DbError> {
    let rows: Vec<(String, String, i64)> = on!(db, |pool| sqlx::query_as(AFTER)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    let next = rows.last().map(|(id, ..)| id.clone());
    let old =
        |(id, state, of): (String, String, i64)| (state == State::Processed.name() && of < generation).then_some(id);
    Ok(OldAnswers {
        crashes: rows.into_iter().filter_map(old).collect(),
        next,
    })
}

pub(super) const OF_BUILD: &str =
    "SELECT COUNT(*) FROM crash WHERE lookup_build = $2 AND lookup_product = $1 AND state = 'processed'";

/// Counts the processed crashes with the build (`product`, `build_id`), whatever their channel.
///
/// # Errors
/// The database failed.
pub async fn count_of_build(db: &Db, product: &str, build_id: &str) -> Result<i64, DbError> {
    Ok(on!(db, |pool| sqlx::query_scalar(OF_BUILD)
        .bind(product)
        .bind(build_id)
        .fetch_one(pool)
        .await)?)
}

/// Crashes that make the same look-up of one build.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Asking {
    /// The channel they report.
    pub channel: String,
    /// Their version.
    pub version: String,
    /// The version they report, if it contradicts `version`; else empty.
    pub version_reported: String,
    /// The number of these crashes.
    pub crashes: i64,
}

pub(super) const ASKING: &str = "SELECT channel, version, version_reported, COUNT(*) AS crashes \
    FROM crash \
    WHERE lookup_build = $2 AND lookup_product = $1 AND state = 'processed' \
    GROUP BY channel, version, version_reported \
    ORDER BY channel, version, version_reported LIMIT $3";

/// Counts the processed crashes with the build (`product`, `build_id`), grouped by look-up; at most `limit` groups.
///
/// # Errors
/// The database failed.
pub async fn asking_of_build(db: &Db, product: &str, build_id: &str, limit: i64) -> Result<Vec<Asking>, DbError> {
    Ok(on!(db, |pool| sqlx::query_as(ASKING)
        .bind(product)
        .bind(build_id)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
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
    let hash = Sha256::digest(signature.as_bytes());
    hash.iter().take(16).map(|b| format!("{b:02x}")).collect()
}
