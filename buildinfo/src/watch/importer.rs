//! Whether anyone imports, and so what a page, command or log of one process may promise about another.
//!
//! A process that runs scheduled imports announces it in the database every few seconds ([`announce`]), whether or not
//! it is importing at that moment. Code that promises a search asks the database first ([`Importer::of`]): there may be
//! no such process, because its schedule is empty or because only pages or only the API run.

use std::time::Duration;

use platform::clock::{self, rfc3339};
use platform::db::{Db, DbError};
use serde::Serialize;
use tokio::time::Instant;

use crate::db;

/// How often a process announces that it runs scheduled imports.
const SAY_EVERY: Duration = Duration::from_secs(10);
/// A process silent for this long is gone; a busy database may delay a few announcements.
const GONE_AFTER: i64 = 60_000_000;
/// Without such a process, imports count as manual, or as scheduled by another program, if one began within this time:
/// a nightly import may be half a day late once.
const BY_HAND_WITHIN: i64 = 36 * 3_600_000_000;
/// What to do if nobody imports.
const ADVICE: &str = "run \"datil buildinfo import\", or let \"datil up\" or \"datil buildinfo serve\" import by \
    itself with buildinfo.schedule";

/// Said where nothing was ever imported, but builds were handed in.
const HANDED_IN: &str = "nothing is imported here; builds are announced, or come from tables";

/// Who imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A process imports by itself, and looks for what an alarm is about within seconds.
    Scheduled,
    /// No process does, but an import was made within the last 36 hours.
    ByHand,
    /// Nobody, and nobody ever did: builds are announced, or come from tables.
    HandedIn,
    /// Nobody.
    Nobody,
}

/// Who imports, and when that was done last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Importer {
    /// Who.
    pub who: Who,
    /// When the newest import of the sources began, microseconds UTC; none if there never was one.
    pub last: Option<i64>,
}

impl Importer {
    /// Who imports at the time `now` (microseconds UTC), as far as the database knows.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of(db: &Db, now: i64) -> Result<Self, DbError> {
        let said = db::importer_said(db).await?;
        let last = db::last_import(db).await?;
        let handed_in = last.is_none() && db::took_in_builds(db).await?;
        Ok(Self::judge(said, last, handed_in, now))
    }

    /// `handed_in` is whether builds were announced, or loaded from a table.
    fn judge(said: Option<i64>, last: Option<i64>, handed_in: bool, now: i64) -> Self {
        // A time slightly ahead comes from another machine's clock; one far ahead is invalid.
        let within = |time: i64, long: i64| (-db::CLOCKS_APART..=long).contains(&now.saturating_sub(time));
        let who = if said.is_some_and(|said| within(said, GONE_AFTER)) {
            Who::Scheduled
        } else if last.is_some_and(|last| within(last, BY_HAND_WITHIN)) {
            Who::ByHand
        } else if last.is_none() && handed_in {
            Who::HandedIn
        } else {
            Who::Nobody
        };
        Self { who, last }
    }

    /// Whether imports are scheduled.
    pub fn is_scheduled(&self) -> bool {
        self.who == Who::Scheduled
    }

    /// What can be promised about a build to be looked for, as the end of a sentence.
    pub fn promise(&self) -> String {
        match (self.who, self.last) {
            (Who::Scheduled, _) => "it is looked for at once".to_owned(),
            (Who::ByHand, Some(last)) => format!(
                "no process imports by itself, so it is looked for with the next \"datil buildinfo import\" (the last \
                 one began {})",
                rfc3339(last)
            ),
            (Who::HandedIn, _) => {
                "nothing is imported here, so it becomes known when it is announced, or a table of versions has it"
                    .to_owned()
            }
            (_, None) => format!("nothing was ever imported, so nobody looks for it: {ADVICE}"),
            (_, Some(last)) => format!(
                "nobody looks for it, since no process imports by itself and the last import began {}: {ADVICE}",
                rfc3339(last)
            ),
        }
    }

    /// What to know where nothing is imported, and nothing is wrong with that, as a sentence without its end.
    pub fn note(&self) -> Option<&'static str> {
        (self.who == Who::HandedIn).then_some(HANDED_IN)
    }

    /// A warning that new builds are not learnt automatically, and what to do; none where a process imports on
    /// schedule, or where imports are not how builds become known.
    pub fn warning(&self) -> Option<String> {
        match (self.who, self.last) {
            (Who::Scheduled | Who::HandedIn, _) => None,
            (Who::ByHand, Some(last)) => Some(format!(
                "No process imports by itself: builds become known with \"datil buildinfo import\" only. The last one \
                 began {}.",
                rfc3339(last)
            )),
            (_, None) => Some(format!("Nothing was ever imported: {ADVICE}.")),
            (_, Some(last)) => Some(format!(
                "Nobody imports: no process does so by itself, and the last import began {}. New builds stay unknown: \
                 {ADVICE}.",
                rfc3339(last)
            )),
        }
    }
}

/// Announces again and again that this process runs scheduled imports; never returns. It runs beside the schedule, not
/// in it, because an import may take long.
pub async fn announce(db: &Db) -> std::convert::Infallible {
    loop {
        if let Err(error) = db::say_importer(db, clock::now_micros()).await {
            tracing::warn!(%error, "it could not be stored that this process imports by itself");
        }
        tokio::time::sleep_until(Instant::now() + SAY_EVERY).await;
    }
}

/// Withdraws the announcement when this process's schedule has ended. Another process that imports on schedule repeats
/// its own within seconds.
pub async fn take_back(db: &Db) {
    if let Err(error) = db::unsay_importer(db).await {
        tracing::warn!(%error, "it could not be stored that this process does not import by itself any more");
    }
}

#[cfg(test)]
mod tests {
    use super::{Importer, Who};

    #[test]
    fn a_promise_is_made_only_where_somebody_keeps_it() {
        const SECOND: i64 = 1_000_000;
        const HOUR: i64 = 3600 * SECOND;
        let now = 1_000_000 * HOUR;
        for (said, last, who, promise, warning) in [
            (Some(now), None, Who::Scheduled, "at once", false),
            (
                Some(now - 60 * SECOND),
                Some(now - 100 * HOUR),
                Who::Scheduled,
                "at once",
                false,
            ),
            // The clock is behind.
            (Some(now + 5 * SECOND), None, Who::Scheduled, "at once", false),
            (Some(now + 600 * SECOND), None, Who::Scheduled, "at once", false),
            (
                Some(now + 601 * SECOND),
                None,
                Who::Nobody,
                "nothing was ever imported",
                true,
            ),
            (
                Some(now + 100 * HOUR),
                Some(now - 37 * HOUR),
                Who::Nobody,
                "nobody looks for it",
                true,
            ),
            (
                Some(now - 61 * SECOND),
                Some(now - HOUR),
                Who::ByHand,
                "with the next",
                true,
            ),
            (None, Some(now - 25 * HOUR), Who::ByHand, "with the next", true),
            (None, Some(now - 36 * HOUR), Who::ByHand, "with the next", true),
            // Begun on a machine whose clock is slightly ahead, and on one whose clock is wrong.
            (None, Some(now + 60 * SECOND), Who::ByHand, "with the next", true),
            (
                None,
                Some(now + 365 * 24 * HOUR),
                Who::Nobody,
                "nobody looks for it",
                true,
            ),
            (None, Some(now - 37 * HOUR), Who::Nobody, "nobody looks for it", true),
            (Some(0), None, Who::Nobody, "nothing was ever imported", true),
            (None, None, Who::Nobody, "nothing was ever imported", true),
        ] {
            let importer = Importer::judge(said, last, false, now);
            assert_eq!(importer.who, who);
            assert!(importer.promise().contains(promise), "{importer:?}");
            assert_eq!(importer.warning().is_some(), warning, "{importer:?}");
            assert_eq!(importer.is_scheduled(), !warning);
            assert_eq!(importer.note(), None);
            // Builds that were handed in matter only where nothing was ever imported.
            let with = Importer::judge(said, last, true, now);
            if who == Who::Nobody && last.is_none() {
                assert_eq!((with.who, with.warning()), (Who::HandedIn, None));
                assert!(with.promise().contains("when it is announced") && with.note().is_some());
                assert!(!with.promise().contains("datil buildinfo import"));
            } else {
                assert_eq!(with, importer);
            }
        }
    }
}
