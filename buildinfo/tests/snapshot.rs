//! The snapshot of all builds gives the same answers as the service, on every database.

#![expect(clippy::unwrap_used, reason = "what fails in a test is the test")]

#[expect(dead_code, reason = "shared with tests that import in other ways")]
mod support;

use std::time::Duration;

use std::io::{Read, Write};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use base64::Engine;
use buildinfo::api;
use buildinfo::audit::Audits;
use buildinfo::transfer::snapshot::{SnapshotError, read};
use buildinfo::watch::inbox::Inbox;
use builds::{Question, resolve};
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use platform_testing::databases;
use serde_json::Value;
use sha2::Digest;
use support::{Sources, lookup};
use tower::ServiceExt;

async fn get(router: &Router, address: &str, held: Option<&str>) -> (StatusCode, HeaderMap, Bytes) {
    let mut request = Request::get(address);
    if let Some(held) = held {
        request = request.header(header::IF_NONE_MATCH, held);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, body.collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn a_snapshot_answers_as_the_service_does() {
    for test in databases().await {
        let sources = Sources::standard().await;
        sources.import(&test.db).await;
        let service = lookup(&test.db).await;
        let router = api::router(
            service.clone(),
            test.db.clone(),
            Audits::new(test.db.clone()),
            Inbox::new(test.db.clone(), String::new(), Duration::ZERO),
        );
        let (status, headers, file) = get(&router, "/api/v1/snapshot", None).await;
        assert_eq!(status, StatusCode::OK);
        let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(&file));
        assert_eq!(headers["repr-digest"], format!("sha-256=:{digest}:"));
        assert_eq!(headers[header::CONTENT_LENGTH], file.len().to_string());
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");

        let (head, index) = read(&file[..]).unwrap();
        assert_eq!(head.generation, service.generation());
        assert_eq!(head.builds, service.index().len() as u64);
        let mut exported = Vec::new();
        let sha256 = buildinfo::transfer::export::canonical(&test.db, head.generation, &mut exported)
            .await
            .unwrap();
        assert_eq!(head.sha256, sha256);
        let disposition = format!("attachment; filename=\"datil-builds-{}.jsonl.gz\"", head.generation);
        assert_eq!(headers[header::CONTENT_DISPOSITION], disposition);

        let mut asked = 0;
        for truth in &sources.world.truth {
            let id = truth.build_id.to_string();
            for (channel, build_id) in [
                (truth.channel.as_str(), id.as_str()),
                ("beta", &id),
                ("release-cck-x", &id),
                ("", &id),
                ("default", "20180101010101"),
                ("nightly", &id[..8]),
                ("esr", "2\",381,,\""),
                ("beta", "99990101000000"),
            ] {
                let question = Question {
                    product: truth.product.to_owned(),
                    channel: channel.to_owned(),
                    build_id: build_id.to_owned(),
                    version: Some("153.0".to_owned()),
                    asked_at: Some(1_800_000_000_000_000),
                };
                let served = service.answer(&question).await.unwrap();
                assert_eq!(
                    serde_json::to_string(&resolve(&index, &question)).unwrap(),
                    serde_json::to_string(&served).unwrap(),
                );
                asked += 1;
            }
        }
        assert!(asked > 1000, "{asked}");

        let tag = headers[header::ETAG].to_str().unwrap();
        let (status, _, body) = get(&router, "/api/v1/snapshot", Some(tag)).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        let (_, _, again) = get(&router, "/api/v1/snapshot", None).await;
        assert_eq!(again, file);
    }
}

#[tokio::test]
async fn a_damaged_snapshot_answers_nothing() {
    let test = databases().await.into_iter().next().unwrap();
    Sources::standard().await.import(&test.db).await;
    let snapshot = buildinfo::transfer::snapshot::make(&test.db).await.unwrap();
    let file = std::fs::read(snapshot.file.path()).unwrap();
    assert_eq!(file.len() as u64, snapshot.length);
    let mut text = String::new();
    MultiGzDecoder::new(&file[..]).read_to_string(&mut text).unwrap();
    let packed = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    read(&packed(&text)[..]).unwrap();

    let (header, lines) = text.split_once('\n').unwrap();
    let mut later: Value = serde_json::from_str(header).unwrap();
    later["datil_builds"] = 2.into();
    let fewer = lines.split_once('\n').unwrap().1;
    for (damaged, expected) in [
        (text.replacen("\"shipped\"", "\"aborted\"", 1), "digest is another"),
        (format!("{header}\n{fewer}"), "fewer builds"),
        (format!("{text}{{}}\n"), "more builds"),
        (text[..text.len() - 2].to_owned(), "no end"),
        (format!("{header}\nx\n"), "no build"),
        (format!("{later}\n{lines}"), "no snapshot"),
        (String::new(), "no snapshot"),
    ] {
        let error = read(&packed(&damaged)[..]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} for {expected}");
    }
    for bytes in [&file[..file.len() / 2], b"not gzip", b""] {
        assert!(matches!(
            read(bytes),
            Err(SnapshotError::Unreadable(_) | SnapshotError::NoSnapshot)
        ));
    }
}
