//! Deriving the marked groups, and storing people's corrections.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use builds::derive::correction::Correction;
use builds::derive::facts::{Facts, facts};
use builds::derive::group::GroupKey;
use builds::derive::{Claims, Derived};
use builds::names::product::stated::peculiar;
use builds::names::product::{Product, rows};
use builds::{Digest, SourceName};
use platform::clock;
use platform::db::{Db, DbError};
use platform::lease::Lease;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::error::ImportError;
use super::lease::with_lease;
use super::progress::Progress;
use crate::db;

/// Maximum groups derived at a time,
const GROUPS: i64 = 50;
/// if they do not have more observations than this together: an old version has one for each build, platform and
/// language.
const OBSERVATIONS: usize = 2000;

/// Adds corrections and derives what they concern, under the same lease as an import; returns the newest generation.
///
/// # Errors
/// See [`ImportError`]. If stopped or killed, corrections may be stored already; the next import does the rest.
pub async fn correct(
    db: &Db,
    corrections: &[Correction],
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<i64, ImportError> {
    let work = |lease: Lease| async move {
        for correction in corrections {
            db::add_correction(&lease, correction, clock::now_micros()).await?;
        }
        derive_dirty(&lease, stop, report).await
    };
    with_lease(db, true, owner, stop, report, work).await
}

/// Undoes a correction and derives what it concerned; returns the newest generation, or none if no correction with this
/// id is in force.
///
/// # Errors
/// As for [`correct`].
pub async fn undo_correction(
    db: &Db,
    id: i64,
    by: &str,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Option<i64>, ImportError> {
    let work = |lease: Lease| async move {
        if !db::undo_correction(&lease, id, by, clock::now_micros()).await? {
            return Ok(None);
        }
        derive_dirty(&lease, stop, report).await.map(Some)
    };
    with_lease(db, true, owner, stop, report, work).await
}

/// Derives everything stored again; returns the newest generation, which is new only if something came out differently.
///
/// # Errors
/// See [`ImportError`].
pub async fn rebuild(
    db: &Db,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<i64, ImportError> {
    let work = |lease: Lease| async move {
        follow_products(&lease, Following::Everything).await?;
        db::mark_all_dirty(&lease).await?;
        derive_dirty(&lease, stop, report).await
    };
    with_lease(db, true, owner, stop, report, work).await
}

/// Derives every marked group and finishes the generation; returns the newest generation.
pub(crate) async fn derive_dirty(
    lease: &Lease,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<i64, ImportError> {
    let db = lease.db();
    let without_a_row = follow_products(lease, Following::WhatHasARow).await?;
    let last = db::latest_generation(db).await?.n;
    let corrections = db::corrections_in_force(db).await?;
    let facts = known_facts(db, &corrections).await?;
    let known = Arc::new(Known { corrections, facts });
    let (mut done, total) = (0, db::dirty_count(db).await?);
    // The next groups are read and derived by another task while these are written. No other process marks groups: that
    // needs the lease, which is ours.
    let ahead =
        |after: String| AbortOnDropHandle::new(tokio::spawn(conclusions(db.clone(), Arc::clone(&known), after)));
    let mut next = ahead(String::new());
    if without_a_row {
        withdraw_emptied(lease, last + 1).await?;
    }
    loop {
        let conclusions = next.await.map_err(|_| ImportError::Task)??;
        let Some((end, _)) = conclusions.last() else {
            break;
        };
        if stop.is_cancelled() {
            return Err(ImportError::Stopped);
        }
        next = ahead(end.clone());
        done += conclusions.len() as u64;
        let steps = db::steps_to_all(db, last + 1, conclusions).await?;
        db::write_steps(lease, last + 1, &steps).await?;
        report(Progress::Deriving {
            done,
            total: total.max(done),
        });
    }
    let made = db::finish_generation(lease, last + 1, clock::now_micros()).await?;
    Ok(if made { last + 1 } else { last })
}

/// Derives again what the rows of products make different from what is stored, if they are other ones than those that
/// it was derived by: after a file of products has changed, and after a process without the file was at work.
///
/// # Errors
/// See [`ImportError`]. If stopped or killed, the next derivation does the rest.
pub async fn settle_products(db: &Db, owner: &str, stop: &CancellationToken) -> Result<(), ImportError> {
    let is_settled = !Differing::of(db).await?.is_some()
        && !db::has_problems(db, SourceName::OWN).await?
        && next_groups(db, String::new()).await?.is_empty();
    if is_settled {
        return Ok(());
    }
    let work = |lease: Lease| async move { derive_dirty(&lease, stop, &|_| {}).await.map(|_| ()) };
    with_lease(db, true, &db::brief_owner(owner), stop, &|_| {}, work).await
}

/// What of the stored builds follows the rows of products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Following {
    /// What the rows of the site's file say. What a file said that this process does not have stays: its settings may
    /// be incomplete.
    WhatHasARow,
    /// All of it, since somebody wants everything to be derived again.
    Everything,
}

/// How the rows of products differ from those that the stored builds were derived by.
#[derive(Debug, Default)]
struct Differing {
    /// The rows in force that are not the built-in ones.
    in_force: BTreeMap<&'static str, Digest>,
    /// The products that are among those, and were not or by another row.
    other: Vec<&'static str>,
    /// The products that are built in, and were derived by another row.
    usual: Vec<String>,
    /// The products that have no row any more.
    without: Vec<String>,
}

impl Differing {
    async fn of(db: &Db) -> Result<Self, DbError> {
        let mut derived_by = db::peculiar_products(db).await?;
        let in_force: BTreeMap<&str, Digest> = peculiar()
            .iter()
            .map(|(product, row)| (*product, Digest::of(row)))
            .collect();
        let is_other = |(product, digest): (&&'static str, &Digest)| {
            (derived_by.remove(*product) != Some(digest.to_string())).then_some(*product)
        };
        let other = in_force.iter().filter_map(is_other).collect();
        let gone = derived_by.into_keys();
        let (usual, without) = gone.partition(|product| rows().iter().any(|row| row.name == product));
        Ok(Self {
            in_force,
            other,
            usual,
            without,
        })
    }

    fn is_some(&self) -> bool {
        !self.other.is_empty()
    }

    /// Says what is left as it is.
    async fn warn(&self, db: &Db, following: Following) -> Result<(), DbError> {
        let stored = if self.without.is_empty() {
            Vec::new()
        } else {
            db::products_without_row(db).await?
        };
        if !stored.is_empty() {
            let products = stored.join(", ");
            tracing::warn!(
                products,
                "builds of products are stored that are in no row; they stay as they are: is products.file set?"
            );
        }
        if !self.usual.is_empty() && following == Following::WhatHasARow {
            let products = self.usual.join(", ");
            tracing::warn!(
                products,
                "builds were derived by rows of a file that is not the one in force; they stay as they are: is \
                 products.file set? If it is meant, `datil buildinfo rebuild` derives them again"
            );
        }
        Ok(())
    }
}

/// Marks what must be derived again because the rows of products are other ones than those it was derived by: the
/// groups of each product whose row differs, and what belongs to other groups now, or could not be interpreted before.
/// The builds of a product that has no row stay as they are; returns whether there was such a product.
async fn follow_products(lease: &Lease, following: Following) -> Result<bool, DbError> {
    let differing = Differing::of(lease.db()).await?;
    let is_any_without = !differing.without.is_empty();
    differing.warn(lease.db(), following).await?;
    let is_everything = following == Following::Everything;
    if !differing.is_some() && !is_everything {
        // What a process took in that did not have the file.
        db::regroup_problems(lease, Some(SourceName::OWN)).await?;
        return Ok(is_any_without);
    }
    db::regroup_problems(lease, None).await?;
    let usual: Vec<&str> = if is_everything {
        differing.usual.iter().map(String::as_str).collect()
    } else {
        Vec::new()
    };
    let in_force = differing.in_force.keys().copied().filter(|_| is_everything);
    let without = differing.without.iter().map(String::as_str);
    let concerned = differing.other.iter().chain(&usual).copied();
    let concerned: BTreeSet<&str> = concerned.chain(in_force).chain(without).collect();
    for product in concerned {
        db::regroup_product(lease, product).await?;
    }
    for product in usual.iter().chain(&differing.other) {
        db::mark_product_dirty(lease, product).await?;
    }
    // Last: if this is killed before, all of it is done again.
    db::set_peculiar_products(lease, &differing.in_force, &usual).await?;
    Ok(is_any_without)
}

/// Withdraws the builds of marked groups of which nothing is said any more, and whose products have no row: what was
/// moved to another product leaves them behind, and they are not derived otherwise.
async fn withdraw_emptied(lease: &Lease, generation: i64) -> Result<(), DbError> {
    let mut emptied = db::emptied_groups(lease.db()).await?;
    emptied.retain(|group| without_a_row(group).is_some());
    for groups in emptied.chunks(usize::try_from(GROUPS).unwrap_or(1)) {
        let nothing = groups.iter().map(|group| (group.clone(), Derived::default()));
        let steps = db::steps_to_all(lease.db(), generation, nothing.collect()).await?;
        db::write_steps(lease, generation, &steps).await?;
    }
    Ok(())
}

/// What all groups of one derivation share.
struct Known {
    corrections: Vec<Correction>,
    facts: Facts,
}

/// Derives the next marked groups after a key, in key order; none when all are done.
async fn conclusions(db: Db, known: Arc<Known>, after: String) -> Result<Vec<(String, Derived)>, DbError> {
    let mut groups = next_groups(&db, after).await?;
    let sizes = db::group_sizes(&db, &groups).await?;
    let mut total: usize = 0;
    let fit = groups.iter().take_while(|group| {
        total = total.saturating_add(sizes.get(*group).copied().unwrap_or(0));
        total <= OBSERVATIONS
    });
    let fit = fit.count().max(1);
    groups.truncate(fit);
    derive_groups(&db, groups, &known.corrections, &known.facts).await
}

/// The next marked groups after a key whose products have rows. Others stay marked: they are derived when their product
/// has a row again.
async fn next_groups(db: &Db, mut after: String) -> Result<Vec<String>, DbError> {
    loop {
        let mut groups = db::dirty_groups(db, &after, GROUPS).await?;
        let Some(last) = groups.last() else {
            return Ok(groups);
        };
        after = match without_a_row(last) {
            // There may be very many of one product.
            Some(product) if !Product::all().any(|one| one.as_str().starts_with(product.as_str())) => {
                format!("{product}!")
            }
            _ => last.clone(),
        };
        groups.retain(|group| without_a_row(group).is_none());
        if !groups.is_empty() {
            return Ok(groups);
        }
    }
}

/// The product of a group, if it has no row.
fn without_a_row(group: &str) -> Option<Product> {
    let product = group.parse::<GroupKey>().ok()?.product()?;
    Product::of_name(product.as_str()).is_none().then_some(product)
}

/// Derives groups, in their order.
pub(crate) async fn derive_groups(
    db: &Db,
    groups: Vec<String>,
    corrections: &[Correction],
    facts: &Facts,
) -> Result<Vec<(String, Derived)>, DbError> {
    let mut claims = HashMap::with_capacity(groups.len());
    for group in &groups {
        claims.insert(group.clone(), Claims::of(key_of(group)?));
    }
    db::each_of_groups(db, &groups, |group, observation, digest| {
        if let Some(claims) = claims.get_mut(group) {
            claims.add(observation, digest, corrections);
        }
    })
    .await?;
    let conclude = |group: String| {
        let derived = claims.remove(&group).map(|claims| claims.conclude(corrections, facts));
        (group, derived.unwrap_or_default())
    };
    Ok(groups.into_iter().map(conclude).collect())
}

/// The statements about versions as a whole, except those that corrections ignore.
pub(crate) async fn known_facts(db: &Db, corrections: &[Correction]) -> Result<Facts, DbError> {
    let stated: Vec<_> = db::fact_observations(db)
        .await?
        .into_iter()
        .filter(|observation| !corrections.iter().any(|correction| correction.ignores(observation)))
        .collect();
    Ok(facts(&stated))
}

fn key_of(group: &str) -> Result<GroupKey, DbError> {
    group.parse().map_err(|_| DbError::Row(format!("group {group}")))
}
