//! Reads the data that the audit's rules judge.

mod conflict_place;
mod newest;
mod scores;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use builds::audit::Contradiction;
use builds::audit::{Check, Finding, OnPlatform, Severity, late_platforms, shipped_without_build};
use builds::facts;
use builds::index::BuildIndex;
use builds::names::build_id::BuildId;
use builds::names::product::{Directory, Product};
use builds::names::version::Version;
use builds::resolve::{Question, resolve};
use chrono::NaiveDate;
use platform::clock;
use platform::db::{Db, DbError};
use serde_json::Value;

use self::newest::{before, newest};
use crate::audit::place::Place;
use crate::audit::rules::{alarms, no_importer, reported_version, silent_sources, without_row};
use crate::db::{self, StoredConflict};
use crate::explain::contradictions;
use crate::watch::importer::Importer;

pub use self::scores::scores;

/// The recent period whose builds tell which platforms are usual, in microseconds: six weeks.
const PLATFORM_WINDOW: i64 = 42 * 86_400_000_000;
/// The number of installs that counts as several: a single one may be a broken machine.
const SEVERAL: i64 = 2;
/// Which findings to list; an empty member does not filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// About this product. Findings about sources concern no product, and are always listed.
    pub product: Option<Product>,
    /// By this check.
    pub check: Option<Check>,
}

/// One page of findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingPage {
    /// The findings, check by check.
    pub findings: Vec<Finding>,
    /// The place of the last one, if more follow.
    pub next: Option<Place>,
}

/// The findings after a place, at most `limit`.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn findings(db: &Db, filter: Filter, after: Option<&Place>, limit: usize) -> Result<FindingPage, DbError> {
    let mut found: Vec<(Place, Finding)> = Vec::new();
    for check in Check::ALL {
        let wanted = filter.check.is_none_or(|only| only == check) && after.is_none_or(|after| after.check <= check);
        if !wanted || found.len() > limit {
            continue;
        }
        let key = after.filter(|after| after.check == check);
        let key = key.map_or("", |after| after.key.as_str());
        let room = limit + 1 - found.len();
        let rows = of_check(db, check, filter.product, key, room).await?;
        found.extend(rows.into_iter().map(|(key, finding)| (Place { check, key }, finding)));
    }
    let more = found.len() > limit;
    found.truncate(limit);
    Ok(FindingPage {
        next: found.last().filter(|_| more).map(|(place, _)| place.clone()),
        findings: found.into_iter().map(|(_, finding)| finding).collect(),
    })
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The check.
    pub check: Check,
    /// The number of findings; at most [`db::MOST_COUNTED`] stored ones are counted.
    pub count: i64,
    /// The number of bad ones among them.
    pub bad: i64,
    /// The first of them, worst first.
    pub findings: Vec<Finding>,
}

/// What every check found, at most `most` findings each; about one product if given.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn summaries(db: &Db, product: Option<Product>, most: usize) -> Result<Vec<Summary>, DbError> {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let mut summaries = Vec::new();
    for check in Check::ALL {
        let stored = stored_count(db, check, product).await?;
        let room = stored.map_or(usize::MAX, |_| most);
        let found = of_check(db, check, product, "", room).await?;
        let mut findings: Vec<Finding> = found.into_iter().map(|(_, finding)| finding).collect();
        let bad = findings.iter().filter(|finding| finding.severity == Severity::Bad);
        let bad = number(bad.count());
        let count = stored.unwrap_or_else(|| number(findings.len()));
        findings.sort_by_key(|finding| finding.severity);
        findings.truncate(most);
        summaries.push(Summary {
            check,
            count,
            bad,
            findings,
        });
    }
    Ok(summaries)
}

/// The number of stored findings of a check; none for a check whose findings are not stored.
async fn stored_count(db: &Db, check: Check, product: Option<Product>) -> Result<Option<i64>, DbError> {
    let count = match check {
        Check::Conflict => db::conflict_count(db, product.map_or("", Product::as_str)).await?,
        Check::BadFile => db::bad_file_count(db, &folders(product)).await?,
        Check::UnreadableRecord => db::unreadable_count(db, &folders(product)).await?,
        Check::NoImporter
        | Check::SilentSource
        | Check::ProductWithoutRow
        | Check::OpenAlarm
        | Check::ReportedVersion
        | Check::ShippedWithoutBuild
        | Check::LatePlatform => return Ok(None),
    };
    Ok(Some(count))
}

async fn of_check(
    db: &Db,
    check: Check,
    product: Option<Product>,
    after: &str,
    room: usize,
) -> Result<Vec<(String, Finding)>, DbError> {
    let limit = i64::try_from(room).unwrap_or(i64::MAX);
    let folders = folders(product);
    let name = product.map_or("", Product::as_str);
    let all = match check {
        Check::NoImporter => no_importer(&importer(db).await?).into_iter().collect(),
        Check::SilentSource => silent_sources(&db::source_states(db).await?),
        // Who asks about a product names one that has a row.
        Check::ProductWithoutRow if product.is_some() => Vec::new(),
        Check::ProductWithoutRow => without_row(&db::products_without_row(db).await?),
        Check::OpenAlarm => {
            let importer = importer(db).await?;
            about(product, alarms(&db::open_alarms(db).await?, &importer))
        }
        Check::ReportedVersion => about(product, reported(db).await?),
        Check::ShippedWithoutBuild => about(product, shipped(db).await?),
        Check::LatePlatform => platforms(db, product).await?,
        Check::Conflict => {
            let rows = db::conflicts_after(db, name, &conflict_place::read(after), limit).await?;
            let told = contradictions::told(db, rows).await?;
            return Ok(told.into_iter().map(conflict).collect());
        }
        Check::BadFile => {
            let rows = db::bad_files_after(db, &folders, after, limit).await?;
            return Ok(rows.into_iter().map(bad_file).collect());
        }
        Check::UnreadableRecord => {
            let rows = db::unreadable_after(db, &folders, after, limit).await?;
            return Ok(rows.into_iter().map(unreadable).collect());
        }
    };
    let mut keyed: Vec<(String, Finding)> = all
        .into_iter()
        .map(|finding| (finding.subject.clone(), finding))
        .filter(|(key, _)| key.as_str() > after)
        .collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    keyed.truncate(room);
    Ok(keyed)
}

async fn importer(db: &Db) -> Result<Importer, DbError> {
    Importer::of(db, clock::now_micros()).await
}

/// Keeps the findings whose subject begins with the product.
fn about(product: Option<Product>, findings: Vec<Finding>) -> Vec<Finding> {
    let Some(product) = product else {
        return findings;
    };
    let mut findings = findings;
    findings.retain(|finding| {
        // Its name, or that of one of its folders, which have no blanks.
        let first = || finding.subject.split(' ').next()?.parse().ok();
        let named = Product::at_start_of(&finding.subject).map(|(named, _)| named);
        named.or_else(first) == Some(product)
    });
    findings
}

fn folders(product: Option<Product>) -> Vec<&'static str> {
    let own = product.into_iter().flat_map(Product::directories);
    own.map(Directory::as_str).collect()
}

fn conflict((row, told): (StoredConflict, Contradiction)) -> (String, Finding) {
    let subject = format!("{} {}", row.subject, row.field);
    let finding = Finding {
        command: told.command(),
        ..Finding::new(Severity::Warning, Check::Conflict, subject, told.sentence())
    };
    (conflict_place::write(&row), finding)
}

fn bad_file((path, seen): (String, String)) -> (String, Finding) {
    let noted: Value = serde_json::from_str(&seen).unwrap_or_default();
    let why = ["why", "reason", "error"]
        .iter()
        .find_map(|name| noted.get(name).and_then(Value::as_str))
        .or_else(|| noted.as_str())
        .unwrap_or("it cannot be read");
    let finding = Finding::new(
        Severity::Warning,
        Check::BadFile,
        path.clone(),
        text::cut(why, 300).to_owned(),
    );
    (path, finding)
}

fn unreadable(row: db::Unreadable) -> (String, Finding) {
    let finding = Finding::new(
        Severity::Note,
        Check::UnreadableRecord,
        format!("{} {}", row.source, text::cut(&row.subject, 300)),
        format!("{}; read at {}", row.problem, row.url),
    );
    (row.digest, finding)
}

/// The builds for which several installs report another version, judged by the builds as they are now: a correction
/// ends a finding. One finding per build and channel, about the version that most installs report.
async fn reported(db: &Db) -> Result<Vec<Finding>, DbError> {
    let seen = db::reported_versions(db, SEVERAL).await?;
    let generation = db::latest_generation(db).await?.n;
    let mut read: BTreeMap<(Product, BuildId), BuildIndex> = BTreeMap::new();
    let mut found: Vec<Finding> = Vec::new();
    // For each build, how many of the reported versions are by now correct, and whether it has a finding.
    let mut of_build: BTreeMap<[String; 3], (i64, bool)> = BTreeMap::new();
    for seen in seen {
        let (Ok(product), Ok(id)) = (seen.product.parse::<Product>(), seen.build_id.parse::<BuildId>()) else {
            continue;
        };
        let index = match read.entry((product, id)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let builds = db::builds_by_id(db, generation, product, id).await?;
                let index = BuildIndex::from_builds(generation, &builds);
                entry.insert(index.map_err(|error| DbError::Row(error.to_string()))?)
            }
        };
        let build = [&seen.product, &seen.channel, &seen.build_id].map(Clone::clone);
        let (right, is_found) = of_build.entry(build).or_default();
        if *is_found {
            continue;
        }
        let question = Question {
            product: seen.product.clone(),
            channel: seen.channel.clone(),
            build_id: seen.build_id.clone(),
            version: Some(seen.reported.clone()),
            asked_at: None,
        };
        let answer = resolve(index, &question);
        let version = answer.version.as_deref();
        match version.filter(|_| answer.reported_differs) {
            Some(version) => {
                let others = seen.versions - 1 - *right;
                found.push(reported_version(&seen, others, version, answer.certainty));
                *is_found = true;
            }
            None => *right += 1,
        }
    }
    Ok(found)
}

async fn shipped(db: &Db) -> Result<Vec<Finding>, DbError> {
    let generation = db::latest_generation(db).await?.n;
    let known = facts(&db::fact_observations(db).await?);
    let mut built: BTreeSet<(Directory, [u32; 8])> = BTreeSet::new();
    for product in Product::all() {
        let versions = known.shipped.keys();
        let versions = versions.filter(|(directory, _)| directory.product() == product);
        let names: BTreeSet<String> = versions
            .flat_map(|(_, version)| [version.clone(), version.with_esr()])
            .map(|version| version.to_string())
            .collect();
        let versions: Vec<&str> = names.iter().map(String::as_str).collect();
        for versions in versions.chunks(200) {
            let rows = db::built_versions(db, generation, product.as_str(), versions).await?;
            built.extend(rows.into_iter().filter_map(|(channel, version)| {
                let version: Version = version.parse().ok()?;
                Some((Directory::of(product, &channel), version.key()))
            }));
        }
    }
    let newest = newest(db).await?.into_iter().map(|(_, _, id)| id).max();
    let day: Option<NaiveDate> = newest.map(|id| id.time().date_naive());
    Ok(shipped_without_build(&known, &built, day))
}

async fn platforms(db: &Db, only: Option<Product>) -> Result<Vec<Finding>, DbError> {
    let generation = db::latest_generation(db).await?.n;
    let all = newest(db).await?;
    let mut found = Vec::new();
    for (product, channel, own) in &all {
        if only.is_some_and(|only| only != *product) {
            continue;
        }
        let newest = all.iter().filter(|(other, ..)| other == product);
        let newest = newest.map(|(_, _, id)| *id).max().unwrap_or(*own);
        let since = before(*own, PLATFORM_WINDOW);
        let rows = db::platforms_since(db, generation, product.as_str(), channel, since).await?;
        let builds: Vec<OnPlatform> = rows
            .into_iter()
            .filter_map(|(id, version, platform)| {
                Some(OnPlatform {
                    build_id: BuildId::from_u64(u64::try_from(id).ok()?)?,
                    version: version.parse().ok()?,
                    platform,
                })
            })
            .collect();
        found.extend(late_platforms(*product, channel, &builds, newest));
    }
    Ok(found)
}
