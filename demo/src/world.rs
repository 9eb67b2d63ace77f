//! The history as plain data: builds with their packages, the Buildhub records made of them, and the truth about each.

mod build;
mod calendar;
mod live;
mod locale;
mod press;
#[cfg(test)]
mod tests;
mod truth;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};

pub use self::build::{Build, Channel, Generation, Misread, Package, Platform, Product, Status};
pub use self::live::Live;
pub use self::locale::LOCALE;
pub use self::truth::{Told, Truth};

use self::calendar::{Calendar, Train};
use self::locale::LOCALES;

/// What to generate. Two equal plans give equal worlds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Decides everything that looks random: revisions, minutes, sizes, broken days.
    pub seed: u64,
    /// The last day of the history; what would ship later is still a candidate.
    pub end: NaiveDate,
    /// How many weeks of history there are, up to and with `end`. At least one.
    pub weeks: u32,
    /// Weeks from one merge to the next; two or more.
    pub cycle_weeks: u32,
    /// The major version on nightly on the evening of `end`.
    pub newest_major: u32,
    /// The platforms that each build has.
    pub platforms: Vec<Platform>,
    /// Whether things fail now and then: days without a nightly, nightlies without one of their platforms, and betas
    /// that take eleven builds, of which the third is missing.
    pub breaks: bool,
    /// Whether the last versions of Fennec are there, of 2019.
    pub fennec: bool,
    /// How many versions there are of the first Buildhub's time, of which the archive keeps only what shipped.
    pub old_versions: u32,
    /// How many locales these have records in; English is the first.
    pub old_locales: usize,
    /// The world goes on with the time, as the demonstration's does; none: it stands still at its end.
    pub live: Option<Live>,
}

impl Default for Plan {
    /// Five weeks up to 2026-08-31, two weeks a train, three platforms: 152 to 155 on nightly.
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
    /// Two years up to 2026-08-31 of every product on all platforms, four weeks a train, with broken days; and, older
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
    /// `records` records. Beyond 60,000, which is about six years, the others are of the first Buildhub's time, in all
    /// its locales.
    pub fn records(records: usize) -> Self {
        /// Buildhub records that a quiet week of six platforms has at the least.
        const RECORDS_A_WEEK: usize = 170;
        /// Records of these alone, not of older times.
        const LATEST_RECORDS: usize = 60_000;
        /// Records that one old version has in one locale.
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

    /// The first day of the history. That of a live world reaches back to the candidates of the newest two versions
    /// that had been released when it began, which around the turn of a year are older than its weeks.
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
        // A train begins on the day before its release; the candidates were made in the one before.
        let mut train = self.train(before(last, 1));
        let mut released = 0;
        while released < 2 {
            released += u32::from(!press::is_pulled(train.release));
            train = self.train(before(train.merge, 1));
        }
        before(last, days).min(train.merge + TimeDelta::days(train.freeze()))
    }

    /// How the trains of this plan go.
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

    fn train(&self, day: NaiveDate) -> Train {
        self.calendar().train(day)
    }

    /// The Mondays of the last merge and of the next one, as of the last day.
    pub fn merges(&self) -> (NaiveDate, NaiveDate) {
        let train = self.train(self.end);
        (train.merge, train.next_merge)
    }

    /// The major version on nightly on the evening of the last day.
    pub fn nightly(&self) -> u32 {
        self.train(self.end).nightlies(self.end).1
    }
}

/// How a Buildhub record tells of its package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// As the build wrote it.
    Native,
    /// The copy on channel beta that Buildhub makes of each record of Firefox's release channel (bug 1470948).
    BetaCopy,
    /// The record of an earlier upload to the same URL; Buildhub keeps both.
    Superseded,
    /// It came to Buildhub long after the file, and names another revision than the file itself.
    Misread,
    /// Taken over from the first Buildhub, of a candidate: the version ends in `rcN`.
    MigratedCandidate,
    /// Taken over from the first Buildhub, of the shipped file.
    MigratedRelease,
}

/// A Buildhub record, by reference to its package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Buildhub's own id.
    pub id: u64,
    /// Index into [`World::builds`].
    pub build: usize,
    /// Index into [`Build::packages`].
    pub package: usize,
    /// How it is told.
    pub form: Form,
    /// English, but for records that were taken over.
    pub locale: &'static str,
}

/// A generated history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The plan that it was made of.
    pub plan: Plan,
    /// Every build, in the order of build ids as near as builds of several platforms allow.
    pub builds: Vec<Build>,
    /// Every Buildhub record, by upload time; ids grow with it.
    pub records: Vec<Record>,
    /// What is true of each build, in the order of `builds`.
    pub truth: Vec<Truth>,
}

impl World {
    /// Generates the history of a plan.
    pub fn generate(plan: &Plan) -> Self {
        let builds = press::publish(plan);
        Self {
            plan: plan.clone(),
            records: records(plan, &builds),
            truth: truth::of(&builds),
            builds,
        }
    }

    /// A world in which nothing was ever built: what a source shows that has lost its data.
    pub fn empty(plan: &Plan) -> Self {
        Self {
            plan: plan.clone(),
            builds: Vec::new(),
            records: Vec::new(),
            truth: Vec::new(),
        }
    }

    /// The build and the package of a record of this world.
    pub fn package(&self, record: &Record) -> (&Build, &Package) {
        let build = &self.builds[record.build];
        (build, &build.packages[record.package])
    }

    /// When the file of a record was uploaded.
    pub fn uploaded(&self, record: &Record) -> DateTime<Utc> {
        uploaded(&self.builds, record)
    }

    /// The truths of one product (as in a crash report) on one channel, oldest build first.
    pub fn truths_of(&self, product: &str, channel: Channel) -> impl Iterator<Item = &Truth> {
        self.truth
            .iter()
            .filter(move |truth| truth.product == product && truth.channel == channel)
    }
}

fn uploaded(builds: &[Build], record: &Record) -> DateTime<Utc> {
    let build = &builds[record.build];
    let uploaded = build.packages[record.package].uploaded;
    match record.form {
        Form::Superseded => uploaded - TimeDelta::minutes(40),
        Form::Misread => build.misread.as_ref().map_or(uploaded, |misread| misread.told),
        Form::Native | Form::BetaCopy | Form::MigratedCandidate | Form::MigratedRelease => uploaded,
    }
}

/// Buildhub's records of these builds. Ids start where their text order differs from the order of their numbers.
fn records(plan: &Plan, builds: &[Build]) -> Vec<Record> {
    let mut records = Vec::new();
    for (index, build) in builds.iter().enumerate() {
        for package in 0..build.packages.len() {
            let locales = match build.generation {
                Generation::Migrated => LOCALES.get(..plan.old_locales).unwrap_or(&LOCALES),
                Generation::Native => &[LOCALE],
            };
            for &locale in locales {
                records.extend(forms(plan, build, package).into_iter().map(|form| Record {
                    id: 0,
                    build: index,
                    package,
                    form,
                    locale,
                }));
            }
        }
    }
    if let Some(live) = plan.live {
        records.retain(|record| uploaded(builds, record) <= live.now);
    }
    records.sort_by_key(|record| uploaded(builds, record));
    for (id, record) in (9_900..).zip(&mut records) {
        record.id = id;
    }
    records
}

fn forms(plan: &Plan, build: &Build, package: usize) -> Vec<Form> {
    let platform = build.packages[package].platform;
    match build.generation {
        _ if build
            .misread
            .as_ref()
            .is_some_and(|misread| misread.platform == platform) =>
        {
            vec![Form::Misread]
        }
        Generation::Migrated if build.status == Status::Shipped => {
            vec![Form::MigratedCandidate, Form::MigratedRelease]
        }
        Generation::Migrated => vec![Form::MigratedCandidate],
        Generation::Native if build.product == Product::Firefox && build.channel == Channel::Release => {
            vec![Form::Native, Form::BetaCopy]
        }
        // The second beta of a cycle was uploaded twice for its first platform. Of a world that goes on both records
        // would come at once, the earlier one among others that were told already.
        Generation::Native
            if plan.live.is_none()
                && build.product == Product::Firefox
                && package == 0
                && build.version.ends_with(".0b2") =>
        {
            vec![Form::Superseded, Form::Native]
        }
        Generation::Native => vec![Form::Native],
    }
}
