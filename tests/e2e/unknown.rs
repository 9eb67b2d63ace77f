//! Crashes of a build that no source knows: the alarm, and its end.

use demo::world::Channel;
use demo::{Plan, World};
use platform::testing::database_settings;
use serde_json::Value;

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// The world before its newest nightly of Firefox was published, and that one's build id.
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
        .rposition(|build| {
            build.channel == Channel::Nightly && build.product.canonical() == "Firefox"
        })
        .expect("a nightly");
    world.builds.truncate(end);
    world.records.retain(|record| record.build < end);
    (world, newest)
}

/// The one unknown build with an alarm, open or cleared.
async fn alarm(system: &System, state: &str) -> Option<Value> {
    let page = system.json(&format!("/api/v1/unknown?alarm={state}")).await;
    page["unknown"].get(0).cloned()
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
        let mut sample = demo::crashes::samples_for(&late.world)
            .into_iter()
            .find(|sample| !sample.dumps.is_empty())
            .expect("a sample");
        let mut ids = Vec::new();
        for install in 0..3 {
            for (name, value) in [
                ("ProductName", "Firefox"),
                ("ReleaseChannel", "nightly"),
                ("Version", "155.0a1"),
                ("BuildID", newest.as_str()),
                ("InstallTime", &format!("178500000{install}")),
            ] {
                sample.annotations.insert(name.to_owned(), value.to_owned());
            }
            ids.push(system.submit(&sample, "firefox"));
        }
        for id in &ids {
            let crash = system.processed(id).await;
            assert_eq!(crash["build_info"]["reason"], "not_seen");
        }
        // It is raised, and looked for at once, in vain.
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
        let (_, metrics) = system.get("/metrics").await;
        assert!(
            metrics.contains("buildinfo_alarms_raised_total 1"),
            "{metrics}"
        );
    }
}
