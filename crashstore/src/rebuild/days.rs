//! Goes through the days of a store, from the oldest on, and keeps how far it has come.

use chrono::NaiveDate;
use crash::CrashId;
use futures::TryStreamExt;
use platform::clock;
use platform::db::{forget_progress, progress, set_progress};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::decision::Unprocessed;
use super::facts::Made;
use super::orphans::{self, Seen};
use super::rows::{BATCH, Maker};
use super::{Counts, Problem, Progress, Rebuild, RebuildError, Rebuilt, Told, decision};
use crate::db::{is_any_crash, swept_days};
use crate::keys::RAW_CRASHES;

/// Maximum crashes that are not processed and wait for the end of their day.
const MOST_WAITING: usize = 20_000;

/// One run.
pub(super) struct Run<'a> {
    of: &'a Rebuild,
    maker: Maker<'a>,
    tell: &'a mut dyn FnMut(Told),
    counts: Counts,
    at: Progress,
}

impl<'a> Run<'a> {
    pub(super) fn new(of: &'a Rebuild, tell: &'a mut dyn FnMut(Told)) -> Self {
        Self {
            of,
            maker: Maker::new(&of.db, &of.blobs, of.lookup_name),
            tell,
            counts: Counts::default(),
            at: Progress {
                day: None,
                days: 0,
                of: 0,
                crashes: 0,
                listed: 0,
            },
        }
    }

    /// The whole run.
    pub(super) async fn all(mut self, stop: &CancellationToken) -> Result<Rebuilt, RebuildError> {
        let name = progress_name(self.of);
        if self.of.anew {
            self.forget(&name).await?;
        }
        let resumed_after = day_of(progress(&self.of.db, &name).await?);
        if let Some(day) = resumed_after {
            (self.tell)(Told::Resumed(day));
        }
        let stopped = tokio::select! {
            biased;
            () = stop.cancelled() => true,
            done = self.days(&name, resumed_after) => {
                done?;
                false
            }
        };
        if !stopped && self.counts.not_read == 0 {
            self.forget(&name).await?;
        }
        Ok(Rebuilt {
            counts: self.counts,
            resumed_after,
            stopped,
        })
    }

    async fn days(&mut self, name: &str, after: Option<NaiveDate>) -> Result<(), RebuildError> {
        // A day that is swept stays so; a sweep meanwhile writes rows and jobs.
        let swept = swept_days(&self.of.db).await?;
        // What an earlier run has made, whose work this one does, is no sign of collectors.
        let is_new = after.is_some() || !is_any_crash(&self.of.db).await?;
        let names = self.of.blobs.names(RAW_CRASHES, true).await?;
        let days = days_of(&names, self.of.from, self.of.to);
        let left: Vec<NaiveDate> = days.iter().copied().filter(|day| Some(*day) > after).collect();
        self.at.of = u64::try_from(left.len()).unwrap_or(0);
        let today = clock::now().date_naive();
        for day in left {
            self.at.day = Some(day);
            self.show();
            let unprocessed = decision::unprocessed(&key_of(day), &swept, is_new);
            self.day(&key_of(day), unprocessed).await?;
            self.counts.days += 1;
            self.at.days += 1;
            // More may come in today, and around midnight yesterday.
            let is_over = day.succ_opt().is_some_and(|next| next < today);
            // The next run comes back to the first day of which something was not read.
            if is_over && self.counts.not_read == 0 {
                let mut tx = self.of.db.begin().await?;
                set_progress(&mut tx, name, number_of(day)).await?;
                tx.commit().await?;
            }
        }
        // To look for what has no raw crash, the whole store is listed, however few the days are.
        let is_everything = self.of.from.is_none() && self.of.to.is_none();
        if is_everything {
            self.at.day = None;
        }
        self.show();
        if is_everything {
            self.orphans(&days).await?;
        }
        Ok(())
    }

    async fn orphans(&mut self, days: &[NaiveDate]) -> Result<(), RebuildError> {
        let of = self.of;
        let mut see = |seen: Seen| match seen {
            Seen::Listed(count) => {
                self.at.listed += count;
                self.show();
            }
            Seen::Orphan(id) => self.problem(Problem::WithoutRaw(id)),
        };
        orphans::find(of, days, &mut see).await
    }

    /// Makes the rows of a day; `unprocessed` says what becomes of crashes without a row that are not processed.
    async fn day(&mut self, day: &str, unprocessed: Unprocessed) -> Result<(), RebuildError> {
        let mut waiting: Vec<Made> = Vec::new();
        let mut chunks = self.of.blobs.key_chunks(&format!("{RAW_CRASHES}/{day}"));
        while let Some(keys) = chunks.try_next().await? {
            let mut ids: Vec<CrashId> = keys.iter().filter_map(|key| decision::id_of(key, day)).collect();
            self.counts.foreign += u64::try_from(keys.len() - ids.len()).unwrap_or(0);
            // In one order, so that two runs do not wait for each other.
            ids.sort_unstable();
            for ids in ids.chunks(BATCH) {
                let batch = self.maker.batch(ids, unprocessed).await?;
                self.count(&batch.counts);
                waiting.extend(batch.waiting);
                for problem in batch.problems {
                    self.problem(problem);
                }
                if waiting.len() >= MOST_WAITING {
                    let counts = self.maker.insert_received(&mut waiting).await?;
                    self.count(&counts);
                }
                self.show();
            }
        }
        let counts = self.maker.insert_received(&mut waiting).await?;
        self.count(&counts);
        Ok(())
    }

    async fn forget(&self, name: &str) -> Result<(), RebuildError> {
        // Durable, and with it all that was written.
        let mut tx = self.of.db.begin().await?;
        forget_progress(&mut tx, name).await?;
        Ok(tx.commit().await?)
    }

    fn count(&mut self, more: &Counts) {
        self.counts = self.counts.plus(more);
        self.at.crashes = self.counts.crashes;
    }

    fn problem(&mut self, problem: Problem) {
        match problem {
            Problem::RawDamaged(_) | Problem::RawOfProcessedDamaged(_) | Problem::ProcessedDamaged(_) => {
                self.counts.damaged += 1;
            }
            Problem::ProcessedLost(_) | Problem::WithoutRaw(_) => self.counts.missing += 1,
            Problem::NotRead(_) => self.counts.not_read += 1,
        }
        (self.tell)(Told::Problem(problem));
    }

    fn show(&mut self) {
        (self.tell)(Told::At(self.at));
    }
}

/// The name under which it is kept how far a run over this store and these days has come. The address of a store may
/// hold secrets, so only its digest stands there.
fn progress_name(of: &Rebuild) -> String {
    let day = |day: Option<NaiveDate>| day.map(key_of).unwrap_or_default();
    let store = hex::encode(&Sha256::digest(&of.store)[..8]);
    format!("crash_rebuild/{store}/{}-{}", day(of.from), day(of.to))
}

/// The days among the names of folders, in order: from the day `from` to the day `to`.
fn days_of(names: &[String], from: Option<NaiveDate>, to: Option<NaiveDate>) -> Vec<NaiveDate> {
    let days = names.iter().filter_map(|name| {
        let day = NaiveDate::parse_from_str(name, "%Y%m%d").ok()?;
        (key_of(day) == *name).then_some(day)
    });
    let mut days: Vec<NaiveDate> = days.filter(|day| is_within(*day, from, to)).collect();
    days.sort_unstable();
    days
}

/// Whether a day is one of those from `from` to `to`.
fn is_within(day: NaiveDate, from: Option<NaiveDate>, to: Option<NaiveDate>) -> bool {
    from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to)
}

/// The name of a day's folder.
pub(super) fn key_of(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}

fn number_of(day: NaiveDate) -> i64 {
    key_of(day).parse().unwrap_or(0)
}

fn day_of(number: i64) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(&number.to_string(), "%Y%m%d").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_are_gone_through_in_their_order() {
        let names = [
            "20260602",
            "20260531",
            "2026",
            "notes",
            "20260631",
            " 20260601",
            "20260601",
        ]
        .map(str::to_owned);
        let day = |text: &str| NaiveDate::parse_from_str(text, "%Y%m%d").unwrap();
        for (from, to, expected) in [
            (None, None, &["20260531", "20260601", "20260602"][..]),
            (Some("20260601"), None, &["20260601", "20260602"]),
            (None, Some("20260601"), &["20260531", "20260601"]),
            (Some("20260601"), Some("20260601"), &["20260601"]),
            (Some("20260603"), None, &[]),
        ] {
            let found = days_of(&names, from.map(day), to.map(day));
            assert_eq!(
                found,
                expected.iter().map(|text| day(text)).collect::<Vec<_>>(),
                "{from:?} {to:?}"
            );
        }
    }

    #[test]
    fn a_day_is_kept_as_a_number() {
        let day = NaiveDate::from_ymd_opt(2026, 6, 1).unwrap();
        assert_eq!(number_of(day), 20_260_601);
        assert_eq!(day_of(20_260_601), Some(day));
        assert_eq!(day_of(0), None);
    }
}
