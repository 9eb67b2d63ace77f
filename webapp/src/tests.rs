//! The router on a real database and blob store.

mod access;
mod api;
mod audit;
mod bugs;
mod builds;
mod crashes;
mod glossary;
mod processing;
mod reports;

use ::builds::{Build, Certainty, Derived, Product, Reason, Status, Version};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use buildinfo::audit::Audits;
use crash::{CrashId, ProcessedCrash, RawCrash};
use crashstore::column::{Name, Text};
use crashstore::db::{self, Attached, Finished, Output};
use crashstore::{Received, output, report};
use http_body_util::BodyExt;
use platform::access::{NewToken, Permission};
use platform::blobs::{BlobSettings, Blobs};
use platform::http::{Access, HttpSettings};
use platform::queue::Wake;
use platform_testing::TestDb;
use search::service::Search;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::Webapp;

const PROCESSED: &str = "0d1bb258-cbbf-4589-a673-34f800260803";
const WAITING: &str = "1d1bb258-cbbf-4589-a673-34f800260803";
const COPY: &str = "2d1bb258-cbbf-4589-a673-34f800260803";
const NOT_THERE: &str = "3d1bb258-cbbf-4589-a673-34f800260803";
const NO_ROW: &str = "4d1bb258-cbbf-4589-a673-34f800260803";
const ORPHAN: &str = "5d1bb258-cbbf-4589-a673-34f800260803";

/// Part of every protected value.
const SECRET: &str = "QWERTZ";
/// 2026-08-03 11:02:44.
const RECEIVED: i64 = 1_785_754_964_000_000;

fn id(text: &str) -> CrashId {
    text.parse().unwrap()
}

struct Server {
    test: TestDb,
    blobs: Blobs,
    webapp: Webapp,
    router: Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
    bytes: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}

impl Server {
    fn new(test: TestDb) -> Self {
        let blobs = Blobs::open(&BlobSettings::default(), test.folder.path()).unwrap();
        let settings = HttpSettings::default();
        let access = Access::new(test.db.clone(), &settings);
        let webapp = Webapp::new(
            test.db.clone(),
            blobs.clone(),
            Wake::default(),
            Audits::new(test.db.clone()),
            access.clone(),
            Search::new(&test.folder.path().join("search")),
        );
        let router = platform::http::layers(webapp.router(), &settings, access, crate::error_page);
        Self {
            test,
            blobs,
            webapp,
            router,
        }
    }

    async fn send(&self, method: &str, path: &str) -> Answer {
        self.send_with(method, path, &[], "").await
    }

    async fn send_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            bytes: body.to_vec(),
        }
    }

    async fn get_as(&self, path: &str, token: &str) -> Answer {
        self.send_with("GET", path, &[("Auth-Token", token)], "").await
    }

    async fn sign_in(&self, token: &str, next: &str) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("token", token), ("next", next)])
            .finish();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.send_with("POST", "/account/sign-in", &kind, &form).await
    }

    /// A token with these permissions.
    async fn token(&self, permissions: &[Permission]) -> String {
        let now = platform::clock::now_micros();
        let new = NewToken {
            permissions: permissions.iter().copied().collect(),
            note: "a person".to_owned(),
            created: now,
            expires: now + 3_600_000_000,
        };
        let mut tx = self.test.db.begin().await.unwrap();
        let (_, secret) = platform::access::create_token(&mut tx, &new).await.unwrap();
        tx.commit().await.unwrap();
        secret.digits().to_owned()
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path).await
    }

    async fn receive(&self, crash: &str, received: i64, duplicate_of: Option<&str>) {
        self.receive_of("Firefox", crash, received, duplicate_of).await;
    }

    async fn receive_of(&self, product: &str, crash: &str, received: i64, duplicate_of: Option<&str>) {
        let row = Received {
            id: id(crash),
            received,
            product: Name::of(product),
            version: Name::of("64.0"),
            channel: Name::of("beta"),
            build_id: Name::of("20181025233934"),
            weight: 10.0,
            content_hash: crash.to_owned(),
            duplicate_of: duplicate_of.map(id),
        };
        let mut tx = self.test.db.begin().await.unwrap();
        assert!(db::insert_received(&mut tx, &row).await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn save_raw(&self, crash: &str) {
        let raw = raw_crash(crash);
        report::save(&self.blobs, &id(crash), &raw, &Default::default())
            .await
            .unwrap();
    }

    async fn finish(&self, crash: &str, signature: &str) {
        let found = Finished {
            os_name: Name::of("Windows"),
            process_type: Name::of("parent"),
            signature: Text::of(signature),
            reason: Text::of("EXCEPTION_ACCESS_VIOLATION_READ"),
            product: Name::of("Firefox"),
            channel: Name::of("beta"),
            build_id: Name::of("20181025233934"),
            attached: Attached {
                version: Name::of("64.0b4"),
                status: Name::of("shipped"),
                ..Attached::default()
            },
        };
        let mut processed = processed_crash(crash, signature);
        processed.set("row_version", 1);
        let output = Output {
            row_version: 1,
            claim: "tester-0".to_owned(),
        };
        let id = id(crash);
        output::save(&self.blobs, &id, &output.claim, processed.to_json().into())
            .await
            .unwrap();
        let mut tx = self.test.db.begin().await.unwrap();
        let finished = db::finish(&mut tx, &id, &found, 0, &output, RECEIVED).await;
        assert!(finished.unwrap());
        tx.commit().await.unwrap();
        output::copy(&self.test.db, &self.blobs, &id).await.unwrap();
    }

    /// One report of every kind.
    async fn fill(&self) {
        self.receive(PROCESSED, RECEIVED, None).await;
        self.save_raw(PROCESSED).await;
        self.finish(PROCESSED, "mozilla::dom::A::B<T>").await;
        self.receive(WAITING, RECEIVED + 1, None).await;
        self.save_raw(WAITING).await;
        self.receive(COPY, RECEIVED + 2, Some(PROCESSED)).await;
        self.save_raw(COPY).await;
        self.save_raw(NO_ROW).await;
        self.receive(ORPHAN, RECEIVED + 3, Some(NOT_THERE)).await;
    }

    async fn derive(&self, generation: i64, builds: Vec<Build>) {
        let db = &self.test.db;
        let derived = Derived {
            builds,
            conflicts: Vec::new(),
        };
        let steps = buildinfo::db::steps_to_all(db, generation, vec![("g".to_owned(), derived)])
            .await
            .unwrap();
        buildinfo::db::write_steps(db, generation, &steps).await.unwrap();
        assert!(
            buildinfo::db::finish_generation(db, generation, RECEIVED)
                .await
                .unwrap()
        );
    }
}

async fn servers() -> Vec<Server> {
    platform_testing::databases()
        .await
        .into_iter()
        .map(Server::new)
        .collect()
}

/// The target of the link with this text.
fn link_of(page: &str, text: &str) -> String {
    let end = page.find(&format!(">{text}<")).unwrap();
    let start = page[..end].rfind("href=\"").unwrap() + 6;
    let link = page[start..end].split('"').next().unwrap();
    link.replace("&#38;", "&")
}

fn object<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn raw_crash(crash: &str) -> RawCrash {
    object(json!({
        "uuid": crash, "ProductName": "Firefox", "Version": "64.0", "Notes": "a </b> note",
        "URL": SECRET, "Comments": SECRET, "Email": SECRET, "Unheard": SECRET,
        "TelemetryEnvironment": SECRET, "Vendor": {"a": SECRET},
        "metadata": {"user_agent": SECRET, "dump_checksums": {"upload_file_minidump": SECRET}},
    }))
}

fn processed_crash(crash: &str, signature: &str) -> ProcessedCrash {
    object(json!({
        "uuid": crash, "crash_id": crash, "product": "Firefox", "version": "64.0b4",
        "release_channel": "beta", "build": "20181025233934", "signature": signature,
        "reason": "EXCEPTION_ACCESS_VIOLATION_READ", "address": "0x0000000000000008",
        "moz_crash_reason": "MOZ_RELEASE_ASSERT(<mine>)", "moz_crash_reason_raw": SECRET,
        "url": SECRET, "user_comments": SECRET, "unheard": SECRET, "telemetry_environment": {"a": SECRET},
        "processor_notes": "first note\nsecond <note>", "crashing_thread": 0, "vendor": {"a": SECRET},
        "java_exception": {"exception": {"values": [{"stacktrace": {
            "type": "Boom", "module": "org.a", "value": SECRET, "frames": [{"function": "run", "module": "org.a.B"}],
        }}]}},
        "json_dump": json_dump(),
        "build_info": build_info(),
    }))
}

fn json_dump() -> Value {
    json!({
        "mac_boot_args": SECRET, "soft_errors": [SECRET],
        "modules": [{"filename": "xul.dll", "debug_id": "ABC", "unheard": SECRET}],
        "threads": [{"thread_name": "Main <1>", "frame_count": 1, "frames": [{
            "frame": 0, "module": "xul.dll", "function": "mozilla::dom::A::B<T>", "trust": "context",
            "registers": {"rip": SECRET}, "file": "hg:hg.mozilla.org/mozilla-central:dom/A.cpp:9d1", "line": 5,
            "inlines": [{"function": "inner", "file": "dom/A.h", "line": 3, "unheard": SECRET}],
        }]}],
    })
}

fn build_info() -> Value {
    json!({
        "status": "shipped", "certainty": "inferred", "reason": "in_releases", "channel": "beta",
        "build_id": "20181025233934", "version": "64.0b4", "revision": "abc",
        "repository": "https://hg.mozilla.org/releases/mozilla-beta",
        "revision_url": "https://hg.mozilla.org/releases/mozilla-beta/rev/abc",
        "previous_build": {"build_id": "20181022150107", "version": "64.0b3"},
        "builds_behind": 0, "generation": 7,
    })
}

pub(crate) fn build(channel: &str, version: &str, build_id: &str, platform: &str) -> Build {
    let version: Version = version.parse().unwrap();
    let shipped = channel != "nightly";
    Build {
        product: Product::FIREFOX,
        channel: channel.to_owned(),
        build_id: build_id.parse().unwrap(),
        platform: platform.to_owned(),
        variant: String::new(),
        line: Product::FIREFOX.line(channel, &version),
        build_number: shipped.then_some(1),
        status: if shipped { Status::Shipped } else { Status::Published },
        certainty: Certainty::Stated,
        reason: if shipped { Reason::InReleases } else { Reason::Nightly },
        offered_on: vec![channel.to_owned()],
        revision: Some(format!("rev{build_id}")),
        repository: Some("https://hg.mozilla.org/releases/mozilla-beta".to_owned()),
        archive_url: Some("https://archive.mozilla.org/pub/firefox/releases/64.0b4/win64/en-US/Firefox.exe".to_owned()),
        published_at: Some(1_540_512_000_000_000),
        shipped_on: None,
        sources: vec![::builds::SourceName::BUILDHUB],
        evidence: Vec::new(),
        version,
    }
}
