//! Filtered lists of builds, newest id first, page by page.

use builds::build::Build;
use builds::names::build_id::BuildId;
use builds::names::channel::normalise_channel;
use builds::names::product::{Directory, Product, any_channel};
use builds::names::version::{Stage, Version};
use platform::db::{Beginning, Db, DbError, values};
use platform::on;

use super::row::{VALID, number, read_all};
use crate::db::beginning;
use crate::db::page::Page;

/// Maximum versions listed for the beginning of a version.
const MOST_VERSIONS: usize = 200;

/// Which builds to list; an empty member does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this product.
    pub product: Option<Product>,
    /// On this channel, the builds' own.
    pub channel: Option<String>,
    /// With this version, or with its beginning as [`beginning::versions`] reads it (`153`, `153.0b`, `153.0*`). A
    /// candidate's name finds the build whatever became of it: `152.0rc2` is build 2 of 152.0, whose own name is
    /// `152.0`.
    pub version: Option<String>,
    /// Made from this revision, or one that begins with this text.
    pub revision: Option<String>,
    /// For this platform.
    pub platform: Option<String>,
    /// With ids in this range.
    pub ids: Option<std::ops::Range<u64>>,
}

/// A candidate requested by its name.
struct Candidate {
    /// The version that it is a candidate of.
    of: Version,
    number: u32,
}

impl Filter {
    /// The builds of a product, channel and version as people name them.
    pub fn named(directory: Option<Directory>, channel: Option<&str>, version: Option<&str>) -> Self {
        Self {
            product: directory.map(Directory::product),
            channel: match directory {
                Some(directory) => directory.channel(channel),
                None => channel.map(normalise_channel),
            },
            version: version.map(Version::written),
            ..Self::default()
        }
    }

    /// The index that holds the requested builds together in list order, and its leading columns. The revision index
    /// has another order, which is fine for the few builds of a revision.
    fn index(&self) -> (&'static str, &'static [&'static str]) {
        if self.revision.is_some() {
            return ("build_by_revision", &[]);
        }
        if self.version.is_some() {
            return ("build_of_version", &["version"]);
        }
        match (&self.product, &self.channel, &self.platform) {
            (Some(_), Some(_), _) => ("build_of_channel", &["product", "channel"]),
            (_, Some(_), _) => ("build_on_channel", &["channel"]),
            (Some(_), ..) => ("build_of_product", &["product"]),
            (.., Some(_)) => ("build_for_platform", &["platform"]),
            (None, None, None) => ("build_listed", &[]),
        }
    }

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

/// The builds of a generation that match a filter, newest id first, after the place `after`; at most `limit`.
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
    if let Some(begin) = filter.version.as_deref().and_then(beginning::versions) {
        return list_of_versions(db, generation, filter, &begin, after, limit).await;
    }
    let Some(candidate) = filter.candidate() else {
        return list_page(db, generation, filter, None, after, limit).await;
    };
    // The table has no build numbers: the few builds of the version with another number are filtered out here.
    let wanted = |build: &Build| {
        build.build_number == Some(candidate.number) || Some(build.version.as_str()) == filter.version.as_deref()
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

/// The builds of all versions with this beginning. Each version's builds come in list order and are then merged.
async fn list_of_versions(
    db: &Db,
    generation: i64,
    filter: &Filter,
    begin: &Beginning,
    after: Option<&BuildKey>,
    limit: i64,
) -> Result<Page<Build>, DbError> {
    let most = usize::try_from(limit).unwrap_or(0);
    let (mut rows, mut more) = (Vec::new(), false);
    for version in values(db, &next_version_sql(db), begin, MOST_VERSIONS).await? {
        let filter = Filter {
            version: Some(version),
            ..filter.clone()
        };
        let page = list_page(db, generation, &filter, None, after, limit).await?;
        rows.extend(page.rows);
        rows.sort_by_cached_key(|build: &Build| {
            let key = BuildKey::from(build);
            (std::cmp::Reverse(key.build_id), key.names)
        });
        more |= page.more || rows.len() > most;
        rows.truncate(most);
    }
    Ok(Page { rows, more })
}

/// The SQL that finds the highest version, as text, between two others.
fn next_version_sql(db: &Db) -> String {
    let index = db.by_index("build_of_version");
    format!("SELECT version FROM build {index} WHERE version >= $1 AND version < $2 ORDER BY version DESC LIMIT 1")
}

/// One page; for a candidate, with the builds of the version `base` among those of the requested version.
async fn list_page(
    db: &Db,
    generation: i64,
    filter: &Filter,
    base: Option<&Version>,
    after: Option<&BuildKey>,
    limit: i64,
) -> Result<Page<Build>, DbError> {
    let (index, leading) = filter.index();
    let index = db.by_index(index);
    let mut sql = format!("SELECT body FROM build {index} WHERE {VALID}");
    let mut texts: Vec<&str> = Vec::new();
    // A release candidate is offered on beta, but its own channel is release.
    let own_channel = base.filter(|base| base.stage() == Stage::Release).and_then(|_| {
        let channel = filter.channel.as_deref()?;
        match filter.product {
            Some(product) => product.channel(channel).tries,
            None => any_channel(channel)?.tries,
        }
    });
    let named = [
        ("product", filter.product.map(Product::as_str), None),
        ("channel", filter.channel.as_deref(), own_channel),
        ("version", filter.version.as_deref(), base.map(Version::as_str)),
        ("platform", filter.platform.as_deref(), None),
    ];
    // $1 to $4 are the generation, the range of ids and the limit; the texts follow.
    for (column, value, other) in named {
        let Some(value) = value else { continue };
        texts.push(value);
        let first = texts.len() + 4;
        let condition = match other {
            Some(other) => {
                texts.push(other);
                format!("{column} IN (${first}, ${})", first + 1)
            }
            None if leading.contains(&column) => format!("{column} = ${first}"),
            // Same meaning, but SQLite still sees that the index has list order.
            None => format!("{column} BETWEEN ${first} AND ${first}"),
        };
        sql.push_str(" AND ");
        sql.push_str(&condition);
    }
    // `g` sorts after every hexadecimal digit.
    let revision_end = filter.revision.as_deref().map(|begin| format!("{begin}g"));
    if let (Some(begin), Some(end)) = (&filter.revision, &revision_end) {
        let first = texts.len() + 5;
        texts.extend([begin.as_str(), end.as_str()]);
        sql.push_str(&format!(" AND revision >= ${first} AND revision < ${}", first + 1));
    }
    sql.push_str(" AND build_id >= $2 AND build_id < $3");
    if let Some(after) = after {
        let first = texts.len() + 5;
        texts.extend(after.names.iter().map(String::as_str));
        sql.push_str(&format!(
            " AND (build_id < ${n} OR (build_id = ${n} \
             AND (product, channel, version, platform, variant) > (${first}, ${}, ${}, ${}, ${})))",
            first + 1,
            first + 2,
            first + 3,
            first + 4,
            n = first + 5,
        ));
    }
    sql.push_str(" ORDER BY build_id DESC, product, channel, version, platform, variant LIMIT $4");
    let bound = |id: u64| i64::try_from(id).unwrap_or(i64::MAX);
    let ids = filter.ids.clone().unwrap_or(0..u64::MAX);
    // Repeated as a range, so that the index scan can start there.
    let end = after.map_or(u64::MAX, |after| after.build_id.as_u64().saturating_add(1));
    let bodies: Vec<String> = on!(db, |pool| {
        let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()))
            .bind(generation)
            .bind(bound(ids.start))
            .bind(bound(ids.end.min(end)))
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
