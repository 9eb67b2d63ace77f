//! The answers to clients of Crash Stats.

use axum::http::{StatusCode, header};
use serde_json::json;

use super::{COPY, NO_ROW, NOT_THERE, PROCESSED, WAITING, servers};

#[tokio::test]
async fn a_processed_crash_is_answered_as_clients_expect() {
    for server in servers().await {
        server.fill().await;
        for crash in [PROCESSED, COPY] {
            let path = format!("/api/ProcessedCrash/?crash_id={crash}&datatype=processed");
            let answer = server.get(&path).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json; charset=UTF-8");
            assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
            assert_eq!(answer.json()["uuid"], PROCESSED);
            assert_eq!(answer.json()["build_info"]["generation"], 7);
        }
        let raw = server
            .get(&format!("/api/RawCrash/?crash_id={WAITING}&format=meta"))
            .await;
        assert_eq!(raw.status, StatusCode::OK);
        assert_eq!(raw.json()["Notes"], "a </b> note");
        assert!(raw.body.contains("<\\/b>"), "{}", raw.body);
    }
}

#[tokio::test]
async fn what_the_api_cannot_answer_it_says_so() {
    for server in servers().await {
        server.fill().await;
        let not_found = |id: &str| json!({"error": format!("Not found: CrashIDNotFound {id}")});
        let bad = |name: &str| {
            let error = format!("Bad request: BadArgumentError: Bad value for parameter(s) '{name}'");
            json!({"error": error})
        };
        let waiting = |id: &str| {
            let mut answer = not_found(id);
            answer["state"] = "waiting".into();
            answer
        };
        let missing = json!({
            "error": "crash_id: This field is required.",
            "errors": {"crash_id": ["This field is required."]},
        });
        for (path, status, body) in [
            ("ProcessedCrash/".to_owned(), 400, missing.clone()),
            ("RawCrash/?crash_id=".to_owned(), 400, missing),
            (format!("ProcessedCrash/?crash_id=bp-{PROCESSED}"), 400, bad("uuid")),
            ("RawCrash/?crash_id=a%20b".to_owned(), 400, bad("uuid")),
            (
                "RawCrash/?crash_id=a%00b".to_owned(),
                400,
                json!({
                    "error": "crash_id: Null characters are not allowed.",
                    "errors": {"crash_id": ["Null characters are not allowed."]},
                }),
            ),
            (
                format!("ProcessedCrash/?crash_id={NOT_THERE}"),
                404,
                not_found(NOT_THERE),
            ),
            (format!("ProcessedCrash/?crash_id={WAITING}"), 404, waiting(WAITING)),
            (format!("ProcessedCrash/?crash_id={NO_ROW}"), 404, waiting(NO_ROW)),
            (format!("RawCrash/?crash_id={NOT_THERE}"), 404, not_found(NOT_THERE)),
            (
                format!("RawCrash/?crash_id={PROCESSED}&format=raw&name=upload_file_minidump"),
                403,
                json!({"error": "Binary response requires permissions: View Raw Dumps"}),
            ),
            (format!("RawCrash/?crash_id={PROCESSED}&format=x"), 400, bad("format")),
            (
                "SuperSearchStatus/".to_owned(),
                404,
                json!({"error": "No service called 'SuperSearchStatus'"}),
            ),
        ] {
            let answer = server.get(&format!("/api/{path}")).await;
            assert_eq!(answer.status.as_u16(), status, "{path}");
            assert_eq!(answer.json(), body, "{path}");
            assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{path}");
        }
        let answer = server.get(&format!("/api/ProcessedCrash?crash_id={PROCESSED}")).await;
        assert_eq!(answer.status, StatusCode::MOVED_PERMANENTLY);
        assert_eq!(answer.location(), format!("/api/ProcessedCrash/?crash_id={PROCESSED}"));
        let answer = server.send("POST", "/api/RawCrash/").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.json(), json!({"error": "Method not allowed"}));
    }
}
