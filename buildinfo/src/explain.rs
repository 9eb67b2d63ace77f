//! Why an answer is what it is: the rule, each observation with the address where it was read,
//! the corrections, and what was concluded before.

pub(crate) mod contradictions;
mod differences;
mod explanation;

use std::collections::BTreeSet;

use builds::audit::Contradiction;
use builds::derive::correction::{Correction, CorrectionKind, Subject};
use builds::derive::group::group_of;
use builds::names::build_id::BuildId;
use builds::names::product::Product;
use builds::names::version::Version;
use builds::resolve::Answer;
use builds::said::canonical::canonical_json;
use builds::said::observation::{Digest, Kind};
use platform::clock::rfc3339;
use platform::db::{Db, DbError};
use serde_json::Value;

use crate::db::{self, Change, Stored};
use crate::sources::table::Table;

pub use self::explanation::{Evidence, Explanation, HistoryEntry};

/// The reason of a change that is neither the first nor the last.
const CHANGED: &str = "changed";
/// Maximum observations shown.
const MOST: usize = 200;
/// Maximum characters shown of an observation's body.
const EXCERPT: usize = 1000;
/// Maximum conflicts of a group examined.
const CONFLICTS: i64 = 200;

/// What a change altered in the builds with an id. Reads the builds before and after it, if those before are kept.
async fn differences_by(db: &Db, change: &Change, product: Product, id: BuildId) -> Result<Vec<String>, DbError> {
    let before = change.generation - 1;
    if change.reason != CHANGED || !db::is_kept(db, before).await? {
        return Ok(Vec::new());
    }
    let old = db::builds_by_id(db, before, product, id).await?;
    let new = db::builds_by_id(db, change.generation, product, id).await?;
    let mut found = differences::differences(&old, &new);
    if found.is_empty() {
        found.push("only what the sources said of it".to_owned());
    }
    Ok(found)
}

/// Explains an answer.
///
/// # Errors
/// The database failed.
pub async fn explain(db: &Db, answer: &Answer) -> Result<Explanation, DbError> {
    let evidence = answer.build.as_ref().map_or(&[][..], |build| &build.evidence);
    let shown = evidence.get(..MOST).unwrap_or(evidence);
    let stored = db::by_digests(db, shown).await?;
    let said = db::said_now(db, shown).await?;
    let observations = stored.iter().map(|stored| Evidence {
        still_said: said.contains(&stored.digest),
        digest: stored.digest.clone(),
        source: stored.observation.source,
        kind: stored.observation.kind,
        subject: stored.observation.subject.clone(),
        url: stored.observation.url.clone(),
        table: Table::of(&stored.observation, stored.first_seen),
        first_seen: rfc3339(stored.first_seen),
        excerpt: excerpt(&stored.observation.body),
    });
    let observations: Vec<Evidence> = observations.collect();
    let (product, id) = (
        answer.product.parse::<Product>().ok(),
        answer.build_id.parse::<BuildId>().ok(),
    );
    let mut history = Vec::new();
    if let (Some(product), Some(id)) = (product, id) {
        for change in db::changes_of(db, answer.generation, product, id).await? {
            let differences = differences_by(db, &change, product, id).await?;
            history.push(HistoryEntry {
                differences,
                ..HistoryEntry::from(change)
            });
        }
    }
    let (conflicts, corrections) = disputed(db, answer, &stored).await?;
    Ok(Explanation {
        rule: answer.reason.sentence(),
        status_rule: answer
            .build
            .as_ref()
            .map(|build| build.status_reason)
            .filter(|reason| *reason != answer.reason)
            .map(|reason| reason.sentence()),
        more_observations: evidence.len() - shown.len(),
        observations,
        conflicts,
        corrections,
        history,
        read_until: db::last_complete_import(db)
            .await?
            .and_then(|run| run.ended)
            .map(rfc3339),
        is_imported: db::last_import(db).await?.is_some(),
        answer: answer.clone(),
    })
}

/// The contradictions in what the sources said about an answer's build, and the corrections in force that concern it,
/// oldest first; `stored` is the build's evidence.
///
/// # Errors
/// The database failed.
pub async fn disputed(
    db: &Db,
    answer: &Answer,
    stored: &[Stored],
) -> Result<(Vec<Contradiction>, Vec<Correction>), DbError> {
    let evidence = answer.build.as_ref().map_or(&[][..], |build| &build.evidence);
    let groups: BTreeSet<String> = stored
        .iter()
        .filter(|stored| stored.observation.kind != Kind::CurrentVersions)
        .filter_map(|stored| group_of(&stored.observation).ok())
        .map(|group| group.to_string())
        .collect();
    Ok((
        contradictions(db, evidence, &groups).await?,
        corrections(db, answer, &groups).await?,
    ))
}

/// The conflicts of the groups that the build's evidence is part of.
async fn contradictions(
    db: &Db,
    evidence: &[Digest],
    groups: &BTreeSet<String>,
) -> Result<Vec<Contradiction>, DbError> {
    let mut found = Vec::new();
    for group in groups {
        let stored = db::conflicts_of_group(db, group, CONFLICTS).await?;
        let told = contradictions::told(db, stored).await?;
        found.extend(told.into_iter().map(|(_, one)| one).filter(|contradiction| {
            let mut digests = contradiction.values.values().flatten();
            digests.any(|digest| evidence.contains(digest))
        }));
    }
    Ok(found)
}

/// The corrections that concern the answer's build: those that state something about it, and those that ignore
/// observations in its groups.
async fn corrections(db: &Db, answer: &Answer, groups: &BTreeSet<String>) -> Result<Vec<Correction>, DbError> {
    let mut found = db::corrections_in_force(db).await?;
    if found.is_empty() {
        return Ok(found);
    }
    let mut grouped = Vec::new();
    for group in groups {
        grouped.extend(db::of_group(db, group).await?);
    }
    let number = answer
        .version
        .as_ref()
        .and_then(|version| version.parse::<Version>().ok())
        .map(|version| version.number());
    found.retain(|correction| match correction.kind {
        CorrectionKind::Ignore => grouped.iter().any(|said| correction.ignores(said)),
        CorrectionKind::State => match correction.subject.parse() {
            Ok(Subject::Version(product, version)) => {
                product.as_str() == answer.product && Some(version.number()) == number
            }
            Ok(Subject::Build(product, id, _)) => {
                product.as_str() == answer.product && id.to_string() == answer.build_id
            }
            Err(_) => false,
        },
    });
    Ok(found)
}

fn excerpt(body: &Value) -> String {
    text::shortened(&canonical_json(body), EXCERPT)
}
