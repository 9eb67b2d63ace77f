//! Reads the data that sources are judged by.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use builds::GroupKey;
use builds::audit::{Score, Scores};
use builds::names::build_id::BuildId;
use builds::names::product::Product;
use builds::names::version::Stage;
use builds::said::announcement::channel_in;
use builds::said::observation::{Digest, Kind, Observation, SourceName};
use platform::db::{Db, DbError};
use serde_json::Value;

use super::conflict_place;
use super::newest::{before, newest};
use crate::db::{self, Said};

/// The recent period over which sources are judged, in microseconds: ninety days.
const SCORE_WINDOW: i64 = 90 * 86_400_000_000;
/// Build ids read at a time.
const IDS: i64 = 200;
/// Maximum conflicts that count in the scores.
const MOST_CONFLICTS: usize = 5000;

/// The sources' scores over the builds of the last ninety days; of one product if given.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn scores(db: &Db, only: Option<Product>) -> Result<Vec<Score>, DbError> {
    let generation = db::latest_generation(db).await?.n;
    let mut scores = Scores::default();
    let mut oldest_run = i64::MAX;
    for (product, channel, own) in newest(db).await? {
        if only.is_some_and(|only| only != product) {
            continue;
        }
        let since = before(own, SCORE_WINDOW);
        let mut below = None;
        loop {
            let page = db::builds_of_channel(db, generation, product, &channel, below, IDS).await?;
            let last = page.rows.last().map(|build| build.build_id);
            let mut digests: BTreeMap<BuildId, BTreeSet<Digest>> = BTreeMap::new();
            for build in page.rows {
                digests.entry(build.build_id).or_default().extend(build.evidence);
            }
            digests.retain(|id, _| db_number(*id) >= since);
            for first in first_by_source(db, digests.into_values()).await? {
                oldest_run = first.values().copied().min().unwrap_or(i64::MAX).min(oldest_run);
                scores.add_build(product, &channel, first);
            }
            match last {
                Some(last) if page.more && db_number(last) >= since => below = Some(last),
                _ => break,
            }
        }
    }
    add_contradictions(db, only, &mut scores).await?;
    for said in db::withdrawn_since(db, oldest_run).await? {
        if let Some((source, product, channel)) = who(&said)
            && only.is_none_or(|only| only == product)
        {
            scores.add_withdrawal(source, product, &channel);
        }
    }
    Ok(scores.finish())
}

fn db_number(id: BuildId) -> i64 {
    i64::try_from(id.as_u64()).unwrap_or(i64::MAX)
}

/// For each build, given as the digests of its observations, when each source first listed it.
async fn first_by_source(
    db: &Db,
    builds: impl Iterator<Item = BTreeSet<Digest>>,
) -> Result<Vec<BTreeMap<SourceName, i64>>, DbError> {
    let builds: Vec<BTreeSet<Digest>> = builds.collect();
    let all: BTreeSet<Digest> = builds.iter().flatten().copied().collect();
    let all: Vec<Digest> = all.into_iter().collect();
    let mut listed: HashMap<String, (SourceName, i64)> = HashMap::new();
    for digests in all.chunks(200) {
        for said in db::said(db, digests).await? {
            // Statements about versions as a whole list no build.
            let of_build = said.kind.parse::<Kind>().is_ok_and(|kind| {
                !matches!(
                    kind,
                    Kind::ShippedRelease | Kind::CurrentVersions | Kind::ReleaseDirectory | Kind::ReleaseHistory
                )
            });
            if let (true, Ok(source)) = (of_build, SourceName::stored(&said.source)) {
                listed.insert(said.digest, (source, said.first_run));
            }
        }
    }
    let first = builds.into_iter().map(|digests| {
        let mut first: BTreeMap<SourceName, i64> = BTreeMap::new();
        for digest in digests {
            if let Some((source, run)) = listed.get(&digest.to_string()) {
                let earliest = first.entry(*source).or_insert(*run);
                *earliest = (*earliest).min(*run);
            }
        }
        first
    });
    Ok(first.collect())
}

/// Counts the stated values that were not believed.
async fn add_contradictions(db: &Db, only: Option<Product>, scores: &mut Scores) -> Result<(), DbError> {
    let name = only.map_or("", Product::as_str);
    let (mut after, mut seen) = (String::new(), 0);
    loop {
        let rows = db::conflicts_after(db, name, &conflict_place::read(&after), 200).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = conflict_place::write(last);
        seen += rows.len();
        for row in &rows {
            let body: Value = serde_json::from_str(&row.body).unwrap_or_default();
            let chosen = body.get("chosen").and_then(Value::as_str);
            let values = body.get("values").and_then(Value::as_object);
            let refused = values.into_iter().flatten();
            let refused = refused.filter(|(value, _)| Some(value.as_str()) != chosen);
            let digests: Vec<Digest> = refused
                .filter_map(|(_, digests)| digests.as_array()?.first()?.as_str()?.parse().ok())
                .collect();
            for said in db::said(db, &digests).await? {
                if let Some((source, product, channel)) = who(&said)
                    && only.is_none_or(|only| only == product)
                {
                    scores.add_contradiction(source, product, &channel);
                }
            }
        }
        if seen >= MOST_CONFLICTS {
            return Ok(());
        }
    }
}

/// The source of a statement, and the product and channel it is about.
fn who(said: &Said) -> Option<(SourceName, Product, String)> {
    let group = said.group_key.as_deref()?;
    let product: Product = group.parse::<GroupKey>().ok()?.product()?;
    let kind: Kind = said.kind.parse().ok()?;
    let channel = match kind {
        Kind::ShippedRelease | Kind::ReleaseDirectory => {
            let observation = Observation {
                source: SourceName::stored(&said.source).ok()?,
                kind,
                subject: said.subject.clone(),
                url: String::new(),
                body: Value::Null,
            };
            let (directory, version) = builds::derive::facts::subject_of(&observation).ok()?;
            let own = product.channel_of_stage(version.stage());
            // A release's candidate is tried out before it ships.
            let tried = matches!(version.stage(), Stage::ReleaseCandidate(_));
            let own = product.tried_on(own).filter(|_| tried).unwrap_or(own);
            directory.only_channel().unwrap_or(own)
        }
        // Its subject begins with the channel.
        Kind::BuildhubRecord => said.subject.split(' ').next()?,
        Kind::Announced => channel_in(product, &said.subject)?,
        _ => "",
    };
    Some((SourceName::stored(&said.source).ok()?, product, channel.to_owned()))
}
