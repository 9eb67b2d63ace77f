//! The audit's queries: pages by key, and short aggregates; never all builds at once.

use platform::db::{Db, DbError};
use platform::on;
use sqlx::AssertSqlSafe;

use builds::said::observation::Digest;

/// Maximum rows read of one channel's recent weeks.
const MOST: i64 = 50_000;

/// Maximum findings counted.
pub const MOST_COUNTED: i64 = 50_000;

/// A stored contradiction between sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConflict {
    /// The group of observations.
    pub group_key: String,
    /// What it is about.
    pub subject: String,
    /// The field concerned.
    pub field: String,
    /// The [`builds::Conflict`] as JSON.
    pub body: String,
}

platform::from_row!(StoredConflict {
    group_key,
    subject,
    field,
    body
});

/// The conflicts after a place (group, subject, field), at most `limit`; of one product if its name is given.
///
/// # Errors
/// The database failed.
pub async fn conflicts_after(
    db: &Db,
    product: &str,
    after: &[&str; 3],
    limit: i64,
) -> Result<Vec<StoredConflict>, DbError> {
    const SQL: &str = "SELECT group_key, subject, field, body \
        FROM conflict \
        WHERE (group_key, subject, field) > ($1, $2, $3) AND group_key >= $4 AND group_key < $5 \
        AND ($4 = '' OR SUBSTR(group_key, LENGTH($4) + 1) NOT LIKE '% %') \
        ORDER BY group_key, subject, field LIMIT $6";
    let [group, subject, field] = *after;
    let (from, to) = groups_of(product);
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(group)
        .bind(subject)
        .bind(field)
        .bind(&from)
        .bind(&to)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// The conflicts of a group, at most `limit`.
///
/// # Errors
/// The database failed.
pub async fn conflicts_of_group(db: &Db, group_key: &str, limit: i64) -> Result<Vec<StoredConflict>, DbError> {
    const SQL: &str =
        "SELECT group_key, subject, field, body FROM conflict WHERE group_key = $1 ORDER BY subject, field LIMIT $2";
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(group_key)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// The range that a product's groups lie in, or all groups without one. Those of products whose names go on after a
/// blank lie in it too; in their keys a blank follows the range's beginning.
fn groups_of(product: &str) -> (String, String) {
    if product.is_empty() {
        (String::new(), char::MAX.to_string())
    } else {
        // What follows a blank in the order of bytes.
        (format!("{product} "), format!("{product}!"))
    }
}

/// A record that cannot be interpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The observation's digest.
    pub digest: String,
    /// The source that said it.
    pub source: String,
    /// What it is about.
    pub subject: String,
    /// The address it was read from.
    pub url: String,
    /// Why it cannot be interpreted.
    pub problem: String,
}

platform::from_row!(Unreadable {
    digest,
    source,
    subject,
    url,
    problem
});

/// The records still said that cannot be interpreted, after a digest, at most `limit`; of one product if the names of
/// its folders are given.
///
/// # Errors
/// The database failed.
pub async fn unreadable_after(db: &Db, folders: &[&str], after: &str, limit: i64) -> Result<Vec<Unreadable>, DbError> {
    const SQL: &str = "SELECT digest, source, subject, url, problem \
        FROM observation o \
        WHERE digest > $1 AND problem IS NOT NULL AND o.said_to IS NULL \
        AND (subject LIKE $2 ESCAPE '!' OR subject LIKE $3 ESCAPE '!') \
        ORDER BY digest LIMIT $4";
    let (one, other) = in_folders(folders);
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(after)
        .bind(&one)
        .bind(&other)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// LIKE patterns for what lies in a product's folders, of which there are at most two.
fn in_folders(folders: &[&str]) -> (String, String) {
    let pattern = |folder: Option<&&str>| Some(format!("%/pub/{}/%", literally(folder?)));
    let one = pattern(folders.first()).unwrap_or_else(|| "%".to_owned());
    let other = pattern(folders.get(1)).unwrap_or_else(|| one.clone());
    (one, other)
}

/// A text in a LIKE pattern whose escape is `!`.
fn literally(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

/// The archive's files that cannot be read, after a path, at most `limit`, with the problem noted; of one product if
/// the names of its folders are given.
///
/// # Errors
/// The database failed.
pub async fn bad_files_after(
    db: &Db,
    folders: &[&str],
    after: &str,
    limit: i64,
) -> Result<Vec<(String, String)>, DbError> {
    const SQL: &str = "SELECT path, seen \
        FROM archive_place \
        WHERE state = 'bad' AND path > $1 \
        AND (path LIKE $2 ESCAPE '!' OR path LIKE $3 ESCAPE '!') \
        ORDER BY path LIMIT $4";
    let (one, other) = in_folders(folders);
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(after)
        .bind(&one)
        .bind(&other)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// The number of conflicts, up to [`MOST_COUNTED`]; of one product if its name is given.
///
/// # Errors
/// The database failed.
pub async fn conflict_count(db: &Db, product: &str) -> Result<i64, DbError> {
    const SQL: &str = "SELECT COUNT(*) \
        FROM (SELECT 1 \
            FROM conflict \
            WHERE group_key >= $1 AND group_key < $2 \
            AND ($1 = '' OR SUBSTR(group_key, LENGTH($1) + 1) NOT LIKE '% %') \
            LIMIT $3) AS counted";
    let (from, to) = groups_of(product);
    Ok(on!(db, |pool| sqlx::query_scalar(SQL)
        .bind(&from)
        .bind(&to)
        .bind(MOST_COUNTED)
        .fetch_one(pool)
        .await)?)
}

/// The number of records still said that cannot be interpreted, up to [`MOST_COUNTED`]; of one product if the names of
/// its folders are given.
///
/// # Errors
/// The database failed.
pub async fn unreadable_count(db: &Db, folders: &[&str]) -> Result<i64, DbError> {
    const SQL: &str = "SELECT COUNT(*) \
        FROM (SELECT 1 \
            FROM observation o \
            WHERE problem IS NOT NULL AND o.said_to IS NULL \
            AND (subject LIKE $1 ESCAPE '!' OR subject LIKE $2 ESCAPE '!') \
            LIMIT $3) AS counted";
    count_in_folders(db, SQL, folders).await
}

/// The number of the archive's files that cannot be read, up to [`MOST_COUNTED`]; of one product if the names of its
/// folders are given.
///
/// # Errors
/// The database failed.
pub async fn bad_file_count(db: &Db, folders: &[&str]) -> Result<i64, DbError> {
    const SQL: &str = "SELECT COUNT(*) \
        FROM (SELECT 1 \
            FROM archive_place \
            WHERE state = 'bad' AND (path LIKE $1 ESCAPE '!' OR path LIKE $2 ESCAPE '!') \
            LIMIT $3) AS counted";
    count_in_folders(db, SQL, folders).await
}

async fn count_in_folders(db: &Db, sql: &'static str, folders: &[&str]) -> Result<i64, DbError> {
    let (one, other) = in_folders(folders);
    Ok(on!(db, |pool| sqlx::query_scalar(sql)
        .bind(&one)
        .bind(&other)
        .bind(MOST_COUNTED)
        .fetch_one(pool)
        .await)?)
}

/// The products and channels that ever had builds, each with its newest build id.
///
/// # Errors
/// The database failed.
pub async fn newest_builds(db: &Db) -> Result<Vec<(String, String, i64)>, DbError> {
    // Steps from one channel to the next through the index; grouping would read every build.
    const NEXT: &str =
        "SELECT product, channel FROM build WHERE (product, channel) > ($1, $2) ORDER BY product, channel LIMIT 1";
    const NEWEST: &str =
        "SELECT build_id FROM build WHERE product = $1 AND channel = $2 ORDER BY build_id DESC LIMIT 1";
    let mut newest = Vec::new();
    let mut last = (String::new(), String::new());
    loop {
        let next: Option<(String, String)> = on!(db, |pool| sqlx::query_as(NEXT)
            .bind(&last.0)
            .bind(&last.1)
            .fetch_optional(pool)
            .await)?;
        let Some((product, channel)) = next else {
            return Ok(newest);
        };
        let id: Option<i64> = on!(db, |pool| sqlx::query_scalar(NEWEST)
            .bind(&product)
            .bind(&channel)
            .fetch_optional(pool)
            .await)?;
        newest.push((product.clone(), channel.clone(), id.unwrap_or(0)));
        last = (product, channel);
    }
}

/// The channels and versions of a product that have builds in a generation, among the given versions (at most 200).
///
/// # Errors
/// The database failed.
pub async fn built_versions(
    db: &Db,
    generation: i64,
    product: &str,
    versions: &[&str],
) -> Result<Vec<(String, String)>, DbError> {
    let versions: Vec<&str> = versions.iter().take(200).copied().collect();
    if versions.is_empty() {
        return Ok(Vec::new());
    }
    let marks: Vec<String> = (1..=versions.len()).map(|n| format!("${}", n + 2)).collect();
    let sql = format!(
        "SELECT DISTINCT channel, version \
         FROM build \
         WHERE from_generation <= $1 AND (to_generation IS NULL OR to_generation > $1) AND product = $2 \
         AND version IN ({})",
        marks.join(", ")
    );
    Ok(on!(db, |pool| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()))
            .bind(generation)
            .bind(product);
        for version in &versions {
            query = query.bind(*version);
        }
        query.fetch_all(pool).await
    })?)
}

/// The id, version and platform of a channel's builds from an id on, without variants; at most 50,000, newest first.
///
/// # Errors
/// The database failed.
pub async fn platforms_since(
    db: &Db,
    generation: i64,
    product: &str,
    channel: &str,
    since: i64,
) -> Result<Vec<(i64, String, String)>, DbError> {
    const SQL: &str = "SELECT build_id, version, platform \
        FROM build \
        WHERE from_generation <= $1 AND (to_generation IS NULL OR to_generation > $1) AND product = $2 \
        AND channel = $3 AND build_id >= $4 AND variant = '' \
        ORDER BY build_id DESC LIMIT $5";
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(generation)
        .bind(product)
        .bind(channel)
        .bind(since)
        .bind(MOST)
        .fetch_all(pool)
        .await)?)
}

/// A statement, its source, and when it was first seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The observation's digest.
    pub digest: String,
    /// The source.
    pub source: String,
    /// The kind of statement.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// The group that it belongs to.
    pub group_key: Option<String>,
    /// The run that first saw it: its start in microseconds UTC.
    pub first_run: i64,
}

platform::from_row!(Said {
    digest,
    source,
    kind,
    subject,
    group_key,
    first_run
});

/// The sources of these statements, at most 200, and when they were first seen.
///
/// # Errors
/// The database failed.
pub async fn said(db: &Db, digests: &[Digest]) -> Result<Vec<Said>, DbError> {
    let digests: Vec<String> = digests.iter().take(200).map(ToString::to_string).collect();
    if digests.is_empty() {
        return Ok(Vec::new());
    }
    let marks: Vec<String> = (1..=digests.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT digest, source, kind, subject, group_key, first_run FROM observation WHERE digest IN ({})",
        marks.join(", ")
    );
    Ok(on!(db, |pool| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        for digest in &digests {
            query = query.bind(digest);
        }
        query.fetch_all(pool).await
    })?)
}

/// What sources have withdrawn since a run, at most 50,000 statements.
///
/// # Errors
/// The database failed.
pub async fn withdrawn_since(db: &Db, run: i64) -> Result<Vec<Said>, DbError> {
    const SQL: &str = "SELECT o.digest, o.source, o.kind, o.subject, o.group_key, o.first_run \
        FROM observation o \
        WHERE o.said_to >= $1 LIMIT $2";
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(run)
        .bind(MOST)
        .fetch_all(pool)
        .await)?)
}
