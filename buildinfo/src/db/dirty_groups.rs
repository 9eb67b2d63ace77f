//! The table `dirty_group`: which groups must be derived again.

use std::collections::BTreeSet;

use builds::derive::facts;
use builds::derive::group::group_of;
use builds::said::observation::{Kind, Observation};
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use sqlx::AssertSqlSafe;

use super::lease::Writes;
use super::placeholders::{MANY, placeholders};

/// Maximum groups marked in one transaction.
const MARKS: i64 = 400;

/// What must be derived again when an observation appears or is withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Touched {
    /// This group.
    Group(String),
    /// Every group of this product and major version: facts about shipped versions concern them all.
    Major(String),
}

/// What must be derived again when this observation appears or is withdrawn.
pub(super) fn touched(observation: &Observation) -> Vec<Touched> {
    let group = group_of(observation).ok();
    touched_with(observation, group.map(|group| group.to_string()))
}

/// The same, for a caller that knows the group.
pub(super) fn touched_with(observation: &Observation, group: Option<String>) -> Vec<Touched> {
    let mut found: Vec<Touched> = group.into_iter().map(Touched::Group).collect();
    if matches!(
        observation.kind,
        Kind::ShippedRelease | Kind::ReleaseDirectory | Kind::ReleaseHistory
    ) && let Ok((directory, version)) = facts::subject_of(observation)
    {
        found.push(Touched::Major(format!("{} {}.", directory.product(), version.major())));
    }
    found
}

pub(super) async fn mark_dirty(tx: &mut Tx, dirty: &BTreeSet<Touched>) -> Result<(), DbError> {
    // A range rather than LIKE: the same SQL uses the index on both databases.
    const MAJOR: &str = "INSERT INTO dirty_group (group_key) \
        SELECT DISTINCT group_key \
        FROM observation \
        WHERE group_key >= $1 AND group_key < $2 \
        ON CONFLICT (group_key) DO NOTHING";
    let mut groups = Vec::new();
    for touched in dirty {
        match touched {
            Touched::Group(key) => groups.push(key),
            Touched::Major(prefix) => {
                in_tx!(&mut *tx, |conn| sqlx::query(MAJOR)
                    .bind(prefix)
                    .bind(end_of_major(prefix))
                    .execute(conn)
                    .await
                    .map(|_| ()))?;
            }
        }
    }
    for keys in groups.chunks(MANY) {
        let sql = format!(
            "INSERT INTO dirty_group (group_key) VALUES {} ON CONFLICT (group_key) DO NOTHING",
            placeholders(keys.len(), 1)
        );
        in_tx!(&mut *tx, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
            for key in keys {
                query = query.bind(*key);
            }
            query.execute(conn).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// The groups of a product's major version, as [`Touched::Major`] names it.
pub(super) async fn groups_of_major(db: &Db, prefix: &str) -> Result<Vec<String>, DbError> {
    const SQL: &str = "SELECT DISTINCT group_key FROM observation WHERE group_key >= $1 AND group_key < $2";
    Ok(on!(db, |pool| sqlx::query_scalar(SQL)
        .bind(prefix)
        .bind(end_of_major(prefix))
        .fetch_all(pool)
        .await)?)
}

/// The text after every group key that begins with `prefix`: `/` follows `.`.
fn end_of_major(prefix: &str) -> String {
    format!("{}/", prefix.trim_end_matches('.'))
}

/// Marks every group to be derived again: after a rule has changed, or to prove that a full derivation gives the same
/// result.
///
/// # Errors
/// The database failed; groups already marked stay marked.
pub async fn mark_all_dirty(to: &impl Writes) -> Result<(), DbError> {
    mark_between(to, String::new(), "\u{10ffff}").await
}

/// Marks every group of a product of this name, and of products whose names begin with it and a blank.
///
/// # Errors
/// As for [`mark_all_dirty`].
pub async fn mark_product_dirty(to: &impl Writes, product: &str) -> Result<(), DbError> {
    let (first, end) = of_product(product);
    mark_between(to, first, &end).await
}

/// Between which texts the keys of a product's groups lie.
pub(super) fn of_product(product: &str) -> (String, String) {
    (format!("{product} "), format!("{product}!"))
}

/// Marks the groups whose keys lie between two texts.
async fn mark_between(to: &impl Writes, mut last: String, end: &str) -> Result<(), DbError> {
    loop {
        let groups = groups_between(to.db(), &last, end).await?;
        let Some(newest) = groups.last() else {
            return Ok(());
        };
        last.clone_from(newest);
        let dirty = groups.into_iter().map(Touched::Group).collect();
        let mut tx = to.begin_import().await?;
        mark_dirty(&mut tx, &dirty).await?;
        tx.commit().await?;
    }
}

/// The next groups of observations, in key order, whose keys lie between two texts.
pub(super) async fn groups_between(db: &Db, after: &str, end: &str) -> Result<Vec<String>, DbError> {
    const SQL: &str = "SELECT DISTINCT group_key FROM observation \
        WHERE group_key > $1 AND group_key < $2 ORDER BY group_key LIMIT $3";
    Ok(on!(db, |pool| sqlx::query_scalar(SQL)
        .bind(after)
        .bind(end)
        .bind(MARKS)
        .fetch_all(pool)
        .await)?)
}

/// The next groups that must be derived again, after a key and in key order, at most `limit`.
///
/// # Errors
/// The database failed.
pub async fn dirty_groups(db: &Db, after: &str, limit: i64) -> Result<Vec<String>, DbError> {
    const SQL: &str = "SELECT group_key FROM dirty_group WHERE group_key > $1 ORDER BY group_key LIMIT $2";
    Ok(on!(db, |pool| sqlx::query_scalar(SQL)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// The groups that must be derived again and have no observation any more.
///
/// # Errors
/// The database failed.
pub async fn emptied_groups(db: &Db) -> Result<Vec<String>, DbError> {
    const SQL: &str = "SELECT group_key FROM dirty_group d \
        WHERE NOT EXISTS (SELECT 1 FROM observation o WHERE o.group_key = d.group_key)";
    Ok(on!(db, |pool| sqlx::query_scalar(SQL).fetch_all(pool).await)?)
}

/// The number of groups that must be derived again.
///
/// # Errors
/// The database failed.
pub async fn dirty_count(db: &Db) -> Result<u64, DbError> {
    const SQL: &str = "SELECT COUNT(*) FROM dirty_group";
    let count: i64 = on!(db, |pool| sqlx::query_scalar(SQL).fetch_one(pool).await)?;
    Ok(u64::try_from(count).unwrap_or(0))
}
