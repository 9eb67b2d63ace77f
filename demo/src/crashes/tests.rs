use std::collections::BTreeSet;

use chrono::Datelike as _;

use super::{samples, samples_for, write_symbols};
use crate::world::{Channel, Plan, Status, World};

#[test]
fn every_sample_says_what_a_walk_of_it_finds() {
    let samples = samples();
    assert!(samples.len() >= 10, "{}", samples.len());
    for sample in &samples {
        assert!(
            !sample.about.is_empty() && !sample.annotations.is_empty(),
            "{}",
            sample.name
        );
        assert_eq!(
            sample.expect.reason.is_some(),
            !sample.dumps.is_empty(),
            "{}",
            sample.name
        );
        assert!(
            sample.dumps.values().all(|dump| dump.starts_with(b"MDMP")),
            "{}",
            sample.name
        );
        let own = ["BuildID", "Version", "CrashTime", "StartupTime", "InstallTime"];
        assert!(
            own.iter().all(|name| !sample.annotations.contains_key(*name)),
            "{}",
            sample.name
        );
    }
}

#[test]
fn the_default_world_has_all_cases_and_each_is_distinct() {
    let world = World::generate(&Plan::default());
    let submissions = samples_for(&world);
    let names: BTreeSet<&str> = submissions.iter().map(|submission| submission.name).collect();
    assert_eq!(names.len(), super::cast::PARTS.len() + 5);
    assert_eq!(names.len(), submissions.len());
    assert_eq!(submissions, samples_for(&world));
}

#[test]
fn submissions_are_of_the_builds_that_they_expect() {
    let world = World::generate(&Plan::default());
    let expected = |name: &str| {
        let submission = samples_for(&world)
            .into_iter()
            .find(|submission| submission.name == name)
            .unwrap();
        let says = |key: &str| submission.annotations[key].clone();
        let expected = submission.expected.map(|expected| (expected.version, expected.status));
        (says("ProductName"), says("ReleaseChannel"), says("Version"), expected)
    };
    let cases = [
        (
            "nightly-linux",
            "Firefox",
            "nightly",
            "155.0a1",
            Some(("155.0a1", Status::Published)),
        ),
        (
            "nightly-before-the-merge",
            "Firefox",
            "nightly",
            "154.0a1",
            Some(("154.0a1", Status::Published)),
        ),
        (
            "beta-windows",
            "Firefox",
            "beta",
            "153.0",
            Some(("153.0b5", Status::Shipped)),
        ),
        (
            "beta-aborted",
            "Firefox",
            "beta",
            "153.0",
            Some(("153.0b2rc1", Status::Aborted)),
        ),
        (
            "beta-not-yet-out",
            "Firefox",
            "beta",
            "154.0",
            Some(("154.0b1rc2", Status::Candidate)),
        ),
        (
            "release-candidate-on-beta",
            "Firefox",
            "beta",
            "152.0",
            Some(("152.0rc2", Status::Shipped)),
        ),
        (
            "release-candidate-not-yet-out",
            "Firefox",
            "beta",
            "153.0",
            Some(("153.0rc2", Status::Candidate)),
        ),
        (
            "release-candidate-of-a-pulled-version",
            "Firefox",
            "beta",
            "151.0",
            Some(("151.0rc2", Status::Pulled)),
        ),
        (
            "release",
            "Firefox",
            "release",
            "152.0",
            Some(("152.0", Status::Shipped)),
        ),
        (
            "release-dot-aborted",
            "Firefox",
            "release",
            "152.0.1",
            Some(("152.0.1", Status::Aborted)),
        ),
        (
            "esr-newer-line",
            "Firefox",
            "esr",
            "140.12.0",
            Some(("140.12.0esr", Status::Shipped)),
        ),
        (
            "esr-older-line",
            "Firefox",
            "esr",
            "115.37.0",
            Some(("115.37.0esr", Status::Shipped)),
        ),
        (
            "developer-edition",
            "Firefox",
            "aurora",
            "153.0",
            Some(("153.0b5", Status::Shipped)),
        ),
        (
            "developer-edition-of-an-unshipped-beta",
            "Firefox",
            "aurora",
            "153.0",
            Some(("153.0b2", Status::Shipped)),
        ),
        (
            "thunderbird-esr",
            "Thunderbird",
            "esr",
            "140.12.0",
            Some(("140.12.0esr", Status::Shipped)),
        ),
        ("unknown-build-id", "Firefox", "beta", "153.0", None),
        ("junk-build-id", "Firefox", "release", "152.0.1", None),
        ("unknown-product", "Waterfowl", "release", "152.0.1", None),
        ("fenix-java", "Fenix", "nightly", "155.0a1", None),
    ];
    for (name, product, channel, version, build) in cases {
        let build = build.map(|(version, status)| (version.to_owned(), status));
        assert_eq!(
            expected(name),
            (product.to_owned(), channel.to_owned(), version.to_owned(), build),
            "{name}"
        );
    }
}

#[test]
fn unknown_builds_are_in_no_truth() {
    let world = World::generate(&Plan::default());
    for submission in samples_for(&world) {
        let says = |key: &str| submission.annotations[key].as_str();
        let truth = world.truth.iter().find(|truth| {
            truth.product == says("ProductName")
                && truth.channel.as_str() == says("ReleaseChannel")
                && *truth.build_id == *says("BuildID")
        });
        let version = submission.expected.as_ref().map(|expected| expected.version.as_str());
        assert_eq!(truth.map(|truth| &*truth.version), version, "{}", submission.name);
    }
    assert!(world.truths_of("Fenix", Channel::Nightly).next().is_none());
}

#[test]
fn clients_install_then_start_then_crash() {
    for submission in samples_for(&World::generate(&Plan::default())) {
        let time = |key: &str| submission.annotations[key].parse::<i64>().unwrap();
        assert!(time("InstallTime") < time("StartupTime"), "{}", submission.name);
        assert!(time("StartupTime") <= time("CrashTime"), "{}", submission.name);
    }
}

#[test]
fn crashes_of_a_live_world_happened_before_now() {
    let begun: chrono::DateTime<chrono::Utc> = "2026-11-28T11:18:47Z".parse().unwrap();
    let hours = (0..48).map(|hours| begun + chrono::TimeDelta::hours(hours));
    // Turns of the year, when nothing is released for weeks; in the last one 263 is pulled.
    let turns = [
        ("2027-01-03", 11),
        ("2028-02-29", 1),
        ("2029-12-31", 1),
        ("2031-01-10", 19),
    ];
    let days = turns.into_iter().flat_map(|(first, count)| {
        let first: chrono::NaiveDate = first.parse().unwrap();
        first
            .iter_days()
            .take(count)
            .map(|day| day.and_time(begun.time()).and_utc())
    });
    for began in hours.chain(days) {
        let submissions = samples_for(&World::generate(&Plan::live(began, began)));
        let has = |name: &str| submissions.iter().any(|submission| submission.name == name);
        // Builds that have not shipped yet, or never will, are not there on every day.
        for part in super::cast::PARTS {
            let comes_and_goes = ["not-yet-out", "pulled"];
            let is_of_older_line = ["esr-older-line", "esr-aborted"].contains(&part.name);
            let may_lack =
                comes_and_goes.iter().any(|word| part.name.contains(word)) || (is_of_older_line && began.year() > 2027);
            assert!(may_lack || has(part.name), "{began}: {}", part.name);
        }
        let mut installs = BTreeSet::new();
        for submission in submissions {
            let says = |key: &str| submission.annotations[key].as_str();
            let time = |key: &str| says(key).parse::<i64>().unwrap();
            let name = (submission.name, began);
            let ran = time("CrashTime") - time("StartupTime");
            let said: f64 = says("UptimeTS").parse().unwrap();
            assert_eq!(ran, said as i64, "{name:?}");
            let (installed, started) = (time("InstallTime"), time("StartupTime"));
            assert!(installed < started && time("CrashTime") < began.timestamp(), "{name:?}");
            assert!(installed > began.timestamp() - 60 * 86_400, "{name:?}");
            if says("BuildID").len() == 14 {
                let built = chrono::NaiveDateTime::parse_from_str(says("BuildID"), "%Y%m%d%H%M%S");
                assert!(built.unwrap().and_utc().timestamp() < installed, "{name:?}");
            }
            if submission.name.starts_with("unlisted") {
                installs.insert(installed);
            }
        }
        assert_eq!(installs.len(), 3, "{began}");
    }
}

#[test]
fn each_program_runs_as_itself() {
    let submissions = samples_for(&World::generate(&Plan::default()));
    for submission in submissions {
        let Some(dump) = submission.dumps.get("upload_file_minidump") else {
            continue;
        };
        let has = |name: &str| {
            let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            dump.windows(name.len()).any(|part| part == name)
        };
        let product = submission.annotations["ProductName"].as_str();
        let signed = submission.annotations.get("ModuleSignatureInfo");
        let runs = |name: &str| has(name) || signed.is_some_and(|signed| signed.contains(name));
        assert!(
            product == "Thunderbird" || !runs("thunderbird.exe"),
            "{}",
            submission.name
        );
        assert!(product == "Firefox" || !runs("firefox.exe"), "{}", submission.name);
        if submission.sample == "windows-thunderbird" {
            assert!(has("thunderbird.exe"), "{}", submission.name);
        }
    }
}

#[test]
fn spoiled_minidumps_are_spoiled() {
    let submissions = samples_for(&World::generate(&Plan::default()));
    let dump = |name: &str| {
        let submission = submissions.iter().find(|submission| submission.name == name).unwrap();
        submission.dumps["upload_file_minidump"].len()
    };
    assert_eq!(dump("empty-minidump"), 0);
    assert_eq!(dump("truncated-minidump"), dump("release-dot") / 2);
}

#[test]
fn symbols_are_written_where_a_symbol_server_has_them_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let written = write_symbols(folder.path()).unwrap();
    assert!(written >= 3);
    assert_eq!(write_symbols(folder.path()).unwrap(), 0);
    let modules: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let module = modules.iter().find(|path| path.ends_with("xul.pdb")).unwrap();
    let id = std::fs::read_dir(module).unwrap().next().unwrap().unwrap().path();
    std::fs::write(id.join("xul.sym"), "spoiled").unwrap();
    assert_eq!(write_symbols(folder.path()).unwrap(), 1);
}
