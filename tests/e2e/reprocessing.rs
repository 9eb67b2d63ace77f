//! Crashes are processed again, as a whole or for their signature alone; first dates are right at once; what is not
//! processed is said.

use demo::Plan;
use demo::crashes::Submission;
use platform_testing::database_settings;
use serde_json::{Value, json};

use crate::system::{Config, System};

/// An id that no crash has.
const NOBODY: &str = "de1bb258-cbbf-4589-a673-34f800160918";

/// A day and an hour, microseconds.
const DAY: i64 = 86_400_000_000;
const HOUR: i64 = 3_600_000_000;

fn sample() -> Submission {
    let world = demo::World::generate(&Plan::default());
    demo::crashes::samples_for(&world).remove(0)
}

fn token(system: &System, permissions: &[&str]) -> String {
    let mut args = vec!["token", "create", "--note", "a test"];
    for permission in permissions {
        args.extend(["--permission", permission]);
    }
    system.run_well(args).trim().to_owned()
}

/// Sends a request to an endpoint; returns the status and the body.
async fn send(system: &System, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> (u16, Value) {
    let client = platform::http::client().build().expect("a client");
    let method = method.parse().expect("a method");
    let mut request = client.request(method, format!("{}/api/{path}", system.url)).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    let json = serde_json::from_str(&text);
    (status, json.unwrap_or_else(|error| panic!("{path}: {error}: {text}")))
}

/// The answer for one signature.
async fn firsts(system: &System, signature: &str) -> Value {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("signatures", signature)
        .append_pair("signatures", "nobody's")
        .finish();
    system.json(&format!("/api/SignatureFirstDate/?{query}")).await
}

/// The notes of the processed crash, once they fit.
async fn notes(system: &System, id: &str, fit: impl Fn(&str) -> bool) -> Value {
    system
        .wait_for("the crash to be processed again", async || {
            let crash = system.processed(id).await;
            let notes = crash["processor_notes"].as_str().unwrap_or_default();
            fit(notes).then_some(crash)
        })
        .await
}

const SIGNED: &str = ">>> Signature made again: ";

#[tokio::test(flavor = "multi_thread")]
async fn crashes_are_processed_again_with_each_ruleset_and_first_dates_are_right_at_once() {
    for database in database_settings().await {
        let system = System::up(&Config {
            database,
            ..Config::default()
        });
        let sample = sample();
        let id = system.submit(&sample, "firefox");
        let crash = system.processed(&id).await;
        let signature = crash["signature"].as_str().expect("a signature");
        let first = firsts(&system, signature).await;
        let date = crash["submitted_timestamp"].as_str().expect("a date");
        assert_eq!(
            first,
            json!({"total": 1, "hits": [{
                "signature": signature, "first_build": crash["build"], "first_date": date,
            }]})
        );

        let allowed = token(&system, &["reprocess_crashes"]);
        let other = token(&system, &["view_pii"]);
        let form = ("content-type", "application/x-www-form-urlencoded");
        let refused = json!({"error": "Use of this endpoint requires the 'Reprocess Crashes' permission"});
        let bad = |text: &str| {
            let error = format!("Bad request: BadArgumentError: Bad value for parameter(s) '{text}'");
            json!({ "error": error })
        };
        let missing = json!({
            "error": "crash_ids: This field is required.",
            "errors": {"crash_ids": ["This field is required."]},
        });
        for (method, token, body, expected) in [
            (
                "GET",
                allowed.as_str(),
                String::new(),
                (405, json!({"error": "Method not allowed"})),
            ),
            ("GET", "", String::new(), (403, refused.clone())),
            ("GET", other.as_str(), String::new(), (403, refused.clone())),
            ("POST", "", format!("crash_ids={id}"), (403, refused.clone())),
            ("POST", &other, format!("crash_ids={id}"), (403, refused)),
            ("POST", &allowed, String::new(), (400, missing)),
            (
                "POST",
                &allowed,
                format!("crash_ids={id}&crash_ids=bad"),
                (400, bad("Crash id 'bad' is not valid.")),
            ),
            (
                "POST",
                &allowed,
                format!("crash_ids=bp-{id}"),
                (400, bad(&format!("Crash id 'bp-{id}' is not valid."))),
            ),
            (
                "POST",
                &allowed,
                format!("crash_ids={id}:x:y"),
                (400, bad("Ruleset 'x:y' is not valid.")),
            ),
        ] {
            let headers = [("auth-token", token), form];
            let answer = send(&system, method, "Reprocessing/", &headers, body.clone()).await;
            assert_eq!(answer, expected, "{method} {body}");
        }
        assert_eq!(system.run_well(["audit-log", "--action", "reprocess_crash"]), "");

        let headers = [("auth-token", allowed.as_str()), form];
        let body = format!("crash_ids={id}%3Aregenerate_signature&crash_ids={NOBODY}");
        let answer = send(&system, "POST", "Reprocessing/", &headers, body).await;
        assert_eq!(answer, (200, Value::Null));
        let signed = notes(&system, &id, |notes| notes.contains(SIGNED)).await;
        assert_eq!(signed["signature"], signature);
        assert_eq!(signed["started_datetime"], crash["started_datetime"]);
        assert_eq!(signed["completed_datetime"], crash["completed_datetime"]);
        assert_eq!(signed["processor_history"], json!([crash["processor_notes"]]));

        let answer = send(&system, "POST", "Reprocessing/", &headers, format!("crash_ids={id}")).await;
        assert_eq!(answer, (200, Value::Null));
        let again = notes(&system, &id, |notes| !notes.contains(SIGNED)).await;
        assert_ne!(again["started_datetime"], crash["started_datetime"]);
        assert_eq!(again["signature"], signature);
        assert_eq!(
            again["processor_history"],
            json!([signed["processor_notes"], crash["processor_notes"]])
        );
        assert_eq!(firsts(&system, signature).await, first);

        let log = system.run_well(["--json", "audit-log", "--action", "reprocess_crash"]);
        let lines: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let details: Vec<&Value> = lines.iter().map(|line| &line["detail"]).collect();
        assert_eq!(details, ["default", "regenerate_signature"], "{log}");
        assert!(lines.iter().all(|line| line["crash_id"] == id.as_str()), "{log}");

        the_command_line_does_the_same(&system, &id).await;
        other_endpoints_answer(&system, &id).await;
        let deleted = system.run(["crash", "delete", &id]);
        assert!(deleted.status.success());
        assert_eq!(firsts(&system, signature).await, first, "it stays");
        let verified = system.json(&format!("/api/CrashVerify/?crash_id={id}")).await;
        assert_eq!(verified["raw_crash"], false, "{verified}");
        let output = system.run(["reprocess", &id]);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("was deleted"));
    }
}

async fn the_command_line_does_the_same(system: &System, id: &str) {
    let (bp, address) = (
        format!("bp-{id}"),
        format!("https://crashes.example/report/index/{id}?x=y"),
    );
    let args = [
        "--json",
        "reprocess",
        "--ruleset",
        "regenerate_signature",
        &bp,
        &address,
    ];
    let line = json!({"crash_id": id, "queued": id, "ruleset": "regenerate_signature", "passed_over": null});
    assert_eq!(system.run_well(args), format!("{line}\n{line}\n"));
    notes(system, id, |notes| notes.contains(SIGNED)).await;

    let output = system.run_with_input(["reprocess"], format!("{bp}\n\n{NOBODY}\n").as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{id} is queued\n"));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains(&format!("{NOBODY} does not exist")), "{errors}");
    assert!(errors.contains("1 queued, 1 passed over"), "{errors}");
    notes(system, id, |notes| !notes.contains(SIGNED)).await;

    let output = system.run_with_input(["reprocess"], format!("{id}\nx\n").as_bytes());
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        errors.contains("line 2") && errors.contains("nothing was queued"),
        "{errors}"
    );
    assert_eq!(system.run(["reprocess", "--ruleset", "x", id]).status.code(), Some(2));
}

async fn other_endpoints_answer(system: &System, id: &str) {
    let verified = system.json(&format!("/api/CrashVerify/?crash_id={id}")).await;
    let expected = json!({
        "uuid": id, "raw_crash": true, "processed_crash": true, "elasticsearch_crash": true, "telemetry_crash": false,
    });
    assert_eq!(verified, expected);
    let kind = ("content-type", "application/json; charset=utf-8");
    let jobs = json!({"jobs": [{"crashing_thread": 0, "threads": [{"frames": [{"function": "herd::leap(int)"}]}]}]});
    let made = json!({"results": [
        {"signature": "herd::leap", "notes": [], "extra": {"proto_signature": "herd::leap"}},
    ]});
    for (method, path, headers, body, expected) in [
        (
            "GET",
            "CrashVerify/?crash_id=bad",
            &[][..],
            String::new(),
            (400, json!({"error": "unknown crash id"})),
        ),
        (
            "GET",
            "NoOp/?product=x",
            &[],
            String::new(),
            (200, json!({"hits": [], "total": 0})),
        ),
        (
            "GET",
            "NoOp/?product=bad",
            &[],
            String::new(),
            (
                400,
                json!({"error": "Bad request: BadArgumentError: Bad value for parameter(s) 'Bad product'"}),
            ),
        ),
        (
            "POST",
            "NoOp/",
            &[],
            String::new(),
            (405, json!({"error": "Method not allowed"})),
        ),
        (
            "GET",
            "SignatureFirstDate/",
            &[],
            String::new(),
            (
                400,
                json!({
                    "error": "signatures: This field is required.",
                    "errors": {"signatures": ["This field is required."]},
                }),
            ),
        ),
        ("POST", "CrashSignature/", &[kind], jobs.to_string(), (200, made)),
        (
            "POST",
            "CrashSignature/",
            &[kind],
            "{}".to_owned(),
            (400, json!({"error": "no jobs specified"})),
        ),
        (
            "POST",
            "CrashSignature/",
            &[("content-type", "text/plain")],
            jobs.to_string(),
            (
                415,
                json!({
                    "detail": "Unsupported media type \"text/plain\" in request.",
                    "error": "Unsupported media type \"text/plain\" in request.",
                }),
            ),
        ),
        (
            "GET",
            "CrashSignature/",
            &[],
            String::new(),
            (405, json!({"error": "Method not allowed"})),
        ),
    ] {
        let answer = send(system, method, path, headers, body).await;
        assert_eq!(answer, expected, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crashes_that_nobody_processed_within_an_hour_are_missing() {
    for database in database_settings().await {
        let mut system = System::new(&Config {
            database,
            ..Config::default()
        });
        let now = platform::clock::now_micros() / DAY * DAY;
        system.move_clock(now);
        system.start(["collector"]);
        let webapp = system.beside(["webapp"]);
        let id = system.submit(&sample(), "firefox");
        let nothing = json!({"results": [], "count": 0, "next": null, "previous": null});
        let path = "/api/MissingProcessedCrash/";
        assert_eq!(webapp.json(path).await, nothing);
        system.move_clock(now + 2 * HOUR);
        let missing = webapp.json(path).await;
        assert_eq!(missing["count"], 1);
        let record = &missing["results"][0];
        assert_eq!(
            (&record["crash_id"], &record["is_processed"]),
            (&json!(id), &json!(false))
        );
        let created = record["created"].as_str().expect("a time");
        let created = chrono::DateTime::parse_from_rfc3339(created)
            .expect("a time")
            .timestamp_micros();
        assert!((now..now + HOUR).contains(&created), "{missing}");
        // Behind the last page there is nothing.
        let behind = webapp.json("/api/MissingProcessedCrash/?page=9").await;
        assert_eq!((&behind["count"], &behind["results"]), (&json!(1), &json!([])));
        let (status, body) = webapp.get("/api/MissingProcessedCrash/?page=x").await;
        assert_eq!(status, 400, "{body}");

        let processor = webapp.beside(["processor"]);
        webapp.processed(&id).await;
        assert_eq!(webapp.json(path).await, nothing, "{}", processor.log_text());
    }
}
