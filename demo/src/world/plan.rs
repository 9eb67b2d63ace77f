//! What a world is generated from.

use chrono::{DateTime, Datelike, Days, DurationRound, NaiveDate, TimeDelta, Utc};

use super::build::Platform;
use super::calendar::{Calendar, Train, is_pulled};
use super::live::Live;
use super::locale::LOCALES;

/// The world changes at most this often.
const STEP: TimeDelta = TimeDelta::seconds(10);

/// What to generate. Two equal plans give equal worlds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Decides everything that looks random: revisions, minutes, sizes, broken days.
    pub seed: u64,
    /// The last day of the history; what would ship later is still a candidate.
    pub end: NaiveDate,
    /// Weeks of history, up to and including `end`. At least one.
    pub weeks: u32,
    /// Weeks from one merge to the next; two or more.
    pub cycle_weeks: u32,
    /// The major version on nightly on the evening of `end`.
    pub newest_major: u32,
    /// The platforms that each build has.
    pub platforms: Vec<Platform>,
    /// Whether things fail now and then: days without a nightly, nightlies without one of their platforms, and betas
    /// that take eleven builds, with the third missing.
    pub breaks: bool,
    /// Whether it has the last versions of Fennec, of 2019.
    pub fennec: bool,
    /// Versions from the first Buildhub's time, of which the archive keeps only what shipped.
    pub old_versions: u32,
    /// Locales that these have records in; English is the first.
    pub old_locales: usize,
    /// The world moves on with time, like the demonstration's; none: it stands still at its end.
    pub live: Option<Live>,
}

impl Default for Plan {
    /// Five weeks up to 2026-08-31, two weeks per train, three platforms: 152 to 155 on nightly.
    fn default() -> Self {
        Self {
            seed: 1,
            end: NaiveDate::from_ymd_opt(2026, 8, 31).expect("is a date"),
            weeks: 5,
            cycle_weeks: 2,
            newest_major: 155,
            platforms: vec![Platform::LinuxX86_64, Platform::Mac, Platform::Win64],
            breaks: false,
            fennec: false,
            old_versions: 1,
            old_locales: 1,
            live: None,
        }
    }
}

impl Plan {
    /// Two years up to 2026-08-31 of every product on all platforms, four weeks per train, with broken days; and, older
    /// than that, Fennec's last versions.
    pub fn two_years() -> Self {
        Self {
            weeks: 104,
            cycle_weeks: 4,
            platforms: Platform::ALL.to_vec(),
            breaks: true,
            fennec: true,
            ..Self::default()
        }
    }

    /// A plan for load tests: all platforms, trains of four weeks, and enough weeks that Buildhub has at least
    /// `records` records. Beyond 60,000, about six years, the rest are from the first Buildhub's time, in all its
    /// locales.
    pub fn records(records: usize) -> Self {
        /// Minimum Buildhub records of a quiet week on six platforms.
        const RECORDS_A_WEEK: usize = 170;
        /// Maximum records of such weeks; the rest are from older times.
        const LATEST_RECORDS: usize = 60_000;
        /// Records of one old version in one locale.
        const RECORDS_A_VERSION: usize = 12;
        let weeks = records.min(LATEST_RECORDS) / RECORDS_A_WEEK + 2;
        let plan = Self {
            weeks: u32::try_from(weeks).unwrap_or(u32::MAX),
            cycle_weeks: 4,
            platforms: Platform::ALL.to_vec(),
            ..Self::default()
        };
        let older = records.saturating_sub(LATEST_RECORDS);
        if older == 0 {
            return plan;
        }
        let old_versions = older / (RECORDS_A_VERSION * LOCALES.len()) + 1;
        Self {
            old_versions: u32::try_from(old_versions).unwrap_or(u32::MAX),
            old_locales: LOCALES.len(),
            ..plan
        }
    }

    /// Returns the first day of the history. In a live world it reaches back to the candidates of the newest two
    /// versions released when it began, which around the turn of the year are older than its weeks.
    pub fn start(&self) -> NaiveDate {
        let days = i64::from(self.weeks.max(1)) * 7;
        let before = |day: NaiveDate, days| {
            let days = TimeDelta::days(days);
            day.checked_sub_signed(days).unwrap_or(day)
        };
        let Some(live) = self.live else {
            return before(self.end, days);
        };
        let last = live.began.date_naive();
        // A train begins on the day before its release; the candidates were made during the previous one.
        let mut train = self.train(before(last, 1));
        let mut released = 0;
        while released < 2 {
            released += u32::from(!is_pulled(train.release));
            train = self.train(before(train.merge, 1));
        }
        before(last, days).min(train.merge + TimeDelta::days(train.freeze()))
    }

    /// Returns how the trains of this plan run.
    fn calendar(&self) -> Calendar {
        if self.live.is_some() {
            return Calendar::Mozilla;
        }
        let past_monday = u64::from(self.end.weekday().num_days_from_monday());
        let last_merge = self.end.checked_sub_days(Days::new(past_monday));
        Calendar::Steady {
            last_merge: last_merge.unwrap_or(self.end),
            newest_major: self.newest_major,
            days: i64::from(self.cycle_weeks.max(2)) * 7,
        }
    }

    /// Returns the train running on a day.
    pub(super) fn train(&self, day: NaiveDate) -> Train {
        self.calendar().train(day)
    }

    /// Returns the Mondays of the last and the next merge, as of the last day.
    pub fn merges(&self) -> (NaiveDate, NaiveDate) {
        let train = self.train(self.end);
        (train.merge, train.next_merge)
    }

    /// Returns the major version on nightly on the evening of the last day.
    pub fn nightly(&self) -> u32 {
        self.train(self.end).nightlies(self.end).1
    }

    /// The world of the demonstration: at least five weeks before it began and all the time since, by Mozilla's
    /// calendar, on all platforms, with the last versions of Fennec. It holds
    ///
    /// * a beta's package for which Buildhub names another revision than the archive, a minute after it began,
    /// * a nightly that lacks a platform: each morning's is nearly two days late for one of them,
    /// * a nightly that users have three hours before it began, and that no source lists until three minutes after.
    ///
    /// Time moves in steps of ten seconds.
    pub fn live(began: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let step = |time: DateTime<Utc>| time.duration_trunc(STEP).unwrap_or(time);
        let began = step(began);
        let now = step(now).max(began);
        Self {
            end: now.date_naive(),
            platforms: Platform::ALL.to_vec(),
            fennec: true,
            live: Some(Live { began, now }),
            ..Self::default()
        }
    }
}
