//! A search, from the question to the answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::room::{NoRoom, cost};
use super::{AsOf, Search};
use crate::answer::Answer;
use crate::evaluate::{self, Held, Limits, Refused, spent};
use crate::meters;
use crate::query::Query;

/// The time of a processor that an answer may take.
const PROCESSOR_TIME: Duration = Duration::from_secs(10);
/// After how many seconds it is worth while to ask again, when there was no room.
const RETRY_AFTER: u64 = 5;

/// An answer, and how much of what there is it knows.
#[derive(Debug)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// What it knows.
    pub as_of: AsOf,
    /// As long as this is kept, the answer counts among those that take memory.
    pub held: Held,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It costs too much.
    #[error(transparent)]
    Refused(Refused),
    /// Too many other searches run.
    #[error("too many searches run at the moment: ask again in {retry_after} seconds")]
    Busy {
        /// After how many seconds it is worth while to ask again.
        retry_after: u64,
    },
    /// The index is not open yet.
    #[error("search is not ready yet: its index is being opened or made; ask again in a few seconds")]
    NotReady,
    /// The index could not be read; the process that writes it checks it then, and makes again what is damaged.
    #[error(
        "the search index could not be read: the process that serves search checks it, and makes again what is \
         damaged; if none runs, delete its folder"
    )]
    Damaged,
}

/// Tells the thread that works on an answer when nobody waits for it any more.
pub(super) struct Waiting(pub(super) Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Search {
    /// Answers a query. Who drops the future gives the search up.
    ///
    /// # Errors
    /// The query costs too much, too many run, or the index cannot be read.
    pub async fn ask(&self, query: Query) -> Result<Answered, AskError> {
        let asked = self.ask_uncounted(query).await;
        let outcome = match &asked {
            Ok(_) => "answered",
            Err(AskError::Refused(Refused::GivenUp)) => "given_up",
            Err(AskError::Refused(_)) => "refused",
            Err(AskError::Busy { .. }) => "busy",
            Err(AskError::NotReady | AskError::Damaged) => "failed",
        };
        meters::SEARCHES.add_with(1, [outcome]);
        asked
    }

    async fn ask_uncounted(&self, query: Query) -> Result<Answered, AskError> {
        let published = self.published().ok_or(AskError::NotReady)?;
        let span = evaluate::span(&query);
        let fields = query.fields();
        let is_asked = |name: &&str| fields.iter().any(|field| field.name() == *name);
        let as_of = AsOf {
            committed: published.position.at,
            behind: published.behind,
            gaps: published.position.gaps_between(span).cloned().collect(),
            lacking: published.lacking.iter().copied().filter(is_asked).collect(),
        };
        let snapshot = published.view.snapshot(span.0, span.1);
        let room = self.shared.room.admit(cost(&snapshot, &query)).await;
        let permit = room.map_err(|NoRoom| AskError::Busy {
            retry_after: RETRY_AFTER,
        })?;
        let given_up = Arc::new(AtomicBool::new(false));
        let _waiting = Waiting(given_up.clone());
        let work = move || {
            let _permit = permit;
            let began = spent();
            let mut limits = Limits::new(Some(PROCESSOR_TIME), given_up);
            // Damaged files can make their reader panic.
            let answer = catch_unwind(AssertUnwindSafe(|| evaluate::answer(&snapshot, &query, &mut limits)));
            meters::SEARCH_CPU.observe((spent() - began).as_secs_f64());
            answer.map(|answer| answer.map(|answer| (answer, limits.into_held())))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(Ok((answer, held)))) => Ok(Answered { answer, as_of, held }),
            Ok(Ok(Err(Refused::NoMemory))) => Err(AskError::Busy {
                retry_after: RETRY_AFTER,
            }),
            Ok(Ok(Err(Refused::Files(error)))) => {
                tracing::warn!(%error, "the search index could not be read");
                self.suspect()
            }
            Ok(Ok(Err(refused))) => Err(AskError::Refused(refused)),
            Ok(Err(_)) | Err(_) => self.suspect(),
        }
    }

    fn suspect(&self) -> Result<Answered, AskError> {
        self.shared.is_suspect.store(true, Ordering::Relaxed);
        Err(AskError::Damaged)
    }
}
