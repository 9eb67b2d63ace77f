//! What runs beside look-ups: writes down what was counted, raises and ends alarms, measures.

use std::time::Duration;

use builds::names::build_id::BuildId;
use builds::names::product::{OFFICIAL_CHANNELS, Product};
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

/// How often what was counted is written down.
const WRITE_EVERY: Duration = Duration::from_secs(3);
/// How often the state of things is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(30);
/// How often old rows are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);
/// So many rows are read at a time.
const ROWS: i64 = 500;

/// Does all this until `stop`; what was counted until then is written down at the end.
///
/// # Errors
/// None: what fails is tried again.
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
    /// The stored generation when alarms were last looked at.
    stored: Option<i64>,
    /// The loaded one when unknown ids were last compared with it.
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

/// Writes down what was counted; answers whether installs were among it.
///
/// # Errors
/// The database failed; what was not written is kept for the next time.
pub async fn write_down(lookup: &Lookup, db: &Db) -> Result<bool, LookupError> {
    let tally = lookup.take_tally();
    if tally.is_empty() {
        return Ok(false);
    }
    let sighted = !tally.sightings.is_empty();
    for verdict in Verdict::ALL {
        let asked = tally.asked.values().filter(|one| one.verdict == verdict);
        let count: i64 = asked.map(|one| one.count).sum();
        metrics::counter!(meters::UNKNOWN_ASKED, "verdict" => verdict.as_str())
            .increment(u64::try_from(count).unwrap_or(0));
    }
    metrics::counter!(meters::UNKNOWN_DROPPED).increment(tally.dropped);
    match db::add_unknown(db, tally).await {
        Ok(()) => Ok(sighted),
        Err((left, error)) => {
            lookup.put_back(left);
            Err(error.into())
        }
    }
}

/// Takes off the list what the loaded index knows.
///
/// # Errors
/// The database failed; the next call goes on.
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
        metrics::gauge!(meters::UNKNOWN_IDS, "verdict" => verdict.as_str()).set(count as f64);
    }
    metrics::gauge!(meters::ALARMS_OPEN).set(db::open_alarms(db).await?.len() as f64);
    for state in db::source_states(db).await? {
        let Ok(source) = state.source.parse::<builds::SourceName>() else {
            continue;
        };
        let source = source.as_str();
        if let Some(answered) = state.answered {
            let seconds = now.saturating_sub(answered) as f64 / 1e6;
            metrics::gauge!(meters::SOURCE_AGE, "source" => source).set(seconds);
        }
        let silent = f64::from(u8::from(state.trouble.is_some()));
        metrics::gauge!(meters::SOURCE_SILENT, "source" => source).set(silent);
    }
    for (outcome, count) in db::run_outcomes(db).await? {
        metrics::gauge!(meters::IMPORTS, "outcome" => outcome).set(count as f64);
    }
    let index = lookup.index();
    for product in Product::ALL {
        for channel in OFFICIAL_CHANNELS {
            let newest = index
                .lines()
                .filter(|(own, on, _)| *own == product && *on == channel)
                .filter_map(|(own, on, line)| index.newest_built(own, on, line))
                .map(|newest| newest.build.build_id())
                .max();
            if let Some(newest) = newest {
                let seconds = newest.micros() as f64 / 1e6;
                metrics::gauge!(meters::NEWEST_BUILD, "product" => product.as_str(), "channel" => channel).set(seconds);
            }
        }
    }
    Ok(())
}
