//! The history as plain data: builds with their packages, the Buildhub records made of them, and the truth about each.

mod build;
mod press;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};

pub use self::build::{Build, Channel, Generation, Package, Platform, Product, Status};

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
        }
    }
}

impl Plan {
    /// A plan for load tests: all platforms, trains of four weeks, and enough weeks that Buildhub has at least `records`
    /// records. Meant for up to 60,000 records, which is about six years.
    pub fn records(records: usize) -> Self {
        /// Buildhub records that a quiet week of six platforms has at the least.
        const RECORDS_A_WEEK: usize = 170;
        let weeks = records / RECORDS_A_WEEK + 2;
        Self {
            weeks: u32::try_from(weeks).unwrap_or(u32::MAX).min(520),
            cycle_weeks: 4,
            platforms: Platform::ALL.to_vec(),
            ..Self::default()
        }
    }

    /// The first day of the history.
    pub fn start(&self) -> NaiveDate {
        let days = u64::from(self.weeks.max(1)) * 7;
        self.end
            .checked_sub_days(Days::new(days))
            .unwrap_or(self.end)
    }

    /// The Monday of the last merge: the evening nightly of that day has the next major version.
    fn last_merge(&self) -> NaiveDate {
        let past_monday = u64::from(self.end.weekday().num_days_from_monday());
        self.end
            .checked_sub_days(Days::new(past_monday))
            .unwrap_or(self.end)
    }

    /// The Mondays of the last merge and of the next one, as of the last day.
    pub fn merges(&self) -> (NaiveDate, NaiveDate) {
        (
            self.last_merge(),
            self.last_merge() + TimeDelta::days(self.cycle_days()),
        )
    }

    /// Days from one merge to the next.
    fn cycle_days(&self) -> i64 {
        i64::from(self.cycle_weeks.max(2)) * 7
    }

    /// The last merge up to and with `day`, and the major version on nightly after it.
    fn merge_before(&self, day: NaiveDate) -> (NaiveDate, u32) {
        let behind = (self.last_merge() - day).num_days().max(0);
        let cycles =
            behind.div_euclid(self.cycle_days()) + i64::from(behind % self.cycle_days() > 0);
        let merge = self.last_merge() - TimeDelta::days(cycles * self.cycle_days());
        (
            merge,
            self.newest_major
                .saturating_sub(u32::try_from(cycles).unwrap_or(0)),
        )
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
}

/// What is true of one build on one platform, asked on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// `Firefox` or `Thunderbird`; Developer Edition is `Firefox` on `aurora`.
    pub product: &'static str,
    /// The channel asked on: the build's own, or beta for a release candidate.
    pub channel: Channel,
    /// 14 digits.
    pub build_id: Arc<str>,
    /// The platform.
    pub platform: Platform,
    /// The exact version.
    pub version: Arc<str>,
    /// N of `buildN`; none for a nightly.
    pub build_number: Option<u32>,
    /// What became of the build itself, whatever the channel asked on.
    pub status: Status,
    /// What the client says about its version.
    pub reported: Arc<str>,
    /// 40 hexadecimal digits.
    pub revision: Arc<str>,
    /// The archive no longer holds the candidate: only Buildhub knows its build id.
    pub only_in_buildhub: bool,
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
            records: records(&builds),
            truth: builds.iter().flat_map(truths).collect(),
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
    let uploaded = builds[record.build].packages[record.package].uploaded;
    match record.form {
        Form::Superseded => uploaded - TimeDelta::minutes(40),
        Form::Native | Form::BetaCopy | Form::MigratedCandidate | Form::MigratedRelease => uploaded,
    }
}

/// Buildhub's records of these builds. Ids start where their text order differs from the order of their numbers.
fn records(builds: &[Build]) -> Vec<Record> {
    let mut records = Vec::new();
    for (index, build) in builds.iter().enumerate() {
        for package in 0..build.packages.len() {
            records.extend(forms(build, package).into_iter().map(|form| Record {
                id: 0,
                build: index,
                package,
                form,
            }));
        }
    }
    records.sort_by_key(|record| uploaded(builds, record));
    for (id, record) in (9_900..).zip(&mut records) {
        record.id = id;
    }
    records
}

fn forms(build: &Build, package: usize) -> Vec<Form> {
    match build.generation {
        Generation::Migrated if build.status == Status::Shipped => {
            vec![Form::MigratedCandidate, Form::MigratedRelease]
        }
        Generation::Migrated => vec![Form::MigratedCandidate],
        Generation::Native
            if build.product == Product::Firefox && build.channel == Channel::Release =>
        {
            vec![Form::Native, Form::BetaCopy]
        }
        // The second beta of a cycle was uploaded twice for its first platform.
        Generation::Native
            if build.product == Product::Firefox
                && package == 0
                && build.version.ends_with(".0b2") =>
        {
            vec![Form::Superseded, Form::Native]
        }
        Generation::Native => vec![Form::Native],
    }
}

fn truths(build: &Build) -> Vec<Truth> {
    let exact = build.exact_version();
    let reported: Arc<str> = build.reported_version().into();
    let candidate = build
        .is_release_candidate()
        .then(|| build.candidate_version());
    let mut truths = Vec::new();
    for package in &build.packages {
        let truth = Truth {
            product: build.product.canonical(),
            channel: build.channel,
            build_id: Arc::clone(&package.build_id),
            platform: package.platform,
            version: Arc::clone(&exact),
            build_number: build.build_number,
            status: build.status,
            reported: Arc::clone(&reported),
            revision: Arc::clone(&build.revision),
            only_in_buildhub: build.generation == Generation::Migrated,
        };
        if let Some(candidate) = &candidate {
            truths.push(Truth {
                channel: Channel::Beta,
                version: Arc::clone(candidate),
                ..truth.clone()
            });
        }
        truths.push(truth);
    }
    truths
}
