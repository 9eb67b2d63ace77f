use super::short_build::ShortBuild;
use super::{Newest, NoComparison, Which, compare, newest, versions};
use crate::build::{Build, Status};
use crate::derive::derive_all;
use crate::index::BuildIndex;
use crate::names::build_id::BuildId;
use crate::names::product::{Directory, Product};
use crate::said::announcement::Announcement;
use crate::said::observation::{Observation, SourceName};
use serde_json::json;

fn record(channel: &str, version: &str, number: u32, platform: &str, id: &str) -> Observation {
    let repository = match channel {
        "release" => "mozilla-release",
        "esr" => "mozilla-esr60",
        _ => "mozilla-beta",
    };
    let candidates = format!("https://archive.mozilla.org/pub/firefox/candidates/{version}-candidates");
    let record = json!({
        "build": {"id": id},
        "source": {
            "product": "firefox",
            "repository": format!("https://hg.mozilla.org/releases/{repository}"),
            "revision": format!("rev{id}"),
        },
        "target": {"channel": channel, "platform": platform, "locale": "en-US", "version": version},
        "download": {"url": format!("{candidates}/build{number}/{platform}/en-US/f.exe")},
    });
    Observation::buildhub_record(SourceName::BUILDHUB, "u", record).unwrap()
}

fn index() -> BuildIndex {
    let shipped = |key: &str, number: u32| {
        let entry = json!({ "build_number": number, "date": "2018-10-26" });
        Observation::shipped_release("u", key, &entry).unwrap()
    };
    let observations = [
        record("beta", "64.0b4", 1, "win64", "20181025143507"),
        record("beta", "64.0b4", 2, "win64", "20181025233934"),
        record("beta", "64.0b4", 2, "mac", "20181025233934"),
        record("beta", "64.0b4", 2, "linux-x86_64", "20181026010101"),
        shipped("firefox-64.0b4", 2),
        record("beta", "64.0b5", 1, "win64", "20181029164536"),
        record("release", "63.0", 2, "win64", "20181018182531"),
        shipped("firefox-63.0", 2),
        record("esr", "60.3.0esr", 1, "win64", "20181017185317"),
        record("esr", "52.9.0esr", 1, "win64", "20180621064021"),
        shipped("firefox-60.3.0esr", 1),
        shipped("firefox-52.9.0esr", 1),
    ];
    let builds: Vec<Build> = derive_all(&observations, &[]).builds;
    BuildIndex::from_builds(7, &builds).unwrap()
}

#[test]
fn a_version_has_all_its_builds_and_the_number_that_shipped() {
    let index = index();
    let all = versions(&index, Product::FIREFOX, None);
    let names: Vec<String> = all
        .iter()
        .map(|one| format!("{} {}", one.channel, one.version))
        .collect();
    assert_eq!(
        names,
        [
            "beta 64.0b5",
            "beta 64.0b4",
            "release 63.0",
            "esr 60.3.0esr",
            "esr 52.9.0esr"
        ]
    );
    let b4 = &all[1];
    assert_eq!(b4.shipped_build_number, Some(2));
    assert_eq!(b4.shipped_on.unwrap().to_string(), "2018-10-26");
    let builds: Vec<_> = b4
        .builds
        .iter()
        .map(|one| (one.version.as_str(), one.build_number, one.platforms.len(), one.status))
        .collect();
    assert_eq!(
        builds,
        [
            ("64.0b4rc1", Some(1), 1, Status::Aborted),
            ("64.0b4", Some(2), 2, Status::Shipped),
            ("64.0b4", Some(2), 1, Status::Shipped),
        ]
    );
    assert_eq!(all[0].shipped_build_number, None);
    assert_eq!(versions(&index, Product::FIREFOX, Some("esr")).len(), 2);
    assert!(versions(&index, Product::THUNDERBIRD, None).is_empty());
}

#[test]
fn a_build_that_is_no_platforms_in_particular_has_none_in_lists() {
    let id = "20181018182531";
    for (platforms, expected) in [(&[None][..], vec![]), (&[None, Some("win64")], vec!["win64"])] {
        let said = platforms.iter().map(|platform: &Option<&str>| {
            let build = json!({"product": "Firefox", "channel": "release", "version": "63.0", "build_id": id,
                "platform": platform});
            Announcement::read(build.to_string().as_bytes(), i64::MAX)
                .unwrap()
                .observation()
        });
        let builds: Vec<Build> = derive_all(&said.collect::<Vec<_>>(), &[]).builds;
        let index = BuildIndex::from_builds(7, &builds).unwrap();
        let all = versions(&index, Product::FIREFOX, None);
        let short = ShortBuild::of(
            &index,
            index.find(Product::FIREFOX, id.parse().unwrap()).next().unwrap(),
        );
        for shown in [&all[0].builds[0].platforms, &short.platforms] {
            let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
            assert_eq!(shown, expected, "{platforms:?}");
        }
    }
}

/// The newest of each line of a channel: `line: offered id / built id`.
fn newest_names(index: &BuildIndex, channel: &str, line: Option<&str>) -> Vec<String> {
    let name = |found: &Option<super::LatestBuild>| {
        found.as_ref().map_or_else(
            || "none".to_owned(),
            |one| format!("{} {} {}", one.version, one.build.build_id, one.build.status),
        )
    };
    let line = line.map(|line| line.parse().unwrap());
    newest(index, Product::FIREFOX, channel, line)
        .iter()
        .map(|one: &Newest| format!("{}: {} / {}", one.line, name(&one.offered), name(&one.newest_built)))
        .collect()
}

#[test]
fn each_line_has_what_is_offered_and_what_was_built() {
    let index = index();
    for (channel, line, expected) in [
        (
            "beta",
            None,
            &["main: 64.0b4 20181026010101 shipped / 64.0b5rc1 20181029164536 candidate"][..],
        ),
        (
            "release",
            Some("main"),
            &["main: 63.0 20181018182531 shipped / 63.0 20181018182531 shipped"],
        ),
        (
            "esr",
            None,
            &[
                "52: 52.9.0esr 20180621064021 shipped / 52.9.0esr 20180621064021 shipped",
                "60: 60.3.0esr 20181017185317 shipped / 60.3.0esr 20181017185317 shipped",
            ],
        ),
        (
            "esr",
            Some("60"),
            &["60: 60.3.0esr 20181017185317 shipped / 60.3.0esr 20181017185317 shipped"],
        ),
        ("nightly", None, &[]),
    ] {
        assert_eq!(newest_names(&index, channel, line), expected, "{channel}");
    }
}

#[test]
fn what_is_offered_is_the_highest_version_that_was_not_taken_back() {
    let of = |changes: &[(&str, &str, &str, Status, &[&str])]| {
        let builds: Vec<Build> = changes
            .iter()
            .map(|(channel, version, id, status, offered_on)| {
                let observations = [record(channel, version, 1, "win64", id)];
                let mut build = derive_all(&observations, &[]).builds.remove(0);
                build.version = version.parse().unwrap();
                build.status = *status;
                build.offered_on = offered_on.iter().map(|on| (*on).to_owned()).collect();
                build
            })
            .collect();
        BuildIndex::from_builds(1, &builds).unwrap()
    };
    // A dot release built after the next train's release and shipped before it.
    let dot = of(&[
        (
            "release",
            "153.0",
            "20260901000000",
            Status::Shipped,
            &["beta", "release"],
        ),
        ("release", "152.0.5", "20260903000000", Status::Shipped, &["release"]),
    ]);
    assert_eq!(
        newest_names(&dot, "release", None),
        ["main: 153.0 20260901000000 shipped / 152.0.5 20260903000000 shipped"]
    );
    // A pulled build, and a channel without any released build.
    let pulled = of(&[
        ("release", "125.0", "20240408000000", Status::Pulled, &["beta"]),
        ("beta", "125.0b9", "20240404000000", Status::Shipped, &["beta"]),
        ("aurora", "126.0b1rc1", "20240410000000", Status::Candidate, &[]),
    ]);
    assert_eq!(
        newest_names(&pulled, "beta", None),
        ["main: 125.0b9 20240404000000 shipped / 125.0rc1 20240408000000 pulled"]
    );
    assert_eq!(
        newest_names(&pulled, "aurora", None),
        ["main: none / 126.0b1rc1 20240410000000 candidate"]
    );
}

#[test]
fn two_builds_of_one_repository_have_a_page_of_changes_and_others_a_reason() {
    let index = index();
    let check = |from: &str, to: &str, url: Option<&str>, why: Option<&str>, seconds: i64| {
        let (from, to) = (which(from, None, None), which(to, None, None));
        let found = compare(&index, Product::FIREFOX, &from, &to).unwrap();
        assert_eq!(found.changes_url.as_deref(), url);
        assert_eq!(found.no_changes_url.map(|text| &text[..12]), why);
        assert_eq!(found.seconds, seconds);
    };
    let url = "https://hg.mozilla.org/releases/mozilla-beta/pushloghtml\
        ?fromchange=rev20181025143507&tochange=rev20181025233934";
    check("20181025143507", "20181025233934", Some(url), None, 32_667);
    check("20181018182531", "20181025233934", None, Some("they come fr"), 623_643);
    check("20181018182531", "20181018182531", None, Some("it is one bu"), 0);
    let unknown = compare(
        &index,
        Product::FIREFOX,
        &which("20181018182531", None, None),
        &which("20190101000000", None, None),
    );
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "no source has listed a build 20190101000000 of Firefox so far"
    );
}

fn which(id: &str, channel: Option<&str>, version: Option<&str>) -> Which {
    Which {
        build_id: id.parse().unwrap(),
        channel: channel.map(str::to_owned),
        version: version.map(|version| version.parse().unwrap()),
    }
}

#[test]
fn an_id_of_several_builds_is_not_guessed() {
    const TWICE: &str = "20181025233934";
    let observations = [
        record("beta", "64.0b4", 2, "win64", TWICE),
        record("release", "63.0", 1, "win64", TWICE),
        record("beta", "64.0b5", 1, "win64", "20181029164536"),
        record("beta", "64.0b5", 2, "mac", "20181029164536"),
    ];
    let builds = derive_all(&observations, &[]).builds;
    let index = BuildIndex::from_builds(1, &builds).unwrap();
    let last = || which("20181029164536", None, Some("64.0b5rc2"));
    let asked = |from: Which, to: Which| compare(&index, Product::FIREFOX, &from, &to);
    let error = asked(which(TWICE, None, None), last()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it is not clear which builds are meant: 20181025233934 is 64.0b4rc2 on beta (candidate) or 63.0 on release \
         (candidate)"
    );
    let twice = |error: NoComparison| match error {
        NoComparison::Ambiguous(all) => all
            .iter()
            .map(|one| (one.candidates.len(), one.parameters().join(" ")))
            .collect::<Vec<_>>(),
        other => panic!("{other}"),
    };
    assert_eq!(twice(error), [(2, "from_channel".to_owned())]);
    let beta = Some("beta");
    let error = asked(which(TWICE, beta, None), which("20181029164536", beta, None));
    assert_eq!(twice(error.unwrap_err()), [(2, "to_channel to_version".to_owned())]);
    let error = asked(which(TWICE, None, None), which("20181029164536", None, None));
    assert_eq!(
        twice(error.unwrap_err()),
        [(2, "from_channel".to_owned()), (2, "to_channel to_version".to_owned())]
    );
    // An unknown build is reported first.
    for (from, to) in [("20190101000000", TWICE), (TWICE, "20190101000000")] {
        let error = asked(which(from, None, None), which(to, None, None)).unwrap_err();
        assert!(matches!(error, NoComparison::NotKnown(..)), "{error}");
    }
    for (channel, version, found) in [
        (Some("beta"), None, "64.0b4rc2"),
        (Some("release"), None, "63.0"),
        (None, Some("63.0"), "63.0"),
        (Some("release"), Some("63.0"), "63.0"),
    ] {
        let compared = asked(which(TWICE, channel, version), last()).unwrap();
        assert_eq!(compared.from.own_version.as_str(), found);
    }
    let error = asked(which(TWICE, Some("esr"), None), last()).unwrap_err();
    assert!(matches!(error, NoComparison::NotThat(_)), "{error}");
    // The same id, but two builds.
    let compared = asked(which(TWICE, Some("beta"), None), which(TWICE, Some("release"), None));
    assert_ne!(compared.unwrap().no_changes_url, Some("it is one build"));
}

#[test]
fn the_channel_of_a_side_comes_before_that_of_both_and_must_be_one_of_the_product() {
    let id = BuildId::from_u64(20_181_025_233_934).unwrap();
    for (directory, own, both, expected) in [
        (Directory::FIREFOX, None, None, Ok(None)),
        (Directory::FIREFOX, None, Some("Beta"), Ok(Some("beta"))),
        (Directory::FIREFOX, Some("aurora"), Some("beta"), Ok(Some("aurora"))),
        (Directory::DEVEDITION, None, None, Ok(Some("aurora"))),
        (Directory::DEVEDITION, Some("Aurora"), Some("beta"), Ok(Some("aurora"))),
        (
            Directory::DEVEDITION,
            None,
            Some("beta"),
            Err("Developer Edition has only the channel aurora"),
        ),
    ] {
        let which = Which::of(directory, id, [own, both], None);
        let channel = which.as_ref().map(|which| which.channel.as_deref());
        assert_eq!(channel.map_err(String::as_str), expected);
    }
}
