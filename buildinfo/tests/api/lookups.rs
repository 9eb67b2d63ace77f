//! Questions for builds: one, many, and explained.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::service::Service;
use crate::support::lookup;

#[tokio::test]
async fn a_lookup_answers_and_is_answered_again_only_when_something_changed() {
    for service in Service::each().await {
        let asked_of_buildhub = service.sources.faults.buildhub.requests();
        let id = service.id("beta", "153.0b2rc1");
        let address = format!("/api/v1/lookup?product=firefox&channel=beta&build_id={id}&version=153.0");
        let reply = service.get(&address).await;
        let body = reply.json();
        for (member, expected) in [
            ("product", "Firefox"),
            ("version", "153.0b2rc1"),
            ("reported", "153.0"),
            ("status", "aborted"),
            ("reason", "other_build_shipped"),
        ] {
            assert_eq!(body[member], expected, "{member}");
        }
        let tag = reply.headers[header::ETAG].clone();
        let again = Request::get(&address)
            .header(header::IF_NONE_MATCH, &tag)
            .body(Body::empty())
            .unwrap();
        let again = service.send(again).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
        let unknown = "/api/v1/lookup?product=Firefox&channel=beta&build_id=20260101000000";
        let body = service.ok(unknown).await;
        assert_eq!((&body["status"], &body["version"]), (&json!("unknown"), &Value::Null));
        assert_ne!(service.get(unknown).await.headers[header::ETAG], tag);
        // A look-up never leaves the process.
        assert_eq!(service.sources.faults.buildhub.requests(), asked_of_buildhub);
        for wrong in [
            "/api/v1/lookup?product=Firefox",
            "/api/v1/lookup?product=Firefox&build_id=1&buildid=2",
            "/api/v1/builds?limit=1001",
            "/api/v1/builds?limit=none",
            "/api/v1/builds?build_id=12x",
            "/api/v1/builds?date=yesterday",
            "/api/v1/builds?cursor=7",
            "/api/v1/builds?product=Netscape",
            "/api/v1/builds?platform=win%00",
            "/api/v1/builds?version=1%00",
            "/api/v1/builds?channel=x%00",
            "/api/v1/builds?revision=%00",
            "/api/v1/builds?cursor=1~20260101000000~a~b~c~d~%2500",
            "/api/v1/changes?cursor=1.a%00.20260101000000",
            "/api/v1/builds/20261399000000",
            "/api/v1/versions?product=Firefox&cursor=7",
            "/api/v1/latest?product=Firefox",
            "/api/v1/latest?product=Firefox&channel=esr&line=x",
            "/api/v1/compare?product=Firefox&from=1&to=2",
            "/api/v1/changes?cursor=1.Firefox",
            "/api/v1/runs?limit=0",
            "/api/v1/runs?cursor=x",
            "/api/v1/unknown?verdict=bad",
            "/api/v1/unknown?alarm=maybe",
            "/api/v1/unknown?cursor=1",
            "/api/v1/audit?check=all",
            "/api/v1/audit?product=Waterfowl",
            "/api/v1/audit?cursor=conflict",
            "/api/v1/audit?cursor=conflict~%2500",
        ] {
            service.refused(wrong, 400).await;
        }
    }
}

/// A wrong question is answered with all its errors at once, and an example of a correct one.
#[tokio::test]
async fn all_that_is_wrong_with_a_question_is_said_at_once() {
    for service in Service::each().await {
        for (address, problems) in [
            (
                "/api/v1/latest",
                vec![("product", "is missing"), ("channel", "is missing")],
            ),
            ("/api/v1/latest?product=DevEdition&line=x", vec![("line", "is no line")]),
            (
                "/api/v1/latest?product=Netscape&line=x&chanel=beta",
                vec![
                    ("product", "Firefox, "),
                    ("channel", "is missing"),
                    ("line", "is no line"),
                    ("chanel", "product, channel, line"),
                ],
            ),
            (
                "/api/v1/compare?from=1",
                vec![("product", "is missing"), ("from", "14 digits"), ("to", "is missing")],
            ),
            (
                "/api/v1/lookup",
                vec![("product", "is missing"), ("build_id", "is missing")],
            ),
            (
                "/api/v1/builds?limit=0&date=today&build_id=x&cursor=y&product=z&platform=%00",
                vec![
                    ("limit", "from 1 to 1000"),
                    ("date", "must be a day"),
                    ("build_id", "4 digits"),
                    ("cursor", "earlier answer"),
                    ("product", "not known"),
                    ("platform", "null"),
                ],
            ),
            (
                "/api/v1/audit?check=all&limit=1001",
                vec![("check", "conflict"), ("limit", "from 1")],
            ),
        ] {
            let body = service.get(address).await.json();
            let found = body["problems"].as_object().unwrap_or_else(|| panic!("{body}"));
            assert_eq!(found.len(), problems.len(), "{address}: {body}");
            let error = body["error"].as_str().unwrap();
            for (name, why) in problems {
                let said = found[name].as_str().unwrap();
                assert!(said.contains(why) || why == "not known", "{address}: {said}");
                assert!(error.contains(name), "{error}");
            }
            let example = body["example"].as_str().unwrap();
            assert!(error.ends_with(example), "{error}");
        }
        // The example shown as correct is answered.
        let body = service.get("/api/v1/latest").await.json();
        service.ok(body["example"].as_str().unwrap()).await;
    }
}

#[tokio::test]
async fn many_questions_are_answered_in_their_order() {
    for service in Service::each().await {
        let id = service.id("beta", "153.0b2");
        let question = json!({"product": "Firefox", "channel": "beta", "build_id": id});
        let lines = format!("{question}\nnonsense\n\n{question}\n");
        let reply = service.post(lines).await;
        let answers: Vec<Value> = reply
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(answers.len(), 4);
        assert_eq!(
            (&answers[0]["version"], &answers[3]["version"]),
            (&json!("153.0b2"), &json!("153.0b2"))
        );
        assert_eq!((&answers[1]["line"], &answers[2]["line"]), (&json!(2), &json!(3)));
        let reply = service.post(json!([question, 7, question]).to_string()).await;
        let answers = reply.json();
        assert_eq!(answers[0], answers[2]);
        assert!(answers[1]["error"].is_string());
        assert_eq!(service.post("[]".to_owned()).await.json(), json!([]));
        assert_eq!(service.post(String::new()).await.text, "");
        let most = vec![question.to_string(); 5000].join("\n");
        assert_eq!(service.post(most.clone()).await.text.lines().count(), 5000);
        for (wrong, status) in [
            (format!("{most}\n{question}"), StatusCode::BAD_REQUEST),
            ("[{".to_owned(), StatusCode::BAD_REQUEST),
            ("x".repeat(3 << 20), StatusCode::PAYLOAD_TOO_LARGE),
        ] {
            let reply = service.post(wrong).await;
            assert_eq!(reply.status, status);
            assert!(reply.json()["code"].is_string());
        }
    }
}

#[tokio::test]
async fn an_explanation_leads_to_the_address_of_every_source() {
    for service in Service::each().await {
        let id = service.id("release", "152.0");
        let address = format!("/api/v1/explain?product=Firefox&channel=release&build_id={id}");
        let body = service.ok(&address).await;
        let sources: Vec<&str> = body["observations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|seen| {
                assert!(seen["url"].as_str().unwrap().starts_with("http://127.0.0.1"));
                assert_eq!(seen["still_said"], true);
                seen["source"].as_str().unwrap()
            })
            .collect();
        assert!(sources.contains(&"buildhub") && sources.contains(&"product-details"));
        assert_eq!(body["history"][0]["reason"], "new");
        assert!(body["read_until"].is_string());
        let question = builds::Question {
            product: "Firefox".to_owned(),
            channel: "release".to_owned(),
            build_id: id,
            ..Default::default()
        };
        let answer = lookup(&service.test.db).await.answer(&question).await.unwrap();
        let text = buildinfo::explain::explain(&service.test.db, &answer)
            .await
            .unwrap()
            .to_string();
        for part in ["read at http://127.0.0.1", "/1.0/firefox.json", "/api/search", "152.0"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
