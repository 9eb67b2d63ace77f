//! Garbage goes in, a clear answer comes out, and everything else keeps working.

use std::collections::BTreeMap;

use demo::Plan;
use demo::crashes::Submission;

use crate::system::{Config, System};

fn submission(dump: Option<Vec<u8>>, annotations: &[(&str, &str)]) -> Submission {
    let world = demo::World::generate(&Plan::default());
    let mut sample = demo::crashes::samples_for(&world).remove(0);
    sample.annotations = annotations
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    sample.dumps = dump
        .into_iter()
        .map(|dump| ("upload_file_minidump".to_owned(), dump))
        .collect::<BTreeMap<_, _>>();
    sample
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_dumps_and_missing_annotations_are_processed_with_a_note() {
    let system = System::up(&Config::default());
    let world = demo::World::generate(&Plan::default());
    let whole = demo::crashes::samples_for(&world)
        .into_iter()
        .find_map(|mut sample| {
            sample
                .dumps
                .remove("upload_file_minidump")
                .filter(|dump| dump.len() > 10_000)
        })
        .expect("a sample with a minidump");
    let mut lying = whole.clone();
    // The stream count and the position of the directory.
    lying[8..16].copy_from_slice(&[0xff; 8]);
    let noise: Vec<u8> = (0..50_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let product = [("ProductName", "Firefox"), ("Version", "153.0")];
    type Case<'a> = (&'a str, Option<Vec<u8>>, &'a [(&'a str, &'a str)]);
    let cases: [Case<'_>; 7] = [
        ("empty", Some(Vec::new()), &product),
        ("truncated", Some(whole[..whole.len() / 3].to_vec()), &product),
        ("random", Some(noise), &product),
        ("lying", Some(lying), &product),
        ("no dump", None, &product),
        ("no product", Some(whole.clone()), &[("Foo", "bar")]),
        (
            "unknown product",
            Some(whole),
            &[("ProductName", "Waterfowl"), ("BuildID", "x\"y")],
        ),
    ];
    for (name, dump, annotations) in cases {
        let id = system.submit(&submission(dump, annotations), "firefox");
        let crash = system.processed(&id).await;
        assert_eq!(crash["success"], true, "{name}");
        assert!(crash["signature"].as_str().is_some_and(|s| !s.is_empty()), "{name}");
        assert_eq!(crash["build_info"]["status"], "unknown", "{name}");
        let (status, _) = system.get(&format!("/report/index/{id}")).await;
        assert_eq!(status, 200, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_malformed_is_refused_with_its_reason() {
    let system = System::up(&Config::default());
    let multipart = "multipart/form-data; boundary=B";
    for (content_type, body, status, answer) in [
        (multipart, vec![0; 100 << 20], 413, "Discarded=post_body_too_large"),
        (
            multipart,
            b"junk".to_vec(),
            400,
            "Discarded=malformed_invalid_payload_structure",
        ),
        (
            multipart,
            b"--B--\r\n".to_vec(),
            400,
            "Discarded=malformed_no_annotations",
        ),
        (
            "text/plain",
            b"x".to_vec(),
            400,
            "Discarded=malformed_wrong_content_type",
        ),
        (
            "multipart/form-data",
            b"x".to_vec(),
            400,
            "Discarded=malformed_no_boundary",
        ),
    ] {
        let size = body.len();
        let (got, text) = system.post(content_type, body).await;
        assert_eq!((got, text.as_str()), (status, answer), "{size} bytes of {content_type}");
    }
    // The system still works.
    let id = system.submit(&submission(None, &[("ProductName", "Firefox")]), "breakpad");
    system.processed(&id).await;
    let (status, _) = system.get("/__heartbeat__").await;
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_answer_any_address() {
    let system = System::up(&Config::default());
    for (path, status) in [
        ("/", 200),
        ("/?product=%00&version=%FF&cursor=x", 400),
        ("/report/index/de1bb258-cbbf-4589-a673-34f800260918", 404),
        ("/report/index/bp-de1bb258-cbbf-4589-a673-34f800260918", 302),
        ("/report/index/../../etc/passwd", 404),
        ("/report/index/x", 400),
        ("/builds/", 200),
        ("/builds/Waterfowl/beta", 404),
        (
            "/api/ProcessedCrash/?crash_id=de1bb258-cbbf-4589-a673-34f800260918",
            404,
        ),
        ("/api/ProcessedCrash/", 400),
        ("/api/RawCrash/?crash_id=../../x", 400),
        ("/nothing", 404),
        ("/__lbheartbeat__", 200),
        ("/__version__", 200),
        ("/metrics", 200),
    ] {
        let (got, body) = system.get(path).await;
        assert_eq!(got, status, "{path}: {}", body.chars().take(300).collect::<String>());
    }
}
