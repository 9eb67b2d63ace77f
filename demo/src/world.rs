//! The history as plain data: builds with their packages, the Buildhub records made from them, and the truth about
//! each.

mod build;
mod calendar;
mod live;
mod locale;
mod plan;
mod press;
#[cfg(test)]
mod tests;
mod truth;

use chrono::{DateTime, TimeDelta, Utc};

pub use self::build::{Build, Channel, Generation, Misread, Package, Platform, Product, Status};
pub use self::live::Live;
pub use self::locale::LOCALE;
pub use self::plan::Plan;
pub use self::truth::{Told, Truth};

use self::locale::LOCALES;

/// How a Buildhub record describes its package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// As the build wrote it.
    Native,
    /// The copy on channel beta that Buildhub makes of each record of Firefox's release channel (bug 1470948).
    BetaCopy,
    /// The record of an earlier upload to the same URL; Buildhub keeps both.
    Superseded,
    /// It reached Buildhub long after the file, and names another revision than the file itself.
    Misread,
    /// Migrated from the first Buildhub, of a candidate: the version ends in `rcN`.
    MigratedCandidate,
    /// Migrated from the first Buildhub, of the shipped file.
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
    /// How it describes the package.
    pub form: Form,
    /// English, except in migrated records.
    pub locale: &'static str,
}

/// A generated history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The plan it was made from.
    pub plan: Plan,
    /// Every build, sorted by build id as nearly as builds of several platforms allow.
    pub builds: Vec<Build>,
    /// Every Buildhub record, sorted by upload time; ids increase with it.
    pub records: Vec<Record>,
    /// The truth about each build, in the order of `builds`.
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

    /// Returns a world in which nothing was ever built: what a source shows that has lost its data.
    pub fn empty(plan: &Plan) -> Self {
        Self {
            plan: plan.clone(),
            builds: Vec::new(),
            records: Vec::new(),
            truth: Vec::new(),
        }
    }

    /// Returns the build and the package of a record of this world.
    pub fn package(&self, record: &Record) -> (&Build, &Package) {
        let build = &self.builds[record.build];
        (build, &build.packages[record.package])
    }

    /// Returns when the file of a record was uploaded.
    pub fn uploaded(&self, record: &Record) -> DateTime<Utc> {
        uploaded(&self.builds, record)
    }

    /// Returns the truths of one product (as in a crash report) on one channel, oldest build first.
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

/// Returns Buildhub's records of these builds. Ids start where their text order differs from their numeric order.
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
        // The second beta of a cycle was uploaded twice for its first platform. In a live world both records would come
        // at once, the earlier one among others already served.
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
