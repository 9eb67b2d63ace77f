//! A request to the collector: header lines, an empty line, and the body.

use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request};
use collector::throttle::Supported;
use collector::{Collector, Settings};
use http_body_util::BodyExt;
use platform::blobs::{BlobSettings, Blobs};
use platform::db::{DatabaseSettings, Db};
use platform::queue::Wake;
use tower::ServiceExt;

/// A database, which the collector requires; without its background part it writes nothing there.
pub(crate) async fn database(folder: &Path) -> Db {
    Db::open(&DatabaseSettings::default(), folder)
        .await
        .expect("a database can be made")
}

/// The collector takes the report or says what is wrong with it, and never fails itself.
pub(crate) async fn check(db: &Db, bytes: &[u8]) {
    let end = bytes.windows(2).position(|two| two == b"\n\n");
    let (head, body) = bytes.split_at(end.map_or(bytes.len(), |end| end + 2));
    let mut request = Request::post("/submit");
    for line in head.split(|byte| *byte == b'\n') {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            request = request.header(name, value);
        }
    }
    let request = request
        .body(Body::from(body.to_vec()))
        .expect("checked headers make a request");
    // In memory and new, so that nothing grows.
    let settings = BlobSettings {
        url: "memory:///".to_owned(),
    };
    let blobs = Blobs::open(&settings, Path::new("")).expect("a store in memory can be opened");
    let random = Arc::new(|| [7; 16]);
    let (settings, supported) = (Settings::default(), Supported::default());
    let collector = Collector::start(settings, supported, db.clone(), blobs, Wake::default(), random)
        .expect("the default settings can be used");
    let response = collector
        .router()
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {});
    let status = response.status().as_u16();
    let answer = response.into_body().collect().await.expect("an answer can be read");
    let answer = String::from_utf8_lossy(&answer.to_bytes()).into_owned();
    assert!(matches!(status, 200 | 400 | 401 | 413), "{status} {answer}");
    assert!(
        answer.starts_with("CrashID=bp-") || answer.starts_with("Discarded="),
        "{answer}"
    );
}
