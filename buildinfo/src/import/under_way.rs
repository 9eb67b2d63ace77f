//! An import in progress.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use builds::policy::{Policy, State};
use builds::said::observation::SourceName;
use platform::clock;

use super::error::ImportError;
use super::options::Options;
use super::progress::Progress;
use crate::db::{self, Lease, Run, Seen, Writes};
use crate::meters;
use crate::settings::Settings;
use crate::sources::{Client, SourceError, Tape};

/// Minimum days that the sources' kept answers are stored.
const KEPT_DAYS: i64 = 7;

/// One import: its options, what it has read so far, and the state of its sources.
pub(super) struct Import<'a> {
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
        let now = clock::now_micros();
        // Later than the previous run, even on a clock that was set back.
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

    /// Adds a line to the run's notes, which people read.
    pub(super) fn note(&mut self, text: &str) {
        if !self.run.notes.is_empty() {
            self.run.notes.push('\n');
        }
        self.run.notes.push_str(text);
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
