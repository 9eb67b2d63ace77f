//! Background work beside look-ups: writes counts to the database, raises and ends alarms, updates metrics.

use std::time::Duration;

use builds::names::build_id::BuildId;
use builds::names::product::Product;
use builds::unknown::{UnknownKey, Verdict};
use platform::clock;
use platform::db::Db;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::db::{self, AlarmFilter, Unknown, UnknownFilter};
use crate::lookup::{Lookup, LookupError};
use crate::meters;
use crate::settings::Settings;
use crate::watch::alarm;

/// How often counts are written.
const WRITE_EVERY: Duration = Duration::from_secs(3);
/// How often metrics are updated.
const MEASURE_EVERY: Duration = Duration::from_secs(30);
/// How often old rows are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);
/// Rows read at a time.
const ROWS: i64 = 500;

/// Runs until `stop`, then writes the remaining counts.
///
/// # Errors
/// None: failures are retried.
pub async fn run(lookup: Lookup, db: Db, settings: Settings, stop: CancellationToken) -> anyhow::Result<()> {
    let mut watch = Watch {
        lookup,
        db,
        settings,
        stored: None,
        loaded: None,
        measured: None,
        pruned: None,
    };
    loop {
        let stopped = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(WRITE_EVERY) => false,
        };
        if let Err(error) = watch.round().await {
            tracing::warn!(%error, "unknown builds could not be written down");
        }
        if stopped {
            return Ok(());
        }
    }
}

struct Watch {
    lookup: Lookup,
    db: Db,
    settings: Settings,
    /// The stored generation when alarms were last checked.
    stored: Option<i64>,
    /// The loaded generation when unknown ids were last compared with it.
    loaded: Option<i64>,
    measured: Option<Instant>,
    pruned: Option<Instant>,
}

impl Watch {
    async fn round(&mut self) -> Result<(), LookupError> {
        let now = clock::now_micros();
        let sighted = write_down(&self.lookup, &self.db).await?;
        let stored = db::latest_generation(&self.db).await?.n;
        let grown = self.stored != Some(stored);
        if grown {
            alarm::clear(&self.db, &self.lookup, now).await?;
        }
        if grown || sighted {
            alarm::raise(&self.db, &self.lookup, &self.settings, now).await?;
        }
        self.stored = Some(stored);
        let loaded = self.lookup.current().await?.generation();
        if self.loaded != Some(loaded) {
            forget_known(&self.lookup, &self.db).await?;
            self.loaded = Some(loaded);
        }
        if is_due(self.pruned, PRUNE_EVERY) {
            db::prune_unknown(&self.db, now).await?;
            self.pruned = Some(Instant::now());
        }
        if is_due(self.measured, MEASURE_EVERY) {
            measure(&self.lookup, &self.db, now).await?;
            self.measured = Some(Instant::now());
        }
        Ok(())
    }
}

fn is_due(last: Option<Instant>, every: Duration) -> bool {
    last.is_none_or(|last| last.elapsed() >= every)
}

/// Writes counts to the database; returns whether installs were among them.
///
/// # Errors
/// The database failed; what was not written is kept for the next call.
pub async fn write_down(lookup: &Lookup, db: &Db) -> Result<bool, LookupError> {
    let tally = lookup.take_tally();
    if tally.is_empty() {
        return Ok(false);
    }
    let sighted = !tally.sightings.is_empty();
    for verdict in Verdict::ALL {
        let asked = tally.asked.values().filter(|one| one.verdict == verdict);
        let count: i64 = asked.map(|one| one.count).sum();
        meters::UNKNOWN_LOOKUPS.add_with(u64::try_from(count).unwrap_or(0), [verdict.as_str()]);
    }
    meters::DROPPED_LOOKUPS.add(tally.dropped);
    match db::add_unknown(db, tally).await {
        Ok(()) => Ok(sighted),
        Err((left, error)) => {
            lookup.put_back(left);
            Err(error.into())
        }
    }
}

/// Deletes the unknown ids that the loaded index knows.
///
/// # Errors
/// The database failed; the next call continues.
pub async fn forget_known(lookup: &Lookup, db: &Db) -> Result<(), LookupError> {
    let index = lookup.index();
    let filter = UnknownFilter {
        product: None,
        verdict: None,
        alarm: AlarmFilter::Any,
    };
    let mut after: Option<UnknownKey> = None;
    loop {
        let page = db::list_unknown(db, &filter, after.as_ref(), ROWS).await?;
        let known = page.rows.iter().filter(|row| {
            let product = row.product.parse::<Product>();
            let id = row.build_id.parse::<BuildId>();
            matches!((product, id), (Ok(product), Ok(id)) if index.find(product, id).next().is_some())
        });
        let known: Vec<UnknownKey> = known.map(Unknown::key).collect();
        db::forget_unknown(db, &known).await?;
        let Some(last) = page.rows.last().filter(|_| page.more) else {
            return Ok(());
        };
        after = Some(last.key());
    }
}

async fn measure(lookup: &Lookup, db: &Db, now: i64) -> Result<(), LookupError> {
    let counts = db::unknown_counts(db).await?;
    for verdict in Verdict::ALL {
        let found = counts.iter().find(|(name, _)| name == verdict.as_str());
        let count = found.map_or(0, |(_, count)| *count);
        meters::UNKNOWN_IDS.set_with(count as f64, [verdict.as_str()]);
    }
    meters::OPEN_ALARMS.set(db::open_alarms(db).await?.len() as f64);
    for state in db::source_states(db).await? {
        let Ok(source) = state.source.parse::<builds::SourceName>() else {
            continue;
        };
        let source = source.as_str();
        if let Some(answered) = state.answered {
            let seconds = now.saturating_sub(answered) as f64 / 1e6;
            meters::SOURCE_AGE.set_with(seconds, [source]);
        }
        let silent = f64::from(u8::from(state.trouble.is_some()));
        meters::SOURCE_SILENT.set_with(silent, [source]);
    }
    let counts = db::run_outcomes(db).await?;
    for outcome in meters::OUTCOMES {
        let found = counts.iter().find(|(name, _)| name == outcome);
        meters::IMPORTS.set_with(found.map_or(0, |(_, count)| *count) as f64, [*outcome]);
    }
    let index = lookup.index();
    for product in Product::all() {
        let official = product.row().channels.iter().filter(|channel| channel.is_official());
        for channel in official.map(|channel| channel.name) {
            let newest = index
                .lines()
                .filter(|(own, on, _)| *own == product && *on == channel)
                .filter_map(|(own, on, line)| index.newest_built(own, on, line))
                .map(|newest| newest.build.build_id())
                .max();
            if let Some(newest) = newest {
                let seconds = newest.micros() as f64 / 1e6;
                meters::NEWEST_BUILD.set_with(seconds, [product.as_str(), channel]);
            }
        }
    }
    Ok(())
}
