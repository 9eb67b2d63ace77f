//! product-details: what has shipped, in the files that are made of it.
//!
//! As in the real ones, the key of a release keeps `esr` and its `version` does not, and the category of an extended
//! support release depends on its line.

use chrono::{Datelike, NaiveDate, TimeDelta};
use serde_json::{Map, Value, json};

use crate::world::{Build, Channel, Product, Status, World};

/// The file at a path that begins with `/1.0/`.
pub(super) fn file(world: &World, path: &str) -> Option<Value> {
    let [firefox, devedition, thunderbird] = Product::ALL;
    Some(match path.strip_prefix("/1.0/")? {
        "firefox.json" => json!({ "releases": releases(world, firefox) }),
        "devedition.json" => json!({ "releases": releases(world, devedition) }),
        "thunderbird.json" => json!({ "releases": releases(world, thunderbird) }),
        "mobile_android.json" => json!({ "releases": mobile(world) }),
        "all.json" => {
            let mut all = mobile(world);
            all.extend(
                Product::ALL
                    .into_iter()
                    .flat_map(|product| releases(world, product)),
            );
            json!({ "releases": all })
        }
        "firefox_versions.json" => firefox_versions(world),
        "thunderbird_versions.json" => json!({
            "LATEST_THUNDERBIRD_ALPHA_VERSION": "54.0a2",
            "LATEST_THUNDERBIRD_DEVEL_VERSION": latest(world, thunderbird, Channel::Beta),
            "LATEST_THUNDERBIRD_NIGHTLY_VERSION": latest(world, thunderbird, Channel::Nightly),
            "LATEST_THUNDERBIRD_VERSION": latest(world, thunderbird, Channel::Release),
            "THUNDERBIRD_ESR": latest(world, thunderbird, Channel::Esr),
            "THUNDERBIRD_ESR_NEXT": "",
        }),
        "mobile_versions.json" => json!({
            "alpha_version": latest(world, firefox, Channel::Nightly),
            "beta_version": latest(world, firefox, Channel::Beta),
            "ios_beta_version": "",
            "ios_version": "",
            "nightly_version": latest(world, firefox, Channel::Nightly),
            "version": latest(world, firefox, Channel::Release),
        }),
        "firefox_history_major_releases.json" => history(world, firefox, &["major"]),
        "firefox_history_stability_releases.json" => history(world, firefox, &["stability", "esr"]),
        "firefox_history_development_releases.json" => history(world, firefox, &["dev"]),
        "thunderbird_history_major_releases.json" => history(world, thunderbird, &["major"]),
        "thunderbird_history_stability_releases.json" => {
            history(world, thunderbird, &["stability", "esr"])
        }
        "thunderbird_history_development_releases.json" => history(world, thunderbird, &["dev"]),
        _ => return None,
    })
}

/// The shipped builds of a product with the day they shipped on.
fn shipped(world: &World, product: Product) -> impl Iterator<Item = (&Build, NaiveDate)> {
    world
        .builds
        .iter()
        .filter(move |build| build.product == product)
        .filter_map(|build| build.shipped_on.map(|day| (build, day)))
}

fn releases(world: &World, product: Product) -> Map<String, Value> {
    shipped(world, product)
        .map(|(build, day)| {
            let release = json!({
                "build_number": build.build_number,
                "category": category(world, build),
                "date": day.to_string(),
                "description": null,
                "is_security_driven": false,
                "product": product.directory(),
                "version": version(build),
            });
            (
                format!("{}-{}", product.directory(), build.version),
                release,
            )
        })
        .collect()
}

/// Android ships the same versions, by build numbers of its own.
fn mobile(world: &World) -> Map<String, Value> {
    shipped(world, Product::Firefox)
        .filter(|(build, _)| matches!(build.channel, Channel::Beta | Channel::Release))
        .map(|(build, day)| {
            let release = json!({
                "build_number": 1,
                "category": category(world, build),
                "date": day.to_string(),
                "description": null,
                "is_security_driven": false,
                "product": "firefox-android",
                "version": version(build),
            });
            (format!("firefox-android-{}", build.version), release)
        })
        .collect()
}

fn version(build: &Build) -> &str {
    build.version.strip_suffix("esr").unwrap_or(&build.version)
}

fn category(world: &World, build: &Build) -> &'static str {
    match build.channel {
        Channel::Beta | Channel::Aurora | Channel::Nightly => "dev",
        Channel::Esr
            if numbers(&build.version).first() == esr_lines(world, build.product).last() =>
        {
            "esr"
        }
        Channel::Esr => "stability",
        Channel::Release => match build.version.strip_suffix(".1") {
            Some(first) if first.contains('.') && is_pulled(world, build.product, first) => "major",
            _ if build.version.matches('.').count() == 1 => "major",
            _ => "stability",
        },
    }
}

fn is_pulled(world: &World, product: Product, version: &str) -> bool {
    world.builds.iter().any(|build| {
        build.product == product && *build.version == *version && build.status == Status::Pulled
    })
}

fn history(world: &World, product: Product, categories: &[&str]) -> Value {
    let dates = shipped(world, product)
        .filter(|(build, _)| categories.contains(&category(world, build)))
        .map(|(build, day)| (version(build).to_owned(), json!(day.to_string())));
    Value::Object(dates.collect())
}

/// The highest version that is out on a channel, or an empty text.
fn latest(world: &World, product: Product, channel: Channel) -> &str {
    world
        .builds
        .iter()
        .filter(|build| build.product == product && build.channel == channel)
        .filter(|build| matches!(build.status, Status::Shipped | Status::Published))
        .max_by_key(|build| numbers(&build.version))
        .map_or("", |build| &build.version)
}

/// The lines of extended support that shipped anything, oldest first.
fn esr_lines(world: &World, product: Product) -> Vec<u32> {
    let mut lines: Vec<u32> = shipped(world, product)
        .filter(|(build, _)| build.channel == Channel::Esr)
        .filter_map(|(build, _)| numbers(&build.version).first().copied())
        .collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// The numbers of a version, which order versions of one channel.
fn numbers(version: &str) -> Vec<u32> {
    version
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

fn firefox_versions(world: &World) -> Value {
    let firefox = Product::Firefox;
    let (beta, release) = (
        latest(world, firefox, Channel::Beta),
        latest(world, firefox, Channel::Release),
    );
    let (last_merge, next_merge) = world.plan.merges();
    let released = shipped(world, firefox)
        .filter(|(build, _)| category(world, build) == "major")
        .map(|(_, day)| day)
        .max();
    let mut versions = json!({
        "FIREFOX_AURORA": "",
        "FIREFOX_DEVEDITION": latest(world, Product::DevEdition, Channel::Aurora),
        "FIREFOX_ESR": latest(world, firefox, Channel::Esr),
        "FIREFOX_ESR_NEXT": "",
        "FIREFOX_NIGHTLY": latest(world, firefox, Channel::Nightly),
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
    let old_line = shipped(world, firefox)
        .map(|(build, _)| build)
        .filter(|build| build.channel == Channel::Esr && build.version.starts_with("115."))
        .max_by_key(|build| numbers(&build.version));
    if let Some(build) = old_line {
        versions["FIREFOX_ESR115"] = json!(*build.version);
    }
    versions
}

fn thursday_before(merge: NaiveDate) -> NaiveDate {
    merge - TimeDelta::days(i64::from(merge.weekday().num_days_from_monday()) + 4)
}
