//! The table `crash`: writing and reading one row.

use crash::CrashId;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};

/// Where a crash report stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Taken in; not processed yet.
    Received,
    /// Processed.
    Processed,
    /// A second copy of another report; not processed.
    Duplicate,
}

impl State {
    /// The name as it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Processed => "processed",
            Self::Duplicate => "duplicate",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "processed" => Self::Processed,
            "duplicate" => Self::Duplicate,
            _ => Self::Received,
        }
    }
}

/// What is known of a crash report when it was taken in.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// Its id.
    pub id: CrashId,
    /// When it came in, microseconds UTC.
    pub received: i64,
    /// The product that it names.
    pub product: String,
    /// The version that it names.
    pub version: String,
    /// The channel that it names.
    pub channel: String,
    /// The build id that it names.
    pub build_id: String,
    /// How many crashes it stands for.
    pub weight: f64,
    /// Hash of what must be equal in two copies of one report.
    pub content_hash: String,
    /// The first copy, if this is a later one.
    pub duplicate_of: Option<CrashId>,
}

/// What the processor found, for the columns that lists are made of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Finished {
    /// The operating system's name.
    pub os_name: String,
    /// The process that crashed, such as `parent` or `content`.
    pub process_type: String,
    /// The signature.
    pub signature: String,
    /// The crash reason.
    pub reason: String,
    /// The product.
    pub product: String,
    /// The channel.
    pub channel: String,
    /// The build id.
    pub build_id: String,
    /// What the build service answered.
    pub attached: Attached,
}

/// What a crash's row keeps of the answer about its build.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attached {
    /// The exact version, or what stands in for it.
    pub version: String,
    /// The product that was asked for.
    pub lookup_product: String,
    /// The build id that was asked for.
    pub lookup_build: String,
    /// Digest of the answer without its moving parts.
    pub answer_digest: String,
    /// The status in the answer.
    pub status: String,
    /// The generation of the builds that answered.
    pub generation: i64,
}

/// A row as lists and pages show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The id.
    pub id: CrashId,
    /// When it came in, microseconds UTC.
    pub received: i64,
    /// Where it stands.
    pub state: State,
    /// The product.
    pub product: String,
    /// The version: exact once processed, as reported before.
    pub version: String,
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
    /// How many crashes it stands for.
    pub weight: f64,
    /// The first copy, if this is a later one.
    pub duplicate_of: Option<CrashId>,
}

/// The columns of a [`Summary`], in the order of its row.
pub(super) const SUMMARY: &str = "crash_id, received, state, product, version, channel, build_id, os_name, process_type, signature, reason, build_status, weight, duplicate_of";

#[derive(sqlx::FromRow)]
pub(super) struct SummaryRow {
    crash_id: String,
    received: i64,
    state: String,
    product: String,
    version: String,
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
        let id = |text: String| {
            text.parse::<CrashId>()
                .map_err(|e| DbError::Row(e.to_string()))
        };
        Ok(Self {
            id: id(row.crash_id)?,
            received: row.received,
            state: State::from_name(&row.state),
            product: row.product,
            version: row.version,
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

/// Makes a crash known. A row that is there stays as it is: `false`.
///
/// # Errors
/// The database failed.
pub async fn insert_received(tx: &mut Tx, crash: &Received) -> Result<bool, DbError> {
    const SQL: &str = "INSERT INTO crash (crash_id, received, state, product, version, channel, build_id, weight, content_hash, duplicate_of) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (crash_id) DO NOTHING";
    let state = if crash.duplicate_of.is_some() {
        State::Duplicate
    } else {
        State::Received
    };
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(crash.id.as_str())
        .bind(crash.received)
        .bind(state.name())
        .bind(&crash.product)
        .bind(&crash.version)
        .bind(&crash.channel)
        .bind(&crash.build_id)
        .bind(crash.weight)
        .bind(&crash.content_hash)
        .bind(crash.duplicate_of.as_ref().map(CrashId::as_str))
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// The first report with this content that came in at `since` or later, if there is one.
///
/// # Errors
/// The database failed.
pub async fn find_by_content(
    db: &Db,
    content_hash: &str,
    since: i64,
) -> Result<Option<CrashId>, DbError> {
    const SQL: &str = "SELECT crash_id FROM crash WHERE content_hash = $1 AND received >= $2 AND duplicate_of IS NULL ORDER BY received, crash_id LIMIT 1";
    let found: Option<String> = on!(db, |pool| sqlx::query_scalar(SQL)
        .bind(content_hash)
        .bind(since)
        .fetch_optional(pool)
        .await)?;
    Ok(found.and_then(|id| id.parse().ok()))
}

/// Writes what the processor found, and makes the crash seen as processed. `false`: there is no
/// such row.
///
/// # Errors
/// The database failed.
pub async fn finish(
    tx: &mut Tx,
    id: &CrashId,
    found: &Finished,
    now: i64,
) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE crash SET state = 'processed', os_name = $2, process_type = $3, signature = $4, signature_hash = $5, reason = $6, product = $7, channel = $8, build_id = $9, version = $10, lookup_product = $11, lookup_build = $12, answer_digest = $13, build_status = $14, generation = $15, processed = $16 WHERE crash_id = $1";
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_str())
        .bind(&found.os_name)
        .bind(&found.process_type)
        .bind(&found.signature)
        .bind(signature_hash(&found.signature))
        .bind(&found.reason)
        .bind(&found.product)
        .bind(&found.channel)
        .bind(&found.build_id)
        .bind(&found.attached.version)
        .bind(&found.attached.lookup_product)
        .bind(&found.attached.lookup_build)
        .bind(&found.attached.answer_digest)
        .bind(&found.attached.status)
        .bind(found.attached.generation)
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Writes a new answer about the build of a processed crash. `false`: there is no such row.
///
/// # Errors
/// The database failed.
pub async fn attach_build(tx: &mut Tx, id: &CrashId, found: &Attached) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE crash SET version = $2, lookup_product = $3, lookup_build = $4, answer_digest = $5, build_status = $6, generation = $7 WHERE crash_id = $1 AND state = 'processed'";
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_str())
        .bind(&found.version)
        .bind(&found.lookup_product)
        .bind(&found.lookup_build)
        .bind(&found.answer_digest)
        .bind(&found.status)
        .bind(found.generation)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// The row of a crash.
///
/// # Errors
/// The database failed.
pub async fn get(db: &Db, id: &CrashId) -> Result<Option<Summary>, DbError> {
    let sql = format!("SELECT {SUMMARY} FROM crash WHERE crash_id = $1");
    let row: Option<SummaryRow> =
        on!(db, |pool| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
            .bind(id.as_str())
            .fetch_optional(pool)
            .await)?;
    row.map(Summary::try_from).transpose()
}

/// What was attached to a processed crash, for comparing with a new answer.
///
/// # Errors
/// The database failed.
pub async fn lookup_of(db: &Db, id: &CrashId) -> Result<Option<(String, i64)>, DbError> {
    const SQL: &str =
        "SELECT answer_digest, generation FROM crash WHERE crash_id = $1 AND state = 'processed'";
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(id.as_str())
        .fetch_optional(pool)
        .await)?)
}

/// The processed crashes whose build is (`product`, `build_id`) and whose answer is older than
/// `generation`, beginning after the crash `after`, at most `limit`. The channel does not count:
/// a release build also names the release candidate of a beta.
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
    const SQL: &str = "SELECT crash_id FROM crash WHERE lookup_build = $2 AND lookup_product = $1 AND state = 'processed' AND generation < $3 AND crash_id > $4 ORDER BY crash_id LIMIT $5";
    Ok(on!(db, |pool| sqlx::query_scalar(SQL)
        .bind(product)
        .bind(build_id)
        .bind(generation)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// How many processed crashes have the build (`product`, `build_id`), whatever their channel.
///
/// # Errors
/// The database failed.
pub async fn count_of_build(db: &Db, product: &str, build_id: &str) -> Result<i64, DbError> {
    const SQL: &str = "SELECT COUNT(*) FROM crash WHERE lookup_build = $2 AND lookup_product = $1 AND state = 'processed'";
    Ok(on!(db, |pool| sqlx::query_scalar(SQL)
        .bind(product)
        .bind(build_id)
        .fetch_one(pool)
        .await)?)
}

/// Which of these crashes have no row, in the order given. At most 500 at once.
///
/// # Errors
/// The database failed.
pub async fn unknown_of(db: &Db, ids: &[CrashId]) -> Result<Vec<CrashId>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let marks: Vec<String> = (1..=ids.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT crash_id FROM crash WHERE crash_id IN ({})",
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
    Ok(ids
        .iter()
        .filter(|id| !known.contains(id.as_str()))
        .cloned()
        .collect())
}

/// Deletes the row of a crash; one that is not there counts as deleted.
///
/// # Errors
/// The database failed.
pub async fn delete(tx: &mut Tx, id: &CrashId) -> Result<(), DbError> {
    const CRASH: &str = "DELETE FROM crash WHERE crash_id = $1";
    const JOB: &str = "DELETE FROM job WHERE crash_id = $1";
    for sql in [CRASH, JOB] {
        in_tx!(tx, |conn| sqlx::query(sql)
            .bind(id.as_str())
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    Ok(())
}

/// The hash under which a signature is looked for: long texts make poor index keys.
pub(super) fn signature_hash(signature: &str) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(signature.as_bytes());
    hash.iter().take(16).map(|b| format!("{b:02x}")).collect()
}
