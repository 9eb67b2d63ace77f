//! Buildhub's search over imported builds, on every database.

#![expect(clippy::unwrap_used, reason = "what fails in a test is the test")]

#[expect(dead_code, reason = "shared with tests that import in other ways")]
mod support;

use std::time::Duration;

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use buildinfo::audit::Audits;
use buildinfo::import::{Choice, Options};
use buildinfo::watch::inbox::Inbox;
use buildinfo::{api, db};
use builds::SourceName;
use http_body_util::BodyExt;
use platform_testing::databases;
use serde_json::{Value, json};
use support::{Sources, lookup};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

struct Service {
    router: Router,
    test: platform_testing::TestDb,
}

impl Service {
    async fn each() -> Vec<Self> {
        let mut services = Vec::new();
        for test in databases().await {
            Sources::standard().await.import(&test.db).await;
            let router = api::router(
                lookup(&test.db).await,
                test.db.clone(),
                Audits::new(test.db.clone()),
                Inbox::new(test.db.clone(), String::new(), Duration::ZERO),
            );
            services.push(Self { router, test });
        }
        services
    }

    async fn post(&self, body: impl Into<Body>) -> (StatusCode, Value) {
        let request = Request::post("/api/search").body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    async fn search(&self, body: Value) -> Value {
        let (status, answer) = self.post(body.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{body}: {answer}");
        answer
    }

    /// The values at a path in the records of all hits.
    async fn values(&self, path: &str, query: Value) -> BTreeSet<String> {
        let body = json!({"size": 1000, "query": query});
        let answer = self.search(body).await;
        let hits = answer["hits"]["hits"].as_array().unwrap();
        hits.iter()
            .map(|hit| match hit["_source"].pointer(path).unwrap() {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            })
            .collect()
    }

    async fn total(&self, query: Value) -> u64 {
        let answer = self.search(json!({"size": 0, "query": query})).await;
        answer["hits"]["total"].as_u64().unwrap()
    }
}

#[tokio::test]
async fn a_record_has_the_form_of_buildhub() {
    for service in Service::each().await {
        let answer = service
            .search(json!({
                "query": {"bool": {"filter": [
                    {"term": {"source.product": "firefox"}},
                    {"term": {"target.channel": "beta"}},
                    {"term": {"target.version": "153.0b2"}},
                    {"term": {"target.platform": "linux-x86_64"}},
                ]}},
                "sort": [{"build.id": {"order": "desc"}}],
                "size": "1",
            }))
            .await;
        assert_eq!(answer["timed_out"], false);
        assert_eq!(answer["_shards"]["failed"], 0);
        assert_eq!(answer["hits"]["max_score"], Value::Null);
        let hit = &answer["hits"]["hits"][0];
        assert_eq!((&hit["_index"], &hit["_type"]), (&json!("buildhub2"), &json!("doc")));
        let record = &hit["_source"];
        assert_eq!(hit["_id"], record["id"].to_string());
        assert_eq!(hit["sort"], json!([record["build"]["id"]]));
        assert_eq!(record["source"]["product"], "firefox");
        assert_eq!(record["source"]["tree"], "mozilla-beta");
        assert_eq!(record["target"]["os"], "linux");
        assert_eq!(record["target"]["locale"], "en-US");
        assert!(record["download"]["size"].is_u64(), "{record}");
        assert!(record["download"]["mimetype"].is_string(), "{record}");
        let date = record["download"]["date"].as_str().unwrap();
        assert!(date.ends_with("+00:00") && date.len() == 32, "{date}");
        let date = record["build"]["date"].as_str().unwrap();
        let digits: String = date.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(record["build"]["id"], digits);
    }
}

#[tokio::test]
async fn the_queries_of_known_clients_are_answered() {
    for service in Service::each().await {
        let all = service.total(json!({"match_all": {}})).await;
        assert!(all > 100, "{all}");
        let products = service
            .search(json!({"size": 0, "aggs": {"p": {"terms": {"field": "source.product.keyword", "size": 2000}}}}))
            .await;
        let counted: u64 = products["aggregations"]["p"]["buckets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bucket| bucket["doc_count"].as_u64().unwrap())
            .sum();
        assert_eq!(counted, all);

        // Developer Edition is firefox on aurora, and a version is the one that the program shows.
        let aurora = json!({"term": {"target.channel": "aurora"}});
        assert_eq!(
            service.values("/source/product", aurora).await,
            BTreeSet::from(["firefox".to_owned()])
        );
        let betas = json!({"bool": {"must": [
            {"term": {"target.channel": {"value": "beta"}}},
            {"regexp": {"target.version": "[0-9]+\\.0b[0-9]+"}},
        ]}});
        let betas = service.values("/target/version", betas).await;
        assert!(betas.contains("153.0b2"), "{betas:?}");
        let candidates = json!({"regexp": {"target.version": {"value": ".*rc.*"}}});
        assert_eq!(service.total(candidates).await, 0);

        // The distinct pairs of id and revision of a version.
        let pairs = service
            .search(json!({
                "size": 0,
                "query": {"bool": {"filter": [
                    {"term": {"target.version": "153.0b2"}},
                    {"term": {"source.product": "firefox"}},
                    {"term": {"target.channel": "beta"}},
                ]}},
                "aggs": {"ids": {"terms": {"field": "build.id", "size": 1000, "order": {"_key": "desc"}},
                    "aggs": {"rev": {"terms": {"field": "source.revision", "size": 5}}}}},
            }))
            .await;
        let ids = pairs["aggregations"]["ids"]["buckets"].as_array().unwrap();
        let keys: Vec<&str> = ids.iter().map(|id| id["key"].as_str().unwrap()).collect();
        assert!(keys.len() > 1 && keys.is_sorted_by(|a, b| a > b), "{keys:?}");
        for id in ids {
            assert_eq!(id["rev"]["buckets"][0]["doc_count"], id["doc_count"]);
            assert_eq!(id["rev"]["doc_count_error_upper_bound"], 0);
        }

        let one = keys[0];
        let by_id = service.total(json!({"term": {"build.id": one}})).await;
        let number: u64 = one.parse().unwrap();
        for same in [
            json!({"terms": {"build.id": [one]}}),
            json!({"term": {"build.id": number}}),
            json!({"match": {"build.id": one}}),
            json!({"range": {"build.id": {"gte": one, "lte": one}}}),
            json!({"prefix": {"build.id": one}}),
            json!({"bool": {
                "filter": {"term": {"build.id": one}},
                "must_not": [{"term": {"target.channel": "none"}}],
            }}),
            json!({"bool": {"should": [{"term": {"build.id": one}}, {"term": {"build.id": "x"}}]}}),
            json!({"bool": {"filter": [
                {"exists": {"field": "target.version"}},
                {"bool": {"filter": [{"match_all": {}}], "should": [{"term": {"build.id": one}}]}},
            ]}}),
        ] {
            assert_eq!(service.total(same.clone()).await, by_id, "{same}");
        }
        let day = format!("{}-{}-{}", &one[..4], &one[4..6], &one[6..8]);
        let of_day = service
            .total(json!({"range": {"build.date": {"gte": day, "lte": day}}}))
            .await;
        assert_eq!(of_day, service.total(json!({"prefix": {"build.id": &one[..8]}})).await);
        let optional = json!({"bool": {"must": [{"match_all": {}}], "should": [{"term": {"build.id": one}}]}});
        assert_eq!(service.total(optional).await, all);

        let latest = service
            .search(
                json!({"size": 0, "aggs": {"f": {"filter": {"term": {"build.id": one}}, "aggs": {
                "n": {"cardinality": {"field": "target.platform"}}, "at": {"max": {"field": "build.date"}}}}}}),
            )
            .await;
        let inside = &latest["aggregations"]["f"];
        assert_eq!(inside["doc_count"], by_id);
        assert_eq!(inside["n"]["value"], by_id);
        assert!(inside["at"]["value_as_string"].as_str().unwrap().starts_with(&day));

        let filtered = service
            .search(
                json!({"size": 1, "post_filter": {"term": {"build.id": one}}, "_source": ["build.id", "target.*"],
                "aggs": {"c": {"terms": {"field": "target.channel"}}}}),
            )
            .await;
        assert_eq!(filtered["hits"]["total"], by_id);
        assert_ne!(filtered["aggregations"]["c"]["buckets"][0]["doc_count"], by_id);
        let record = filtered["hits"]["hits"][0]["_source"].as_object().unwrap();
        assert_eq!(record.keys().collect::<Vec<_>>(), ["build", "target"]);
        assert_eq!(record["build"], json!({"id": one}));
        let bare = service.search(json!({"size": 1, "_source": false})).await;
        assert_eq!(bare["hits"]["hits"][0].get("_source"), None);
    }
}

#[tokio::test]
async fn every_record_comes_once_with_search_after() {
    for service in Service::each().await {
        let all = service.total(json!({"match_all": {}})).await;
        for sort in [
            json!([{"download.date": {"order": "asc"}}, {"id": {"order": "asc"}}]),
            json!(["_score", {"target.version": "desc"}, "id"]),
        ] {
            let (mut seen, mut after) = (BTreeSet::new(), None);
            loop {
                let mut body = json!({"size": 70, "sort": sort, "_source": ["id"]});
                if let Some(after) = after.take() {
                    body["search_after"] = after;
                }
                let answer = service.search(body).await;
                assert_eq!(answer["hits"]["total"], all);
                let hits = answer["hits"]["hits"].as_array().unwrap().clone();
                for hit in &hits {
                    assert!(seen.insert(hit["_source"]["id"].as_u64().unwrap()));
                }
                match hits.last() {
                    Some(last) => after = Some(last["sort"].clone()),
                    None => break,
                }
            }
            assert_eq!(seen.len() as u64, all);
        }
        let second = json!({"from": 1, "size": 1, "sort": "id", "_source": "id"});
        let first = service.search(json!({"size": 2, "sort": [{"id": "asc"}]})).await;
        let second = service.search(second).await;
        assert_eq!(second["hits"]["hits"][0]["_id"], first["hits"]["hits"][1]["_id"]);
    }
}

#[tokio::test]
async fn what_is_not_understood_is_refused_in_buildhubs_form() {
    let service = Service::each().await.swap_remove(0);
    for (body, expected) in [
        ("nonsense", "Expecting value: line 1 column 1 (char 0)"),
        (r#"{"size": 1001}"#, "Search size too large (1001)"),
        (r#"{"size": "1001"}"#, "Search size too large (1001)"),
        (r#"{"size": 1000, "from": 9001}"#, "[10000] but was [10001]"),
        (r#"{"size": "abc"}"#, "[size]"),
        ("[1]", "must be an object"),
        (r#"{"query": {"wildcard": {"target.version": "6*"}}}"#, "[wildcard]"),
        (r#"{"query": {"term": {"download.size": 5}}}"#, "[download.size]"),
        (r#"{"query": {"term": {"build.id": "1", "x": "2"}}}"#, "exactly one"),
        (
            r#"{"query": {"regexp": {"target.version": "("}}}"#,
            "regular expression",
        ),
        (
            r#"{"query": {"range": {"build.date": {"gte": "now-7d"}}}}"#,
            "not a date",
        ),
        (
            r#"{"aggs": {"x": {"significant_terms": {"field": "build.id"}}}}"#,
            "[significant_terms]",
        ),
        (
            r#"{"aggs": {"x": {"terms": {"field": "build.id", "order": {"y": "asc"}}}}}"#,
            "[y]",
        ),
        (r#"{"suggest": {}}"#, "[suggest]"),
        (r#"{"sort": ["build.id"], "search_after": []}"#, "[search_after]"),
    ] {
        let (status, answer) = service.post(body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {answer}");
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(expected), "{body}: {error}");
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(service.post(deep).await.0, StatusCode::BAD_REQUEST);
    let long = vec![b' '; 3 << 20];
    assert_eq!(service.post(long).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    for (address, pointer) in [("/api/records", "/builds/total"), ("/api/search", "/hits/total")] {
        let request = Request::get(address).body(Body::empty()).unwrap();
        let response = service.router.clone().oneshot(request).await.unwrap();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        let all = service.total(json!({"match_all": {}})).await;
        assert_eq!(answer.pointer(pointer), Some(&json!(all)), "{address}");
    }
}

#[tokio::test]
async fn one_datil_imports_from_another() {
    for service in Service::each().await {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root: url::Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(platform::http::serve(listener, service.router.clone(), stop.clone()));
        let second = databases().await.swap_remove(0);
        let sources = Sources {
            settings: buildinfo::Settings {
                addresses: buildinfo::settings::Addresses::all_at(&root),
                ..Default::default()
            },
            ..Sources::standard().await
        };
        let options = Options {
            choice: Choice::Only(SourceName::BUILDHUB),
            ..Options::default()
        };
        let run = sources.import_as(&second.db, &options).await.unwrap();
        assert_eq!(run.outcome, "complete", "{run:?}");
        let (first, second) = (lookup(&service.test.db).await, lookup(&second.db).await);
        assert_eq!(run.records as usize, first.index().len());
        let ids = |lookup: &buildinfo::Lookup| -> BTreeSet<(String, String)> {
            let index = lookup.index();
            let of_buildhub = index
                .builds()
                .filter(|build| build.archive_url().is_some() && !build.platform().is_empty());
            of_buildhub
                .map(|build| (build.build_id().to_string(), build.platform().to_owned()))
                .collect()
        };
        assert_eq!(ids(&second), ids(&first));
        assert!(db::latest_generation(&service.test.db).await.unwrap().n > 0);
        stop.cancel();
        served.await.unwrap().unwrap();
    }
}
