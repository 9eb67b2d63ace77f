//! Deriving what is marked, and what people state against the sources.

use std::collections::HashMap;

use platform::clock;
use platform::db::{Db, DbError};
use tokio_util::sync::CancellationToken;

use super::lease::with_lease;
use super::{ImportError, Progress};
use crate::correction::Correction;
use crate::db;
use crate::derive;
use crate::facts::{Facts, facts};
use crate::group::GroupKey;
use crate::observation::Observation;

/// So many groups are derived at a time,
const GROUPS: i64 = 50;
/// if they do not have more observations than this together: a version of old times has one for
/// each build, platform and language.
const OBSERVATIONS: usize = 2000;

/// Adds corrections and derives what they concern, under the same lease as an import; answers the
/// newest generation.
///
/// # Errors
/// See [`ImportError`]. Stopped or killed, corrections may be stored and the rest be done by the
/// next import.
pub async fn correct(
    db: &Db,
    corrections: &[Correction],
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<i64, ImportError> {
    let work = async {
        for correction in corrections {
            db::add_correction(db, correction, clock::now_micros()).await?;
        }
        derive_dirty(db, stop, report).await
    };
    with_lease(db, true, owner, stop, report, work).await
}

/// Undoes a correction and derives what it concerned; answers the newest generation, or none if
/// there is no correction with this id in force.
///
/// # Errors
/// As of [`correct`].
pub async fn undo_correction(
    db: &Db,
    id: i64,
    by: &str,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Option<i64>, ImportError> {
    let work = async {
        if !db::undo_correction(db, id, by, clock::now_micros()).await? {
            return Ok(None);
        }
        derive_dirty(db, stop, report).await.map(Some)
    };
    with_lease(db, true, owner, stop, report, work).await
}

/// Derives everything again from what is stored; answers the newest generation, which is a new one
/// only if something came out differently.
///
/// # Errors
/// See [`ImportError`].
pub async fn rebuild(
    db: &Db,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<i64, ImportError> {
    let work = async {
        db::mark_all_dirty(db).await?;
        derive_dirty(db, stop, report).await
    };
    with_lease(db, true, owner, stop, report, work).await
}

/// Derives every marked group and finishes the generation; answers the newest generation.
pub(crate) async fn derive_dirty(
    db: &Db,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<i64, ImportError> {
    let last = db::latest_generation(db).await?.n;
    let corrections = db::corrections_in_force(db).await?;
    let known = known_facts(db, &corrections).await?;
    let (mut done, total) = (0, db::dirty_count(db).await?);
    let mut batch = Batch::after(db, "").await?;
    while !batch.groups.is_empty() {
        if stop.is_cancelled() {
            return Err(ImportError::Stopped);
        }
        let mut conclusions = Vec::with_capacity(batch.groups.len());
        for group in &batch.groups {
            let observations = batch.observations.remove(group).unwrap_or_default();
            let derived = derive(&key_of(group)?, &observations, &corrections, &known);
            conclusions.push((group.clone(), derived));
        }
        let steps = db::steps_to_all(db, last + 1, conclusions).await?;
        done += batch.groups.len() as u64;
        // The next groups are read while these are written. Nobody else marks groups: that needs the
        // lease, which is ours.
        let end = batch.groups.last().cloned().unwrap_or_default();
        let (written, next) = tokio::join!(
            db::write_steps(db, last + 1, &steps),
            Batch::after(db, &end)
        );
        written?;
        batch = next?;
        report(Progress::Deriving {
            done,
            total: total.max(done),
        });
    }
    let made = db::finish_generation(db, last + 1, clock::now_micros()).await?;
    Ok(if made { last + 1 } else { last })
}

/// Some of the groups that must be derived again, with what is said about them.
struct Batch {
    groups: Vec<String>,
    observations: HashMap<String, Vec<Observation>>,
}

impl Batch {
    async fn after(db: &Db, group: &str) -> Result<Self, DbError> {
        let mut groups = db::dirty_groups(db, group, GROUPS).await?;
        let sizes = db::group_sizes(db, &groups).await?;
        let mut total: usize = 0;
        let fit = groups.iter().take_while(|group| {
            total = total.saturating_add(sizes.get(*group).copied().unwrap_or(0));
            total <= OBSERVATIONS
        });
        let fit = fit.count().max(1);
        groups.truncate(fit);
        let observations = db::of_groups(db, &groups).await?;
        Ok(Self {
            groups,
            observations,
        })
    }
}

/// What is stated about versions as a whole, but for what corrections ignore.
pub(crate) async fn known_facts(db: &Db, corrections: &[Correction]) -> Result<Facts, DbError> {
    let stated: Vec<_> = db::fact_observations(db)
        .await?
        .into_iter()
        .filter(|observation| {
            !corrections
                .iter()
                .any(|correction| correction.ignores(observation))
        })
        .collect();
    Ok(facts(&stated))
}

pub(crate) async fn derive_group(
    db: &Db,
    group: &str,
    corrections: &[Correction],
    facts: &Facts,
) -> Result<crate::Derived, DbError> {
    let observations = db::of_group(db, group).await?;
    Ok(derive(&key_of(group)?, &observations, corrections, facts))
}

fn key_of(group: &str) -> Result<GroupKey, DbError> {
    group
        .parse()
        .map_err(|_| DbError::Row(format!("group {group}")))
}
