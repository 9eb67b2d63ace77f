//! Reading the table `build`.

use platform::db::{Db, DbError};
use platform::on;

use crate::build::Build;
use crate::build_id::BuildId;
use crate::product::Product;
use crate::version::{Stage, Version};

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether more follow.
    pub more: bool,
}

pub(super) fn read(body: &str) -> Result<Build, DbError> {
    serde_json::from_str(body).map_err(|error| DbError::Row(format!("build: {error}")))
}

pub(super) fn read_all(bodies: &[String]) -> Result<Vec<Build>, DbError> {
    bodies.iter().map(|body| read(body)).collect()
}

pub(super) fn number(id: BuildId) -> i64 {
    // 14 digits.
    i64::try_from(id.as_u64()).unwrap_or(i64::MAX)
}

/// The condition on rows that are valid in generation `$1`.
const VALID: &str = "from_generation <= $1 AND (to_generation IS NULL OR to_generation > $1)";

/// Hands every build that is valid in a generation to `each`, in batches: each batch has higher ids
/// than the one before, and is in no order itself.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn load_all<F>(db: &Db, generation: i64, mut each: F) -> Result<(), DbError>
where
    F: FnMut(Vec<Build>),
{
    let broken = |error: tokio::task::JoinError| DbError::Row(format!("reading builds: {error}"));
    let mut next = Some(tokio::spawn(batch(db.clone(), generation, 0)));
    while let Some(fetched) = next.take() {
        let (bodies, following) = fetched.await.map_err(broken)??;
        // The next batch is on its way while this one is read.
        next = following.map(|first| tokio::spawn(batch(db.clone(), generation, first)));
        if !bodies.is_empty() {
            let builds = tokio::task::spawn_blocking(move || read_all(&bodies));
            each(builds.await.map_err(broken)??);
        }
    }
    Ok(())
}

/// The builds whose ids begin with `first`, as JSON, and where the next batch begins. Short reads that hold no snapshot open for long,
/// however the ids are spread.
async fn batch(db: Db, generation: i64, first: i64) -> Result<(Vec<String>, Option<i64>), DbError> {
    const BATCH: i64 = 5000;
    const BOUND: &str =
        "SELECT build_id FROM build WHERE build_id >= $1 ORDER BY build_id LIMIT 1 OFFSET $2";
    let rows = format!("SELECT body FROM build WHERE {VALID} AND build_id >= $2 AND build_id < $3");
    let bound: Option<i64> = on!(&db, |pool| sqlx::query_scalar(BOUND)
        .bind(first)
        .bind(BATCH)
        .fetch_optional(pool)
        .await)?;
    // An id with more rows than a batch is read alone.
    let end = bound.map(|bound| bound.max(first.saturating_add(1)));
    let bodies: Vec<String> = on!(&db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(
        rows.as_str()
    ))
    .bind(generation)
    .bind(first)
    .bind(end.unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await)?;
    Ok((bodies, end))
}

/// The builds of a product with an id that are valid in a generation.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn builds_by_id(
    db: &Db,
    generation: i64,
    product: Product,
    id: BuildId,
) -> Result<Vec<Build>, DbError> {
    builds_by_ids(db, generation, product, id.as_u64()..id.as_u64() + 1, 1000).await
}

/// The builds of a product whose id lies in a range, valid in a generation, at most `limit`.
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
    let sql = format!(
        "SELECT body FROM build WHERE {VALID} AND product = $2 AND build_id >= $3 AND build_id < $4 ORDER BY build_id, channel, version, platform, variant LIMIT $5"
    );
    let bound = |id: u64| i64::try_from(id).unwrap_or(i64::MAX);
    let bodies: Vec<String> = on!(db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(
        sql.as_str()
    ))
    .bind(generation)
    .bind(product.as_str())
    .bind(bound(ids.start))
    .bind(bound(ids.end))
    .bind(limit)
    .fetch_all(pool)
    .await)?;
    read_all(&bodies)
}

/// The builds of a channel, newest id first, beginning below the id `before`; a page holds at most
/// `limit` different ids, each with all its platforms.
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
        "SELECT DISTINCT build_id FROM build WHERE {VALID} AND product = $2 AND channel = $3 AND build_id < $4 ORDER BY build_id DESC LIMIT $5"
    );
    let rows = format!(
        "SELECT body FROM build WHERE {VALID} AND product = $2 AND channel = $3 AND build_id < $4 AND build_id >= $5"
    );
    let before = before.map_or(i64::MAX, number);
    let found: Vec<i64> = on!(db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(
        ids.as_str()
    ))
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
    let bodies: Vec<String> = on!(db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(
        rows.as_str()
    ))
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

/// The versions that have builds valid in a generation, of all products or of one: product, channel and version, in no order.
///
/// # Errors
/// The database failed.
pub async fn versions(
    db: &Db,
    generation: i64,
    product: Option<Product>,
) -> Result<Vec<(String, String, String)>, DbError> {
    let of_product = product.map_or("", |_| " AND product = $2");
    let sql =
        format!("SELECT DISTINCT product, channel, version FROM build WHERE {VALID}{of_product}");
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
        "SELECT body FROM build WHERE {VALID} AND product = $2 AND channel = $3 AND version = $4 ORDER BY build_id, platform, variant"
    );
    let mut builds = Vec::new();
    for version in versions {
        let bodies: Vec<String> = on!(db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(
            sql.as_str()
        ))
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
pub async fn builds_of_group(
    db: &Db,
    generation: i64,
    group_key: &str,
) -> Result<Vec<Build>, DbError> {
    let sql = format!("SELECT body FROM build WHERE {VALID} AND group_key = $2");
    let bodies: Vec<String> = on!(db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(
        sql.as_str()
    ))
    .bind(generation)
    .bind(group_key)
    .fetch_all(pool)
    .await)?;
    read_all(&bodies)
}

/// The products and channels that have builds, with how many different ids and the newest one.
///
/// # Errors
/// The database failed.
pub async fn channels(
    db: &Db,
    generation: i64,
) -> Result<Vec<(String, String, i64, i64)>, DbError> {
    let sql = format!(
        "SELECT product, channel, COUNT(DISTINCT build_id), MAX(build_id) FROM build WHERE {VALID} GROUP BY product, channel ORDER BY product, channel"
    );
    Ok(on!(db, |pool| sqlx::query_as(sqlx::AssertSqlSafe(
        sql.as_str()
    ))
    .bind(generation)
    .fetch_all(pool)
    .await)?)
}

/// Which builds to list; what is left empty is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this product.
    pub product: Option<Product>,
    /// That follow this channel.
    pub channel: Option<String>,
    /// With this exact version. A candidate's name finds the build whatever became of it: `152.0rc2` is build 2 of 152.0,
    /// whose own name is `152.0`.
    pub version: Option<String>,
    /// Made from this revision, or from one that begins so.
    pub revision: Option<String>,
    /// For this platform.
    pub platform: Option<String>,
    /// With ids in this range.
    pub ids: Option<std::ops::Range<u64>>,
}

/// A candidate that was asked for by its name.
struct Candidate {
    /// The version that it is a candidate of.
    of: Version,
    number: u32,
}

impl Filter {
    fn candidate(&self) -> Option<Candidate> {
        let version: Version = self.version.as_deref()?.parse().ok()?;
        Some(Candidate {
            number: version.candidate()?,
            of: version.without_candidate(),
        })
    }
}

/// A build's place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildKey {
    /// The id.
    pub build_id: BuildId,
    /// Product, channel, version, platform and variant.
    pub names: [String; 5],
}

impl From<&Build> for BuildKey {
    fn from(build: &Build) -> Self {
        Self {
            build_id: build.build_id,
            names: [
                build.product.as_str().to_owned(),
                build.channel.clone(),
                build.version.to_string(),
                build.platform.clone(),
                build.variant.clone(),
            ],
        }
    }
}

/// The builds of a generation that a filter lets through, newest id first, after the place `after`; at
/// most `limit`.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn list_builds(
    db: &Db,
    generation: i64,
    filter: &Filter,
    after: Option<&BuildKey>,
    limit: i64,
) -> Result<Page<Build>, DbError> {
    let Some(candidate) = filter.candidate() else {
        return list_page(db, generation, filter, None, after, limit).await;
    };
    // The table does not know build numbers: of the few builds of the version, those with another are left out here.
    let wanted = |build: &Build| {
        build.build_number == Some(candidate.number)
            || Some(build.version.as_str()) == filter.version.as_deref()
    };
    let (mut rows, mut after) = (Vec::new(), after.cloned());
    let most = usize::try_from(limit).unwrap_or(0);
    loop {
        let base = Some(&candidate.of);
        let page = list_page(db, generation, filter, base, after.as_ref(), limit).await?;
        after = page.rows.last().map(BuildKey::from);
        rows.extend(page.rows.into_iter().filter(wanted));
        if rows.len() > most || !page.more {
            let more = rows.len() > most;
            rows.truncate(most);
            return Ok(Page { rows, more });
        }
    }
}

/// One page, with the builds of the version `base` among those of the version asked for.
async fn list_page(
    db: &Db,
    generation: i64,
    filter: &Filter,
    base: Option<&Version>,
    after: Option<&BuildKey>,
    limit: i64,
) -> Result<Page<Build>, DbError> {
    let mut sql = format!("SELECT body FROM build WHERE {VALID}");
    let mut texts: Vec<&str> = Vec::new();
    // A release's candidate is offered on beta, and its own channel is release.
    let own_channel = base
        .filter(|base| base.stage() == Stage::Release && filter.channel.as_deref() == Some("beta"))
        .map(|_| "release");
    let named = [
        ("product", filter.product.map(Product::as_str), None),
        ("channel", filter.channel.as_deref(), own_channel),
        (
            "version",
            filter.version.as_deref(),
            base.map(Version::as_str),
        ),
        ("platform", filter.platform.as_deref(), None),
    ];
    // $1 to $4 are the generation, the range of ids and the limit; then come the texts.
    for (column, value, other) in named {
        let Some(value) = value else { continue };
        texts.push(value);
        let mut marks = format!("${}", texts.len() + 4);
        if let Some(other) = other {
            texts.push(other);
            marks.push_str(&format!(", ${}", texts.len() + 4));
        }
        sql.push_str(&format!(" AND {column} IN ({marks})"));
    }
    // Of hexadecimal digits, `g` comes after all.
    let revision_end = filter.revision.as_deref().map(|begin| format!("{begin}g"));
    if let (Some(begin), Some(end)) = (&filter.revision, &revision_end) {
        let first = texts.len() + 5;
        texts.extend([begin.as_str(), end.as_str()]);
        sql.push_str(&format!(
            " AND revision >= ${first} AND revision < ${}",
            first + 1
        ));
    }
    sql.push_str(" AND build_id >= $2 AND build_id < $3");
    if let Some(after) = after {
        let first = texts.len() + 5;
        texts.extend(after.names.iter().map(String::as_str));
        sql.push_str(&format!(
            " AND (build_id < ${n} OR (build_id = ${n} AND (product, channel, version, platform, variant) > (${first}, ${}, ${}, ${}, ${})))",
            first + 1, first + 2, first + 3, first + 4, n = first + 5,
        ));
    }
    sql.push_str(" ORDER BY build_id DESC, product, channel, version, platform, variant LIMIT $4");
    let bound = |id: u64| i64::try_from(id).unwrap_or(i64::MAX);
    let ids = filter.ids.clone().unwrap_or(0..u64::MAX);
    let bodies: Vec<String> = on!(db, |pool| {
        let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()))
            .bind(generation)
            .bind(bound(ids.start))
            .bind(bound(ids.end))
            .bind(limit.saturating_add(1));
        for text in &texts {
            query = query.bind(*text);
        }
        if let Some(after) = after {
            query = query.bind(number(after.build_id));
        }
        query.fetch_all(pool).await
    })?;
    let mut rows = read_all(&bodies)?;
    let limit = usize::try_from(limit).unwrap_or(0);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Page { rows, more })
}
