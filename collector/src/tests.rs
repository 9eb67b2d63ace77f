//! Tests the collector as clients see it: through its router, on real databases and folders.

mod answers;
mod clients;
mod storing;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use platform::blobs::{BlobSettings, Blobs};
use platform::db::{DatabaseSettings, Db};
use platform::queue::{self, Claimant, Job, LaneOrder, Wake};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::throttle::{ProductName, Supported};
use crate::{Collector, Random, Settings};

const BOUNDARY: &str = "BoundaryOfTheTests";

/// A collector whose background part runs until this is dropped.
struct Running {
    collector: Collector,
    router: Router,
    db: Db,
    blobs: Blobs,
    stop: CancellationToken,
    _task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn random() -> Random {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    Arc::new(|| {
        let count = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&count);
        bytes
    })
}

/// A collector without its background part.
fn stopped(settings: Settings, db: &Db, folder: &Path) -> (Collector, Blobs) {
    let blobs = Blobs::open(&BlobSettings::default(), folder).unwrap();
    let supported = ["Firefox", "Thunderbird"].map(|name| ProductName::Exactly(name.to_owned()));
    let supported = Supported {
        products: Some(supported.to_vec()),
        packages: Vec::new(),
    };
    let (db, wake) = (db.clone(), Wake::default());
    let collector = Collector::start(settings, supported, db, blobs.clone(), wake, random()).unwrap();
    (collector, blobs)
}

fn running(settings: Settings, db: &Db, folder: &Path) -> Running {
    let (collector, blobs) = stopped(settings, db, folder);
    let stop = CancellationToken::new();
    let (background, token) = (collector.clone(), stop.clone());
    let task = tokio::spawn(async move { background.run(token).await.unwrap() });
    Running {
        router: collector.router(),
        collector,
        db: db.clone(),
        blobs,
        stop,
        _task: task,
    }
}

/// A collector on SQLite, and its folder.
async fn on_sqlite(settings: Settings) -> (Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&DatabaseSettings::default(), folder.path()).await.unwrap();
    (running(settings, &db, folder.path()), folder)
}

async fn jobs(db: &Db) -> Vec<Job> {
    let lanes = LaneOrder::default().next_order();
    let claimant = Claimant::new("test");
    queue::claim(db, &claimant, &lanes, 100, platform::clock::now_micros())
        .await
        .unwrap()
}

fn request(headers: &[(&str, &str)], body: Body) -> Request<Body> {
    let mut request = Request::post("/submit").body(body).unwrap();
    for (name, value) in headers {
        request
            .headers_mut()
            .append(name.parse::<axum::http::HeaderName>().unwrap(), value.parse().unwrap());
    }
    request
}

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

async fn send(router: &Router, request: Request<Body>) -> Answered {
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answered {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// Posts a multipart body with its length and the tests' boundary.
async fn post(router: &Router, extra: &[(&str, &str)], body: Vec<u8>) -> Answered {
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let length = body.len().to_string();
    let mut headers = vec![
        ("content-type", content_type.as_str()),
        ("content-length", length.as_str()),
    ];
    headers.extend_from_slice(extra);
    send(router, request(&headers, Body::from(body))).await
}

/// The id in an answer that must be accepted.
fn accepted(answered: &Answered) -> crash::CrashId {
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
    answered
        .body
        .strip_prefix("CrashID=bp-")
        .and_then(|rest| rest.strip_suffix('\n'))
        .unwrap_or_else(|| panic!("not accepted: {:?}", answered.body))
        .parse()
        .unwrap()
}

/// A part: its headers without the last line ending, and its content.
type Part<'p> = (&'p str, &'p [u8]);

fn multipart(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (headers, content) in parts {
        body.extend_from_slice(format!("--{BOUNDARY}\r\n{headers}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// Annotations as text parts.
fn form(annotations: &[(&str, &str)]) -> Vec<u8> {
    let heads: Vec<String> = annotations
        .iter()
        .map(|(name, _)| format!("Content-Disposition: form-data; name=\"{name}\""))
        .collect();
    let parts: Vec<Part<'_>> = heads
        .iter()
        .zip(annotations)
        .map(|(head, (_, value))| (head.as_str(), value.as_bytes()))
        .collect();
    multipart(&parts)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Waits until a condition holds.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting)
        .await
        .expect("it holds in time");
}
