//! The life of an alarm: several installs crash with a build that no source knows.
//!
//! An alarm is a row. An importer waits for rows not yet tried ([`wait_for_untried`]), looks for the builds, and stores
//! the outcome ([`crate::db::record_try`]). Processes do not notify each other, and what an alarm promises depends on
//! whether anyone imports ([`Importer`]). An alarm ends by itself when the build becomes known.

use std::time::Duration;

use builds::index::BuildIndex;
use builds::names::build_id::BuildId;
use builds::names::channel::Channel;
use builds::names::product::Product;
use builds::unknown::{FetchPlan, fetch_plan};
use platform::clock;
use platform::db::{Db, DbError};

use crate::db::{self, Alarm};
use crate::lookup::{Lookup, LookupError};
use crate::meters;
use crate::settings::Settings;
use crate::watch::importer::Importer;

/// How often to check for new alarms.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;

/// Raises an alarm for every plausible unknown build that crashed on enough installs within an hour; returns how many
/// were raised.
///
/// # Errors
/// The database failed; the next call continues.
pub async fn raise(db: &Db, lookup: &Lookup, settings: &Settings, now: i64) -> Result<usize, LookupError> {
    if settings.alarm_installs == 0 {
        return Ok(0);
    }
    let mut raised = 0;
    for alarm in db::alarm_candidates(db, i64::from(settings.alarm_installs)).await? {
        let (Ok(product), Ok(id)) = (alarm.product.parse::<Product>(), alarm.build_id.parse::<BuildId>()) else {
            continue;
        };
        let index = lookup.index_with(product, id).await?;
        let known = index.find(product, id).next().is_some();
        let newest = newest_of(&lookup.index(), product, &alarm.channel);
        if known || !is_plausible(product.channel(&alarm.channel), id, newest, settings.alarm_days) {
            continue;
        }
        if db::raise_alarm(db, &alarm, now).await? {
            raised += 1;
            meters::RAISED_ALARMS.add(1);
            let promise = promise(product, &Importer::of(db, now).await?);
            tracing::warn!(
                product = alarm.product,
                channel = alarm.channel,
                build_id = alarm.build_id,
                installs = alarm.installs,
                "several installs crash with a build that no source knows; {promise}"
            );
        }
    }
    Ok(raised)
}

/// Ends the alarms of builds that have become known; returns how many.
///
/// # Errors
/// The database failed; the next call continues.
pub async fn clear(db: &Db, lookup: &Lookup, now: i64) -> Result<usize, LookupError> {
    let mut cleared = 0;
    for alarm in db::open_alarms(db).await? {
        let (Ok(product), Ok(id)) = (alarm.product.parse::<Product>(), alarm.build_id.parse::<BuildId>()) else {
            continue;
        };
        let index = lookup.index_with(product, id).await?;
        if index.find(product, id).next().is_none() {
            continue;
        }
        let key = alarm.key();
        if db::clear_alarm(db, &key, now).await? {
            cleared += 1;
            tracing::info!(
                product = alarm.product,
                channel = alarm.channel,
                build_id = alarm.build_id,
                "the build of an alarm is known now"
            );
        }
        db::forget_unknown(db, std::slice::from_ref(&key)).await?;
    }
    Ok(cleared)
}

/// The alarms whose builds an import may find and none has looked for yet, each with where to look.
///
/// # Errors
/// The database failed.
pub async fn untried(db: &Db) -> Result<Vec<(Alarm, FetchPlan)>, DbError> {
    let mut open = open(db, &[]).await?;
    open.retain(|(alarm, plan)| alarm.tried.is_none() && plan.product.is_in_archive());
    Ok(open)
}

/// The open alarms of these products, or all if none is given, each with where to look.
///
/// # Errors
/// The database failed.
pub async fn open(db: &Db, products: &[Product]) -> Result<Vec<(Alarm, FetchPlan)>, DbError> {
    let open = db::open_alarms(db).await?.into_iter();
    let planned = open.filter_map(|alarm| {
        let plan = plan_of(&alarm)?;
        Some((alarm, plan))
    });
    Ok(planned
        .filter(|(_, plan)| products.is_empty() || products.contains(&plan.product))
        .collect())
}

/// What can be promised about the unknown build of a product, as the end of a sentence.
pub fn promise(product: Product, importer: &Importer) -> String {
    if product.is_in_archive() {
        importer.promise()
    } else {
        "it becomes known when it is announced, or a table of versions has it".to_owned()
    }
}

/// Where to look for the build of an alarm.
pub fn plan_of(alarm: &Alarm) -> Option<FetchPlan> {
    Some(fetch_plan(
        alarm.product.parse().ok()?,
        &alarm.channel,
        alarm.build_id.parse().ok()?,
        Some(alarm.reported.as_str()),
    ))
}

/// Waits until there are alarms whose builds no import has looked for yet. Checks every two seconds, first after two,
/// so that a caller that cannot try them does not spin.
pub async fn wait_for_untried(db: &Db) -> Vec<(Alarm, FetchPlan)> {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match untried(db).await {
            Ok(found) if found.is_empty() => {}
            Ok(found) => return found,
            Err(error) => tracing::warn!(%error, "alarms could not be looked for"),
        }
    }
}

/// Stores that an import with this outcome looked for the builds of alarms. The alarm of a build it found ends at the
/// next check of the generation.
pub async fn record_import(db: &Db, alarms: &[(Alarm, FetchPlan)], outcome: &str) {
    for (alarm, _) in alarms {
        let outcome = format!("an import of all sources: {outcome}");
        if let Err(error) = db::record_try(db, alarm, clock::now_micros(), &outcome).await {
            tracing::warn!(%error, "it could not be stored that a build was looked for");
        }
    }
}

/// Whether an unknown id can be a build that the sources will list: 14 digits, on a channel of a release process, and
/// at most `days` older than the newest build known there. If no build is known, nothing is plausible: then what is
/// missing is an import.
fn is_plausible(channel: &Channel, id: BuildId, newest: Option<BuildId>, days: u32) -> bool {
    let oldest = newest.map(|newest| newest.micros() - i64::from(days) * DAY);
    channel.is_official() && !id.is_historic() && oldest.is_some_and(|oldest| id.micros() >= oldest)
}

/// The newest build known on a channel of a product, or of the whole product if the channel has none.
pub(crate) fn newest_of(index: &BuildIndex, product: Product, channel: &str) -> Option<BuildId> {
    let newest = |of_channel: bool| {
        index
            .lines()
            .filter(|(own, on, _)| *own == product && (!of_channel || *on == channel))
            .filter_map(|(own, on, line)| index.newest_built(own, on, line))
            .map(|newest| newest.build.build_id())
            .max()
    };
    newest(true).or_else(|| newest(false))
}

#[cfg(test)]
mod tests {
    use builds::names::product::Product;

    use super::is_plausible;

    #[test]
    fn only_recent_builds_of_official_channels_are_plausible() {
        let newest = "20260801093000".parse().ok();
        for (channel, id, newest, expected) in [
            ("nightly", "20260801213000", newest, true),
            ("nightly", "20260702093000", newest, true),
            ("nightly", "20260702092959", newest, false),
            ("nightly", "20261101213000", newest, true),
            ("nightly", "20260801213000", None, false),
            ("default", "20260801213000", newest, false),
            ("nightly", "202608012130", newest, false),
        ] {
            let found = is_plausible(Product::FIREFOX.channel(channel), id.parse().unwrap(), newest, 30);
            assert_eq!(found, expected, "{channel} {id}");
        }
    }
}
