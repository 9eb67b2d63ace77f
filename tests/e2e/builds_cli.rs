//! Lists, comparisons, corrections and tables of builds from the command line.

use std::collections::BTreeSet;

use demo::{Plan, Truth};
use platform_testing::database_settings;
use serde_json::{Value, json};

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// The lines of a command's JSON.
fn objects<'a>(system: &System, args: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    let args = ["buildinfo", "--json"].into_iter().chain(args);
    system
        .run_well(args)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// A system of each database with the builds of the default world.
async fn imported(sources: &StandIns) -> Vec<System> {
    let mut systems = Vec::new();
    for database in database_settings().await {
        let system = System::new(&Config {
            database,
            sources: Some(&sources.url),
            ..Config::default()
        });
        system.run_well(["buildinfo", "import"]);
        systems.push(system);
    }
    systems
}

fn find(sources: &StandIns, wanted: impl Fn(&Truth) -> bool) -> &Truth {
    let found = sources.world.truth.iter().find(|truth| wanted(truth));
    found.expect("the world has such a build")
}

#[tokio::test(flavor = "multi_thread")]
async fn builds_are_listed_by_whatever_is_known_of_them() {
    let sources = StandIns::serve(&Plan::default()).await;
    let beta = find(&sources, |truth| {
        truth.channel.as_str() == "beta"
            && truth.status.as_str() == "shipped"
            && truth.version.contains('b')
            && truth.product == "Firefox"
    });
    let candidate = find(&sources, |truth| {
        truth.version.contains(".0rc2") && truth.product == "Firefox"
    });
    let (id, version) = (&*beta.build_id, &*beta.version);
    for system in imported(&sources).await {
        for args in [
            &["--build-id", id][..],
            &["--build-id", &id[..10], "--product", "firefox"],
            &["--version", version, "--channel", "Beta"],
            &["--revision", &beta.revision],
            &["--version", version, "--platform", beta.platform.as_str()],
        ] {
            let found = objects(&system, ["builds"].iter().chain(args).copied());
            assert!(!found.is_empty(), "{args:?}");
            assert!(
                found
                    .iter()
                    .any(|build| build["build_id"] == id && build["version"] == version),
                "{args:?}"
            );
        }
        let named = objects(&system, ["builds", "--version", &candidate.version]);
        assert!(!named.is_empty());
        assert!(
            named
                .iter()
                .all(|build| build["build_id"] == *candidate.build_id || build["build_number"] == 2),
            "{named:?}"
        );
        let since = format!("{}-{}-{}", &id[..4], &id[4..6], &id[6..8]);
        let found = objects(&system, ["builds", "--since", &since, "--limit", "10000"]);
        assert!(found.iter().all(|build| build["build_id"].as_str() >= Some(&id[..8])));
        assert!(found.iter().any(|build| build["build_id"] == id));
        // For people: a heading, and how to continue the list.
        let output = system.run(["buildinfo", "builds", "--limit", "2"]);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(text.starts_with("BUILD ID") && text.lines().count() == 3, "{text}");
        let hint = String::from_utf8(output.stderr).expect("UTF-8");
        let place = hint.split('\'').nth(1).expect("a place");
        let next = system.run_well(["buildinfo", "builds", "--limit", "2", "--after", place]);
        let both = system.run_well(["buildinfo", "builds", "--limit", "4", "--json"]);
        let key = |line: &str| line.split_whitespace().next().map(str::to_owned);
        let paged: Vec<_> = text.lines().skip(1).chain(next.lines().skip(1)).map(key).collect();
        let whole: Vec<_> = both
            .lines()
            .map(|line| {
                let build: Value = serde_json::from_str(line).expect("JSON");
                build["build_id"].as_str().map(str::to_owned)
            })
            .collect();
        assert_eq!(paged, whole);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_the_newest_and_comparisons_are_told() {
    let sources = StandIns::serve(&Plan::default()).await;
    let release = find(&sources, |truth| {
        truth.product == "Firefox" && truth.channel.as_str() == "release" && truth.status.as_str() == "shipped"
    });
    let nightlies: Vec<&Truth> = sources
        .world
        .truth
        .iter()
        .filter(|truth| truth.product == "Firefox" && truth.channel.as_str() == "nightly")
        .collect();
    let newest = nightlies.iter().map(|truth| &*truth.build_id).max().expect("nightlies");
    let oldest = nightlies.iter().map(|truth| &*truth.build_id).min().expect("nightlies");
    for system in imported(&sources).await {
        let all = objects(&system, ["versions", "--product", "Firefox", "--limit", "10000"]);
        let own = all
            .iter()
            .find(|one| one["version"] == *release.version && one["channel"] == "release")
            .expect("the release");
        assert_eq!(own["product"], "Firefox");
        assert_eq!(own["shipped_build_number"], json!(release.build_number));
        let table = system.run_well(["buildinfo", "versions", "--product", "devedition", "--limit", "3"]);
        assert!(table.starts_with("VERSION") && table.contains("aurora"), "{table}");
        let latest = objects(&system, ["latest", "--product", "Firefox", "--channel", "nightly"]);
        assert_eq!(latest.len(), 1);
        assert_eq!(latest[0]["build_id"], newest);
        let channels: BTreeSet<String> = objects(&system, ["latest"])
            .iter()
            .map(|one| format!("{} {}", one["product"], one["channel"]))
            .collect();
        assert!(channels.len() > 5, "{channels:?}");
        let compared = objects(&system, ["compare", oldest, newest]);
        assert!(compared[0]["changes_url"].is_string(), "{compared:?}");
        assert!(compared[0]["seconds"].as_i64() > Some(0));
        let text = system.run_well(["buildinfo", "compare", oldest, newest]);
        assert!(
            text.contains(oldest) && text.contains("pushloghtml?fromchange="),
            "{text}"
        );
        // A beta shares its id with Developer Edition.
        let beta = find(&sources, |truth| {
            truth.product == "Firefox" && truth.channel.as_str() == "beta" && truth.status.as_str() == "shipped"
        });
        let beta = beta.build_id.to_string();
        let ambiguous = system.run(["buildinfo", "compare", &beta, newest]);
        let error = String::from_utf8_lossy(&ambiguous.stderr).into_owned();
        assert!(
            !ambiguous.status.success()
                && error.contains("it is not clear which builds are meant")
                && error.contains("on aurora (shipped)")
                && error.contains("--from-channel"),
            "{error}"
        );
        let compared = objects(&system, ["compare", &beta, newest, "--from-channel", "beta"]);
        assert_eq!(compared[0]["from"]["own_channel"], "beta");
        for args in [
            &["buildinfo", "compare", oldest, "19990101000000"][..],
            &["buildinfo", "compare", oldest, "x"],
            &["buildinfo", "versions", "--product", "Waterfowl"],
            &["buildinfo", "versions", "--product", "Firefox", "--after", "x"],
            &["buildinfo", "builds", "--build-id", "x"],
            &["buildinfo", "builds", "--limit", "0"],
            &["buildinfo", "builds", "--after", "x"],
        ] {
            let output = system.run(args);
            assert!(!output.status.success(), "{args:?}");
            assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_foreseen_made_listed_and_undone() {
    let sources = StandIns::serve(&Plan::default()).await;
    let release = find(&sources, |truth| {
        truth.product == "Firefox"
            && truth.channel.as_str() == "release"
            && truth.status.as_str() == "shipped"
            && truth.version.ends_with(".0")
    });
    let subject = format!("Firefox {}", release.version);
    for system in imported(&sources).await {
        let status = || {
            let question = [
                "buildinfo",
                "lookup",
                "--product",
                "Firefox",
                "--channel",
                "release",
                "--build-id",
                &release.build_id,
            ];
            let answer: Value = serde_json::from_str(&system.run_well(question)).expect("JSON");
            answer["status"].as_str().map(str::to_owned)
        };
        let before = system.run_well(["buildinfo", "export", "--canonical"]);
        let file = system.folder().join("corrections.toml");
        let text = format!(
            "[[correction]]\nsubject = {subject:?}\nfield = \"status\"\nvalue = \"pulled\"\nauthor = \"we\"\nreason = \
             \"it was taken back\"\n"
        );
        std::fs::write(&file, text).expect("a file can be written");
        let file = file.to_str().expect("UTF-8");
        let foreseen = objects(&system, ["rebuild", "--with", file, "--dry-run"]);
        let own = foreseen
            .iter()
            .find(|change| change["build_id"] == *release.build_id)
            .expect("the build would change");
        assert_eq!(own["crashes"], 0);
        assert_eq!(own["new"][0]["status"], "pulled");
        let told = system.run_well(["buildinfo", "rebuild", "--with", file, "--dry-run"]);
        assert!(told.contains("1 correction would change"), "{told}");
        assert_eq!(system.run_well(["buildinfo", "export", "--canonical"]), before);
        // A correction made twice exists once.
        for added in [1, 0] {
            let made = objects(&system, ["rebuild", "--with", file]);
            assert_eq!(made[0]["added"], added);
            assert_eq!(status().as_deref(), Some("pulled"));
        }
        let listed = objects(&system, ["correct", "list"]);
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (&listed[0]["subject"], &listed[0]["author"]),
            (&json!(subject), &json!("we"))
        );
        let id = listed[0]["id"].to_string();
        objects(&system, ["correct", "undo", &id, "--author", "they"]);
        assert_eq!(system.run_well(["buildinfo", "export", "--canonical"]), before);
        assert!(objects(&system, ["correct", "list"]).is_empty());
        assert_eq!(objects(&system, ["correct", "list", "--all"])[0]["undone_by"], "they");
        let key = format!("firefox-{}", release.version);
        let ignored = objects(
            &system,
            [
                "correct", "add", "--ignore", &key, "--reason", "wrong", "--author", "we",
            ],
        );
        assert_eq!(ignored[0]["correction"]["kind"], "ignore");
        assert_ne!(system.run_well(["buildinfo", "export", "--canonical"]), before);
        let all = system.run_well(["buildinfo", "rebuild"]);
        assert!(all.contains("generation"), "{all}");
        let well = ["--field", "status", "--value", "pulled", "--author", "we"];
        for args in [
            &["--subject", "Waterfowl 1.0", "--reason", "x"][..],
            &["--subject", &subject, "--reason", " "],
            &["--subject", &subject],
            &["--subject", &subject, "--reason", "x", "--ignore", &key],
        ] {
            let args = ["buildinfo", "correct", "add"].iter().chain(&well).chain(args);
            let output = system.run(args);
            assert!(!output.status.success(), "{output:?}");
            assert!(output.stdout.is_empty() && !output.stderr.is_empty());
        }
        let output = system.run(["buildinfo", "correct", "undo", &id, "--author", "they"]);
        assert!(!output.status.success(), "it is undone already");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_goes_out_of_one_system_and_into_another() {
    let sources = StandIns::serve(&Plan::default()).await;
    for system in imported(&sources).await {
        let table = system.run_well(["buildinfo", "export"]);
        let other = System::new(&Config::default());
        let file = other.folder().join("versions.csv");
        std::fs::write(&file, &table).expect("a file can be written");
        let file = file.to_str().expect("UTF-8");
        let run = objects(&other, ["load-csv", file]);
        assert_eq!(run[0]["outcome"], "complete");
        assert_eq!(
            run[0]["new_records"].as_u64(),
            u64::try_from(table.lines().count() - 1).ok()
        );
        assert_eq!(other.run_well(["buildinfo", "export", "--format", "csv"]), table);
        let output = other.run_with_input(
            ["buildinfo", "load-csv", "-", "--origin", "versions.csv", "--replace"],
            b"Firefox,beta,40,40.0,40.0b1,20150702173756,manual\n",
        );
        assert!(output.status.success(), "{output:?}");
        assert_eq!(
            other.run_well(["buildinfo", "export"]).lines().last(),
            Some("Firefox,beta,40,40.0,40.0b1,20150702173756,")
        );
        for (args, input) in [
            (&["load-csv", "-"][..], "nonsense\n"),
            (&["load-csv", "nowhere.csv"], ""),
            (&["load-csv", "-", "--origin", "a/b"], ""),
        ] {
            let args = ["buildinfo"].iter().chain(args);
            let output = other.run_with_input(args, input.as_bytes());
            assert!(!output.status.success(), "{input}");
            assert!(!output.stderr.is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreseen_change_names_the_stored_crashes_that_it_concerns() {
    let sources = StandIns::serve(&Plan::default()).await;
    let samples = demo::crashes::samples_for(&sources.world);
    let sample = samples
        .iter()
        .find(|sample| {
            sample.expected.is_some()
                && sample.annotations["ReleaseChannel"] == "beta"
                && sample.annotations["ProductName"] == "Firefox"
        })
        .expect("a sample of a beta");
    let id = &sample.annotations["BuildID"];
    for mut system in imported(&sources).await {
        system.start(["up"]);
        system.processed(&system.submit(sample, "firefox")).await;
        let correction = json!({
            "subject": format!("Firefox {id}"), "field": "revision", "value": "0".repeat(40),
            "author": "we", "reason": "a test",
        });
        let file = system.folder().join("corrections.jsonl");
        std::fs::write(&file, format!("{correction}\n")).expect("a file can be written");
        let file = file.to_str().expect("UTF-8");
        let foreseen = objects(&system, ["rebuild", "--with", file, "--dry-run"]);
        assert_eq!(foreseen.len(), 1, "{foreseen:?}");
        assert_eq!(
            (
                &foreseen[0]["build_id"],
                &foreseen[0]["crashes"],
                &foreseen[0]["crashes_changed"]
            ),
            (&json!(id), &json!(1), &json!(1))
        );
        let told = system.run_well(["buildinfo", "rebuild", "--with", file, "--dry-run"]);
        assert!(
            told.contains(&format!(
                "Firefox {id}: 1 stored crash carries this build id, 1 would be answered otherwise"
            )),
            "{told}"
        );
    }
}
