//! An import under way: how it is to be made, what reads the sources for it, and what came of it so far.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use builds::names::product::Product;
use builds::policy::{Policy, State};
use builds::said::observation::{Observation, SourceName};
use builds::unknown::FetchPlan;
use futures::future::BoxFuture;
use platform::clock;
use platform::lease::Lease;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::choice::Choice;
use super::error::ImportError;
use super::progress::Progress;
use crate::db::{self, Run, Seen, Writes};
use crate::meters;
use crate::settings::Settings;
use crate::sources::{Client, SourceError, Tape};

/// Minimum days that the sources' kept answers are stored.
const KEPT_DAYS: i64 = 7;

/// How to import.
#[derive(Debug, Clone)]
pub struct Options {
    /// What to read.
    pub choice: Choice,
    /// Only these products; empty: all.
    pub products: Vec<Product>,
    /// Only what was uploaded at this time or later, microseconds UTC; none: what is new since the last import, or
    /// everything the first time.
    pub since: Option<i64>,
    /// Read everything, regardless of what was read before.
    pub full: bool,
    /// Wait while another import runs.
    pub wait: bool,
    /// Builds to look for wherever they can be, even in settled places.
    pub wanted: Vec<FetchPlan>,
    /// Keep the sources' answers verbatim, or take them from a recording instead of asking.
    pub tape: Option<Arc<Tape>>,
    /// What reads the sources, in this order.
    pub readers: &'static [Reader],
}

/// The reading of a source.
pub type Reading<'i> = BoxFuture<'i, Result<(), ImportError>>;

/// What reads one source.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// The source.
    pub source: SourceName,
    /// Reads it. It looks now and then whether it is to stop. A source that fails is noted in the import, and is no
    /// error.
    pub read: for<'i> fn(&'i mut Import<'_>, &'i CancellationToken) -> Reading<'i>,
}

/// An import under way, as what reads a source sees it: it asks for the source's client and address, hands over what
/// the source said, and tells how the source did.
pub struct Import<'a> {
    pub(super) lease: Lease,
    pub(super) settings: &'a Settings,
    pub(super) options: &'a Options,
    pub(super) report: &'a (dyn Fn(Progress) + Sync),
    pub(super) client: Client,
    pub(super) tape: Option<Arc<Tape>>,
    pub(super) run: Run,
    pub(super) policy: Policy,
    pub(super) newest: BTreeMap<SourceName, i64>,
    pub(super) failed: u64,
    pub(super) read: u64,
    pub(super) kept: i64,
}

impl<'a> Import<'a> {
    /// Begins an import and stores its run.
    pub(super) async fn start(
        lease: Lease,
        settings: &'a Settings,
        options: &'a Options,
        report: &'a (dyn Fn(Progress) + Sync),
    ) -> Result<Self, ImportError> {
        let run = Run::next(lease.db(), options.choice.name(), String::new()).await?;
        db::start_run(&lease, &run).await?;
        let always = (settings.keep_responses_days > 0).then(|| Arc::new(Tape::new()));
        let tape = options.tape.clone().or(always);
        let client = Client::new(settings.retry_pause(), tape.clone())?;
        Ok(Self {
            lease,
            settings,
            options,
            report,
            client,
            tape,
            run,
            policy: Policy::default(),
            newest: BTreeMap::new(),
            failed: 0,
            read: 0,
            kept: 0,
        })
    }

    /// How this import is made: which products, and since when.
    pub fn options(&self) -> &Options {
        self.options
    }

    /// A client for a source. What is personal in its answers is removed before they are seen, kept or told of.
    pub fn client(&self, source: SourceName) -> Client {
        self.client.for_source(source)
    }

    /// Where a source is, by the settings.
    ///
    /// # Errors
    /// [`ImportError::NoAddress`] of a source that imports do not read.
    pub fn address(&self, source: SourceName) -> Result<Url, ImportError> {
        let root = self.settings.addresses.of(source).cloned();
        root.ok_or(ImportError::NoAddress(source))
    }

    /// Whether a source can have builds of a product: of a site's own, only a source of the site's own.
    pub(super) fn can_have(&self, source: SourceName, product: Product) -> bool {
        product.is_in_archive() && !(product.row().is_own && self.settings.addresses.is_usual(source))
    }

    /// Stores what a source said. `unusable` is how many more of its records could not be read.
    ///
    /// # Errors
    /// The database failed.
    pub async fn record(&mut self, observations: &[Observation], unusable: usize) -> Result<(), ImportError> {
        let seen = db::record(&self.lease, self.run.id, observations).await?;
        self.add(seen, observations.len() + unusable, unusable);
        Ok(())
    }

    /// Stores the *whole* of what a source says at one address: what it said there before and does not any more is
    /// closed. `unusable` is how many more of its records could not be read.
    ///
    /// # Errors
    /// The database failed.
    pub async fn record_listing(
        &mut self,
        source: SourceName,
        url: &str,
        observations: &[Observation],
        unusable: usize,
    ) -> Result<(), ImportError> {
        let seen = db::record_listing(&self.lease, self.run.id, source.as_str(), url, observations).await?;
        self.add(seen, observations.len() + unusable, unusable);
        Ok(())
    }

    /// Notes when something was uploaded or shipped that a source told of, microseconds UTC.
    pub fn saw(&mut self, source: SourceName, time: i64) {
        let newest = self.newest.entry(source).or_insert(time);
        *newest = time.max(*newest);
    }

    /// Shows how far the reading of a source is.
    pub fn show(&self, source: SourceName, done: u64, total: u64) {
        (self.report)(Progress::Reading { source, done, total });
    }

    /// Notes that a source could not be read; what it said before stays.
    pub fn note_failed(&mut self, source: SourceName, error: &SourceError) {
        self.note(&format!("{source}: {error}; what it said before stays"));
        self.failed += 1;
        self.failed_source(source, error);
    }

    /// Notes that a source was read: `what` of it, with this client.
    pub fn note_read(&mut self, source: SourceName, client: &Client, what: &str) {
        self.read += 1;
        self.well_source(source, client, what);
    }

    /// Adds a line to the run's notes, which people read.
    pub(super) fn note(&mut self, text: &str) {
        self.run.note(text);
    }

    /// Counts `records` read, including `unusable` ones, and the result of storing them.
    pub(super) fn add(&mut self, seen: Seen, records: usize, unusable: usize) {
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.run.records += i64::try_from(records).unwrap_or(i64::MAX);
        self.run.new_records += count(seen.new);
        self.run.unchanged += count(seen.unchanged);
        self.run.errors += count(seen.problems) + i64::try_from(unusable).unwrap_or(i64::MAX);
    }

    /// Notes that a source could not be read.
    pub(super) fn failed_source(&mut self, source: SourceName, error: &SourceError) {
        let state = match error {
            SourceError::Down { .. } => State::Down,
            SourceError::NotFound(_) | SourceError::Refused { .. } | SourceError::Garbage { .. } => State::Garbage,
        };
        self.policy.judge(source, state, error.to_string());
    }

    /// Notes that a source was read.
    pub(super) fn well_source(&mut self, source: SourceName, client: &Client, what: &str) {
        if let Some(moved) = client.moved_to() {
            self.note(&format!(
                "{source}: it has moved, as to {moved}; set its address to that"
            ));
        }
        match client.trouble() {
            0 => self.policy.judge(source, State::Well, what),
            trouble => {
                let why = format!("{what}; {trouble} answers were errors and asked for again");
                self.policy.judge(source, State::Flaky, why);
            }
        }
    }

    /// Stores the sources' answers since the last call, if they are to be kept.
    pub(super) async fn keep(&mut self) -> Result<(), ImportError> {
        if let Some(tape) = &self.tape {
            let responses = tape.take();
            self.kept = db::put_responses(&self.lease, self.run.id, self.kept, &responses, clock::now_micros()).await?;
        }
        Ok(())
    }

    /// Stores the state of each source, once its observations are visible.
    pub(super) async fn record_states(&mut self) -> Result<(), ImportError> {
        for verdict in &self.policy.sources {
            let answered = (!verdict.state.is_failure()).then_some(self.run.started);
            let trouble = verdict.state.is_failure().then_some(verdict.why.as_str());
            let newest = self.newest.get(&verdict.source).copied();
            let (source, tried) = (verdict.source.as_str(), self.run.started);
            db::record_state(&self.lease, source, tried, answered, newest, trouble).await?;
        }
        Ok(())
    }

    fn measure(&self) {
        let took = self.run.ended.map(|ended| (ended - self.run.started).max(0));
        let took = Duration::from_micros(u64::try_from(took.unwrap_or(0)).unwrap_or(0));
        meters::IMPORT_DURATION.observe_with(took, [self.run.outcome.clone()]);
    }

    /// Stores how the run ended, whether it succeeded or failed.
    pub(super) async fn end(&mut self, outcome: &Result<(), ImportError>) -> Result<(), ImportError> {
        self.run.ended = Some(clock::now_micros());
        self.run.requests = i64::try_from(self.client.requests()).unwrap_or(i64::MAX);
        self.run.policy = serde_json::to_string(&self.policy).unwrap_or_default();
        self.run.errors += i64::try_from(self.failed).unwrap_or(i64::MAX);
        self.run.outcome = match (outcome, self.failed, self.read) {
            (Err(ImportError::Stopped), ..) => "stopped",
            (Err(_), ..) => "broken",
            (Ok(()), 0, _) => "complete",
            (Ok(()), _, 0) => "failed",
            (Ok(()), ..) => "partial",
        }
        .to_owned();
        self.measure();
        let mut tx = self.lease.begin_import().await?;
        db::end_run(&mut tx, &self.run).await?;
        tx.commit().await?;
        let days = i64::from(self.settings.keep_responses_days).max(KEPT_DAYS);
        db::forget_responses(&self.lease, self.run.id - days * 24 * 3_600_000_000).await?;
        Ok(())
    }
}
