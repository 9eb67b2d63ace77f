//! Asks for the known bugs again: one that is not shown any more has become private, or is gone, and is removed.

use std::collections::BTreeSet;

use super::error::ImportError;
use super::run::{Progress, Run};
use crate::bugzilla::answer::Said;
use crate::bugzilla::{BugzillaError, Question};
use crate::db::{Numbers, ids_after};

/// Bugs in one request.
const BATCH: usize = 300;
/// So many of a batch may be missing, or half of it, and it is believed.
const FEW: usize = 20;
/// Maximum requests about the bugs of one batch.
const ROUNDS: usize = 20;

impl Run<'_> {
    /// Asks for all known bugs, or goes on where that broke off.
    pub(super) async fn ask_again(&mut self) -> Result<(), ImportError> {
        if self.state.check_begun == 0 {
            (self.state.check_begun, self.state.check_after) = (self.done.started, 0);
        }
        let bugs = Numbers::of(self.db()).await?.bugs;
        let total = u64::try_from(bugs).unwrap_or_default();
        let mut size = BATCH.min(self.options.page).max(1);
        loop {
            let known = ids_after(self.db(), self.state.check_after, size).await?;
            let Some((last, _)) = known.last() else { break };
            let (shown, missing) = match self.ask_for(&known).await {
                Err(ImportError::Bugzilla(BugzillaError::TooLarge)) if size > 1 => {
                    size /= 2;
                    continue;
                }
                found => found?,
            };
            // What another Bugzilla had shown need not be here.
            let ours = known.iter().filter(|(_, begun)| *begun == self.state.begun);
            let lost = ours.filter(|(id, _)| missing.contains(id)).count();
            if lost > FEW.max(known.len() / 2) && !self.options.again {
                return Err(ImportError::Missing {
                    missing: lost,
                    asked: known.len(),
                });
            }
            self.state.check_after = *last;
            self.done.asked_again += known.len() as u64;
            (self.report)(Progress::Again {
                done: self.done.asked_again,
                total: total.max(self.done.asked_again),
            });
            self.write(&shown, &missing).await?;
        }
        self.state.checked = self.state.check_begun;
        (self.state.check_begun, self.state.check_after) = (0, 0);
        self.write(&[], &[]).await
    }

    /// Asks for these bugs: those that are shown, and the numbers of the others. Those that are missing in an answer
    /// are asked for once more, since it may have been cut.
    async fn ask_for(&self, known: &[(i64, i64)]) -> Result<(Vec<Said>, Vec<i64>), ImportError> {
        let mut missing: BTreeSet<i64> = known.iter().map(|(id, _)| *id).collect();
        let mut shown = Vec::new();
        for _ in 0..ROUNDS {
            let question = Question::Known(missing.iter().copied().collect());
            let answer = self.client.ask(&question, 0, missing.len()).await?;
            let is_empty = answer.is_empty();
            for said in answer {
                if !missing.remove(&said.bug.id) {
                    return Err(ImportError::Others);
                }
                shown.push(said);
            }
            if is_empty || missing.is_empty() {
                return Ok((shown, missing.into_iter().collect()));
            }
        }
        Err(ImportError::Missing {
            missing: missing.len(),
            asked: known.len(),
        })
    }
}
