//! product-details: what has shipped, and the files made from it.
//!
//! As in the real files, a release's key keeps `esr` but its `version` does not, and the category of an extended
//! support release depends on its line.

use std::collections::{BTreeSet, HashSet};

use chrono::{Datelike, NaiveDate, TimeDelta};
use serde_json::{Map, Value, json};

use super::Fault;
use crate::world::{Build, Channel, Product, Status, World};

/// Returns the file at a path that begins with `/1.0/`, as product-details has it with these faults.
pub(super) fn file(world: &World, faults: &[Fault], path: &str) -> Option<Value> {
    let [firefox, devedition, thunderbird] = Product::DESKTOP;
    let name = path.strip_prefix("/1.0/")?;
    let is_missing = |fault: &Fault| matches!(fault, Fault::WithoutFile(missing) if *missing == name);
    if faults.iter().any(is_missing) {
        return None;
    }
    let known = Known::of(world, faults);
    Some(match name {
        "firefox.json" => json!({ "releases": known.releases(firefox) }),
        "devedition.json" => json!({ "releases": known.releases(devedition) }),
        "thunderbird.json" => json!({ "releases": known.releases(thunderbird) }),
        "mobile_android.json" => json!({ "releases": known.mobile() }),
        "all.json" => {
            let mut all = known.mobile();
            all.extend(Product::DESKTOP.into_iter().flat_map(|product| known.releases(product)));
            json!({ "releases": all })
        }
        "firefox_versions.json" => known.firefox_versions(),
        "thunderbird_versions.json" => json!({
            "LATEST_THUNDERBIRD_ALPHA_VERSION": "54.0a2",
            "LATEST_THUNDERBIRD_DEVEL_VERSION": known.latest(thunderbird, Channel::Beta),
            "LATEST_THUNDERBIRD_NIGHTLY_VERSION": known.latest(thunderbird, Channel::Nightly),
            "LATEST_THUNDERBIRD_VERSION": known.latest(thunderbird, Channel::Release),
            "THUNDERBIRD_ESR": known.latest(thunderbird, Channel::Esr),
            "THUNDERBIRD_ESR_NEXT": "",
        }),
        "mobile_versions.json" => json!({
            "alpha_version": known.latest(firefox, Channel::Nightly),
            "beta_version": known.latest(firefox, Channel::Beta),
            "ios_beta_version": "",
            "ios_version": "",
            "nightly_version": known.latest(firefox, Channel::Nightly),
            "version": known.latest(firefox, Channel::Release),
        }),
        "firefox_history_major_releases.json" => known.history(firefox, &["major"]),
        "firefox_history_stability_releases.json" => known.history(firefox, &["stability", "esr"]),
        "firefox_history_development_releases.json" => known.history(firefox, &["dev"]),
        "thunderbird_history_major_releases.json" => known.history(thunderbird, &["major"]),
        "thunderbird_history_stability_releases.json" => known.history(thunderbird, &["stability", "esr"]),
        "thunderbird_history_development_releases.json" => known.history(thunderbird, &["dev"]),
        _ => return None,
    })
}

/// What product-details currently knows.
struct Known<'a> {
    world: &'a World,
    faults: &'a [Fault],
    /// The shipped builds with their ship dates.
    shipped: Vec<(&'a Build, NaiveDate)>,
    /// The extended support lines that have shipped anything.
    esr_lines: BTreeSet<(Product, u32)>,
    /// Versions that were pulled.
    pulled: HashSet<(Product, &'a str)>,
}

impl<'a> Known<'a> {
    fn of(world: &'a World, faults: &'a [Fault]) -> Self {
        let late = faults.iter().find_map(|fault| match fault {
            Fault::Late(days) => Some(*days),
            _ => None,
        });
        let last = world.plan.end - TimeDelta::days(i64::from(late.unwrap_or(0)));
        let shipped: Vec<_> = world
            .builds
            .iter()
            .filter_map(|build| Some((build, build.shipped_on?)))
            .filter(|(_, day)| late.is_none() || *day <= last)
            .collect();
        let esr_lines = shipped
            .iter()
            .filter(|(build, _)| build.channel == Channel::Esr)
            .filter_map(|(build, _)| Some((build.product, *numbers(&build.version).first()?)));
        let pulled = world
            .builds
            .iter()
            .filter(|build| build.status == Status::Pulled)
            .map(|build| (build.product, &*build.version));
        Self {
            world,
            faults,
            esr_lines: esr_lines.collect(),
            pulled: pulled.collect(),
            shipped,
        }
    }

    fn shipped(&self, product: Product) -> impl Iterator<Item = (&'a Build, NaiveDate)> {
        self.shipped
            .iter()
            .copied()
            .filter(move |(build, _)| build.product == product)
    }

    fn releases(&self, product: Product) -> Map<String, Value> {
        let name = match product {
            Product::Fennec => product.app_name(),
            _ => product.directory(),
        };
        self.shipped(product)
            .map(|(build, day)| {
                let release = json!({
                    "build_number": self.claimed_number(build),
                    "category": self.category(build),
                    "date": day.to_string(),
                    "description": null,
                    "is_security_driven": false,
                    "product": name,
                    "version": version(build),
                });
                (format!("{name}-{}", build.version), release)
            })
            .collect()
    }

    fn claimed_number(&self, build: &Build) -> Option<u32> {
        let wrong = self.faults.iter().find_map(|fault| match fault {
            Fault::Wrong(product, version, number) if *product == build.product && **version == *build.version => {
                Some(*number)
            }
            _ => None,
        });
        wrong.or(build.build_number)
    }

    /// Fennec, and its successor, which ships the versions of Firefox with build numbers of its own.
    fn mobile(&self) -> Map<String, Value> {
        let fennec = self.releases(Product::Fennec);
        self.shipped(Product::Firefox)
            .filter(|(build, _)| matches!(build.channel, Channel::Beta | Channel::Release))
            .map(|(build, day)| {
                let release = json!({
                    "build_number": 1,
                    "category": self.category(build),
                    "date": day.to_string(),
                    "description": null,
                    "is_security_driven": false,
                    "product": "firefox-android",
                    "version": version(build),
                });
                (format!("firefox-android-{}", build.version), release)
            })
            .chain(fennec)
            .collect()
    }

    fn category(&self, build: &Build) -> &'static str {
        let product = build.product;
        match build.channel {
            Channel::Beta | Channel::Aurora | Channel::Nightly => "dev",
            Channel::Esr if numbers(&build.version).first() == self.newest_line(product).as_ref() => "esr",
            Channel::Esr => "stability",
            Channel::Release => match build.version.strip_suffix(".1") {
                Some(first) if first.contains('.') && self.pulled.contains(&(product, first)) => "major",
                _ if build.version.matches('.').count() == 1 => "major",
                _ => "stability",
            },
        }
    }

    fn newest_line(&self, product: Product) -> Option<u32> {
        let lines = self.esr_lines.range((product, 0)..=(product, u32::MAX));
        lines.map(|(_, line)| *line).next_back()
    }

    fn history(&self, product: Product, categories: &[&str]) -> Value {
        let dates = self
            .shipped(product)
            .filter(|(build, _)| categories.contains(&self.category(build)))
            .map(|(build, day)| (version(build).to_owned(), json!(day.to_string())));
        Value::Object(dates.collect())
    }

    /// Returns the highest version released on a channel, or an empty string.
    fn latest(&self, product: Product, channel: Channel) -> &'a str {
        let nightlies = self
            .world
            .builds
            .iter()
            .filter(|build| build.status == Status::Published && build.product == product);
        self.shipped(product)
            .map(|(build, _)| build)
            .chain(nightlies)
            .filter(|build| build.channel == channel)
            .max_by_key(|build| numbers(&build.version))
            .map_or("", |build| &build.version)
    }

    fn firefox_versions(&self) -> Value {
        let firefox = Product::Firefox;
        let (beta, release) = (
            self.latest(firefox, Channel::Beta),
            self.latest(firefox, Channel::Release),
        );
        let (last_merge, next_merge) = self.world.plan.merges();
        let released = self
            .shipped(firefox)
            .filter(|(build, _)| self.category(build) == "major")
            .map(|(_, day)| day)
            .max();
        let mut versions = json!({
            "FIREFOX_AURORA": "",
            "FIREFOX_DEVEDITION": self.latest(Product::DevEdition, Channel::Aurora),
            "FIREFOX_ESR": self.latest(firefox, Channel::Esr),
            "FIREFOX_ESR_NEXT": "",
            "FIREFOX_NIGHTLY": self.latest(firefox, Channel::Nightly),
            "LAST_MERGE_DATE": last_merge.to_string(),
            "LAST_RELEASE_DATE": released.map(|day| day.to_string()).unwrap_or_default(),
            "LAST_SOFTFREEZE_DATE": thursday_before(last_merge).to_string(),
            "LAST_STRINGFREEZE_DATE": (thursday_before(last_merge) + TimeDelta::days(1)).to_string(),
            "LATEST_FIREFOX_DEVEL_VERSION": beta,
            "LATEST_FIREFOX_OLDER_VERSION": "3.6.28",
            "LATEST_FIREFOX_RELEASED_DEVEL_VERSION": beta,
            "LATEST_FIREFOX_VERSION": release,
            "NEXT_MERGE_DATE": next_merge.to_string(),
            "NEXT_RELEASE_DATE": (next_merge + TimeDelta::days(1)).to_string(),
            "NEXT_SOFTFREEZE_DATE": thursday_before(next_merge).to_string(),
            "NEXT_STRINGFREEZE_DATE": (thursday_before(next_merge) + TimeDelta::days(1)).to_string(),
        });
        // The line of the key's own number, which outlives the others.
        let old_line = self
            .shipped(firefox)
            .map(|(build, _)| build)
            .filter(|build| build.channel == Channel::Esr && build.version.starts_with("115."))
            .max_by_key(|build| numbers(&build.version));
        if let Some(build) = old_line {
            versions["FIREFOX_ESR115"] = json!(*build.version);
        }
        versions
    }
}

fn version(build: &Build) -> &str {
    build.version.strip_suffix("esr").unwrap_or(&build.version)
}

/// Returns the numbers of a version, which order the versions of one channel.
fn numbers(version: &str) -> Vec<u32> {
    version
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

fn thursday_before(merge: NaiveDate) -> NaiveDate {
    merge - TimeDelta::days(i64::from(merge.weekday().num_days_from_monday()) + 4)
}
