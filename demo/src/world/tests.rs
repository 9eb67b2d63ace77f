use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::{Channel, Form, Generation, Plan, Platform, Product, Status, World};

fn digest(world: &World) -> String {
    let told = format!("{:?}", (&world.builds, &world.records, &world.truth));
    hex::encode(Sha256::digest(told))
}

#[test]
fn equal_plans_give_equal_worlds_and_other_seeds_other_ones() {
    let plan = Plan::default();
    assert_eq!(digest(&World::generate(&plan)), digest(&World::generate(&plan)));
    let other = Plan {
        seed: 2,
        ..plan.clone()
    };
    assert_ne!(digest(&World::generate(&plan)), digest(&World::generate(&other)));
}

#[test]
fn the_default_world_is_the_same_on_every_machine() {
    let world = World::generate(&Plan::default());
    assert_eq!(
        digest(&world),
        "bb5741aa1ab2aa87e6f210888a5b141503b01e61afeea93b241d4128f1a32362"
    );
}

#[test]
fn the_default_world_has_the_cases_that_matter() {
    let world = World::generate(&Plan::default());
    let has = |product: &str, channel: Channel, version: &str, status: Status, build_number: Option<u32>| {
        let found = world
            .truths_of(product, channel)
            .any(|truth| *truth.version == *version && truth.status == status && truth.build_number == build_number);
        assert!(found, "{product} {channel:?} {version} {status:?} {build_number:?}");
    };
    use Channel::{Aurora, Beta, Esr, Nightly, Release};
    use Status::{Aborted, Candidate, Published, Pulled, Shipped};
    has("Firefox", Nightly, "152.0a1", Published, None);
    has("Firefox", Nightly, "155.0a1", Published, None);
    has("Firefox", Beta, "153.0b1", Shipped, Some(1));
    // A respun beta, and the newest one, which has not shipped yet.
    has("Firefox", Beta, "153.0b2rc1", Aborted, Some(1));
    has("Firefox", Beta, "153.0b2", Shipped, Some(2));
    has("Firefox", Beta, "154.0b1rc1", Candidate, Some(1));
    // Developer Edition shipped the build that beta did not.
    has("Firefox", Aurora, "153.0b2", Shipped, Some(1));
    // The last candidate of three did not ship.
    has("Firefox", Release, "152.0", Candidate, Some(1));
    has("Firefox", Release, "152.0", Shipped, Some(2));
    has("Firefox", Release, "152.0", Candidate, Some(3));
    has("Firefox", Beta, "152.0rc2", Shipped, Some(2));
    // Only the dot release of this one ever shipped.
    has("Firefox", Release, "151.0", Pulled, Some(2));
    has("Firefox", Beta, "151.0rc2", Pulled, Some(2));
    has("Firefox", Release, "151.0.1", Shipped, Some(1));
    has("Firefox", Release, "152.0.1", Aborted, Some(1));
    has("Firefox", Release, "152.0.1", Shipped, Some(2));
    // Not out yet.
    has("Firefox", Release, "153.0", Candidate, Some(2));
    has("Firefox", Beta, "153.0rc1", Candidate, Some(1));
    // Two extended support lines.
    has("Firefox", Esr, "140.12.0esr", Shipped, Some(1));
    has("Firefox", Esr, "115.37.0esr", Aborted, Some(1));
    has("Firefox", Esr, "115.37.0esr", Shipped, Some(2));
    has("Thunderbird", Nightly, "154.0a1", Published, None);
    has("Thunderbird", Beta, "152.0b1", Shipped, Some(2));
    has("Thunderbird", Beta, "152.0b1rc1", Aborted, Some(1));
    has("Thunderbird", Release, "152.0", Shipped, Some(2));
    has("Thunderbird", Esr, "140.12.0esr", Shipped, Some(1));
    // History whose ids only Buildhub knows.
    has("Firefox", Aurora, "61.0b4rc1", Aborted, Some(1));
    has("Firefox", Beta, "61.0b4", Shipped, Some(2));
}

#[test]
fn some_betas_have_another_id_on_linux() {
    let world = World::generate(&Plan::default());
    let ids = |build: &super::Build| {
        build
            .packages
            .iter()
            .map(|package| package.build_id.to_string())
            .collect::<BTreeSet<_>>()
    };
    let two: Vec<_> = world.builds.iter().filter(|build| ids(build).len() == 2).collect();
    assert!(!two.is_empty());
    assert!(
        two.iter()
            .all(|build| matches!(build.channel, Channel::Beta | Channel::Aurora))
    );
}

#[test]
fn what_clients_report_has_no_beta_number_and_no_esr() {
    let world = World::generate(&Plan::default());
    let reported: BTreeMap<&str, &str> = world
        .truth
        .iter()
        .map(|truth| (&*truth.version, &*truth.reported))
        .collect();
    assert_eq!(reported["153.0b1"], "153.0");
    assert_eq!(reported["153.0rc1"], "153.0");
    assert_eq!(reported["155.0a1"], "155.0a1");
    assert_eq!(reported["140.12.0esr"], "140.12.0");
    assert_eq!(reported["152.0.1"], "152.0.1");
}

#[test]
fn each_question_has_one_answer() {
    for plan in [Plan::default(), Plan::records(5_000), Plan::two_years()] {
        let world = World::generate(&plan);
        let mut answers = BTreeMap::new();
        for truth in &world.truth {
            let question = (truth.product, truth.channel, &truth.build_id);
            let answer = (&truth.version, truth.status, truth.build_number);
            assert_eq!(*answers.entry(question).or_insert(answer), answer, "{question:?}");
        }
    }
}

#[test]
fn each_truth_has_a_record_and_each_record_a_truth() {
    let world = World::generate(&Plan::default());
    let told: BTreeSet<_> = world
        .records
        .iter()
        .map(|record| {
            let (build, package) = world.package(record);
            let channel = if record.form == Form::BetaCopy {
                Channel::Beta
            } else {
                build.channel
            };
            (build.product.canonical(), channel, &package.build_id, package.platform)
        })
        .collect();
    for truth in &world.truth {
        let asked = (truth.product, truth.channel, &truth.build_id, truth.platform);
        assert!(told.contains(&asked), "{asked:?}");
    }
    let known: BTreeSet<_> = world
        .truth
        .iter()
        .map(|truth| (&truth.build_id, truth.platform))
        .collect();
    assert!(
        told.iter()
            .all(|(_, _, build_id, platform)| known.contains(&(*build_id, *platform)))
    );
}

#[test]
fn build_ids_are_moments_of_the_plan_and_uploads_come_after_them() {
    let world = World::generate(&Plan::default());
    for build in world
        .builds
        .iter()
        .filter(|build| build.generation == Generation::Native)
    {
        for package in &build.packages {
            let id = NaiveDateTime::parse_from_str(&package.build_id, "%Y%m%d%H%M%S")
                .unwrap()
                .and_utc();
            let day = id.date_naive();
            assert!(day >= world.plan.start() && day <= world.plan.end + TimeDelta::days(1));
            assert!(package.uploaded > id + TimeDelta::hours(1));
            assert_eq!(build.revision.len(), 40);
        }
    }
}

#[test]
fn a_plan_for_so_many_records_has_at_least_as_many() {
    for wanted in [1_000, 10_000, 50_000] {
        let records = World::generate(&Plan::records(wanted)).records;
        assert!(
            records.len() >= wanted && records.len() < wanted * 2,
            "{wanted}: {}",
            records.len()
        );
        assert!(records.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}

#[test]
fn two_years_have_what_goes_wrong_in_two_years() {
    let world = World::generate(&Plan::two_years());
    let nightlies = |product: &'static str| world.truths_of(product, Channel::Nightly);
    let days: BTreeSet<&str> = nightlies("Firefox")
        .filter_map(|truth| truth.build_id.get(..8))
        .collect();
    let all_days = (world.plan.end - world.plan.start()).num_days() + 1;
    let missing = all_days - i64::try_from(days.len()).unwrap();
    assert!((5..30).contains(&missing), "{missing} days without a nightly");
    let lines: BTreeSet<&str> = world
        .truths_of("Firefox", Channel::Esr)
        .filter_map(|truth| truth.version.split('.').next())
        .collect();
    assert_eq!(lines, BTreeSet::from(["102", "115", "140"]));
    let packages = |build: &super::Build| build.packages.len();
    let whole = world.plan.platforms.len();
    let incomplete = world.builds.iter().filter(|build| packages(build) < whole);
    assert!(incomplete.count() > 50);
    let numbers = |version: &str| -> Vec<u32> {
        let builds = world.builds.iter();
        let builds = builds.filter(|build| build.product == Product::Thunderbird && *build.version == *version);
        builds.filter_map(|build| build.build_number).collect()
    };
    let fennec = world.truths_of("Fennec", Channel::Release);
    let fennec: BTreeSet<(&str, Option<u32>, Status)> = fennec
        .map(|truth| (&*truth.version, truth.build_number, truth.status))
        .collect();
    assert!(fennec.contains(&("68.1", Some(1), Status::Aborted)));
    assert!(fennec.contains(&("68.1", Some(2), Status::Shipped)));
    let tenths = world.builds.iter().filter(|build| build.build_number == Some(10));
    for build in tenths.clone() {
        assert_eq!(numbers(&build.version), [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]);
    }
    assert!(tenths.count() >= 3);
    for (status, least) in [
        (Status::Pulled, 3),
        (Status::Aborted, 50),
        (Status::Candidate, 20),
        (Status::Shipped, 500),
        (Status::Published, 1_500),
    ] {
        let builds = world.builds.iter().filter(|build| build.status == status);
        let count = builds.count();
        assert!(count >= least, "{status:?}: {count}");
    }
}

#[test]
fn each_source_alone_says_what_it_knows() {
    let world = World::generate(&Plan::default());
    let told = |channel: Channel, version: &str, number: u32| {
        let truth = world
            .truths_of("Firefox", channel)
            .find(|truth| truth.build_number == Some(number) && world.builds[truth.build].version.as_ref() == version);
        let truth = truth.unwrap();
        let said = |told: &super::Told| format!("{} {}", told.version, told.status.as_str());
        (
            said(&truth.from_buildhub),
            truth.from_archive.as_ref().map(said).unwrap_or_default(),
            truth.is_in_product_details,
        )
    };
    use Channel::{Aurora, Beta, Esr, Release};
    let cases = [
        (Beta, "153.0b2", 1, "153.0b2rc1 candidate", "153.0b2rc1 aborted", false),
        (Beta, "153.0b2", 2, "153.0b2rc2 candidate", "153.0b2 shipped", true),
        // The third did not ship; the archive cannot know.
        (Release, "152.0", 2, "152.0 candidate", "152.0 candidate", true),
        (Release, "152.0", 3, "152.0 candidate", "152.0 shipped", false),
        (Beta, "152.0", 3, "152.0rc3 candidate", "152.0rc3 shipped", false),
        (Release, "151.0", 2, "151.0 candidate", "151.0 pulled", false),
        (Release, "153.0", 2, "153.0 candidate", "153.0 candidate", false),
        (Release, "152.0.1", 1, "152.0.1 candidate", "152.0.1 aborted", false),
        (
            Esr,
            "115.37.0esr",
            1,
            "115.37.0esr candidate",
            "115.37.0esr aborted",
            false,
        ),
        (Aurora, "61.0b4", 1, "61.0b4rc1 aborted", "", false),
        (Beta, "61.0b4", 2, "61.0b4 shipped", "", true),
    ];
    for (channel, version, number, buildhub, archive, is_listed) in cases {
        let expected = (buildhub.to_owned(), archive.to_owned(), is_listed);
        assert_eq!(told(channel, version, number), expected, "{version} build{number}");
    }
}

#[test]
fn old_records_fill_up_a_plan_for_very_many() {
    let world = World::generate(&Plan::records(300_000));
    assert!((300_000..400_000).contains(&world.records.len()));
    let locales: BTreeSet<&str> = world.records.iter().map(|record| record.locale).collect();
    assert_eq!(locales.len(), 90);
    let migrated = world
        .records
        .iter()
        .filter(|record| matches!(record.form, Form::MigratedCandidate | Form::MigratedRelease));
    assert!(migrated.count() > 200_000);
}

/// Moments at which a world may begin: the hours of a day, weeks apart, over the turn of the year.
fn beginnings() -> impl Iterator<Item = DateTime<Utc>> {
    let first: DateTime<Utc> = "2026-11-28T11:18:47Z".parse().unwrap();
    let turns = ["2027-01-10", "2028-02-29", "2029-12-31", "2031-01-20"];
    let turns = turns.map(|day| format!("{day}T11:18:47Z").parse().unwrap());
    let hours = (0..24).map(move |number| first + TimeDelta::hours(number * 37));
    hours.chain(turns)
}

#[test]
fn a_live_world_ends_now_and_has_what_is_to_be_seen() {
    for began in beginnings() {
        let plan = Plan::live(began, began);
        let world = World::generate(&plan);
        let uploads = world.builds.iter().flat_map(|build| &build.packages);
        let newest = uploads.map(|package| package.uploaded).max().unwrap();
        assert!(
            newest <= began && newest > began - TimeDelta::hours(15),
            "{began} {newest}"
        );
        // A nightly that lacks a platform although a newer one exists, less than two days older.
        let nightlies: Vec<_> = world
            .builds
            .iter()
            .filter(|build| build.product == Product::Firefox && build.channel == Channel::Nightly)
            .collect();
        let at = |build: &super::Build| {
            let id = &build.packages[0].build_id;
            NaiveDateTime::parse_from_str(id, "%Y%m%d%H%M%S").unwrap()
        };
        let last = nightlies.last().map(|build| at(build)).unwrap();
        let lacking = nightlies.iter().filter(|build| {
            let has = |package: &super::Package| package.platform == Platform::LinuxAarch64;
            !build.packages.iter().any(has)
        });
        let ages: Vec<i64> = lacking.map(|build| (last - at(build)).num_hours()).collect();
        assert!(ages.iter().any(|age| (6..48).contains(age)), "{began} {ages:?}");
        assert!(ages.len() <= 3 && ages.iter().all(|age| *age < 48), "{began} {ages:?}");
        let misread: Vec<_> = world.builds.iter().filter(|build| build.misread.is_some()).collect();
        assert_eq!(misread.len(), 1, "{began}");
        assert_eq!(misread[0].status, Status::Shipped);
        assert!(world.records.iter().all(|record| record.form != Form::Misread));
        let aborted = world.truths_of("Firefox", Channel::Beta);
        assert!(
            aborted.filter(|truth| truth.status == Status::Aborted).count() > 0,
            "{began}"
        );
        let unlisted = plan.live.unwrap().unlisted_built().format("%Y%m%d%H%M%S").to_string();
        assert!(world.truth.iter().all(|truth| *truth.build_id != *unlisted), "{began}");
        let later = World::generate(&Plan::live(began, began + TimeDelta::minutes(4)));
        let found = later.truth.iter().filter(|truth| *truth.build_id == *unlisted);
        assert_eq!(found.count(), Platform::ALL.len(), "{began}");
        assert!(later.records.iter().any(|record| record.form == Form::Misread));
    }
}

#[test]
fn a_live_world_has_the_versions_of_its_day() {
    let now = "2026-11-28T11:18:47Z".parse().unwrap();
    let world = World::generate(&Plan::live(now, now));
    for (product, channel, version, number, status) in [
        ("Firefox", Channel::Nightly, "163.0a1", None, Status::Published),
        ("Firefox", Channel::Beta, "162.0b3", Some(1), Status::Shipped),
        ("Firefox", Channel::Release, "161.0", Some(2), Status::Shipped),
        ("Firefox", Channel::Esr, "153.8.0esr", Some(1), Status::Shipped),
        ("Firefox", Channel::Esr, "115.46.0esr", Some(1), Status::Shipped),
    ] {
        let truths = world.truths_of(product, channel);
        let newest = truths
            .filter(|truth| channel != Channel::Esr || truth.version.starts_with(&version[..3]))
            .filter(|truth| truth.status == status && !truth.version.contains("rc"))
            .last()
            .unwrap();
        let found = (&*newest.version, newest.build_number);
        assert_eq!(found, (version, number), "{product} {channel:?}");
    }
    let old_line = world.truths_of("Firefox", Channel::Esr);
    let platforms: BTreeSet<&str> = old_line
        .filter(|truth| truth.version.starts_with("115."))
        .map(|truth| truth.platform.as_str())
        .collect();
    assert!(platforms.contains("linux-i686") && !platforms.contains("linux-aarch64"));
}

#[test]
fn a_live_world_only_grows() {
    for began in beginnings() {
        let first = World::generate(&Plan::live(began, began));
        for later in [TimeDelta::minutes(3), TimeDelta::hours(31), TimeDelta::days(19)] {
            let second = World::generate(&Plan::live(began, began + later));
            let told = |world: &World| -> BTreeSet<_> {
                let truths = world.truth.iter();
                let truth = |truth: &super::Truth| {
                    let name = (truth.product, truth.channel, truth.platform);
                    (name, truth.build_id.to_string(), truth.revision.to_string())
                };
                truths.map(truth).collect()
            };
            assert!(told(&first).is_subset(&told(&second)), "{began} {later}");
            let records = |world: &World| -> Vec<_> {
                let records = world.records.iter();
                records
                    .map(|record| {
                        let (build, package) = world.package(record);
                        (
                            record.id,
                            world.uploaded(record),
                            build.version.to_string(),
                            package.clone(),
                        )
                    })
                    .collect()
            };
            let (one, other) = (records(&first), records(&second));
            assert!(other.starts_with(&one), "{began} {later}");
            let shipped = |world: &World| -> BTreeSet<_> {
                let shipped = world.builds.iter().filter(|build| build.status == Status::Shipped);
                shipped
                    .map(|build| (build.product, build.version.to_string(), build.build_number))
                    .collect()
            };
            assert!(shipped(&first).is_subset(&shipped(&second)), "{began} {later}");
        }
    }
}
