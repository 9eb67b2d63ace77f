//! Every answer of `/submit`.

use axum::http::Method;
use bytes::Bytes;
use futures::stream;
use proptest::prelude::*;

use super::*;

const JSON_PART: &str =
    "Content-Disposition: form-data; name=\"extra\"; filename=\"extra.json\"\r\nContent-Type: application/json";

fn json(text: &str) -> Vec<u8> {
    multipart(&[(JSON_PART, text.as_bytes())])
}

fn dump(name: &str) -> Vec<u8> {
    let head = format!(
        "Content-Disposition: form-data; name=\"{name}\"; filename=\"x.dmp\"\r\nContent-Type: application/octet-stream"
    );
    multipart(&[
        ("Content-Disposition: form-data; name=\"ProductName\"", b"Firefox"),
        (&head, b"MDMP"),
    ])
}

async fn check(router: &Router, headers: &[(&str, &str)], body: Vec<u8>, status: u16, text: &str) {
    let answered = send(router, request(headers, Body::from(body))).await;
    let context = format!("{headers:?}");
    assert_eq!(
        (answered.status.as_u16(), answered.body.as_str()),
        (status, text),
        "{context}"
    );
    assert_eq!(answered.headers["content-type"], "text/plain", "{context}");
}

#[tokio::test]
async fn bad_headers_have_their_codes() {
    let (running, _folder) = on_sqlite(Settings::default()).await;
    let body = form(&[("ProductName", "Firefox")]);
    let length = body.len().to_string();
    let kind = "multipart/form-data; boundary=BoundaryOfTheTests";
    for (headers, code) in [
        (vec![("content-length", length.as_str())], "no_content_type"),
        (
            vec![("content-type", ""), ("content-length", &length)],
            "no_content_type",
        ),
        (
            vec![("content-type", "application/json"), ("content-length", &length)],
            "wrong_content_type",
        ),
        (
            vec![("content-type", "multipart/form-data"), ("content-length", &length)],
            "no_boundary",
        ),
        (vec![("content-type", kind)], "no_content_length"),
        (
            vec![("content-type", kind), ("content-length", "0")],
            "no_content_length",
        ),
        (
            vec![("content-type", kind), ("content-length", "foo")],
            "no_content_length",
        ),
        (
            vec![
                ("content-type", "multipart/form-data; boundary=other"),
                ("content-length", &length),
            ],
            "invalid_payload_structure",
        ),
        (
            vec![
                ("content-type", kind),
                ("content-length", &length),
                ("content-encoding", "gzip"),
            ],
            "bad_gzip",
        ),
    ] {
        let text = format!("Discarded=malformed_{code}");
        check(&running.router, &headers, body.clone(), 400, &text).await;
    }
    let chunked = [("content-type", kind), ("transfer-encoding", "chunked")];
    check(
        &running.router,
        &chunked,
        Vec::new(),
        400,
        "Discarded=malformed_no_content_length",
    )
    .await;
}

#[tokio::test]
async fn bad_bodies_have_their_codes() {
    let (running, _folder) = on_sqlite(Settings::default()).await;
    let good = form(&[("ProductName", "Firefox")]);
    let text = String::from_utf8(good.clone()).unwrap();
    let structure = "invalid_payload_structure";
    let large = format!("Content-Disposition: form-data; name=a\r\nX: {}", "x".repeat(8192));
    let endless = format!("--{BOUNDARY}\r\nX: {}", "x".repeat(1 << 20));
    for (body, code) in [
        (b"junk".to_vec(), structure),
        (text.replace("\r\n", "\n").into_bytes(), structure),
        (text.replace("--\r\n", "").into_bytes(), structure),
        (good[..good.len() - 20].to_vec(), structure),
        (gzip(&good), structure),
        (
            multipart(&[(
                "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64",
                b"x",
            )]),
            structure,
        ),
        (multipart(&[(&large, b"x")]), structure),
        (endless.into_bytes(), structure),
        (vec![b'x'; 1 << 20], structure),
        (json("{"), "invalid_json"),
        (json(""), "invalid_json"),
        (json(&"[".repeat(200_000)), "invalid_json"),
        (json("[1]"), "invalid_json_value"),
        (json("{}"), "no_annotations"),
        (multipart(&[]), "no_annotations"),
        (dump("raw_crash"), "invalid_dump_name"),
        (dump("../dump_names"), "invalid_dump_name"),
        (dump("processed_/crash"), "invalid_dump_name"),
    ] {
        let answered = post(&running.router, &[], body).await;
        let expected = format!("Discarded=malformed_{code}");
        assert_eq!((answered.status.as_u16(), answered.body), (400, expected));
    }
}

#[tokio::test]
async fn bad_gzip_has_its_code() {
    let (running, _folder) = on_sqlite(Settings::default()).await;
    let good = gzip(&form(&[("ProductName", "Firefox")]));
    let mut wrong_sum = good.clone();
    let at = wrong_sum.len() - 6;
    wrong_sum[at] ^= 0xff;
    for (body, expected) in [
        (good[..good.len() - 1].to_vec(), Some("bad_gzip")),
        (wrong_sum, Some("bad_gzip")),
        (b"x\x9c\x03\x00\x00\x00\x00\x01".to_vec(), Some("bad_gzip")),
        (gzip(b""), Some("invalid_payload_structure")),
        (gzip(b"junk"), Some("invalid_payload_structure")),
        ([good.clone(), b"padding".to_vec()].concat(), None),
    ] {
        for encoding in ["gzip", "GZIP", "x-gzip"] {
            let answered = post(&running.router, &[("content-encoding", encoding)], body.clone()).await;
            match expected {
                Some(code) => assert_eq!(
                    (answered.status.as_u16(), answered.body),
                    (400, format!("Discarded=malformed_{code}"))
                ),
                None => drop(accepted(&answered)),
            }
        }
    }
}

#[tokio::test]
async fn a_body_in_several_gzip_members_is_one_body() {
    let (running, _folder) = on_sqlite(Settings::default()).await;
    let body = form(&[("ProductName", "Firefox"), ("Version", "1.0")]);
    let (first, second) = body.split_at(40);
    let members = [gzip(first), gzip(second)].concat();
    accepted(&post(&running.router, &[("content-encoding", "gzip")], members).await);
}

/// A report whose body has exactly this size.
fn of_size(size: usize) -> Vec<u8> {
    let empty = dump("upload_file_minidump").len();
    let head = "Content-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"x.dmp\"\r\nContent-Type: \
        application/octet-stream";
    let body = multipart(&[
        ("Content-Disposition: form-data; name=\"ProductName\"", b"Firefox"),
        (head, &vec![b'x'; size - empty + 4]),
    ]);
    assert_eq!(body.len(), size);
    body
}

#[tokio::test]
async fn the_limit_of_the_body_is_exact() {
    let (running, _folder) = on_sqlite(Settings::default()).await;
    for size in [26_214_399, 26_214_400] {
        accepted(&post(&running.router, &[], of_size(size)).await);
    }
    let large = of_size(26_214_401);
    let too_large = (413, "Discarded=post_body_too_large".to_owned());
    let answered = post(&running.router, &[], large.clone()).await;
    assert_eq!((answered.status.as_u16(), answered.body), too_large);
    // In a chunked body, the size is known only at the end.
    let chunks: Vec<Result<Bytes, std::io::Error>> = large
        .chunks(100_000)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [("content-type", kind.as_str()), ("transfer-encoding", "chunked")];
    let chunked = request(&headers, Body::from_stream(stream::iter(chunks)));
    let answered = send(&running.router, chunked).await;
    assert_eq!((answered.status.as_u16(), answered.body), too_large);
}

#[tokio::test]
async fn bodies_that_inflate_excessively_are_refused() {
    let settings = Settings {
        max_payload: 100_000,
        max_inflated: 5_000_000,
        max_ratio: 100,
        ..Settings::default()
    };
    let (running, _folder) = on_sqlite(settings).await;
    let head = "Content-Disposition: form-data; name=\"memory\"; filename=\"x\"";
    let bomb = |size: usize| {
        gzip(&multipart(&[
            ("Content-Disposition: form-data; name=\"ProductName\"", b"Firefox"),
            (head, &vec![0; size]),
        ]))
    };
    for (size, status) in [(80_000, 200), (2_000_000, 413), (20_000_000, 413)] {
        let answered = post(&running.router, &[("content-encoding", "gzip")], bomb(size)).await;
        assert_eq!(answered.status.as_u16(), status, "{size}");
    }
}

#[tokio::test]
async fn parts_and_dumps_and_texts_have_limits() {
    let settings = Settings {
        max_parts: 20,
        max_dumps: 3,
        max_annotation: 50,
        ..Settings::default()
    };
    let (running, _folder) = on_sqlite(settings).await;
    let product: Part<'_> = ("Content-Disposition: form-data; name=ProductName", b"Firefox");
    let file: Part<'_> = (
        "Content-Disposition: form-data; name=upload_file_minidump; filename=x",
        b"x",
    );
    let attachment: Part<'_> = ("Content-Disposition: form-data; name=d; filename=x", b"x");
    let long: Part<'_> = ("Content-Disposition: form-data; name=Long", &[b'x'; 51]);
    let long_json = format!("{{\"a\":\"{}\"}}", "x".repeat(50));
    for (parts, status) in [
        (vec![product; 20], 200),
        (vec![product; 21], 400),
        (vec![product, file, file, file], 200),
        (vec![product, file, file, file, file], 400),
        (vec![product, file, attachment, file, attachment], 200),
        (vec![product, long], 200),
        (vec![(JSON_PART, long_json.as_bytes())], 400),
    ] {
        let answered = post(&running.router, &[], multipart(&parts)).await;
        assert_eq!(answered.status.as_u16(), status, "{}", answered.body);
    }
    let parts = [product, attachment, attachment, attachment, attachment];
    let answered = post(&running.router, &[], multipart(&parts)).await;
    let raw = crashstore::report::load_raw(&running.blobs, &accepted(&answered))
        .await
        .unwrap()
        .unwrap();
    assert!(
        raw.metadata()
            .collector_notes
            .contains(&"the attachment d was left out".to_owned())
    );
    let answered = post(&running.router, &[], multipart(&[product, long])).await;
    let raw = crashstore::report::load_raw(&running.blobs, &accepted(&answered))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(raw.text("Long"), None);
    assert_eq!(
        raw.metadata().collector_notes,
        ["extract payload text part exception: body part is too large"]
    );
}

#[tokio::test]
async fn a_client_that_stops_sending_is_told_so() {
    let settings = Settings {
        idle_seconds: 0,
        ..Settings::default()
    };
    let (running, _folder) = on_sqlite(settings).await;
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [("content-type", kind.as_str()), ("content-length", "1000")];
    let body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let answered = send(&running.router, request(&headers, body)).await;
    assert_eq!((answered.status.as_u16(), answered.body.as_str()), (408, ""));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_malformed() {
    let (running, _folder) = on_sqlite(Settings::default()).await;
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [("content-type", kind.as_str()), ("content-length", "1000")];
    let chunks = [
        Ok(Bytes::from(form(&[("ProductName", "Firefox")]))),
        Err(std::io::Error::other("gone")),
    ];
    let answered = send(
        &running.router,
        request(&headers, Body::from_stream(stream::iter(chunks))),
    )
    .await;
    assert_eq!(answered.body, "Discarded=malformed_invalid_payload_structure");
}

#[tokio::test]
async fn what_does_not_fit_into_memory_is_refused_for_now() {
    let settings = Settings {
        max_in_flight: 1000,
        ..Settings::default()
    };
    let (running, _folder) = on_sqlite(settings).await;
    let answered = post(&running.router, &[], of_size(2000)).await;
    assert_eq!((answered.status.as_u16(), answered.body.as_str()), (503, ""));
    accepted(&post(&running.router, &[], of_size(900)).await);
    accepted(&post(&running.router, &[], of_size(901)).await);
}

#[tokio::test]
async fn the_throttler_answers() {
    let settings = Settings {
        throttle: "mozilla".to_owned(),
        ..Settings::default()
    };
    let (running, _folder) = on_sqlite(settings).await;
    let answered = post(&running.router, &[], form(&[("ProductName", "Other")])).await;
    assert_eq!(
        (answered.status.as_u16(), answered.body.as_str()),
        (200, "Discarded=rule_unsupported_product")
    );
    let fake = accepted(&post(&running.router, &[], form(&[("ProductName", "B2G")])).await);
    assert_eq!(&fake.as_str()[29..30], "3");
    assert_eq!(crashstore::report::load_raw(&running.blobs, &fake).await.unwrap(), None);
    let release = [
        ("ProductName", "Firefox"),
        ("ReleaseChannel", "release"),
        ("CrashTime", "1"),
    ];
    let first = post(&running.router, &[], form(&release)).await;
    let again = post(&running.router, &[], form(&release)).await;
    assert_eq!(first.body, again.body);
}

#[tokio::test]
async fn only_a_submitter_chooses_ids() {
    let settings = Settings {
        throttle: "mozilla".to_owned(),
        submitter_token: Some("secret".into()),
        ..Settings::default()
    };
    let (running, _folder) = on_sqlite(settings).await;
    let id = "de1bb258-cbbf-4589-a673-34f800160918";
    let good = [("ProductName", "Thunderbird"), ("uuid", id)];
    let unwanted = [("ProductName", "Other"), ("uuid", id)];
    let bad = [("ProductName", "Thunderbird"), ("uuid", "x")];
    let bearer = [("authorization", "Bearer secret")];
    let unauthorized = "Discarded=unauthorized_uuid";
    for (headers, annotations, status, text) in [
        (&[][..], &good, 401, unauthorized),
        (&[("authorization", "Bearer other")], &good, 401, unauthorized),
        (&[("authorization", "Bearer ")], &good, 401, unauthorized),
        (&[("authorization", "bearer secret")], &good, 401, unauthorized),
        (&[], &unwanted, 401, unauthorized),
        (&bearer, &unwanted, 200, "Discarded=rule_unsupported_product"),
        (&bearer, &bad, 400, "Discarded=malformed_invalid_uuid"),
        (&bearer, &good, 200, "CrashID=bp-de1bb258-cbbf-4589-a673-34f800160918\n"),
        (&bearer, &good, 200, "CrashID=bp-de1bb258-cbbf-4589-a673-34f800160918\n"),
    ] {
        let answered = post(&running.router, headers, form(annotations)).await;
        assert_eq!(
            (answered.status.as_u16(), answered.body.as_str()),
            (status, text),
            "{headers:?}"
        );
    }
    let number = post(
        &running.router,
        &bearer,
        json(r#"{"ProductName":"Thunderbird","uuid":5}"#),
    )
    .await;
    assert_eq!(number.body, "Discarded=malformed_invalid_uuid");
    // A token that is not needed does not matter.
    accepted(&post(&running.router, &[("authorization", "Bearer x")], form(&good[..1])).await);
}

#[tokio::test]
async fn ids_cannot_be_chosen_without_a_token() {
    let (running, _folder) = on_sqlite(Settings::default()).await;
    let body = form(&[("uuid", "de1bb258-cbbf-4589-a673-34f800160918")]);
    let answered = post(&running.router, &[("authorization", "Bearer ")], body).await;
    assert_eq!(answered.body, "Discarded=unauthorized_uuid");
}

#[tokio::test]
async fn only_posts_to_submit_are_answered() {
    let (running, _folder) = on_sqlite(Settings::default()).await;
    for (method, path, status) in [
        (Method::GET, "/submit", 405),
        (Method::HEAD, "/submit", 405),
        (Method::POST, "/submit/x", 404),
        (Method::POST, "/submit?product=x", 400),
        (Method::POST, "/submit/", 400),
    ] {
        let request = Request::builder()
            .method(&method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            send(&running.router, request).await.status.as_u16(),
            status,
            "{method} {path}"
        );
    }
}

#[test]
fn any_bytes_are_answered_without_failing() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (running, _folder) = runtime.block_on(on_sqlite(Settings::default()));
    let piece = prop_oneof![
        Just(format!("--{BOUNDARY}").into_bytes()),
        Just(b"--".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\r\n\r\n".to_vec()),
        Just(b"Content-Disposition: form-data; name=".to_vec()),
        Just(b"; filename=\"".to_vec()),
        Just(b"Content-Type: application/json\r\n".to_vec()),
        Just(b"{\"a\":\"\\ud800\"}".to_vec()),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    let body = prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat());
    let encoding = prop::sample::select(vec!["identity", "gzip", "gzip of it"]);
    let config = ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(body in body, encoding in encoding)| {
        let (body, encoding) = match encoding {
            "gzip of it" => (gzip(&body), "gzip"),
            other => (body, other),
        };
        let answered = runtime.block_on(post(&running.router, &[("content-encoding", encoding)], body));
        prop_assert!(answered.status.as_u16() < 500, "{}", answered.status);
    });
}
