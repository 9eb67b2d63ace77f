mod archive;
mod faults;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use super::{Fault, Faults, router, serve};
use crate::world::{Generation, Plan, Product, World};

const BLANKS: &AsciiSet = &CONTROLS.add(b' ');

struct Site {
    world: Arc<World>,
    faults: Arc<Faults>,
    router: Router,
}

impl Site {
    fn new() -> Self {
        Self::of(&Plan::default())
    }

    fn of(plan: &Plan) -> Self {
        let (world, faults) = (Arc::new(World::generate(plan)), Arc::<Faults>::default());
        let router = router(Arc::clone(&world).into(), Arc::clone(&faults));
        Self { world, faults, router }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, String) {
        let (status, _, body) = self.send_for_headers(request).await;
        (status, body)
    }

    async fn send_for_headers(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, headers, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get_for_headers(&self, path: &str, accept: &str) -> (StatusCode, HeaderMap, String) {
        let path = utf8_percent_encode(path, BLANKS).to_string();
        self.send_for_headers(
            Request::get(path)
                .header(header::ACCEPT, accept)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    async fn get(&self, path: &str, accept: &str) -> (StatusCode, String) {
        let (status, _, body) = self.get_for_headers(path, accept).await;
        (status, body)
    }

    async fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path, "application/json").await;
        assert_eq!(status, StatusCode::OK, "{path}");
        serde_json::from_str(&body).unwrap()
    }

    async fn search(&self, query: &str) -> (StatusCode, Value) {
        let request = Request::post("/api/search").body(Body::from(query.to_owned())).unwrap();
        let (status, body) = self.send(request).await;
        (status, serde_json::from_str(&body).unwrap())
    }

    async fn found(&self, query: Value) -> Value {
        let (status, answer) = self.search(&query.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }
}

fn names(listing: &Value) -> Vec<String> {
    let prefixes = listing["prefixes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap());
    let files = listing["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["name"].as_str().unwrap());
    prefixes.chain(files).map(str::to_owned).collect()
}

#[tokio::test]
async fn searches_have_the_limits_of_buildhub() {
    let site = Site::new();
    let refusals = [
        (r#"{"size":1001}"#, 400, "Search size too large (1001)"),
        (r#"{"size":"1001"}"#, 400, "Search size too large (1001)"),
        (r#"{"size":1000,"from":9001}"#, 400, "Result window is too large"),
        ("nonsense", 400, "Expecting value: line 1 column 1 (char 0)"),
        (
            r#"{"query":{"jump":{}}}"#,
            400,
            "DSL class `jump` does not exist in query.",
        ),
        (
            r#"{"aggs":{"a":{"sum":{"field":"download.size"}}}}"#,
            400,
            "DSL class `sum` does not exist in agg.",
        ),
        (
            r#"{"query":{"regexp":{"target.version":"1.*"}}}"#,
            400,
            "not supported here",
        ),
        (
            r#"{"query":{"range":{"download.date":{"gte":"soon"}}}}"#,
            400,
            "failed to parse field",
        ),
        (r#"{"sort":["no.such"]}"#, 400, "No mapping found for [no.such]"),
        (r#"[{"size":1}]"#, 500, "Server Error"),
    ];
    for (query, expected, words) in refusals {
        let (status, answer) = site.search(query).await;
        assert_eq!(status.as_u16(), expected, "{query}");
        assert!(answer["error"].to_string().contains(words), "{query}: {answer}");
    }
    let answer = site.found(json!({})).await;
    assert_eq!(answer["hits"]["total"], site.world.records.len());
    assert_eq!(answer["hits"]["hits"].as_array().unwrap().len(), 10);
    assert_eq!(
        site.found(json!({"size": 0, "from": 10_000})).await["hits"]["hits"],
        json!([])
    );
}

#[tokio::test]
async fn searches_filter_sort_and_aggregate() {
    let site = Site::new();
    let filter = json!([
        {"term": {"source.product": "firefox"}},
        {"terms": {"target.channel": ["beta"]}},
        {"prefix": {"target.version": "153.0b"}},
        {"range": {"build.id": {"gte": "20260801000000", "lt": "20270101000000"}}},
    ]);
    let answer = site
        .found(json!({
            "size": 3,
            "query": {"bool": {"filter": filter, "must_not": {"term": {"target.platform": "mac"}}}},
            "sort": [{"build.id": {"order": "desc"}}, "id"],
            "_source": ["build.id", "target"],
            "aggs": {"versions": {
                "terms": {"field": "target.version", "size": 2, "order": {"_key": "asc"}},
                "aggs": {"revisions": {"terms": {"field": "source.revision"}}},
            }},
        }))
        .await;
    let hits = answer["hits"]["hits"].as_array().unwrap();
    let ids: Vec<&str> = hits
        .iter()
        .map(|hit| hit["_source"]["build"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.is_sorted_by(|a, b| a >= b));
    assert!(
        hits.iter()
            .all(|hit| hit["_source"]["target"]["platform"] != "mac" && hit["_source"]["source"].is_null())
    );
    assert_eq!(hits[0]["sort"][0], ids[0]);
    let buckets = &answer["aggregations"]["versions"]["buckets"];
    assert_eq!(buckets[0]["key"], "153.0b1");
    assert_eq!(buckets[1]["key"], "153.0b2");
    assert_eq!(buckets[1]["revisions"]["buckets"].as_array().unwrap().len(), 2);
    assert!(
        answer["aggregations"]["versions"]["sum_other_doc_count"]
            .as_u64()
            .unwrap()
            > 0
    );
}

#[tokio::test]
async fn paging_by_the_last_hit_shows_each_record_once() {
    let site = Site::new();
    let mut seen = BTreeSet::new();
    let mut after = Value::Null;
    loop {
        let mut query = json!({"size": 97, "sort": [{"download.date": "asc"}, {"id": "asc"}]});
        if !after.is_null() {
            query["search_after"] = after.clone();
        }
        let answer = site.found(query).await;
        let hits = answer["hits"]["hits"].as_array().unwrap();
        let Some(last) = hits.last() else { break };
        after = last["sort"].clone();
        for hit in hits {
            assert!(seen.insert(hit["_source"]["id"].as_u64().unwrap()));
        }
    }
    assert_eq!(seen.len(), site.world.records.len());
}

#[tokio::test]
async fn pages_are_in_order_whatever_was_uploaded_at_once() {
    let site = Site::of(&Plan {
        weeks: 1,
        old_versions: 2,
        old_locales: 90,
        ..Plan::default()
    });
    for (order, expected) in [("asc", Ordering::Less), ("desc", Ordering::Greater)] {
        let (mut seen, mut after) = (Vec::new(), Value::Null);
        loop {
            let mut query = json!({"size": 1000, "sort": [{"download.date": order}, {"id": order}],
                "query": {"range": {"download.date": {"gte": "2018-05-09", "lt": "2026-08-31"}}}});
            if !after.is_null() {
                query["search_after"] = after.clone();
            }
            let answer = site.found(query).await;
            let hits = answer["hits"]["hits"].as_array().unwrap();
            let Some(last) = hits.last() else { break };
            after = last["sort"].clone();
            let keys = hits.iter().map(|hit| {
                let [date, id] = [&hit["sort"][0], &hit["sort"][1]];
                (date.as_i64().unwrap(), id.as_str().unwrap().to_owned())
            });
            seen.extend(keys);
            let total = answer["hits"]["total"].as_u64().unwrap();
            assert!(total > 1000 && total >= seen.len() as u64);
        }
        assert!(seen.windows(2).all(|pair| pair[0].cmp(&pair[1]) == expected));
        let since = "2018-05-09T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        let until = "2026-08-31T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        let within = site.world.records.iter().filter(|record| {
            let at = site.world.uploaded(record);
            at >= since && at < until
        });
        assert_eq!(seen.len(), within.count());
    }
}

#[tokio::test]
async fn records_of_the_release_channel_are_on_beta_too_under_the_same_address() {
    let site = Site::new();
    let answer = site
        .found(json!({"size": 100, "query": {"term": {"target.version": "152.0"}}}))
        .await;
    let mut channels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for hit in answer["hits"]["hits"].as_array().unwrap() {
        let source = &hit["_source"];
        if source["source"]["product"] == "firefox" {
            let url = source["download"]["url"].as_str().unwrap().to_owned();
            channels
                .entry(url)
                .or_default()
                .insert(source["target"]["channel"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(channels.len(), 9);
    let both = BTreeSet::from(["beta".to_owned(), "release".to_owned()]);
    assert!(channels.values().all(|channels| *channels == both));
}

#[tokio::test]
async fn old_records_keep_the_words_of_their_time() {
    let site = Site::new();
    let answer = site
        .found(json!({"query": {"term": {"source.product": "devedition"}}}))
        .await;
    let source = &answer["hits"]["hits"][0]["_source"];
    assert_eq!(source["source"]["tree"], "releases/mozilla-beta");
    assert_eq!(source["target"]["version"], "61.0b4rc1");
    assert_eq!(source["build"]["number"], 1);
    let mac = site
        .found(json!({"query": {"term": {"target.platform": "macosx"}}}))
        .await;
    assert_eq!(mac["hits"]["total"], 6);
}

#[tokio::test]
async fn a_second_upload_leaves_the_first_one_in_buildhub() {
    let site = Site::new();
    let query = json!({"bool": {"filter": [
        {"term": {"target.version": "153.0b2"}}, {"term": {"target.channel": "beta"}},
        {"term": {"source.product": "firefox"}},
    ]}});
    let answer = site.found(json!({"size": 100, "query": query})).await;
    let urls: Vec<&Value> = answer["hits"]["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| &hit["_source"]["download"]["url"])
        .collect();
    let distinct: BTreeSet<&str> = urls.iter().map(|url| url.as_str().unwrap()).collect();
    assert_eq!((urls.len(), distinct.len()), (8, 6));
}

#[tokio::test]
async fn unknown_paths_give_the_page_of_buildhub() {
    let site = Site::new();
    for (path, expected) in [
        ("/", 200),
        ("/api/nothing", 200),
        ("/favicon.ico", 404),
        ("/1.0/nothing.json", 404),
    ] {
        assert_eq!(site.get(path, "*/*").await.0.as_u16(), expected, "{path}");
    }
    let old = "/v1/buckets/build-hub/collections/releases/search";
    assert_eq!(site.get(old, "*/*").await.0, StatusCode::MOVED_PERMANENTLY);
}

/// Returns every folder under a path, by walking down the JSON listings.
async fn folders(site: &Site, root: &str) -> Vec<String> {
    let mut found = vec![root.to_owned()];
    let mut next = 0;
    while let Some(folder) = found.get(next).cloned() {
        let listing = site.json(&folder).await;
        found.extend(
            listing["prefixes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| format!("{folder}{}", name.as_str().unwrap())),
        );
        next += 1;
    }
    found
}

/// Returns the addresses in a page that are below a folder.
fn hrefs(html: &str, folder: &str) -> Vec<String> {
    html.split("<a href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .filter(|href| href.starts_with(folder))
        .collect()
}

#[tokio::test]
async fn both_kinds_of_a_listing_have_the_same_names_and_every_folder_is_there() {
    let site = Site::new();
    for folder in folders(&site, "/pub/").await {
        let listing = site.json(&folder).await;
        let (_, html) = site.get(&folder, "text/html").await;
        let hrefs = hrefs(&html, &folder);
        let names: Vec<String> = names(&listing).iter().map(|name| format!("{folder}{name}")).collect();
        assert_eq!(hrefs, names);
        assert!(html.contains(">..</a>"));
    }
}

#[tokio::test]
async fn listings_speak_the_dialect_of_the_live_service() {
    let site = Site::new();
    let folder = "/pub/firefox/candidates/152.0-candidates/build2/win64/en-US/";
    let listing = site.json(folder).await;
    let installer = listing["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["name"] == "Firefox Setup 152.0.exe");
    assert!(installer.unwrap()["size"].as_str().unwrap().ends_with('M'));
    let (_, html) = site.get(folder, "text/html,application/json").await;
    assert!(
        html.contains(
            r#"<a href="/pub/firefox/candidates/152.0-candidates/build2/win64/en-US/Firefox Setup 152.0.exe">"#
        )
    );
    for missing in [
        folder.trim_end_matches('/'),
        "/pub/firefox/candidates/1.0-candidates/",
        "/pub/nothing/",
        "/pub/firefox/releases/151.0/",
    ] {
        let (status, body) = site.get(missing, "application/json").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{missing}");
        assert!(body.starts_with("<!doctype html>"));
    }
    let builds = names(&site.json("/pub/firefox/candidates/152.0-candidates/").await);
    assert_eq!(builds, ["build1/", "build2/", "build3/"]);
    assert!(names(&site.json("/pub/firefox/releases/").await).contains(&String::new()));
    let (_, info) = site
        .get(
            "/pub/firefox/candidates/152.0-candidates/build2/macosx64_info.txt",
            "*/*",
        )
        .await;
    assert!(info.starts_with("buildID=2026") && info.len() == "buildID=20260813130000\n".len());
}

#[tokio::test]
async fn each_address_of_buildhub_is_a_file_of_the_archive_beside_its_metadata() {
    let site = Site::new();
    for record in &site.world.records {
        let (build, package) = site.world.package(record);
        if build.generation == Generation::Migrated {
            continue;
        }
        let source = super::record::source(&site.world, record);
        let url = source["download"]["url"].as_str().unwrap();
        let path = url.strip_prefix("https://archive.mozilla.org").unwrap();
        assert_eq!(site.get(path, "*/*").await.0, StatusCode::OK, "{path}");
        let metadata = match build.build_number {
            Some(_) => format!("{}/buildhub.json", path.rsplit_once('/').unwrap().0),
            None => path
                .replace(".installer.exe", ".buildhub.json")
                .replace(".dmg", ".buildhub.json")
                .replace(".tar.xz", ".buildhub.json"),
        };
        let metadata = site.json(&metadata).await;
        assert_eq!(metadata["build"]["id"], *package.build_id);
        assert_eq!(metadata["target"]["version"], *build.version);
        assert_eq!(metadata["download"]["url"], url);
        assert!(metadata["id"].is_null());
    }
}

#[tokio::test]
async fn a_day_of_a_merge_has_two_versions_in_its_latest_folder() {
    let site = Site::new();
    let names = names(&site.json("/pub/firefox/nightly/latest-mozilla-central/").await);
    for expected in [
        "firefox-154.0a1.en-US.win64.buildhub.json",
        "firefox-155.0a1.en-US.win64.buildhub.json",
    ] {
        assert!(names.contains(&expected.to_owned()), "{expected}");
    }
}

#[tokio::test]
async fn product_details_lists_what_shipped_by_its_build_number() {
    let site = Site::new();
    for product in Product::DESKTOP {
        let file = site.json(&format!("/1.0/{}.json", product.directory())).await;
        let listed: BTreeMap<String, u64> = file["releases"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, release)| (key.clone(), release["build_number"].as_u64().unwrap()))
            .collect();
        let shipped: BTreeMap<String, u64> = site
            .world
            .builds
            .iter()
            .filter(|build| build.product == product && build.shipped_on.is_some())
            .map(|build| {
                (
                    format!("{}-{}", product.directory(), build.version),
                    u64::from(build.build_number.unwrap()),
                )
            })
            .collect();
        assert_eq!(listed, shipped);
    }
    let firefox = site.json("/1.0/firefox.json").await;
    assert_eq!(firefox["releases"]["firefox-140.12.0esr"]["version"], "140.12.0");
    assert_eq!(firefox["releases"]["firefox-151.0.1"]["category"], "major");
    assert!(firefox["releases"]["firefox-151.0"].is_null());
    let versions = site.json("/1.0/firefox_versions.json").await;
    for (key, expected) in [
        ("FIREFOX_NIGHTLY", "155.0a1"),
        ("LATEST_FIREFOX_DEVEL_VERSION", "153.0b5"),
        ("LATEST_FIREFOX_VERSION", "152.0.1"),
        ("FIREFOX_ESR", "140.12.0esr"),
        ("FIREFOX_ESR115", "115.37.0esr"),
        ("LAST_MERGE_DATE", "2026-08-31"),
        ("NEXT_RELEASE_DATE", "2026-09-15"),
    ] {
        assert_eq!(versions[key], expected, "{key}");
    }
    assert_eq!(
        site.json("/1.0/firefox_history_major_releases.json").await["152.0"],
        "2026-08-18"
    );
    assert!(site.json("/1.0/firefox_history_stability_releases.json").await["140.12.0"].is_string());
    assert!(site.json("/1.0/thunderbird_history_development_releases.json").await["153.0b1"].is_string());
    assert_eq!(site.json("/1.0/mobile_versions.json").await["beta_version"], "153.0b5");
}

#[tokio::test]
async fn each_service_misbehaves_on_its_own_and_counts_its_requests() {
    let site = Site::new();
    let (archive, details) = ("/pub/firefox/releases/", "/1.0/firefox.json");
    site.faults.archive.set(Fault::Down);
    assert_eq!(site.get(archive, "*/*").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(site.get(details, "*/*").await.0, StatusCode::OK);
    site.faults.archive.set(Fault::Empty);
    assert_eq!(site.json(archive).await, json!({"prefixes": [], "files": []}));
    assert_eq!(site.faults.archive.requests(), 2);
    site.faults.product_details.set(Fault::Empty);
    assert_eq!(site.json(details).await, json!({"releases": {}}));
    site.faults.buildhub.set(Fault::Garbage);
    let (status, body) = site.get("/api/search", "*/*").await;
    assert!(status == StatusCode::OK && body.starts_with("<html>"));
    site.faults.buildhub.set(Fault::Flaky);
    let mut statuses = Vec::new();
    for _ in 0..9 {
        statuses.push(site.get("/api/search", "*/*").await.0.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 502, 200, 200, 200, 200, 502]);
    site.faults.buildhub.set(Fault::Empty);
    assert_eq!(site.found(json!({})).await["hits"]["total"], 0);
    site.faults.buildhub.set(Fault::None);
    assert_ne!(site.found(json!({})).await["hits"]["total"], 0);
}

#[tokio::test]
async fn serves_on_a_listener_until_told_to_stop() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let world = Arc::new(World::generate(&Plan::default()));
    let server = tokio::spawn(serve(listener, world, Arc::default(), async move {
        stopped.await.unwrap();
    }));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /api/records HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains(r#"{"builds":{"total":"#));
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}
