//! The groups of stored observations, found again after the rows of products have changed.

use std::collections::BTreeSet;

use builds::SourceName;
use builds::derive::group::group_of;
use builds::said::observation::Digest;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};

use super::dirty_groups::{Touched, groups_between, mark_dirty, of_product, touched_with};
use super::lease::Writes;
use super::observations::by_digests;

/// Observations read at a time, and written in one transaction.
const CHUNK: i64 = 100;

/// The observations of a source that could not be interpreted when they were stored and can be now.
const PROBLEMS_OF: &str = "SELECT digest FROM observation \
    WHERE source = $3 AND problem IS NOT NULL AND digest > $1 ORDER BY digest LIMIT $2";

/// Stores the group of an observation.
pub(super) async fn set_group(tx: &mut Tx, digest: &str, group: &str) -> Result<(), DbError> {
    const SQL: &str = "UPDATE observation SET group_key = $1, problem = NULL WHERE digest = $2";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(group)
        .bind(digest)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Finds the groups of observations that could not be interpreted when they were stored and can be now, and marks them
/// to be derived again: those of one source, or of all.
///
/// # Errors
/// The database failed; what was found stays found, and repeating the call continues.
pub async fn regroup_problems(to: &impl Writes, source: Option<SourceName>) -> Result<(), DbError> {
    const PROBLEMS: &str =
        "SELECT digest FROM observation WHERE digest > $1 AND problem IS NOT NULL ORDER BY digest LIMIT $2";
    let mut last = String::new();
    loop {
        let digests: Vec<String> = on!(to.db(), |pool| match source {
            Some(source) =>
                sqlx::query_scalar(PROBLEMS_OF)
                    .bind(&last)
                    .bind(CHUNK)
                    .bind(source.as_str())
                    .fetch_all(pool)
                    .await?,
            None =>
                sqlx::query_scalar(PROBLEMS)
                    .bind(&last)
                    .bind(CHUNK)
                    .fetch_all(pool)
                    .await?,
        });
        let Some(newest) = digests.last() else {
            return Ok(());
        };
        last.clone_from(newest);
        regroup(to, None, &digests).await?;
    }
}

/// Finds the groups of all that is stored of a product of this name, said or not, and marks those that change, before
/// and after.
///
/// # Errors
/// The database failed; what was found stays found, and repeating the call continues.
pub async fn regroup_product(to: &impl Writes, product: &str) -> Result<(), DbError> {
    const OF_GROUP: &str =
        "SELECT digest FROM observation WHERE group_key = $1 AND digest > $2 ORDER BY digest LIMIT $3";
    let (mut group, end) = of_product(product);
    loop {
        let groups = groups_between(to.db(), &group, &end).await?;
        let Some(newest) = groups.last() else {
            return Ok(());
        };
        group.clone_from(newest);
        for own in groups {
            let mut last = String::new();
            loop {
                let digests: Vec<String> = on!(to.db(), |pool| sqlx::query_scalar(OF_GROUP)
                    .bind(&own)
                    .bind(&last)
                    .bind(CHUNK)
                    .fetch_all(pool)
                    .await)?;
                let Some(newest) = digests.last() else { break };
                last.clone_from(newest);
                regroup(to, Some(&own), &digests).await?;
            }
        }
    }
}

/// Whether a source said something that could not be interpreted.
///
/// # Errors
/// The database failed.
pub async fn has_problems(db: &Db, source: SourceName) -> Result<bool, DbError> {
    let first: Vec<String> = on!(db, |pool| sqlx::query_scalar(PROBLEMS_OF)
        .bind("")
        .bind(1_i64)
        .bind(source.as_str())
        .fetch_all(pool)
        .await)?;
    Ok(!first.is_empty())
}

/// Moves observations, which are in the group `own` or in none, to where they belong. What cannot be interpreted stays
/// where it is: its product may have a row again.
async fn regroup(to: &impl Writes, own: Option<&str>, digests: &[String]) -> Result<(), DbError> {
    let digests: Vec<Digest> = digests.iter().filter_map(|digest| digest.parse().ok()).collect();
    let mut moved = Vec::new();
    let mut dirty = BTreeSet::new();
    for stored in by_digests(to.db(), &digests).await? {
        let Ok(group) = group_of(&stored.observation) else {
            continue;
        };
        let group = group.to_string();
        if own != Some(group.as_str()) {
            dirty.extend(own.map(|own| Touched::Group(own.to_owned())));
            dirty.extend(touched_with(&stored.observation, Some(group.clone())));
            moved.push((stored.digest, group));
        }
    }
    if moved.is_empty() {
        return Ok(());
    }
    let mut tx = to.begin_import().await?;
    for (digest, group) in moved {
        set_group(&mut tx, &digest, &group).await?;
    }
    mark_dirty(&mut tx, &dirty).await?;
    tx.commit().await
}
