//! One import: read the sources, store what they said, derive what that means.
//!
//! An import may end anywhere, by a kill too, and the next one goes on: what was stored stays, the
//! groups that it touched are marked in the same transaction, and readers see a new generation only
//! when all of it is there. Only one import runs at a time, by a lease in the database.

mod archive;
mod buildhub;
mod derivation;
mod lease;
mod product_details;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use builds::names::UnknownName;
use builds::names::product::Product;
use builds::said::observation::SourceName;
use builds::unknown::FetchPlan;
use platform::clock;
use platform::db::{Db, DbError};
use tokio_util::sync::CancellationToken;

pub use self::derivation::{correct, rebuild, undo_correction};
pub(crate) use self::derivation::{derive_dirty, derive_groups, known_facts};
pub(crate) use self::lease::with_lease;
use crate::db::{self, Lease, Run, RunLease, Seen, Writes};
use crate::meters;
use crate::settings::Settings;
use crate::sources::{Client, SourceError, Tape, csv};
use builds::policy::{Policy, State};

/// Kept answers of sources are kept so many days at least.
const KEPT_DAYS: i64 = 7;

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Every source; each adds what the others do not have.
    Auto,
    /// One source alone.
    Only(SourceName),
}

impl Choice {
    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Only(source) => source.as_str(),
        }
    }

    fn includes(self, source: SourceName) -> bool {
        match self {
            Self::Auto => true,
            Self::Only(only) => only == source,
        }
    }
}

impl FromStr for Choice {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "auto" => Ok(Self::Auto),
            source => source.parse().map(Self::Only),
        }
    }
}

/// How to import.
#[derive(Debug, Clone)]
pub struct Options {
    /// What to read.
    pub choice: Choice,
    /// Only these products; empty: all.
    pub products: Vec<Product>,
    /// Only what was uploaded at this time or later, microseconds UTC; none: what is new since the
    /// last import, everything the first time.
    pub since: Option<i64>,
    /// Read everything, whatever was read before.
    pub full: bool,
    /// Wait while another import runs.
    pub wait: bool,
    /// Builds to look for wherever they can be, whatever is settled there.
    pub wanted: Vec<FetchPlan>,
    /// Keep the sources' answers word for word, or take them from a recording instead of asking.
    pub tape: Option<Arc<Tape>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            choice: Choice::Auto,
            products: Vec::new(),
            since: None,
            full: false,
            wait: true,
            wanted: Vec::new(),
            tape: None,
        }
    }
}

/// What an import is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Another import runs, by this owner; ours begins after it.
    Waiting(String),
    /// Records read so far, and how many there are.
    Reading {
        /// From where.
        source: SourceName,
        /// So many were read.
        done: u64,
        /// Of so many, by the source's own count.
        total: u64,
    },
    /// Groups derived so far.
    Deriving {
        /// So many.
        done: u64,
        /// Of so many.
        total: u64,
    },
}

/// An import that did not take place, or broke off.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Another import runs, and the caller did not want to wait.
    #[error("another import runs: {}", .0.owner)]
    Busy(RunLease),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made: {0}")]
    Client(#[from] reqwest::Error),
    /// A part of the import ended without having done its work.
    #[error("a part of the import broke off")]
    Task,
    /// It was asked to stop; what was read is kept, and the next import goes on.
    #[error("the import was stopped")]
    Stopped,
    /// The right to import was lost: this process was away for too long.
    #[error("the import lost its lease")]
    LeaseLost,
}

/// Runs an import to its end and answers how it went. Sources that fail are noted in the run; they
/// are no error.
///
/// # Errors
/// See [`ImportError`].
pub async fn import(
    db: &Db,
    settings: &Settings,
    options: &Options,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Run, ImportError> {
    let work = |lease| async move {
        let mut import = Import::start(lease, settings, options, report).await?;
        let outcome = import.work(stop).await;
        import.end(&outcome).await?;
        outcome.map(|()| import.run)
    };
    with_lease(db, options.wait, owner, stop, report, work).await
}

struct Import<'a> {
    lease: Lease,
    settings: &'a Settings,
    options: &'a Options,
    report: &'a (dyn Fn(Progress) + Sync),
    client: Client,
    tape: Option<Arc<Tape>>,
    run: Run,
    policy: Policy,
    newest: BTreeMap<SourceName, i64>,
    failed: u64,
    read: u64,
    kept: i64,
}

impl<'a> Import<'a> {
    async fn start(
        lease: Lease,
        settings: &'a Settings,
        options: &'a Options,
        report: &'a (dyn Fn(Progress) + Sync),
    ) -> Result<Self, ImportError> {
        let now = clock::now_micros();
        // Later than the run before, also on a clock that was set back.
        let last = db::recent_runs(lease.db(), 1).await?;
        let run = Run {
            id: last.first().map_or(now, |last| now.max(last.id + 1)),
            started: now,
            source: options.choice.name().to_owned(),
            ..Run::default()
        };
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

    fn note(&mut self, text: &str) {
        if !self.run.notes.is_empty() {
            self.run.notes.push('\n');
        }
        self.run.notes.push_str(text);
    }

    fn add(&mut self, seen: Seen, records: usize, unusable: usize) {
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.run.records += i64::try_from(records).unwrap_or(i64::MAX);
        self.run.new_records += count(seen.new);
        self.run.unchanged += count(seen.unchanged);
        self.run.errors += count(seen.problems) + i64::try_from(unusable).unwrap_or(i64::MAX);
    }

    /// Notes that a source could not be read.
    fn failed_source(&mut self, source: SourceName, error: &SourceError) {
        let state = match error {
            SourceError::Down { .. } => State::Down,
            SourceError::NotFound(_) | SourceError::Refused { .. } | SourceError::Garbage { .. } => State::Garbage,
        };
        self.policy.judge(source, state, error.to_string());
    }

    /// Notes that a source was read.
    fn well_source(&mut self, source: SourceName, client: &Client, what: &str) {
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

    /// Stores the sources' answers that came since the last time, if they are to be kept.
    async fn keep(&mut self) -> Result<(), ImportError> {
        if let Some(tape) = &self.tape {
            let responses = tape.take();
            self.kept = db::put_responses(&self.lease, self.run.id, self.kept, &responses, clock::now_micros()).await?;
        }
        Ok(())
    }

    async fn work(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        self.read_sources(stop).await?;
        self.run.generation = derive_dirty(&self.lease, stop, self.report).await?;
        self.record_states().await
    }

    /// Stores how each source did, once what it said can be seen.
    async fn record_states(&mut self) -> Result<(), ImportError> {
        for verdict in &self.policy.sources {
            let answered = (!verdict.state.is_failure()).then_some(self.run.started);
            let trouble = verdict.state.is_failure().then_some(verdict.why.as_str());
            let newest = self.newest.get(&verdict.source).copied();
            let (source, tried) = (verdict.source.as_str(), self.run.started);
            db::record_state(&self.lease, source, tried, answered, newest, trouble).await?;
        }
        Ok(())
    }

    /// What the program itself knows and no source holds any more.
    async fn read_history(&mut self) -> Result<(), ImportError> {
        let rows = csv::history();
        let source = SourceName::Csv.as_str();
        let seen = db::record_listing(&self.lease, self.run.id, source, csv::HISTORY, &rows).await?;
        self.add(seen, rows.len(), 0);
        Ok(())
    }

    async fn read_sources(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        if self.options.choice == Choice::Auto {
            self.read_history().await?;
        }
        if self.options.choice.includes(SourceName::ProductDetails) {
            self.read_product_details(stop).await?;
        }
        if self.options.choice.includes(SourceName::Buildhub) {
            self.read_buildhub(stop).await?;
        }
        if self.options.choice.includes(SourceName::Archive) {
            self.read_archive(stop).await?;
        }
        self.keep().await
    }

    fn measure(&self) {
        let took = self.run.ended.map(|ended| (ended - self.run.started).max(0));
        let took = Duration::from_micros(u64::try_from(took.unwrap_or(0)).unwrap_or(0));
        metrics::histogram!(meters::IMPORT_SECONDS, "outcome" => self.run.outcome.clone()).record(took);
    }

    /// Stores how the run ended, whichever way it did.
    async fn end(&mut self, outcome: &Result<(), ImportError>) -> Result<(), ImportError> {
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
