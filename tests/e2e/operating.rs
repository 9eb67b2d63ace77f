//! Starting, stopping and maintaining a system.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use demo::Plan;

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

#[tokio::test(flavor = "multi_thread")]
async fn a_system_stops_within_its_limit_and_goes_on_where_it_was() {
    let mut system = System::up(&Config::default());
    let world = demo::World::generate(&Plan::default());
    let sample = demo::crashes::samples_for(&world).remove(0);
    let id = system.submit(&sample, "firefox");
    let (status, took) = system.stop();
    assert_eq!(
        (status.code(), status.signal()),
        (Some(0), None),
        "{}",
        system.log_text()
    );
    assert!(took < Duration::from_secs(15), "{took:?}");
    system.start(["up"]);
    system.processed(&id).await;
    // The same report sent again is the same crash.
    assert_eq!(system.submit(&sample, "firefox"), id);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_source_it_serves_and_says_what_is_missing() {
    let system = System::up(&Config {
        imports: true,
        ..Config::default()
    });
    let world = demo::World::generate(&Plan::default());
    let sample = demo::crashes::samples_for(&world).remove(0);
    let id = system.submit(&sample, "firefox");
    let crash = system.processed(&id).await;
    assert_eq!(crash["build_info"]["status"], "unknown");
    system
        .wait_for("the import to say that it failed", async || {
            let runs = system.run_well(["buildinfo", "runs"]);
            (runs.contains("failed") && runs.contains("does not answer")).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn check_follows_a_canary_and_leaves_nothing_behind() {
    let sources = StandIns::serve(&Plan::default()).await;
    let system = System::up(&Config {
        sources: Some(&sources.url),
        ..Config::default()
    });
    let output = system.run(["check"]);
    assert_eq!(output.status.code(), Some(1), "without builds it is not well");
    system.run_well(["buildinfo", "import"]);
    let text = system.run_well(["check", "--url", &system.url]);
    for line in text.lines() {
        assert!(line.starts_with("ok  "), "{text}");
    }
    assert!(text.contains("canary") || text.contains("marked crash"), "{text}");
    assert_eq!(system.run_well(["crash", "list"]), "");
}

#[test]
fn two_collectors_do_not_share_a_folder() {
    let mut system = System::new(&Config::default());
    system.start(["collector"]);
    let output = system.run(["collector"]);
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("another collector"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_run_apart_on_the_same_folder() {
    let mut collector = System::new(&Config::default());
    collector.start(["collector"]);
    let world = demo::World::generate(&Plan::default());
    let sample = demo::crashes::samples_for(&world).remove(0);
    let id = collector.submit(&sample, "firefox");
    let processor = collector.beside(["processor"]);
    let webapp = collector.beside(["webapp"]);
    let crash = webapp.processed(&id).await;
    assert_eq!(crash["uuid"], id.as_str());
    let (status, _) = processor.get("/__heartbeat__").await;
    assert_eq!(status, 200);
    let builds = collector.beside(["buildinfo", "serve"]);
    let answer = builds
        .json("/api/v1/lookup?product=Firefox&channel=beta&build_id=20260101000000")
        .await;
    assert_eq!(answer["status"], "unknown");
}

#[test]
fn settings_are_shown_without_secrets_and_wrong_ones_are_refused() {
    let system = System::new(&Config::default());
    let shown = system.run_well(["config", "show"]);
    assert!(shown.contains("[buildinfo]"), "{shown}");
    let file = system.folder().join("other.toml");
    for (settings, error) in [
        ("[http]\nbnid = \"x\"\n", "bnid"),
        (
            "[database]\nurl = \"mysql://u:secret@h/d\"\n",
            "sqlite:// or postgres://",
        ),
        ("[buildinfo]\nschedule = \"often\"\n", "buildinfo.schedule"),
        ("[buildinfo]\narchive_url = \"file:///x\"\n", "buildinfo.archive_url"),
        ("[processor]\nsymbols_urls = \"ftp://x/\"\n", "processor.symbols_urls"),
        ("[processor]\nsiglists = \"/nowhere\"\n", "processor.siglists"),
        ("[processor]\nworkers = 0\n", "processor.workers"),
        ("[collector]\nthrottle = \"/nowhere\"\n", "collector.throttle"),
        ("[blobs]\nurl = \"ftp://u:secret@h/d\"\n", "blobs.url"),
        ("[database]\nurl = \"postgres://u:secret@h:x/d\"\n", "database.url"),
        ("[http]\nbind = \"127.0.0.1\"\n", "http.bind"),
    ] {
        std::fs::write(&file, settings).expect("a file");
        let path = file.display().to_string();
        let output = system.run(["--config", &path, "up"]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{settings}");
        assert!(
            text.contains("the settings cannot be used") || text.lines().count() == 1,
            "{text}"
        );
        assert!(output.stdout.is_empty(), "{settings}: it listened");
        assert!(!system.data().exists(), "{settings}: it opened something");
        assert!(text.contains(error), "{settings}: {text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

/// Each service answers unknown addresses and disallowed methods in the form of the address.
#[tokio::test(flavor = "multi_thread")]
async fn every_service_answers_what_is_nowhere() {
    let mut first = System::new(&Config::default());
    first.start(["collector"]);
    let others = [
        first.beside(["webapp"]),
        first.beside(["processor"]),
        first.beside(["buildinfo", "serve"]),
    ];
    let client = platform::http::client()
        .timeout(Duration::from_secs(10))
        .build()
        .expect("a client");
    for system in others.iter().chain([&first]) {
        let url = &system.url;
        let (status, body) = system.get("/api/v9/nothing?url=someone").await;
        assert_eq!(status, 404, "{body}");
        assert!(body.contains("\"not_found\""), "{body}");
        let (status, body) = system.get("/nothing").await;
        assert_eq!(status, 404);
        assert!(body.contains("No such page"), "{body}");
        let posted = client.post(format!("{url}/__version__")).send().await;
        let posted = posted.expect("an answer");
        assert_eq!(posted.status(), 405);
        assert_eq!(posted.headers()["allow"], "GET,HEAD");
        assert!(!posted.headers()["x-request-id"].is_empty());
        let body = posted.text().await.expect("a body");
        assert!(body.contains("\"method_not_allowed\""), "{body}");
        for path in ["/__version__", "/api/v9/nothing", "/nothing"] {
            let head = client.head(format!("{url}{path}")).send().await;
            let head = head.expect("an answer");
            assert_ne!(head.headers()["content-length"], "0", "{path}");
        }
        let (_, figures) = system.get("/metrics").await;
        assert!(figures.contains("route=\"/__version__\",status=\"4xx\""), "{figures}");
        assert!(!figures.contains("nothing"), "{figures}");
    }
    assert!(!first.log_text().contains("someone"), "{}", first.log_text());
}

/// The program accepts the settings in the operator's manual.
#[test]
fn the_documented_settings_are_accepted() {
    let manual =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operating.md")).expect("the manual");
    let toml = manual
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("an example");
    let system = System::new(&Config::default());
    let file = system.folder().join("documented.toml");
    std::fs::write(&file, toml).expect("a file");
    let path = file.display().to_string();
    let shown = system.run_well(["--config", &path, "config", "show"]);
    assert!(shown.contains("postgres://datil:***@db.example.org/datil"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}
