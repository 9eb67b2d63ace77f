//! Reads the database's builds into an index: all of them, or those that one question needs.

use builds::build::{Build, Status};
use builds::index::{BuildIndex, IndexBuilder};
use builds::names::build_id::{BuildId, prefix_range};
use builds::names::product::{Product, ids_of};
use builds::resolve::{Answer, Question, resolve};
use platform::cpu;
use platform::db::{Db, DbError};

use super::error::LookupError;
use crate::db;

/// Builds of a channel read around one that is not in the index.
const NEIGHBOURS: i64 = 400;

/// Loads every build of a generation.
///
/// # Errors
/// See [`LookupError`].
pub async fn load(db: &Db, generation: i64) -> Result<BuildIndex, LookupError> {
    let mut builder = IndexBuilder::new(generation);
    let mut full = Ok(());
    db::load_all(db, generation, |builds| {
        for build in &builds {
            if full.is_ok() {
                full = builder.push(build);
            }
        }
    })
    .await?;
    full?;
    // Sorting a million builds takes a while, so it must not run on a thread that serves requests.
    let index = cpu::run(move || builder.finish()).await;
    Ok(index.map_err(DbError::from)?)
}

/// Builds a small index for a command with few questions: the builds of a product with an id, and their neighbours on
/// their channels; if there are none, Firefox's builds of the same Gecko.
///
/// # Errors
/// See [`LookupError`].
pub async fn around(db: &Db, generation: i64, product: Product, id: BuildId) -> Result<BuildIndex, LookupError> {
    let mut builds = db::builds_by_id(db, generation, product, id).await?;
    if builds.is_empty()
        && let Some(other) = product.row().ids_of
    {
        builds = db::builds_by_id(db, generation, other, id).await?;
        return Ok(BuildIndex::from_builds(generation, &builds)?);
    }
    let mut channels: Vec<String> = builds
        .iter()
        .flat_map(|build| build.offered_on.iter().chain([&build.channel]).cloned())
        .collect();
    // Betas have releases among their neighbours, including builds that never reached users: those are their release
    // candidates.
    let tried = channels.iter().filter_map(|channel| product.channel(channel).tries);
    let tried: Vec<String> = tried.map(str::to_owned).collect();
    channels.extend(tried);
    channels.sort();
    channels.dedup();
    for channel in channels {
        // From the newest down to a little below the build: what follows it, and what precedes it.
        let mut before = None;
        loop {
            let page = db::builds_of_channel(db, generation, product, &channel, before, NEIGHBOURS).await?;
            let last = page.rows.last().map(|build| build.build_id);
            builds.extend(page.rows);
            match last {
                Some(last) if page.more && last >= id => before = Some(last),
                _ => break,
            }
        }
    }
    builds.sort_by(|a, b| a.key().cmp(&b.key()));
    builds.dedup_by(|a, b| a.key() == b.key());
    Ok(BuildIndex::from_builds(generation, &builds)?)
}

/// Answers a question from the database alone, as of a generation.
///
/// # Errors
/// See [`LookupError`].
pub async fn answer_from_database(db: &Db, generation: i64, question: &Question) -> Result<Answer, LookupError> {
    let empty = BuildIndex::from_builds(generation, std::iter::empty::<&Build>())?;
    let first = resolve(&empty, question);
    let Ok(product) = first.product.parse::<Product>() else {
        return match (first.build_id.parse::<BuildId>(), ids_of(&first.product)) {
            (Ok(id), Some(other)) => {
                let index = around(db, generation, other, id).await?;
                Ok(resolve(&index, question))
            }
            _ => Ok(first),
        };
    };
    if let Ok(id) = first.build_id.parse::<BuildId>() {
        let index = around(db, generation, product, id).await?;
        let answer = resolve(&index, question);
        if answer.status != Status::Unknown || !id.is_historic() {
            return Ok(answer);
        }
    }
    let Some(range) = prefix_range(first.build_id.trim()) else {
        return Ok(first);
    };
    let builds = db::builds_by_ids(db, generation, product, range, 2000).await?;
    Ok(resolve(&BuildIndex::from_builds(generation, &builds)?, question))
}
