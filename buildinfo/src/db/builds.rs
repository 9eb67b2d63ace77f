//! Reading the table `build`.

mod list;
pub(super) mod row;

use platform::cpu::{self, Panicked};
use platform::db::{Db, DbError};
use platform::on;

use builds::build::Build;
use builds::names::build_id::BuildId;
use builds::names::product::Product;

use self::row::{VALID, number, read_all};
use super::page::Page;

pub use list::{BuildKey, Filter, list_builds};

/// Passes every build valid in a generation to `each`, in batches. Each batch has higher ids than the one before;
/// within a batch there is no order.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn load_all<F>(db: &Db, generation: i64, mut each: F) -> Result<(), DbError>
where
    F: FnMut(Vec<Build>),
{
    // A panic's message may contain data read from rows.
    let broken = |_: tokio::task::JoinError| DbError::from(Panicked);
    let mut next = Some(tokio::spawn(batch(db.clone(), generation, 0)));
    while let Some(fetched) = next.take() {
        let (bodies, following) = fetched.await.map_err(broken)??;
        // The next batch is fetched while this one is processed.
        next = following.map(|first| tokio::spawn(batch(db.clone(), generation, first)));
        if !bodies.is_empty() {
            each(cpu::run(move || read_all(&bodies)).await??);
        }
    }
    Ok(())
}

/// The builds whose ids begin at `first`, as JSON, and where the next batch begins. Reads are short, so no snapshot
/// stays open for long, however the ids are distributed.
async fn batch(db: Db, generation: i64, first: i64) -> Result<(Vec<String>, Option<i64>), DbError> {
    const BATCH: i64 = 5000;
    const BOUND: &str = "SELECT build_id FROM build WHERE build_id >= $1 ORDER BY build_id LIMIT 1 OFFSET $2";
    let rows = format!("SELECT body FROM build WHERE {VALID} AND build_id >= $2 AND build_id < $3");
    let bound: Option<i64> = on!(&db, |pool| sqlx::query_scalar(BOUND)
        .bind(first)
        .bind(BATCH)
        .fetch_optional(pool)
        .await)?;
    // An id with more rows than a batch is read alone.
    let end = bound.map(|bound| bound.max(first.saturating_add(1)));
    let bodies: Vec<String> = on!(&db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(rows.as_str()))
        .bind(generation)
        .bind(first)
        .bind(end.unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await)?;
    Ok((bodies, end))
}

/// The builds of a product with this id that are valid in a generation.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn builds_by_id(db: &Db, generation: i64, product: Product, id: BuildId) -> Result<Vec<Build>, DbError> {
    builds_by_ids(db, generation, product, id.as_u64()..id.as_u64() + 1, 1000).await
}

/// The builds of a product with ids in a range that are valid in a generation, sorted by id, at most `limit`.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn builds_by_ids(
    db: &Db,
    generation: i64,
    product: Product,
    ids: std::ops::Range<u64>,
    limit: i64,
) -> Result<Vec<Build>, DbError> {
    // The list index, read in the opposite direction. With an equality on the product, SQLite would not use the index's
    // order.
    let index = db.by_index("build_listed");
    let sql = format!(
        "SELECT body \
         FROM build {index} \
         WHERE {VALID} AND product BETWEEN $2 AND $2 AND build_id >= $3 AND build_id < $4 \
         ORDER BY build_id, product DESC, channel DESC, version DESC, platform DESC, variant DESC LIMIT $5"
    );
    let bound = |id: u64| i64::try_from(id).unwrap_or(i64::MAX);
    let bodies: Vec<String> = on!(db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(generation)
        .bind(product.as_str())
        .bind(bound(ids.start))
        .bind(bound(ids.end))
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    read_all(&bodies)
}

/// The builds of a channel with ids below `before`, newest id first; a page holds at most `limit` different ids, each
/// with all its platforms.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn builds_of_channel(
    db: &Db,
    generation: i64,
    product: Product,
    channel: &str,
    before: Option<BuildId>,
    limit: i64,
) -> Result<Page<Build>, DbError> {
    let ids = format!(
        "SELECT DISTINCT build_id \
         FROM build \
         WHERE {VALID} AND product = $2 AND channel = $3 AND build_id < $4 \
         ORDER BY build_id DESC LIMIT $5"
    );
    let rows = format!(
        "SELECT body FROM build WHERE {VALID} AND product = $2 AND channel = $3 AND build_id < $4 AND build_id >= $5"
    );
    let before = before.map_or(i64::MAX, number);
    let found: Vec<i64> = on!(db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(ids.as_str()))
        .bind(generation)
        .bind(product.as_str())
        .bind(channel)
        .bind(before)
        .bind(limit + 1)
        .fetch_all(pool)
        .await)?;
    let limit = usize::try_from(limit).unwrap_or(0);
    let more = found.len() > limit;
    let Some(last) = found.into_iter().take(limit).next_back() else {
        return Ok(Page {
            rows: Vec::new(),
            more: false,
        });
    };
    let bodies: Vec<String> = on!(db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(rows.as_str()))
        .bind(generation)
        .bind(product.as_str())
        .bind(channel)
        .bind(before)
        .bind(last)
        .fetch_all(pool)
        .await)?;
    let mut rows = read_all(&bodies)?;
    rows.sort_by_cached_key(|build| {
        let version = build.version.sort_key();
        (
            std::cmp::Reverse((build.build_id, version)),
            build.platform.clone(),
            build.variant.clone(),
        )
    });
    Ok(Page { rows, more })
}

/// The versions that have builds valid in a generation, of all products or of one: product, channel and version, in no
/// particular order.
///
/// # Errors
/// The database failed.
pub async fn versions(
    db: &Db,
    generation: i64,
    product: Option<Product>,
) -> Result<Vec<(String, String, String)>, DbError> {
    let of_product = product.map_or("", |_| " AND product = $2");
    let sql = format!("SELECT DISTINCT product, channel, version FROM build WHERE {VALID}{of_product}");
    Ok(on!(db, |pool| {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(generation);
        if let Some(product) = product {
            query = query.bind(product.as_str());
        }
        query.fetch_all(pool).await
    })?)
}

/// Every build with these versions of a product on a channel, valid in a generation.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn builds_of_versions(
    db: &Db,
    generation: i64,
    product: Product,
    channel: &str,
    versions: &[String],
) -> Result<Vec<Build>, DbError> {
    let sql = format!(
        "SELECT body \
         FROM build \
         WHERE {VALID} AND product = $2 AND channel = $3 AND version = $4 \
         ORDER BY build_id, platform, variant"
    );
    let mut builds = Vec::new();
    for version in versions {
        let bodies: Vec<String> = on!(db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()))
            .bind(generation)
            .bind(product.as_str())
            .bind(channel)
            .bind(version)
            .fetch_all(pool)
            .await)?;
        builds.extend(read_all(&bodies)?);
    }
    Ok(builds)
}

/// Every build of a group that is valid in a generation.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn builds_of_group(db: &Db, generation: i64, group_key: &str) -> Result<Vec<Build>, DbError> {
    let sql = format!("SELECT body FROM build WHERE {VALID} AND group_key = $2");
    let bodies: Vec<String> = on!(db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(generation)
        .bind(group_key)
        .fetch_all(pool)
        .await)?;
    read_all(&bodies)
}

/// The products and channels that have builds, with the number of different ids and the newest id.
///
/// # Errors
/// The database failed.
pub async fn channels(db: &Db, generation: i64) -> Result<Vec<(String, String, i64, i64)>, DbError> {
    let sql = format!(
        "SELECT product, channel, COUNT(DISTINCT build_id), MAX(build_id) \
         FROM build \
         WHERE {VALID} \
         GROUP BY product, channel \
         ORDER BY product, channel"
    );
    Ok(on!(db, |pool| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(generation)
        .fetch_all(pool)
        .await)?)
}
