//! The HTTP API over imported builds, on every database.

#![expect(clippy::unwrap_used, reason = "what fails in a test is the test")]

mod support;

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use buildinfo::unknown::watch::write_down;
use buildinfo::{api, db};
use http_body_util::BodyExt;
use platform::testing::{TestDb, databases};
use serde_json::{Value, json};
use support::{Sources, lookup};
use tower::ServiceExt;

/// The API over one database with the builds of the default world.
struct Service {
    router: Router,
    sources: Sources,
    test: TestDb,
}

struct Reply {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    text: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("JSON: {}", self.text))
    }
}

impl Service {
    async fn each() -> Vec<Self> {
        let mut services = Vec::new();
        for test in databases().await {
            let sources = Sources::standard().await;
            sources.import(&test.db).await;
            let router = api::router(lookup(&test.db).await, test.db.clone());
            services.push(Self {
                router,
                sources,
                test,
            });
        }
        services
    }

    async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    async fn get(&self, address: &str) -> Reply {
        self.send(Request::get(address).body(Body::empty()).unwrap())
            .await
    }

    async fn ok(&self, address: &str) -> Value {
        let reply = self.get(address).await;
        assert_eq!(reply.status, StatusCode::OK, "{address}: {}", reply.text);
        reply.json()
    }

    async fn refused(&self, address: &str, status: u16) -> String {
        let reply = self.get(address).await;
        assert_eq!(reply.status.as_u16(), status, "{address}: {}", reply.text);
        let body = reply.json();
        assert!(body["code"].is_string(), "{body}");
        body["error"].as_str().unwrap().to_owned()
    }

    async fn post(&self, body: String) -> Reply {
        self.send(
            Request::post("/api/v1/lookup")
                .body(Body::from(body))
                .unwrap(),
        )
        .await
    }

    /// An id of a Firefox build with this version on a channel.
    fn id(&self, channel: &str, version: &str) -> String {
        self.sources
            .world
            .truth
            .iter()
            .find(|truth| {
                truth.product == "Firefox"
                    && truth.channel.as_str() == channel
                    && *truth.version == *version
            })
            .unwrap()
            .build_id
            .to_string()
    }
}

#[tokio::test]
async fn version_string_keeps_the_contract_of_crash_stats() {
    for service in Service::each().await {
        let id = service.id("beta", "153.0b2");
        let address = format!("/api/VersionString/?product=Firefox&channel=Beta&build_id={id}");
        let reply = service.get(&address).await;
        assert_eq!(
            reply.json(),
            json!({"hits": [{"version_string": "153.0b2"}], "total": 1})
        );
        assert_eq!(
            reply.headers[header::CONTENT_TYPE],
            "application/json; charset=UTF-8"
        );
        assert_eq!(reply.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        for (query, expected) in [
            (
                "product=Firefox&channel=beta&build_id=20260101000000",
                json!([]),
            ),
            (
                "product=firefox&channel=beta&build_id=20260101000000",
                json!([]),
            ),
            ("product=Firefox&channel=beta&build_id=junk%22,1", json!([])),
        ] {
            let body = service.ok(&format!("/api/VersionString/?{query}")).await;
            assert_eq!(body, json!({"hits": expected, "total": 0}));
        }
        let candidate = service.id("beta", "152.0rc2");
        for (channel, version) in [("beta", "152.0rc2"), ("release", "152.0")] {
            let address = format!(
                "/api/VersionString/?product=Firefox&channel={channel}&build_id={candidate}"
            );
            assert_eq!(
                service.ok(&address).await["hits"][0]["version_string"],
                version
            );
        }
        let reply = service
            .get("/api/VersionString/?product=Firefox&channel=")
            .await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        let required = json!(["This field is required."]);
        let body = reply.json();
        assert_eq!(
            body["errors"],
            json!({"channel": required, "build_id": required})
        );
        assert!(body["error"].is_string());
        let reply = service.get("/api/VersionString?product=Firefox").await;
        assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY);
        assert_eq!(
            reply.headers[header::LOCATION],
            "/api/VersionString/?product=Firefox"
        );
        let post = Request::post("/api/VersionString/")
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            service.send(post).await.status,
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
}

#[tokio::test]
async fn a_lookup_answers_and_is_answered_again_only_when_something_changed() {
    for service in Service::each().await {
        let asked_of_buildhub = service.sources.faults.buildhub.requests();
        let id = service.id("beta", "153.0b2rc1");
        let address =
            format!("/api/v1/lookup?product=firefox&channel=beta&build_id={id}&version=153.0");
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
        assert_eq!(
            (again.status, again.text.as_str()),
            (StatusCode::NOT_MODIFIED, "")
        );
        let unknown = "/api/v1/lookup?product=Firefox&channel=beta&build_id=20260101000000";
        let body = service.ok(unknown).await;
        assert_eq!(
            (&body["status"], &body["version"]),
            (&json!("unknown"), &Value::Null)
        );
        assert_ne!(service.get(unknown).await.headers[header::ETAG], tag);
        // A look-up never leaves the process.
        assert_eq!(
            service.sources.faults.buildhub.requests(),
            asked_of_buildhub
        );
        for wrong in [
            "/api/v1/lookup?product=Firefox",
            "/api/v1/lookup?product=Firefox&build_id=1&buildid=2",
            "/api/v1/builds?limit=1001",
            "/api/v1/builds?limit=none",
            "/api/v1/builds?build_id=12x",
            "/api/v1/builds?date=yesterday",
            "/api/v1/builds?cursor=7",
            "/api/v1/builds?product=Netscape",
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
        assert_eq!(
            (&answers[1]["line"], &answers[2]["line"]),
            (&json!(2), &json!(3))
        );
        let reply = service
            .post(json!([question, 7, question]).to_string())
            .await;
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
                assert!(
                    seen["url"]
                        .as_str()
                        .unwrap()
                        .starts_with("http://127.0.0.1")
                );
                assert_eq!(seen["still_said"], true);
                seen["source"].as_str().unwrap()
            })
            .collect();
        assert!(sources.contains(&"buildhub") && sources.contains(&"product-details"));
        assert_eq!(body["history"][0]["reason"], "new");
        assert!(body["read_until"].is_string());
        let question = buildinfo::Question {
            product: "Firefox".to_owned(),
            channel: "release".to_owned(),
            build_id: id,
            ..Default::default()
        };
        let answer = lookup(&service.test.db)
            .await
            .answer(&question)
            .await
            .unwrap();
        let text = buildinfo::explain::explain(&service.test.db, &answer)
            .await
            .unwrap()
            .to_string();
        for part in [
            "read at http://127.0.0.1",
            "/1.0/firefox.json",
            "/api/search",
            "152.0",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}

#[tokio::test]
async fn every_build_is_listed_once_page_by_page() {
    for service in Service::each().await {
        let index = lookup(&service.test.db).await.index();
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = service
                .ok(&format!("/api/v1/builds?limit=170{cursor}"))
                .await;
            ids.extend(page["builds"].as_array().unwrap().iter().map(|build| {
                let name = |member: &str| build[member].as_str().unwrap().to_owned();
                ["build_id", "product", "channel", "version", "platform"].map(name)
            }));
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(ids.len(), index.len());
        assert!(ids.is_sorted_by(|a, b| a[0] >= b[0]));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), index.len());

        let id = service.id("beta", "153.0b2rc1");
        let revision =
            service.ok(&format!("/api/v1/builds/{id}")).await["builds"][0]["revision"].clone();
        let revision = revision.as_str().unwrap();
        for (query, least) in [
            (format!("build_id={id}"), 3),
            (format!("build_id={}", &id[..8]), 4),
            (format!("date={}-{}-{}", &id[..4], &id[4..6], &id[6..8]), 4),
            (format!("revision={revision}"), 3),
            (
                "product=Firefox&channel=beta&version=153.0b2rc1".to_owned(),
                3,
            ),
            ("product=devedition&channel=beta".to_owned(), 3),
            ("product=firefox&channel=beta&platform=win64".to_owned(), 3),
        ] {
            let page = service.ok(&format!("/api/v1/builds?{query}")).await;
            let builds = page["builds"].as_array().unwrap();
            assert!(builds.len() >= least, "{query}");
            if query.starts_with("product=devedition") {
                assert!(builds.iter().all(|build| build["channel"] == "aurora"));
            }
            if query.contains("platform") {
                assert!(builds.iter().all(|build| build["platform"] == "win64"));
            }
        }
        let one = service.ok(&format!("/api/v1/builds/{id}")).await;
        assert_eq!(one["history"]["Firefox"][0]["reason"], "new");
        service.refused("/api/v1/builds/20260101000000", 404).await;
    }
}

#[tokio::test]
async fn versions_latest_builds_and_comparisons_are_those_of_the_world() {
    for service in Service::each().await {
        let page = service
            .ok("/api/v1/versions?product=Firefox&channel=beta&limit=2")
            .await;
        let cursor = page["cursor"].as_str().unwrap();
        let next = service
            .ok(&format!(
                "/api/v1/versions?product=Firefox&channel=beta&limit=1000&cursor={cursor}"
            ))
            .await;
        let mut versions = page["versions"].as_array().unwrap().clone();
        versions.extend(next["versions"].as_array().unwrap().iter().cloned());
        let of = |version: &str| {
            let found: Vec<_> = versions
                .iter()
                .filter(|one| one["version"] == version)
                .collect();
            assert_eq!(found.len(), 1, "{version}");
            found[0].clone()
        };
        assert_eq!(of("153.0b2")["shipped_build_number"], 2);
        assert_eq!(of("153.0b2")["builds"][0]["build_number"], 1);
        assert_eq!(of("154.0b1")["shipped_build_number"], Value::Null);

        let latest = service
            .ok("/api/v1/latest?product=Firefox&channel=esr")
            .await;
        let lines: BTreeMap<&str, &str> = latest["latest"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                (
                    one["line"].as_str().unwrap(),
                    one["version"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            lines,
            BTreeMap::from([("115", "115.37.0esr"), ("140", "140.12.0esr")])
        );
        let latest = service
            .ok("/api/v1/latest?product=Firefox&channel=release&line=main")
            .await;
        assert_eq!(latest["latest"][0]["version"], "152.0.1");

        let (from, to) = (service.id("beta", "153.0b1"), service.id("beta", "153.0b2"));
        let body = service
            .ok(&format!(
                "/api/v1/compare?product=Firefox&from={from}&to={to}"
            ))
            .await;
        assert!(
            body["changes_url"]
                .as_str()
                .unwrap()
                .contains("/releases/mozilla-beta/pushlog")
        );
        assert!(body["seconds"].as_i64().unwrap() > 0);
        let release = service.id("release", "152.0");
        let body = service
            .ok(&format!(
                "/api/v1/compare?product=Firefox&from={release}&to={to}"
            ))
            .await;
        assert_eq!(body["changes_url"], Value::Null);
        assert!(
            body["no_changes_url"]
                .as_str()
                .unwrap()
                .contains("different repositories")
        );
        service
            .refused(
                &format!("/api/v1/compare?product=Firefox&from={release}&to=20260101000000"),
                404,
            )
            .await;
    }
}

#[tokio::test]
async fn changes_read_page_by_page_amount_to_the_table_of_builds() {
    for service in Service::each().await {
        let mut table: BTreeMap<(String, String), Value> = BTreeMap::new();
        let mut cursor = "0".to_owned();
        loop {
            let page = service
                .ok(&format!("/api/v1/changes?limit=70&cursor={cursor}"))
                .await;
            for change in page["changes"].as_array().unwrap() {
                let text = |member: &str| change[member].as_str().unwrap().to_owned();
                table.insert((text("product"), text("build_id")), change["new"].clone());
            }
            cursor = page["cursor"].as_str().unwrap().to_owned();
            if page["more"] == false {
                break;
            }
        }
        let index = lookup(&service.test.db).await.index();
        let mut expected: BTreeMap<(String, String), usize> = BTreeMap::new();
        for build in index.builds() {
            let key = (build.product().to_string(), build.build_id().to_string());
            *expected.entry(key).or_default() += 1;
        }
        let counts: BTreeMap<_, _> = table
            .into_iter()
            .map(|(key, builds)| (key, builds.as_array().unwrap().len()))
            .collect();
        assert_eq!(counts, expected);
        let end = service
            .ok(&format!("/api/v1/changes?cursor={cursor}"))
            .await;
        assert_eq!(
            (&end["changes"], &end["cursor"]),
            (&json!([]), &json!(cursor))
        );
    }
}

#[tokio::test]
async fn imports_are_listed_page_by_page_with_what_was_decided() {
    for service in Service::each().await {
        service.sources.import(&service.test.db).await;
        let whole = service.ok("/api/v1/runs").await;
        let runs = whole["runs"].as_array().unwrap();
        assert_eq!(runs.len(), 2);
        assert!(runs[0]["id"].as_i64() > runs[1]["id"].as_i64());
        assert_eq!(
            (&whole["cursor"], &whole["next"]),
            (&json!(null), &json!(null))
        );
        for run in runs {
            assert_eq!(run["outcome"], "complete");
            let sources = run["policy"]["sources"].as_array().unwrap();
            let states: Vec<(&str, &str)> = sources
                .iter()
                .map(|one| {
                    (
                        one["source"].as_str().unwrap(),
                        one["state"].as_str().unwrap(),
                    )
                })
                .collect();
            let expected = ["product-details", "buildhub", "archive"].map(|name| (name, "well"));
            assert_eq!(states, expected);
        }
        let first = service.ok("/api/v1/runs?limit=1").await;
        let second = service.ok(first["next"].as_str().unwrap()).await;
        assert_eq!(
            (&first["runs"][0], &second["runs"][0]),
            (&runs[0], &runs[1])
        );
        assert_eq!(second["next"], Value::Null);
    }
}

#[tokio::test]
async fn unknown_ids_and_findings_are_listed_page_by_page() {
    for test in databases().await {
        let known = lookup(&test.db).await;
        let service = Service {
            router: api::router(known.clone(), test.db.clone()),
            sources: Sources::standard().await,
            test,
        };
        let db = &service.test.db;
        db::record_state(db, "buildhub", 5_000_000, None, None, Some("timed out"))
            .await
            .unwrap();
        db::record_state(db, "archive", 5_000_000, Some(5_000_000), None, None)
            .await
            .unwrap();
        known.refresh().await.unwrap();
        let asked = "/api/v1/lookup?product=Firefox&channel=nightly&build_id=20260101000000";
        let answer = service.ok(asked).await;
        assert_eq!(answer["reason"], "not_seen");
        assert_eq!(answer["as_of"], "1970-01-01T00:00:05Z");
        assert_eq!(
            answer["silent"],
            json!([{"source": "buildhub", "since": null, "why": "timed out"}])
        );
        let tag = service.get(asked).await.headers[header::ETAG].clone();
        db::record_state(db, "buildhub", 6_000_000, Some(6_000_000), None, None)
            .await
            .unwrap();
        known.refresh().await.unwrap();
        assert_ne!(service.get(asked).await.headers[header::ETAG], tag);
        service
            .ok("/api/VersionString/?product=Firefox&channel=beta&build_id=20260102000000")
            .await;
        service
            .ok("/api/VersionString/?product=Firefox&channel=beta&build_id=jane%40example.org")
            .await;
        write_down(&known, db).await.unwrap();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = service
                .ok(&format!("/api/v1/unknown?limit=1{cursor}"))
                .await;
            for one in page["unknown"].as_array().unwrap() {
                let text = |name: &str| one[name].as_str().unwrap().to_owned();
                seen.push((text("build_id"), text("verdict"), one["asked"].as_i64()));
            }
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={}", next.replace('%', "%25")),
                None => break,
            }
        }
        let row = |id: &str, verdict: &str, asked| (id.to_owned(), verdict.to_owned(), Some(asked));
        assert_eq!(
            seen,
            [
                row("not digits", "junk", 1),
                row("20260102000000", "not_seen", 1),
                row("20260101000000", "not_seen", 3),
            ]
        );
        let junk = service
            .ok("/api/v1/unknown?product=firefox&verdict=junk")
            .await;
        assert_eq!(junk["unknown"].as_array().unwrap().len(), 1);
        let none = service.ok("/api/v1/unknown?alarm=open").await;
        assert_eq!(none["unknown"], json!([]));
        let audit = service.ok("/api/v1/audit").await;
        assert_eq!(
            (&audit["findings"], &audit["scores"]),
            (&json!([]), &json!([]))
        );
        db::record_state(db, "archive", 7_000_000, None, None, Some("503"))
            .await
            .unwrap();
        let audit = service.ok("/api/v1/audit?product=Firefox&limit=1").await;
        assert_eq!(audit["findings"][0]["check"], "silent_source");
        assert_eq!(audit["findings"][0]["severity"], "bad");
    }
}

#[tokio::test]
async fn the_description_names_every_address_and_only_some_take_post() {
    let services = Service::each().await;
    let service = &services[0];
    let document = service.ok("/api/v1/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 15);
    for (path, methods) in paths {
        let address = path.replace("{build_id}", "20260101000000");
        assert_ne!(service.get(&address).await.text, "", "{path}");
        let takes_post = methods.get("post").is_some();
        let method = if takes_post {
            Method::DELETE
        } else {
            Method::POST
        };
        let request = Request::builder()
            .method(method)
            .uri(&address)
            .body(Body::empty())
            .unwrap();
        let reply = service.send(request).await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(reply.json()["code"], "method_not_allowed");
        assert!(
            reply
                .headers
                .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        );
    }
}
