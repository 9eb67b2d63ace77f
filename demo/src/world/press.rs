//! The printing press: goes through the days of a plan and builds what is due.
//!
//! The calendar (`world/calendar.rs`) says when that is.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Timelike, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::build::{Build, Channel, Generation, Misread, Package, Platform, Product, Status};
use super::calendar::{Train, is_pulled};
use super::live::Live;
use super::plan::Plan;

/// First major versions of the extended support lines.
const ESR_LINES: [u32; 7] = [60, 78, 91, 102, 115, 140, 153];
/// The late platform and its delay: so long that at any time of day some build lacks it.
const LATE: (Platform, TimeDelta) = (Platform::LinuxAarch64, TimeDelta::hours(44));
/// The platform for which Buildhub names another revision.
const MISREAD: Platform = Platform::Win64Aarch64;

/// Returns everything built on the plan's days, sorted by build id.
pub(super) fn publish(plan: &Plan) -> Vec<Build> {
    let mut press = Press {
        plan,
        rng: StdRng::seed_from_u64(plan.seed),
        builds: Vec::new(),
    };
    press.history();
    if plan.fennec {
        press.fennec();
    }
    let mut day = plan.start();
    while day <= plan.end {
        press.day(day);
        let Some(next) = day.succ_opt() else { break };
        day = next;
    }
    if let Some(live) = plan.live {
        press.unlisted(live);
    }
    press.builds.sort_by(|a, b| {
        let id = |build: &Build| build.packages.first().map(|package| Arc::clone(&package.build_id));
        id(a).cmp(&id(b))
    });
    let mut builds = press.builds;
    if let Some(live) = plan.live {
        misread(&mut builds, live);
        for build in &mut builds {
            build.packages.retain(|package| package.uploaded <= live.now);
        }
        builds.retain(|build| !build.packages.is_empty());
    }
    builds
}

/// Makes Buildhub name the previous beta's revision for the newest beta that had shipped when the world began.
fn misread(builds: &mut [Build], live: Live) {
    let began = live.began.date_naive();
    let mut betas = builds.iter_mut().rev().filter(|build| {
        build.product == Product::Firefox
            && build.channel == Channel::Beta
            && build.shipped_on.is_some_and(|day| day <= began)
    });
    if let (Some(newest), Some(before)) = (betas.next(), betas.next()) {
        newest.misread = Some(Misread {
            platform: MISREAD,
            revision: Arc::clone(&before.revision),
            told: live.misread_told(),
        });
    }
}

struct Press<'a> {
    plan: &'a Plan,
    rng: StdRng,
    builds: Vec<Build>,
}

/// What is decided about a version before its builds are made.
struct Edition {
    product: Product,
    channel: Channel,
    version: String,
    /// The build number that ships, and the day.
    ships: Option<(u32, NaiveDate)>,
    /// The version is known never to ship.
    pulled: bool,
}

fn nightly_edition(product: Product, major: u32) -> Edition {
    Edition {
        product,
        channel: Channel::Nightly,
        version: format!("{major}.0a1"),
        ships: None,
        pulled: false,
    }
}

impl Press<'_> {
    fn day(&mut self, day: NaiveDate) {
        if self.plan.live.is_some() {
            // A day is the same whatever came before it, since such a world keeps growing.
            let number = u64::try_from(day.num_days_from_ce()).unwrap_or(0);
            self.rng = StdRng::seed_from_u64(self.plan.seed.rotate_left(32) ^ number);
        }
        let train = self.plan.train(day);
        let Train { release, .. } = train;
        let beta = release + 1;
        let into = train.days_to(day);

        if !self.is_broken(day) {
            let (morning, evening) = train.nightlies(day);
            self.nightlies(day, morning, evening);
        }
        if let Some(number) = train.beta(day) {
            self.betas(day, beta, number);
        }
        if into < train.freeze() && into % 7 == 2 {
            self.thunderbird_beta(day, beta, u32::try_from(into / 7 + 1).unwrap_or(1));
        }
        if into == train.freeze() {
            let release_day = train.next_release();
            self.release_candidates(day, beta, release_day);
            self.extended_support(day, beta, release_day);
            self.thunderbird_release(day, beta, release_day);
        }
        if into == 1 && is_pulled(release) {
            self.dot_release(day, release, 1, 1);
        }
        if let Some(number) = train.dot_release(day) {
            let number = number + u32::from(is_pulled(release));
            // A planned dot release; the first one of a version needed a second build.
            self.dot_release(day, release, number, if into == 7 { 2 } else { 1 });
        }
        if into == 7 && release % 2 == 1 {
            self.extended_support_dot(day, release);
        }
    }

    /// Returns whether no nightly is built on this day.
    fn is_broken(&self, day: NaiveDate) -> bool {
        self.plan.breaks && day.num_days_from_ce() % 61 == 7
    }

    /// Returns the platforms of this day's nightlies.
    fn nightly_platforms(&self, day: NaiveDate) -> Vec<Platform> {
        let broken = match day.num_days_from_ce() {
            _ if !self.plan.breaks => None,
            day if day % 23 == 5 => Some(Platform::Mac),
            day if day % 29 == 11 => Some(Platform::LinuxAarch64),
            _ => None,
        };
        let mut platforms = self.plan.platforms.clone();
        platforms.retain(|platform| Some(*platform) != broken);
        platforms
    }

    /// Builds from the first Buildhub's time, of which the archive keeps only what shipped: 61.0b4 and the betas before
    /// it.
    fn history(&mut self) {
        let newest = NaiveDate::from_ymd_opt(2018, 5, 10).unwrap_or(self.plan.end);
        for age in 0..self.plan.old_versions {
            /// Betas of a version in those days.
            const BETAS: u32 = 14;
            let number = (61 * BETAS + 3).saturating_sub(age);
            let version = format!("{}.0b{}", number / BETAS, number % BETAS + 1);
            self.old_beta(&version, newest - Days::new(u64::from(age) * 2));
        }
    }

    fn old_beta(&mut self, version: &str, day: NaiveDate) {
        let (first, second) = (moment(day, 9), moment(day, 16));
        let shipped = first.date_naive().succ_opt().unwrap_or_default();
        let revisions = [self.revision(), self.revision()];
        let platforms = [Platform::Mac, Platform::Win64];
        for (product, channel) in [
            (Product::DevEdition, Channel::Aurora),
            (Product::Firefox, Channel::Beta),
        ] {
            let edition = Edition {
                product,
                channel,
                version: version.to_owned(),
                ships: Some((2, shipped)),
                pulled: false,
            };
            for (number, built, revision) in [(1, first, &revisions[0]), (2, second, &revisions[1])] {
                self.build(&edition, Some(number), built, revision, &platforms, None);
                if let Some(build) = self.builds.last_mut() {
                    build.generation = Generation::Migrated;
                }
            }
        }
    }

    /// The last versions of Fennec: long past, but complete.
    fn fennec(&mut self) {
        for (month, day, channel, version, builds) in [
            (8, 5, Channel::Beta, "68.1b4", 1),
            (8, 12, Channel::Beta, "68.1b5", 2),
            (8, 29, Channel::Release, "68.1", 2),
            (10, 10, Channel::Release, "68.2.0", 1),
            (10, 24, Channel::Release, "68.2.1", 2),
        ] {
            let day = NaiveDate::from_ymd_opt(2019, month, day).unwrap_or(self.plan.end);
            let edition = Edition {
                product: Product::Fennec,
                channel,
                version: version.to_owned(),
                ships: Some((builds, day + Days::new(2))),
                pulled: false,
            };
            for number in 1..=builds {
                let (at, revision) = (self.about(day, 6 + 5 * number), self.revision());
                self.build(&edition, Some(number), at, &revision, &Platform::ANDROID, None);
            }
        }
    }

    fn nightlies(&mut self, day: NaiveDate, morning: u32, evening: u32) {
        let mut times = vec![(9, morning)];
        // Some days have one more, some have lost their evening build.
        if self.rng.random_ratio(1, 15) {
            times.push((15, evening));
        }
        if morning != evening || !self.rng.random_ratio(1, 12) || self.plan.live.is_some() {
            times.push((21, evening));
        }
        for (hour, major) in times {
            self.nightly(Product::Firefox, day, hour, major);
            if hour == 9 && self.plan.live.is_some() {
                self.delay_last();
            }
        }
        self.nightly(Product::Thunderbird, day, 10, morning);
    }

    /// Delays the last build on one platform.
    fn delay_last(&mut self) {
        let (late, by) = LATE;
        let packages = self.builds.last_mut().map(|build| &mut build.packages);
        for package in packages.into_iter().flatten() {
            if package.platform == late {
                package.uploaded += by;
            }
        }
    }

    /// Adds an extra nightly that reaches the sources long after it was built.
    fn unlisted(&mut self, live: Live) {
        self.rng = StdRng::seed_from_u64(self.plan.seed);
        let at = live.unlisted_built();
        let (morning, evening) = self.plan.train(at.date_naive()).nightlies(at.date_naive());
        let edition = nightly_edition(Product::Firefox, if at.hour() < 12 { morning } else { evening });
        let revision = self.revision();
        let platforms = self.plan.platforms.clone();
        self.build(&edition, None, at, &revision, &platforms, None);
        let packages = self.builds.last_mut().map(|build| &mut build.packages);
        for package in packages.into_iter().flatten() {
            package.uploaded = live.unlisted_published();
        }
    }

    fn nightly(&mut self, product: Product, day: NaiveDate, hour: u32, major: u32) {
        let edition = nightly_edition(product, major);
        let (at, revision) = (self.about(day, hour), self.revision());
        let platforms = self.nightly_platforms(day);
        self.build(&edition, None, at, &revision, &platforms, None);
    }

    /// Builds a beta of Firefox, and the Developer Edition of the same push with the same build id.
    fn betas(&mut self, day: NaiveDate, major: u32, number: u32) {
        let respun = (major + number) % 4 == 3;
        let other_linux = (major + number) % 5 == 2;
        let version = format!("{major}.0b{number}");
        let ship_day = day + Days::new(1);
        let edition = |product, channel, ships| Edition {
            product,
            channel,
            version: version.clone(),
            ships: Some((ships, ship_day)),
            pulled: false,
        };
        let last = if respun { 2 } else { 1 };
        let beta = edition(Product::Firefox, Channel::Beta, last);
        // For every other respin, Developer Edition shipped the first build.
        let developer_last = if number.is_multiple_of(2) { 1 } else { last };
        let developer = edition(Product::DevEdition, Channel::Aurora, developer_last);
        for build_number in 1..=last {
            let at = self.about(day, 6 + 7 * build_number);
            let revision = self.revision();
            let linux = other_linux.then(|| at + TimeDelta::minutes(87));
            let platforms = self.plan.platforms.clone();
            self.build(&beta, Some(build_number), at, &revision, &platforms, linux);
            if build_number <= developer_last {
                self.build(&developer, Some(build_number), at, &revision, &platforms, linux);
            }
        }
    }

    fn thunderbird_beta(&mut self, day: NaiveDate, major: u32, number: u32) {
        let last = match (major + number) % 3 {
            // Now and then a beta takes many builds, so that its numbers sort differently as text.
            0 if self.plan.breaks && major % 6 == 2 => 11,
            0 => 2,
            _ => 1,
        };
        let edition = Edition {
            product: Product::Thunderbird,
            channel: Channel::Beta,
            version: format!("{major}.0b{number}"),
            ships: Some((last, day + Days::new(if last > 2 { 4 } else { 2 }))),
            pulled: false,
        };
        self.candidates(&edition, day, 14, last);
    }

    fn release_candidates(&mut self, day: NaiveDate, major: u32, release_day: NaiveDate) {
        let pulled = is_pulled(major);
        // Every third version had a last candidate that was not the one to ship.
        let builds = if major % 3 == 2 { 3 } else { 2 };
        let edition = Edition {
            product: Product::Firefox,
            channel: Channel::Release,
            version: format!("{major}.0"),
            ships: (!pulled).then_some((2, release_day)),
            pulled,
        };
        self.candidates(&edition, day, 13, builds);
    }

    fn dot_release(&mut self, day: NaiveDate, major: u32, number: u32, builds: u32) {
        let edition = Edition {
            product: Product::Firefox,
            channel: Channel::Release,
            version: format!("{major}.0.{number}"),
            ships: Some((builds, day + Days::new(1))),
            pulled: false,
        };
        self.candidates(&edition, day, 7, builds);
        if number == 1 && major.is_multiple_of(2) {
            let edition = Edition {
                product: Product::Thunderbird,
                ships: Some((1, day + Days::new(1))),
                ..edition
            };
            self.candidates(&edition, day, 8, 1);
        }
    }

    fn extended_support(&mut self, day: NaiveDate, major: u32, release_day: NaiveDate) {
        for (index, line) in esr_lines(major).into_iter().enumerate() {
            // The older line needed a second build for every other version.
            let builds = if index > 0 && major.is_multiple_of(2) { 2 } else { 1 };
            let edition = Edition {
                product: Product::Firefox,
                channel: Channel::Esr,
                version: format!("{line}.{}.0esr", major - line),
                ships: Some((builds, release_day)),
                pulled: false,
            };
            self.candidates(&edition, day, 15, builds);
        }
    }

    fn extended_support_dot(&mut self, day: NaiveDate, major: u32) {
        if let Some(line) = esr_lines(major).first() {
            let edition = Edition {
                product: Product::Firefox,
                channel: Channel::Esr,
                version: format!("{line}.{}.1esr", major - line),
                ships: Some((1, day + Days::new(1))),
                pulled: false,
            };
            self.candidates(&edition, day, 11, 1);
        }
    }

    fn thunderbird_release(&mut self, day: NaiveDate, major: u32, release_day: NaiveDate) {
        let builds = if major.is_multiple_of(2) { 2 } else { 1 };
        let edition = Edition {
            product: Product::Thunderbird,
            channel: Channel::Release,
            version: format!("{major}.0"),
            ships: Some((builds, release_day)),
            pulled: false,
        };
        self.candidates(&edition, day, 17, builds);
        if let Some(line) = esr_lines(major).first() {
            let edition = Edition {
                channel: Channel::Esr,
                version: format!("{line}.{}.0esr", major - line),
                ships: Some((1, release_day)),
                ..edition
            };
            self.candidates(&edition, day, 19, 1);
        }
    }

    /// Builds a version `count` times, five hours apart, each from a revision of its own. Of many builds, the third
    /// failed and left nothing but a gap in the numbers.
    fn candidates(&mut self, edition: &Edition, day: NaiveDate, hour: u32, count: u32) {
        let first = self.about(day, hour);
        let platforms = match self.plan.live {
            Some(_) => esr_platforms(&edition.version, &self.plan.platforms),
            None => self.plan.platforms.clone(),
        };
        for number in (1..=count).filter(|number| count < 4 || *number != 3) {
            let at = first + TimeDelta::minutes(i64::from(number - 1) * 301);
            let revision = self.revision();
            self.build(edition, Some(number), at, &revision, &platforms, None);
        }
    }

    fn build(
        &mut self,
        edition: &Edition,
        number: Option<u32>,
        at: DateTime<Utc>,
        revision: &Arc<str>,
        platforms: &[Platform],
        linux_at: Option<DateTime<Utc>>,
    ) {
        let shipped_on = edition
            .ships
            .filter(|(ships, day)| Some(*ships) == number && *day <= self.plan.end)
            .map(|(_, day)| day);
        let is_decided = edition.ships.is_some_and(|(_, day)| day <= self.plan.end);
        let is_first_release = edition.channel == Channel::Release && edition.version.ends_with(".0");
        let status = match (number, shipped_on) {
            (None, _) => Status::Published,
            (Some(_), Some(_)) => Status::Shipped,
            (Some(_), None) if edition.pulled => Status::Pulled,
            (Some(_), None) if is_decided && !is_first_release => Status::Aborted,
            (Some(_), None) => Status::Candidate,
        };
        let id: Arc<str> = build_id(at);
        let linux_id = linux_at.map(build_id);
        let packages = platforms
            .iter()
            .map(|&platform| {
                let built = linux_at.filter(|_| platform.os() == "linux").unwrap_or(at);
                Package {
                    platform,
                    build_id: Arc::clone(linux_id.as_ref().filter(|_| built != at).unwrap_or(&id)),
                    uploaded: built
                        + TimeDelta::minutes(self.rng.random_range(70..210))
                        + TimeDelta::microseconds(self.rng.random_range(1..60_000_000)),
                    size: self.rng.random_range(60_000_000..140_000_000),
                }
            })
            .collect();
        self.builds.push(Build {
            product: edition.product,
            channel: edition.channel,
            version: edition.version.as_str().into(),
            build_number: number,
            revision: Arc::clone(revision),
            status,
            shipped_on,
            generation: Generation::Native,
            packages,
            misread: None,
        });
    }

    /// Returns a moment within the 40 minutes after an hour of a day.
    fn about(&mut self, day: NaiveDate, hour: u32) -> DateTime<Utc> {
        moment(day, hour) + TimeDelta::seconds(self.rng.random_range(0..2400))
    }

    fn revision(&mut self) -> Arc<str> {
        let [a, b, c]: [u64; 3] = self.rng.random();
        let digits = format!("{a:016x}{b:016x}{c:016x}");
        digits.get(..40).unwrap_or_default().into()
    }
}

/// Returns the extended support lines maintained beside a release, newest first: two, but 115 outlives its successor.
/// The line after 153 is not announced, so from 169 on 153 is the only one.
fn esr_lines(major: u32) -> Vec<u32> {
    match major {
        154..=158 => vec![153, 140, 115],
        159..=168 => vec![153, 115],
        169.. => vec![153],
        _ => {
            let lines = ESR_LINES.iter().rev().copied();
            lines.filter(|line| *line < major).take(2).collect()
        }
    }
}

/// Returns the platforms of an extended support line, given today's: the oldest line keeps those of its time.
fn esr_platforms(version: &str, today: &[Platform]) -> Vec<Platform> {
    let mut platforms = today.to_vec();
    if version.starts_with("115.") {
        for platform in &mut platforms {
            if *platform == Platform::LinuxAarch64 {
                *platform = Platform::LinuxI686;
            }
        }
    }
    platforms
}

fn moment(day: NaiveDate, hour: u32) -> DateTime<Utc> {
    day.and_hms_opt(hour % 24, 0, 0).unwrap_or_default().and_utc()
}

fn build_id(at: DateTime<Utc>) -> Arc<str> {
    at.format("%Y%m%d%H%M%S").to_string().into()
}
