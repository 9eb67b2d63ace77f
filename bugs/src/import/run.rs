//! One import: its steps, and what is stored of how it went.

use platform::clock;
use platform::lease::Lease;
use url::Url;

use super::Options;
use super::error::ImportError;
use crate::bugzilla::answer::Said;
use crate::bugzilla::{BugzillaError, Client};
use crate::db::{Changed, State, put, remove, store};

/// Known bugs are asked for again when it is so long ago that they were, microseconds.
const AGAIN: i64 = 24 * 3600 * 1_000_000;
/// The longest time for which a Bugzilla is left alone when it wants to be, in seconds.
const LONGEST_WAIT: u64 = 24 * 3600;
/// Rows in one transaction, about.
const ROWS: usize = 300;

/// What an import is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It waits for this other owner to end.
    Waiting(String),
    /// So many bugs were read.
    Reading(u64),
    /// So many known bugs were asked for again, of so many.
    Again {
        /// How many were.
        done: u64,
        /// How many there are.
        total: u64,
    },
}

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// When it began, microseconds UTC.
    pub started: i64,
    /// Bugs that were read, whether they name signatures or not.
    pub read: u64,
    /// What became of the stored ones.
    pub changed: Changed,
    /// Known bugs that were asked for again.
    pub asked_again: u64,
    /// Requests that were sent, retries too.
    pub requests: u64,
}

/// An import that holds the right to.
pub(super) struct Run<'a> {
    pub(super) client: Client,
    pub(super) state: State,
    pub(super) options: &'a Options,
    pub(super) report: &'a (dyn Fn(Progress) + Sync),
    pub(super) done: Imported,
    lease: Lease,
}

impl<'a> Run<'a> {
    /// Begins an import at `started`, microseconds UTC.
    pub(super) async fn begin(
        lease: Lease,
        state: State,
        root: &Url,
        options: &'a Options,
        report: &'a (dyn Fn(Progress) + Sync),
        started: i64,
    ) -> Result<Self, ImportError> {
        let mut state = state;
        if state.root != root.as_str() {
            // What is known stays until the other Bugzilla has said what it knows.
            state = State {
                root: root.to_string(),
                begun: started,
                good: state.good,
                failed: state.failed,
                failure: state.failure,
                ..State::default()
            };
        }
        state.tried = started;
        let mut run = Self {
            client: Client::new(root.clone(), options.pause).map_err(ImportError::Client)?,
            state,
            options,
            report,
            done: Imported {
                started,
                ..Imported::default()
            },
            lease,
        };
        run.write(&[], &[]).await?;
        Ok(run)
    }

    /// Does all that there is to do, and stores how it went.
    pub(super) async fn finish(mut self) -> Result<Imported, ImportError> {
        let mut outcome = self.read_pages().await;
        let is_old = self.state.checked.saturating_add(AGAIN) <= self.done.started;
        let is_wanted = is_old || self.options.again || self.state.check_begun > 0;
        if is_wanted && self.state.since > 0 && goes_on(&outcome) {
            let again = self.ask_again().await;
            outcome = outcome.and(again);
        }
        self.done.requests = self.client.requests();
        match &outcome {
            Ok(()) => self.state.good = self.done.started,
            Err(error) if error.is_of_bugzilla() => {
                self.state.failed = clock::now_micros();
                self.state.failure = error.to_string();
                if let ImportError::Bugzilla(BugzillaError::Busy { seconds: Some(seconds) }) = error {
                    let seconds = i64::try_from((*seconds).min(LONGEST_WAIT)).unwrap_or_default();
                    self.state.again = self.state.failed.saturating_add(seconds * 1_000_000);
                }
            }
            Err(_) => return outcome.map(|()| self.done),
        }
        self.write(&[], &[]).await?;
        outcome.map(|()| self.done)
    }

    /// The database, for reading.
    pub(super) fn db(&self) -> &platform::db::Db {
        self.lease.db()
    }

    /// Writes bugs as they are now, removes others, and stores the state with the last of them.
    pub(super) async fn write(&mut self, bugs: &[Said], gone: &[i64]) -> Result<(), ImportError> {
        // Of what an answer does not speak, what is known stays.
        let said = bugs.iter();
        let mut left: Vec<_> = said
            .filter_map(|said| Some((&said.bug, said.signatures.as_ref()?)))
            .collect();
        loop {
            let mut rows = 0;
            let count = left.iter().take_while(|(_, signatures)| {
                let fits = rows < ROWS;
                rows += 1 + signatures.len();
                fits
            });
            let rest = left.split_off(count.count());
            let mut tx = self.lease.begin().await?;
            self.done.changed += put(&mut tx, &left, self.state.begun).await?;
            let is_last = rest.is_empty();
            if is_last {
                self.done.changed.removed += remove(&mut tx, gone).await?;
                store(&mut tx, &self.state).await?;
            }
            tx.commit().await?;
            if is_last {
                return Ok(());
            }
            left = rest;
        }
    }
}

/// Whether known bugs may be asked for after new ones were: also if one of those could not be read, since what is
/// private must disappear all the same; but not if nobody answers.
fn goes_on(outcome: &Result<(), ImportError>) -> bool {
    match outcome {
        Ok(()) => true,
        Err(ImportError::Bugzilla(BugzillaError::Down(_) | BugzillaError::Busy { .. })) => false,
        Err(error) => error.is_of_bugzilla(),
    }
}
