//! Lists and comparisons from the database alone, for a command that does not load the whole index: each reads the builds that its
//! answer is made of into a small one.

use std::collections::{BTreeMap, BTreeSet};

use platform::db::{Db, DbError};

use super::LookupError;
use crate::build::Build;
use crate::build_id::BuildId;
use crate::catalog::{self, Comparison, LatestBuild, NotKnown, VersionBuilds};
use crate::db::{self, Page};
use crate::index::{BuildIndex, IndexFull};
use crate::product::{Line, Product};
use crate::version::{Stage, Version};

/// So many ids are read at a time in the search for the newest.
const IDS: i64 = 20;
/// So many versions.
const VERSIONS: usize = 8;

fn small(generation: i64, mut builds: Vec<Build>) -> Result<BuildIndex, IndexFull> {
    builds.sort_by(|left, right| left.key().cmp(&right.key()));
    builds.dedup_by(|left, right| left.key() == right.key());
    BuildIndex::from_builds(generation, &builds)
}

/// The stored versions of a product by channel, oldest first, without candidate number, with the names of each one's builds.
type Versions = BTreeMap<(Version, String), Vec<String>>;

async fn stored_versions(
    db: &Db,
    generation: i64,
    product: Product,
) -> Result<Versions, LookupError> {
    let mut versions = Versions::new();
    for (_, channel, name) in db::versions(db, generation, Some(product)).await? {
        let version: Version = name
            .parse()
            .map_err(|_| DbError::Row(format!("version {name}")))?;
        let key = (version.without_candidate(), channel);
        versions.entry(key).or_default().push(name);
    }
    Ok(versions)
}

/// A page of what [`catalog::versions`] lists: the versions after the place `after`, at most `limit`.
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

/// What [`catalog::latest`] says of a channel.
///
/// # Errors
/// See [`LookupError`].
pub async fn latest(
    db: &Db,
    generation: i64,
    product: Product,
    channel: &str,
) -> Result<Vec<LatestBuild>, LookupError> {
    let is_beta = channel == "beta";
    let mut lines: BTreeMap<Line, Vec<(&str, &[String])>> = BTreeMap::new();
    let stored = stored_versions(db, generation, product).await?;
    for ((version, own), names) in stored.iter().rev() {
        // What beta got of a release stands in its line too; which versions those are, their builds tell.
        let may_be_candidate = is_beta && own == "release" && version.stage() == Stage::Release;
        if own == channel || may_be_candidate {
            let line = lines.entry(Line::of(own, version)).or_default();
            line.push((own, names));
        }
    }
    let mut found = Vec::new();
    for (line, versions) in lines {
        let newest = if is_beta || line.to_string() != "main" {
            newest_by_version(db, generation, product, channel, line, &versions).await?
        } else {
            newest_by_id(db, generation, product, channel, line).await?
        };
        found.extend(newest);
    }
    Ok(found)
}

/// The newest of a line, when it is among the highest versions: always on beta, whose line is ordered by version; a line of esr is read
/// whole.
async fn newest_by_version(
    db: &Db,
    generation: i64,
    product: Product,
    channel: &str,
    line: Line,
    versions: &[(&str, &[String])],
) -> Result<Vec<LatestBuild>, LookupError> {
    let at_once = if channel == "beta" {
        VERSIONS
    } else {
        versions.len().max(1)
    };
    for some in versions.chunks(at_once) {
        let mut builds = Vec::new();
        for (own, names) in some {
            builds.extend(db::builds_of_versions(db, generation, product, own, names).await?);
        }
        let index = small(generation, builds)?;
        let newest = catalog::latest(&index, product, channel, Some(line));
        if !newest.is_empty() {
            return Ok(newest);
        }
    }
    Ok(Vec::new())
}

async fn newest_by_id(
    db: &Db,
    generation: i64,
    product: Product,
    channel: &str,
    line: Line,
) -> Result<Vec<LatestBuild>, LookupError> {
    let mut before = None;
    loop {
        let page = db::builds_of_channel(db, generation, product, channel, before, IDS).await?;
        before = page.rows.last().map(|build| build.build_id);
        let more = page.more;
        let index = small(generation, page.rows)?;
        let newest = catalog::latest(&index, product, channel, Some(line));
        if !newest.is_empty() || !more {
            return Ok(newest);
        }
    }
}

/// What [`catalog::compare`] says of two builds.
///
/// # Errors
/// See [`LookupError`]; the inner error names a build that no source has listed.
pub async fn compare(
    db: &Db,
    generation: i64,
    product: Product,
    from: BuildId,
    to: BuildId,
) -> Result<Result<Comparison, NotKnown>, LookupError> {
    let mut builds = Vec::new();
    for id in BTreeSet::from([from, to]) {
        builds.extend(db::builds_by_id(db, generation, product, id).await?);
    }
    Ok(catalog::compare(
        &small(generation, builds)?,
        product,
        from,
        to,
    ))
}
