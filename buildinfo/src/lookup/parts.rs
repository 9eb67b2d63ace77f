//! Lists and comparisons from the database alone, for a command that does not load the whole index: each reads the
//! builds that its answer needs into a small index.

use std::collections::{BTreeMap, BTreeSet};

use builds::build::Build;
use builds::catalog::{self, Comparison, Newest, NoComparison, VersionBuilds, Which};
use builds::index::{BuildIndex, IndexFull};
use builds::names::channel::Line;
use builds::names::product::Product;
use builds::names::version::{Stage, Version};
use platform::db::{Db, DbError};

use super::error::LookupError;
use crate::db::{self, Page};

/// Ids read at a time in the search for the newest build.
const IDS: i64 = 20;
/// Maximum pages of release ids read in the search for the newest candidate on beta.
const CANDIDATE_PAGES: usize = 5;
/// Versions read at a time.
const VERSIONS: usize = 8;

fn small(generation: i64, mut builds: Vec<Build>) -> Result<BuildIndex, IndexFull> {
    builds.sort_by(|left, right| left.key().cmp(&right.key()));
    builds.dedup_by(|left, right| left.key() == right.key());
    BuildIndex::from_builds(generation, &builds)
}

/// The stored versions of a product by channel, oldest first, without candidate number, with the names of each
/// version's builds.
type Versions = BTreeMap<(Version, String), Vec<String>>;

async fn stored_versions(db: &Db, generation: i64, product: Product) -> Result<Versions, LookupError> {
    let mut versions = Versions::new();
    for (_, channel, name) in db::versions(db, generation, Some(product)).await? {
        let version: Version = name.parse().map_err(|_| DbError::Row(format!("version {name}")))?;
        let key = (version.without_candidate(), channel);
        versions.entry(key).or_default().push(name);
    }
    Ok(versions)
}

/// A page of [`catalog::versions`]: the versions after the place `after`, at most `limit`.
///
/// # Errors
/// See [`LookupError`].
pub async fn versions(
    db: &Db,
    generation: i64,
    product: Product,
    channel: Option<&str>,
    after: Option<&(Version, String)>,
    limit: usize,
) -> Result<Page<VersionBuilds>, LookupError> {
    let stored = stored_versions(db, generation, product).await?;
    let mut following = stored
        .iter()
        .rev()
        .filter(|((_, own), _)| channel.is_none_or(|channel| own == channel))
        .filter(|(key, _)| after.is_none_or(|after| *key < after));
    let mut builds = Vec::new();
    for ((_, channel), names) in following.by_ref().take(limit) {
        builds.extend(db::builds_of_versions(db, generation, product, channel, names).await?);
    }
    Ok(Page {
        rows: catalog::versions(&small(generation, builds)?, product, None),
        more: following.next().is_some(),
    })
}

/// [`catalog::newest`] for a channel.
///
/// # Errors
/// See [`LookupError`].
pub async fn newest(db: &Db, generation: i64, product: Product, channel: &str) -> Result<Vec<Newest>, LookupError> {
    let stored = stored_versions(db, generation, product).await?;
    newest_among(db, generation, product, channel, &stored).await
}

/// A product's channel with its newest builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelNewest {
    /// The product.
    pub product: Product,
    /// The channel.
    pub channel: String,
    /// The number of its different build ids.
    pub ids: i64,
    /// The newest builds of each of its lines.
    pub lines: Vec<Newest>,
}

/// [`catalog::newest`] for every wanted channel, at most `limit`, sorted by product and channel. It reads all versions
/// of each product, so it is for a command, or for a result kept as long as the generation is the newest.
///
/// # Errors
/// See [`LookupError`].
pub async fn newest_of_channels(
    db: &Db,
    generation: i64,
    limit: usize,
    wanted: impl Fn(Product, &str) -> bool,
) -> Result<Vec<ChannelNewest>, LookupError> {
    let mut stored: Option<(Product, Versions)> = None;
    let mut found = Vec::new();
    for (name, channel, ids, _) in db::channels(db, generation).await? {
        let product = Product::stored(&name).map_err(|_| DbError::Row(format!("product {name}")))?;
        if found.len() == limit {
            break;
        }
        if !wanted(product, &channel) {
            continue;
        }
        let versions = match stored.take() {
            Some((of, versions)) if of == product => versions,
            _ => stored_versions(db, generation, product).await?,
        };
        let lines = newest_among(db, generation, product, &channel, &versions).await?;
        stored = Some((product, versions));
        found.push(ChannelNewest {
            product,
            channel,
            ids,
            lines,
        });
    }
    Ok(found)
}

async fn newest_among(
    db: &Db,
    generation: i64,
    product: Product,
    channel: &str,
    stored: &Versions,
) -> Result<Vec<Newest>, LookupError> {
    let tried = product.channel(channel).tries;
    let mut lines: BTreeMap<Line, Vec<(&str, &[String])>> = BTreeMap::new();
    for ((version, own), names) in stored.iter().rev() {
        // Releases offered on beta are in its line too; only their builds tell which versions those are.
        let may_be_candidate = tried == Some(own) && version.stage() == Stage::Release;
        if own == channel || may_be_candidate {
            let line = lines.entry(product.line(own, version)).or_default();
            line.push((own, names));
        }
    }
    // The build with the newest id has one of the highest versions, unless an older branch was maintained beside the
    // newest one.
    let mut by_id = db::builds_of_channel(db, generation, product, channel, None, 1)
        .await?
        .rows;
    if let Some(tried) = tried {
        by_id.extend(newest_candidates(db, generation, product, channel, tried).await?);
    }
    let mut found = Vec::new();
    for (line, versions) in lines {
        let one = newest_of_line(db, generation, product, channel, line, &versions, &by_id).await?;
        found.extend(one);
    }
    Ok(found)
}

/// The newest builds of a release that were offered on beta as candidates: `channel` is beta, and `tried` is release.
/// Where beta gets them at all, the newest few releases hold one: so only the newest hundred ids of release are read,
/// and a product whose releases never go to beta has none.
async fn newest_candidates(
    db: &Db,
    generation: i64,
    product: Product,
    channel: &str,
    tried: &str,
) -> Result<Vec<Build>, LookupError> {
    let mut before = None;
    for _ in 0..CANDIDATE_PAGES {
        let page = db::builds_of_channel(db, generation, product, tried, before, IDS).await?;
        before = page.rows.last().map(|build| build.build_id);
        let on_beta = |build: &&Build| {
            let mut channels = build.offered_on.iter();
            build.build_number.is_some() && channels.any(|on| on == channel)
        };
        let newest = page.rows.iter().filter(on_beta).map(|one| one.build_id);
        if let Some(newest) = newest.max() {
            let rows = page.rows.into_iter();
            return Ok(rows.filter(|build| build.build_id == newest).collect());
        }
        if !page.more {
            break;
        }
    }
    Ok(Vec::new())
}

/// The newest builds of a line. An offered build is among the highest versions: they are read from the highest down
/// until one is found; an esr line is read whole.
async fn newest_of_line(
    db: &Db,
    generation: i64,
    product: Product,
    channel: &str,
    line: Line,
    versions: &[(&str, &[String])],
    by_id: &[Build],
) -> Result<Option<Newest>, LookupError> {
    let at_once = match channel {
        _ if product.channel(channel).tries.is_some() => VERSIONS,
        _ if line.to_string() != "main" => versions.len().max(1),
        // A nightly version has as many builds as eight betas.
        _ => 2,
    };
    // Nothing is offered on a channel outside the release process, however many versions it has.
    let most = if product.channel(channel).is_unofficial() {
        1
    } else {
        usize::MAX
    };
    let mut builds = by_id.to_vec();
    let mut found = None;
    for some in versions.chunks(at_once).take(most) {
        for (own, names) in some {
            builds.extend(db::builds_of_versions(db, generation, product, own, names).await?);
        }
        let index = small(generation, builds.clone())?;
        found = catalog::newest(&index, product, channel, Some(line)).pop();
        if found.as_ref().is_some_and(|found| found.offered.is_some()) {
            return Ok(found);
        }
        // Of the builds not offered, only the newest counts.
        if let Some(newest) = found.as_ref().and_then(|found| found.newest_built.as_ref()) {
            builds.retain(|build| build.build_id == newest.build.build_id);
        }
    }
    Ok(found)
}

/// [`catalog::compare`] for two builds.
///
/// # Errors
/// See [`LookupError`]; the inner error says which build is unknown or ambiguous.
pub async fn compare(
    db: &Db,
    generation: i64,
    product: Product,
    from: &Which,
    to: &Which,
) -> Result<Result<Comparison, NoComparison>, LookupError> {
    let mut builds = Vec::new();
    for id in BTreeSet::from([from.build_id, to.build_id]) {
        builds.extend(db::builds_by_id(db, generation, product, id).await?);
    }
    Ok(catalog::compare(&small(generation, builds)?, product, from, to))
}
