//! Crashes of a build that no source knows: the alarm, and how it ends.

use demo::world::Channel;
use demo::{Plan, World};
use platform_testing::database_settings;
use serde_json::Value;

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// The world before its newest Firefox nightly was published, and that nightly's build id.
fn before_newest() -> (World, String) {
    let mut world = World::generate(&Plan::default());
    let newest = world
        .truths_of("Firefox", Channel::Nightly)
        .last()
        .expect("a nightly")
        .build_id
        .to_string();
    let end = world
        .builds
        .iter()
        .rposition(|build| build.channel == Channel::Nightly && build.product.canonical() == "Firefox")
        .expect("a nightly");
    world.builds.truncate(end);
    world.records.retain(|record| record.build < end);
    (world, newest)
}

/// The only unknown build with an alarm, open or cleared.
async fn alarm(system: &System, state: &str) -> Option<Value> {
    let page = system.json(&format!("/api/v1/unknown?alarm={state}")).await;
    page["unknown"].get(0).cloned()
}

/// Crashes a nightly on three installs. Returns the crash ids.
fn crash_three_times(system: &System, world: &World, build_id: &str) -> Vec<String> {
    let mut sample = demo::crashes::samples_for(world)
        .into_iter()
        .find(|sample| !sample.dumps.is_empty())
        .expect("a sample");
    let installs = 0..3;
    installs
        .map(|install| {
            for (name, value) in [
                ("ProductName", "Firefox"),
                ("ReleaseChannel", "nightly"),
                ("Version", "155.0a1"),
                ("BuildID", build_id),
                ("InstallTime", &format!("178500000{install}")),
            ] {
                sample.annotations.insert(name.to_owned(), value.to_owned());
            }
            system.submit(&sample, "firefox")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_installs_raise_an_alarm_that_ends_when_the_build_is_known() {
    let (world, newest) = before_newest();
    let early = StandIns::of(world).await;
    let late = StandIns::serve(&Plan::default()).await;
    for database in database_settings().await {
        let mut system = System::new(&Config {
            database,
            sources: Some(&early.url),
            imports: true,
            ..Config::default()
        });
        system.run_well(["buildinfo", "import"]);
        system.start(["up"]);
        let ids = crash_three_times(&system, &late.world, &newest);
        for id in &ids {
            let crash = system.processed(id).await;
            assert_eq!(crash["build_info"]["reason"], "not_seen");
        }
        // The alarm is raised, and an immediate search for the build finds nothing.
        let raised = system
            .wait_for("the alarm to be raised and tried", async || {
                let alarm = alarm(&system, "open").await?;
                alarm["alarm"]["tried"].is_string().then_some(alarm)
            })
            .await;
        assert_eq!(raised["build_id"], newest.as_str());
        let audit = system.run_well(["buildinfo", "audit"]);
        assert!(audit.contains("open_alarm"), "{audit}");
        // The sources have it now.
        let settings = system.folder().join("datil.toml");
        let text = std::fs::read_to_string(&settings).expect("settings");
        std::fs::write(&settings, text.replace(&early.url, &late.url)).expect("settings");
        system.run_well(["buildinfo", "import"]);
        let cleared = system
            .wait_for("the alarm to end", async || alarm(&system, "cleared").await)
            .await;
        assert_eq!(cleared["build_id"], newest.as_str());
        assert!(alarm(&system, "open").await.is_none());
        for id in &ids {
            let path = format!("/api/ProcessedCrash/?crash_id={id}");
            let crash = system
                .wait_for("the crash to be corrected", async || {
                    let crash = system.json(&path).await;
                    (crash["build_info"]["status"] != "unknown").then_some(crash)
                })
                .await;
            assert_eq!(crash["build_info"]["status"], "published");
        }
        assert_eq!(system.metric("datil_buildinfo_raised_alarms_total ").await, 1.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_imports_by_itself_everything_says_so_and_an_import_by_hand_looks() {
    let (world, newest) = before_newest();
    let early = StandIns::of(world).await;
    let late = StandIns::serve(&Plan::default()).await;
    let mut system = System::new(&Config {
        sources: Some(&early.url),
        ..Config::default()
    });
    system.run_well(["buildinfo", "import"]);
    system.start(["up"]);
    let ids = crash_three_times(&system, &late.world, &newest);
    let raised = system
        .wait_for("the alarm to be raised", async || alarm(&system, "open").await)
        .await;
    assert_eq!(raised["alarm"]["tried"], Value::Null);
    assert!(
        system.log_text().contains("buildinfo.schedule is empty"),
        "{}",
        system.log_text()
    );
    let by_hand = "with the next \"datil buildinfo import\"";
    assert!(system.log_text().contains("datil buildinfo import"));
    assert!(!system.log_text().contains("it is looked for at once"));
    let page = system.json("/api/v1/unknown").await;
    assert_eq!(page["importer"]["who"], "by_hand");
    assert!(page["importer"]["last_import"].is_string());
    let (_, page) = system.get("/builds/unknown").await;
    assert!(page.contains("No process imports by itself"), "{page}");
    let audit = system.run_well(["buildinfo", "audit"]);
    assert!(audit.contains(by_hand) && audit.contains("no_importer"), "{audit}");
    let listed = system.run_well(["buildinfo", "unknown"]);
    assert!(
        listed.contains(by_hand) && listed.contains(&newest) && listed.contains("  on"),
        "{listed}"
    );
    let listed = system.run_well(["--json", "buildinfo", "unknown", "--alarm", "open"]);
    let lines: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert_eq!(lines.len(), 1, "{listed}");
    assert_eq!(lines[0]["build_id"], newest.as_str());
    for others in [["--verdict", "junk"], ["--alarm", "cleared"]] {
        let listed = system.run_well(["buildinfo", "unknown"].into_iter().chain(others));
        assert!(!listed.contains(&newest), "{listed}");
    }
    // A finding bad for the audit is bad for the check, in the audit's words.
    let check = system.run(["check"]);
    let text = String::from_utf8_lossy(&check.stdout).into_owned();
    assert_eq!(check.status.code(), Some(1), "{text}");
    let line = text.lines().find(|line| line.contains("open_alarm"));
    let line = line.expect("a line about the alarm");
    assert!(line.starts_with("BAD ") && line.contains("load-csv"), "{line}");
    let check = system.run(["--json", "check"]);
    assert_eq!(check.status.code(), Some(1));
    let lines = String::from_utf8_lossy(&check.stdout).into_owned();
    let bad = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        line["name"] == "audit" && line["well"] == false
    };
    assert!(lines.lines().any(bad), "{lines}");
    // The operator imports: the first time finds nothing, the second the build.
    system.run_well(["buildinfo", "import"]);
    let tried = alarm(&system, "open").await.expect("the alarm");
    assert!(tried["alarm"]["tried"].is_string(), "{tried}");
    let settings = system.folder().join("datil.toml");
    let text = std::fs::read_to_string(&settings).expect("settings");
    std::fs::write(&settings, text.replace(&early.url, &late.url)).expect("settings");
    system.run_well(["buildinfo", "import"]);
    system
        .wait_for("the alarm to end", async || alarm(&system, "cleared").await)
        .await;
    assert_eq!(ids.len(), 3);
}
