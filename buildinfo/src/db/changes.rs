//! The table `conclusion_change`: what differs between a generation and the one before.

use std::collections::{BTreeMap, BTreeSet};

use builds::build::Build;
use builds::names::build_id::BuildId;
use builds::names::product::Product;
use platform::db::{Db, DbError};
use platform::{in_tx, on};
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::builds::row::{number, read};
use super::lease::Writes;
use super::placeholders::{MANY, marks, placeholders};

/// Maximum stale changes removed in one transaction.
const STALE: usize = 400;
/// Maximum build ids whose changes are worked out at a time.
const IDS: usize = 200;

/// A change of a conclusion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The generation that made it.
    pub generation: i64,
    /// The product.
    pub product: String,
    /// The build id.
    pub build_id: BuildId,
    /// What was concluded before, as a JSON array: channel, version, platform, variant, status,
    /// certainty and reason of each build with this id, sorted; `[]` when new.
    pub old: String,
    /// What is concluded now; `[]` when withdrawn.
    pub new: String,
    /// `new`, `changed` or `withdrawn`.
    pub reason: String,
}

/// Writes what differs between an unfinished generation and the one before; `false` if nothing does.
pub(super) async fn record_changes(to: &impl Writes, generation: i64) -> Result<bool, DbError> {
    const OPENED: &str = "SELECT DISTINCT product, build_id FROM build WHERE from_generation = $1";
    const CLOSED: &str = "SELECT DISTINCT product, build_id FROM build WHERE to_generation = $1";
    const WRITTEN: &str = "SELECT product, build_id FROM conclusion_change WHERE generation = $1";
    const REMOVE: &str = "DELETE FROM conclusion_change WHERE generation = $1 AND product = $2 AND build_id = $3";
    let mut touched: Vec<(String, i64)> = Vec::new();
    for sql in [OPENED, CLOSED] {
        let found: Vec<(String, i64)> = on!(to.db(), |pool| sqlx::query_as(sql)
            .bind(generation)
            .fetch_all(pool)
            .await)?;
        touched.extend(found);
    }
    touched.sort_unstable();
    touched.dedup();
    // Left behind by an interrupted derivation.
    let mut stale: Vec<(String, i64)> = on!(to.db(), |pool| sqlx::query_as(WRITTEN)
        .bind(generation)
        .fetch_all(pool)
        .await)?;
    stale.retain(|key| touched.binary_search(key).is_err());
    for keys in stale.chunks(STALE) {
        let mut tx = to.begin_import_repeatable().await?;
        for (product, id) in keys {
            in_tx!(&mut tx, |conn| sqlx::query(REMOVE)
                .bind(generation)
                .bind(product)
                .bind(id)
                .execute(conn)
                .await
                .map(|_| ()))?;
        }
        tx.commit().await?;
    }
    for keys in touched.chunk_by(|left, right| left.0 == right.0) {
        for keys in keys.chunks(IDS) {
            let Some((product, _)) = keys.first() else {
                continue;
            };
            let ids: Vec<i64> = keys.iter().map(|(_, id)| *id).collect();
            record_changes_of(to, generation, product, &ids).await?;
        }
    }
    Ok(!touched.is_empty())
}

async fn record_changes_of(to: &impl Writes, generation: i64, product: &str, ids: &[i64]) -> Result<(), DbError> {
    let sql = format!(
        "SELECT body, from_generation, to_generation \
         FROM build \
         WHERE product = $1 AND (to_generation IS NULL OR to_generation >= $2) AND build_id IN ({})",
        marks(ids.len(), 3)
    );
    let rows: Vec<(String, i64, Option<i64>)> = on!(to.db(), |pool| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()))
            .bind(product)
            .bind(generation);
        for id in ids {
            query = query.bind(id);
        }
        query.fetch_all(pool).await
    })?;
    let mut old: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    let mut new: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for (body, from, to) in rows {
        let build = read(&body)?;
        let (id, conclusion) = (number(build.build_id), conclusion(&build));
        if from < generation {
            old.entry(id).or_default().insert(conclusion.clone());
        }
        if to.is_none() {
            new.entry(id).or_default().insert(conclusion);
        }
    }
    let array = |found: Option<&BTreeSet<String>>| {
        let found: Vec<&str> = found.into_iter().flatten().map(String::as_str).collect();
        format!("[{}]", found.join(","))
    };
    let mut tx = to.begin_import().await?;
    for ids in ids.chunks(MANY) {
        let sql = format!(
            "INSERT INTO conclusion_change (generation, product, build_id, old, new, reason) \
             VALUES {} \
             ON CONFLICT (generation, product, build_id) DO UPDATE \
             SET old = excluded.old, new = excluded.new, reason = excluded.reason",
            placeholders(ids.len(), 6)
        );
        in_tx!(&mut tx, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
            for id in ids {
                let reason = match (old.contains_key(id), new.contains_key(id)) {
                    (false, _) => "new",
                    (true, false) => "withdrawn",
                    (true, true) => "changed",
                };
                query = query
                    .bind(generation)
                    .bind(product)
                    .bind(id)
                    .bind(array(old.get(id)))
                    .bind(array(new.get(id)))
                    .bind(reason);
            }
            query.execute(conn).await.map(|_| ())
        })?;
    }
    tx.commit().await
}

/// The conclusion about one build, abbreviated.
fn conclusion(build: &Build) -> String {
    json!({
        "channel": build.channel,
        "version": build.version,
        "platform": build.platform,
        "variant": build.variant,
        "status": build.status,
        "certainty": build.certainty,
        "reason": build.reason,
    })
    .to_string()
}

/// A reader's position among the changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCursor {
    /// All generations before this one have been read.
    pub generation: i64,
    /// Within this generation, everything up to and including this product's build; none: all of it.
    pub within: Option<(String, BuildId)>,
}

/// The changes after a place, in finished generations only, oldest first; at most `limit`.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn changes_after(db: &Db, cursor: &ChangeCursor, limit: i64) -> Result<Vec<Change>, DbError> {
    const SQL: &str = "SELECT c.generation, c.product, c.build_id, c.old, c.new, c.reason \
        FROM conclusion_change c \
        JOIN generation g ON g.n = c.generation \
        WHERE (c.generation, c.product, c.build_id) > ($1, $2, $3) \
        ORDER BY c.generation, c.product, c.build_id LIMIT $4";
    // Having read all of a generation is the same place as the beginning of the next.
    let (generation, product, id) = match &cursor.within {
        Some((product, id)) => (cursor.generation, product.as_str(), number(*id)),
        None => (cursor.generation.saturating_add(1), "", -1),
    };
    let rows: Vec<ChangeRow> = on!(db, |pool| sqlx::query_as(SQL)
        .bind(generation)
        .bind(product)
        .bind(id)
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    rows.into_iter().map(change).collect()
}

/// The changes of one build up to a generation, oldest first; at most the last 50.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn changes_of(db: &Db, generation: i64, product: Product, id: BuildId) -> Result<Vec<Change>, DbError> {
    const SQL: &str = "SELECT generation, product, build_id, old, new, reason \
        FROM conclusion_change \
        WHERE generation <= $1 AND product = $2 AND build_id = $3 \
        ORDER BY generation DESC LIMIT 50";
    let rows: Vec<ChangeRow> = on!(db, |pool| sqlx::query_as(SQL)
        .bind(generation)
        .bind(product.as_str())
        .bind(number(id))
        .fetch_all(pool)
        .await)?;
    rows.into_iter().rev().map(change).collect()
}

type ChangeRow = (i64, String, i64, String, String, String);

fn change((generation, product, id, old, new, reason): ChangeRow) -> Result<Change, DbError> {
    let build_id = u64::try_from(id)
        .ok()
        .and_then(BuildId::from_u64)
        .ok_or_else(|| DbError::Row(format!("change of build {id}")))?;
    Ok(Change {
        generation,
        product,
        build_id,
        old,
        new,
        reason,
    })
}
