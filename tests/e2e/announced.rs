//! Builds that a pipeline announces to the running program.

use buildinfo::db::IMPORT;
use platform::clock;
use platform::db::{DatabaseSettings, Db};
use serde_json::{Value, json};

use crate::system::{Config, System};

const ID: &str = "20260811093000";
const QUESTION: &str = "product=Thunderbird&channel=default&build_id=20260811093000";

/// Sends a request as the holder of a token; returns the status and the body.
async fn send(system: &System, method: &str, query: &str, token: &str, body: &Value) -> (u16, Value) {
    let client = platform::http::client().build().expect("a client");
    let method = method.parse().expect("a method");
    let request = client.request(method, format!("{}/api/v1/builds{query}", system.url));
    let answer = request.header("auth-token", token).body(body.to_string()).send().await;
    let answer = answer.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

fn token(system: &System, permission: &str) -> String {
    let args = ["token", "create", "--note", "a pipeline", "--permission", permission];
    system.run_well(args).trim().to_owned()
}

/// Sends a report of the build before anybody knows it, and returns the crash's id.
async fn crash(system: &System) -> String {
    let part = |(name, value): (&str, &str)| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let annotations = [
        ("ProductName", "Thunderbird"),
        ("Version", "153.9"),
        ("ReleaseChannel", "default"),
        ("BuildID", ID),
    ];
    let body: String = annotations
        .into_iter()
        .map(part)
        .chain(["--B--\r\n".to_owned()])
        .collect();
    let (status, answer) = system.post("multipart/form-data; boundary=B", body.into_bytes()).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer
        .trim()
        .strip_prefix("CrashID=bp-")
        .expect("a crash id")
        .to_owned();
    assert_eq!(system.processed(&id).await["version"], "153.9");
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_announces_builds_and_none_is_lost() {
    let mut system = System::up(&Config::default());
    let pipeline = token(&system, "announce_builds");
    let build = json!({"product": "thunderbird", "channel": "default", "version": "154.0", "build_id": ID,
        "platform": "linux-x86_64", "revision": "abc"});
    for other in [String::new(), token(&system, "administer")] {
        for method in ["POST", "DELETE"] {
            let (status, body) = send(&system, method, &format!("?{QUESTION}"), &other, &build).await;
            assert_eq!((status, &body["code"]), (403, &json!("forbidden")), "{body}");
        }
    }
    let crash = crash(&system).await;
    let (status, answer) = send(&system, "POST", "", &pipeline, &build).await;
    assert_eq!(
        (status, &answer["builds"][0]["outcome"]),
        (201, &json!("new")),
        "{answer}"
    );
    let (status, again) = send(&system, "POST", "", &pipeline, &json!([build])).await;
    assert_eq!(
        (status, &again["builds"][0]["outcome"]),
        (200, &json!("unchanged")),
        "{again}"
    );
    assert_eq!(again["generation"], answer["generation"]);
    let lookup = format!("/api/v1/lookup?{QUESTION}");
    let known = system.json(&lookup).await;
    assert_eq!(
        (&known["version"], &known["status"]),
        (&json!("154.0"), &json!("unofficial")),
        "{known}"
    );
    let beside = system.beside(["buildinfo", "serve"]);
    assert_eq!(beside.json(&lookup).await["build"]["revision"], "abc");
    let explained = system.run_well([
        "buildinfo",
        "explain",
        "--product",
        "Thunderbird",
        "--channel",
        "default",
        "--build-id",
        ID,
    ]);
    let digest = answer["builds"][0]["digest"].as_str().expect("a digest");
    assert!(
        explained.contains("own announced: Thunderbird default 20260811093000 linux-x86_64"),
        "{explained}"
    );
    assert!(
        system
            .json(&format!("/api/v1/explain?{QUESTION}"))
            .await
            .to_string()
            .contains(digest)
    );
    let (_, page) = system.get(&format!("/builds/Thunderbird/default/{ID}")).await;
    assert!(page.contains("announced builds (own)"), "{page}");
    let runs = system.run_well(["buildinfo", "runs"]);
    assert!(
        runs.contains("import own: complete, 1 records") && !runs.contains("a pipeline"),
        "{runs}"
    );
    let log = system.run_well(["audit-log"]);
    assert!(log.contains("announce_builds") && !log.contains(&pipeline), "{log}");

    system
        .wait_for("the crash to have its build", async || {
            let crash = system.processed(&crash).await;
            (crash["version"] == "154.0" && crash["build_info"]["revision"] == "abc").then_some(())
        })
        .await;

    let (status, gone) = send(&system, "DELETE", &format!("?{QUESTION}"), &pipeline, &Value::Null).await;
    assert_eq!(
        (status, &gone["builds"][0]["outcome"]),
        (200, &json!("withdrawn")),
        "{gone}"
    );
    assert_eq!(system.json(&lookup).await["version"], Value::Null);
    let (status, _) = send(&system, "DELETE", &format!("?{QUESTION}"), &pipeline, &Value::Null).await;
    assert_eq!(status, 404);

    // An import runs, whose right to import has long to go, and the process is killed.
    let db = Db::open(&DatabaseSettings::default(), &system.data())
        .await
        .expect("a database");
    let later = clock::now_micros() + 3_600_000_000;
    let lease = IMPORT
        .take(&db, "an import", later)
        .await
        .expect("it answers")
        .expect("it is free");
    let (status, waiting) = send(&system, "POST", "", &pipeline, &build).await;
    assert_eq!((status, &waiting["state"]), (202, &json!("waiting")), "{waiting}");
    drop(beside);
    system.kill();
    system.start(["up"]);
    assert_eq!(system.json(&lookup).await["version"], Value::Null);
    lease.release().await.expect("it is given back");
    db.close().await;
    system
        .wait_for("what was announced", async || {
            (system.json(&lookup).await["version"] == "154.0").then_some(())
        })
        .await;
}
