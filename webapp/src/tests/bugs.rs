//! Which bugs name which signatures, asked over HTTP.

use std::collections::BTreeSet;

use axum::http::{StatusCode, header};
use bugs::Bug;
use bugs::db::{IMPORT, State, put, store};
use serde_json::{Value, json};

use super::{RECEIVED, Server, servers};

/// Stores bugs as an import at [`RECEIVED`] does.
async fn fill(server: &Server) {
    let lease = IMPORT.take(&server.test.db, "test", 0).await.unwrap().unwrap();
    let mut tx = lease.begin().await.unwrap();
    for (id, signatures) in [(7, &["OOM | small", "a::b"][..]), (8, &["OOM | small"]), (9, &["a::B"])] {
        let bug = Bug { id, ..Bug::default() };
        let signatures: BTreeSet<String> = signatures.iter().map(ToString::to_string).collect();
        put(&mut tx, &[(&bug, &signatures)], 1).await.unwrap();
    }
    let state = State {
        good: RECEIVED,
        ..State::default()
    };
    store(&mut tx, &state).await.unwrap();
    tx.commit().await.unwrap();
}

fn hits(pairs: &[(i64, &str)]) -> Value {
    let hits: Vec<Value> = pairs
        .iter()
        .map(|(id, signature)| json!({ "id": id, "signature": signature }))
        .collect();
    json!({ "hits": hits, "total": pairs.len() })
}

const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

#[tokio::test]
async fn bugs_of_signatures_are_answered_with_all_that_they_name() {
    for server in servers().await {
        let before = server.get("/api/Bugs/?signatures=a").await;
        assert_eq!((before.status, before.json()), (StatusCode::OK, hits(&[])));
        assert!(!before.headers.contains_key(header::LAST_MODIFIED));
        fill(&server).await;
        for (asked, expected) in [
            ("signatures=nothing", &[][..]),
            ("signatures=a::b", &[(7, "OOM | small"), (7, "a::b")]),
            ("signatures=a::B&signatures=&other=1", &[(9, "a::B")]),
            (
                "signatures=OOM+%7C+small&signatures=a%3A%3Ab&signatures=a%3A%3Ab",
                &[(7, "OOM | small"), (7, "a::b"), (8, "OOM | small")],
            ),
        ] {
            let got = server.get(&format!("/api/Bugs/?{asked}")).await;
            let posted = server.send_with("POST", "/api/Bugs/", &FORM, asked).await;
            for answer in [got, posted] {
                assert_eq!(
                    (answer.status, answer.json()),
                    (StatusCode::OK, hits(expected)),
                    "{asked}"
                );
                assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json; charset=UTF-8");
                assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
                assert_eq!(answer.headers[header::LAST_MODIFIED], "Mon, 03 Aug 2026 11:02:44 GMT");
            }
        }
    }
}

#[tokio::test]
async fn forms_are_taken_in_each_way_that_browsers_send_them() {
    const PARTS: &str = "multipart/form-data; boundary=b";
    for server in servers().await {
        fill(&server).await;
        let part = |name: &str, value: &str| {
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let whole = format!("{}{}--b--\r\n", part("signatures", "a::B"), part("other", "1"));
        let broken = "Bad request: BadArgumentError: the form cannot be read: ";
        let unsupported = "Unsupported media type \"application/json\" in request: send a form, as ";
        for (kind, body, expected) in [
            ("", "signatures=a::B", Ok(())),
            (
                "Application/X-WWW-Form-URLEncoded; charset=utf-8",
                "signatures=a::B",
                Ok(()),
            ),
            (PARTS, whole.as_str(), Ok(())),
            (PARTS, "", Err((400, "signatures: This field is required."))),
            (PARTS, "--b--\r\n", Err((400, "signatures: This field is required."))),
            (PARTS, &whole[..60], Err((400, broken))),
            ("multipart/form-data", &whole, Err((400, broken))),
            (
                "application/json",
                r#"{"signatures": ["a::B"]}"#,
                Err((415, unsupported)),
            ),
        ] {
            let answer = server
                .send_with("POST", "/api/Bugs/", &[("content-type", kind)], body)
                .await;
            match expected {
                Ok(()) => assert_eq!(answer.json(), hits(&[(9, "a::B")]), "{kind} {body}"),
                Err((status, text)) => {
                    assert_eq!(answer.status.as_u16(), status, "{kind} {body}");
                    let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
                    assert!(error.starts_with(text), "{kind} {body}: {error}");
                    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
                }
            }
        }
    }
}

#[tokio::test]
async fn signatures_of_bugs_are_answered() {
    for server in servers().await {
        fill(&server).await;
        for (asked, expected) in [
            ("bug_ids=8", &[(8, "OOM | small")][..]),
            (
                "bug_ids=9&bug_ids=7&bug_ids=9",
                &[(7, "OOM | small"), (7, "a::b"), (9, "a::B")],
            ),
            ("bug_ids=1&bug_ids=18446744073709551615", &[]),
        ] {
            let answer = server.get(&format!("/api/SignaturesByBugs/?{asked}")).await;
            assert_eq!(
                (answer.status, answer.json()),
                (StatusCode::OK, hits(expected)),
                "{asked}"
            );
        }
    }
}

#[tokio::test]
async fn what_cannot_be_answered_of_bugs_is_told() {
    for server in servers().await {
        let form = |name: &str, text: &str| json!({"error": format!("{name}: {text}"), "errors": {name: [text]}});
        let many = |name: &str| {
            let all: Vec<String> = (1..=1001).map(|n| format!("{name}={n}")).collect();
            all.join("&")
        };
        let too_many = json!({
            "error": "Bad request: BadArgumentError: at most 1000 can be asked for at once, not 1001",
        });
        let required = "This field is required.";
        for (method, path, body, status, expected) in [
            ("GET", "Bugs/".to_owned(), "", 400, form("signatures", required)),
            (
                "GET",
                "Bugs/?signatures=".to_owned(),
                "",
                400,
                form("signatures", required),
            ),
            (
                "POST",
                "Bugs/?signatures=a".to_owned(),
                "",
                400,
                form("signatures", required),
            ),
            (
                "POST",
                "Bugs/".to_owned(),
                "signatures=%00",
                400,
                form("signatures", "Null characters are not allowed."),
            ),
            (
                "GET",
                format!("Bugs/?{}", many("signatures")),
                "",
                400,
                too_many.clone(),
            ),
            (
                "GET",
                "SignaturesByBugs/".to_owned(),
                "",
                400,
                form("bug_ids", required),
            ),
            (
                "GET",
                "SignaturesByBugs/?bug_ids=1&bug_ids=x".to_owned(),
                "",
                400,
                form("bug_ids", "Enter a whole number."),
            ),
            (
                "GET",
                format!("SignaturesByBugs/?{}", many("bug_ids")),
                "",
                400,
                too_many,
            ),
            (
                "POST",
                "SignaturesByBugs/".to_owned(),
                "bug_ids=1",
                405,
                json!({"error": "Method not allowed"}),
            ),
            (
                "PUT",
                "Bugs/".to_owned(),
                "",
                405,
                json!({"error": "Method not allowed"}),
            ),
        ] {
            let answer = server.send_with(method, &format!("/api/{path}"), &FORM, body).await;
            let path = path.chars().take(40).collect::<String>();
            assert_eq!(
                (answer.status.as_u16(), answer.json()),
                (status, expected),
                "{method} {path}"
            );
        }
        // Clients that leave out the slash are sent on.
        let moved = server.get("/api/Bugs?signatures=a").await;
        assert_eq!(moved.location(), "/api/Bugs/?signatures=a");
    }
}
