//! The dialects of the clients, and what is stored of them.

use std::collections::BTreeMap;

use bytes::Bytes;
use crashstore::report::{Report, load};
use futures::stream;
use serde_json::{Value, json};

use super::*;

/// Sends a body as a client does, and loads what was stored.
async fn stored(headers: &[(&str, &str)], body: Vec<u8>, chunked: bool) -> Report {
    let (running, _folder) = on_sqlite(Settings::default()).await;
    let length = body.len().to_string();
    let mut headers = headers.to_vec();
    let body = if chunked {
        headers.push(("transfer-encoding", "chunked"));
        // Uneven pieces, so that delimiters are cut in two.
        let chunks: Vec<Result<Bytes, std::io::Error>> =
            body.chunks(7).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        Body::from_stream(stream::iter(chunks))
    } else {
        headers.push(("content-length", &length));
        Body::from(body)
    };
    let answered = send(&running.router, request(&headers, body)).await;
    let id = accepted(&answered);
    let report = load(&running.blobs, &id).await.unwrap().unwrap();
    assert_eq!(report.raw.text("uuid"), Some(id.as_str()));
    assert_eq!(report.raw.0["version"], 2);
    report
}

fn dumps(report: &Report) -> BTreeMap<&str, &[u8]> {
    report
        .dumps
        .iter()
        .map(|(name, body)| (name.as_str(), &body[..]))
        .collect()
}

fn annotations(report: &Report) -> Value {
    let found = report
        .raw
        .annotations()
        .map(|(name, value)| (name.clone(), value.clone()));
    Value::Object(found.collect())
}

#[tokio::test]
async fn firefox_posts_with_curl() {
    let body = b"--------------------------3a5c\r\n\
        Content-Disposition: form-data; name=\"extra\"; filename=\"extra.json\"\r\n\
        Content-Type: application/json\r\n\r\n\
        {\"ProductName\":\"Firefox\",\"Version\":\"128.0\",\"BuildID\":\"20260801000000\",\
        \"ReleaseChannel\":\"release\",\"Email\":\"a@b.c\",\"TelemetryClientId\":\"1\",\"TelemetryServerURL\":\"2\",\
        \"TelemetrySessionId\":\"3\"}\r\n\
        --------------------------3a5c\r\n\
        Content-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"1b2c.dmp\"\r\n\
        Content-Type: application/octet-stream\r\n\r\n\
        MDMP\x93\xa7\0\0\r\n\r\n\
        --------------------------3a5c--\r\n";
    let headers = [
        ("user-agent", "crashreporter/1.0.0"),
        ("expect", "100-continue"),
        (
            "content-type",
            "multipart/form-data; boundary=------------------------3a5c",
        ),
    ];
    let report = stored(&headers, body.to_vec(), false).await;
    assert_eq!(
        annotations(&report),
        json!({"ProductName": "Firefox", "Version": "128.0", "BuildID": "20260801000000", "ReleaseChannel": "release"})
    );
    assert_eq!(
        dumps(&report),
        BTreeMap::from([("upload_file_minidump", &b"MDMP\x93\xa7\0\0\r\n"[..])])
    );
    let metadata = report.raw.metadata();
    assert_eq!(
        (
            metadata.payload.as_str(),
            metadata.payload_compressed.as_str(),
            metadata.user_agent.as_str()
        ),
        ("json", "0", "crashreporter/1.0.0")
    );
    assert_eq!(metadata.payload_size, body.len() as u64);
    assert_eq!(
        (metadata.throttle_rule.as_str(), metadata.sampling_weight),
        ("accept_everything", 1.0)
    );
    assert_eq!(
        metadata.dump_checksums["upload_file_minidump"],
        "3e0ae33e3842db879478a50b09096209fa7dc67c8f5a7a2c63ea1ca290f1f9a0"
    );
    assert_eq!(
        metadata.collector_notes,
        [
            "Removed Email from raw crash.",
            "Removed TelemetryClientId from raw crash.",
            "Removed TelemetryServerURL from raw crash.",
            "Removed TelemetrySessionId from raw crash."
        ]
    );
}

#[tokio::test]
async fn firefox_posts_from_a_page() {
    let body = b"------geckoformboundary61\r\n\
        Content-Disposition: form-data; name=\"extra\"; filename=\"blob\"\r\n\
        Content-Type: application/json\r\n\r\n\
        {\"ProductName\":\"Firefox\",\"Throttleable\":\"0\",\"SubmittedFrom\":\"AboutCrashes\"}\r\n\
        ------geckoformboundary61\r\n\
        Content-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"a.dmp\"\r\n\
        Content-Type: application/octet-stream\r\n\r\n\
        parent\r\n\
        ------geckoformboundary61\r\n\
        Content-Disposition: form-data; name=\"upload_file_minidump_browser\"; filename=\"a-browser.dmp\"\r\n\
        Content-Type: application/octet-stream\r\n\r\n\
        browser\r\n\
        ------geckoformboundary61\r\n\
        Content-Disposition: form-data; name=\"memory_report\"; filename=\"a.memory.json.gz\"\r\n\
        Content-Type: application/gzip\r\n\r\n\
        memory\r\n\
        ------geckoformboundary61--\r\n";
    let headers = [("content-type", "multipart/form-data; boundary=----geckoformboundary61")];
    let report = stored(&headers, body.to_vec(), false).await;
    assert_eq!(
        dumps(&report),
        BTreeMap::from([
            ("memory_report", &b"memory"[..]),
            ("upload_file_minidump", b"parent"),
            ("upload_file_minidump_browser", b"browser"),
        ])
    );
    let metadata = report.raw.metadata();
    assert_eq!(
        metadata.collector_notes,
        ["unknown content type: memory_report application/gzip"]
    );
    assert_eq!(metadata.user_agent, "None");
}

#[tokio::test]
async fn fenix_posts_unquoted_names_and_a_line_end_too_many() {
    let boundary = "---------------------------0123456789abcdef";
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=ProductName\r\n\r\nFenix\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"x.dmp\"\r\n\
         Content-Type: application/octet-stream\r\n\r\nMDMP\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=ReleaseChannel\r\n\r\nnightly\r\n\r\n\
         --{boundary}--\r\n"
    );
    let kind = format!("multipart/form-data; boundary={boundary}");
    let headers = [("content-type", kind.as_str()), ("content-encoding", "gzip")];
    let report = stored(&headers, gzip(body.as_bytes()), false).await;
    assert_eq!(
        annotations(&report),
        json!({"ProductName": "Fenix", "ReleaseChannel": "nightly\r\n"})
    );
    assert_eq!(dumps(&report), BTreeMap::from([("upload_file_minidump", &b"MDMP"[..])]));
    let metadata = report.raw.metadata();
    assert_eq!(
        (metadata.payload.as_str(), metadata.payload_compressed.as_str()),
        ("multipart", "1")
    );
    assert_eq!(metadata.payload_size, gzip(body.as_bytes()).len() as u64);
}

#[tokio::test]
async fn crashpad_posts_gzip_in_chunks() {
    let body = b"---MultipartBoundary-7\r\n\
        Content-Disposition: form-data; name=\"prod\"\r\n\r\nCrashpad\r\n\
        ---MultipartBoundary-7\r\n\
        Content-Disposition: form-data; name=\"ver\"\r\n\r\n1.0\r\n\
        ---MultipartBoundary-7\r\n\
        Content-Disposition: form-data; name=\"_Guid\"\r\n\r\n5e1286fc-da97-479e-918b-6bfb0c3d1c72\r\n\
        ---MultipartBoundary-7\r\n\
        Content-Disposition: form-data; name=\"ptype\"\r\n\r\nrenderer\r\n\
        ---MultipartBoundary-7\r\n\
        Content-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"minidump.dmp\"\r\n\
        Content-Type: application/octet-stream\r\n\r\n\
        MDMP\r\n---MultipartBoundary-\r\n\
        ---MultipartBoundary-7--\r\n";
    let headers = [
        ("content-type", "multipart/form-data; boundary=-MultipartBoundary-7"),
        ("content-encoding", "gzip"),
    ];
    let report = stored(&headers, gzip(body), true).await;
    assert_eq!(
        annotations(&report),
        json!({"ProductName": "Crashpad", "Version": "1.0", "ProcessType": "renderer"})
    );
    assert_eq!(
        report.raw.metadata().collector_notes,
        [
            "prod was taken as ProductName",
            "ver was taken as Version",
            "ptype was taken as ProcessType",
            "Removed _Guid from raw crash.",
        ]
    );
    assert_eq!(
        dumps(&report),
        BTreeMap::from([("upload_file_minidump", &b"MDMP\r\n---MultipartBoundary-"[..])])
    );
}

#[tokio::test]
async fn breakpad_posts_a_plain_form_in_any_pieces() {
    let body = b"--------------------------b9c3\r\n\
        Content-Disposition: form-data; name=\"ProductName\"\r\n\r\nBreakpad\r\n\
        --------------------------b9c3\r\n\
        Content-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"b.dmp\"\r\n\
        Content-Type: application/octet-stream\r\n\r\n\
        MDMP\0\xff\r\n\
        --------------------------b9c3--";
    let headers = [
        ("user-agent", "Breakpad/1.0 (Linux)"),
        (
            "content-type",
            "multipart/form-data; boundary=------------------------b9c3",
        ),
    ];
    for chunked in [false, true] {
        let report = stored(&headers, body.to_vec(), chunked).await;
        assert_eq!(annotations(&report), json!({"ProductName": "Breakpad"}));
        assert_eq!(
            dumps(&report),
            BTreeMap::from([("upload_file_minidump", &b"MDMP\0\xff"[..])])
        );
    }
}

#[tokio::test]
async fn both_forms_together_are_merged_whatever_their_order() {
    let field = |name: &str| format!("Content-Disposition: form-data; name=\"{name}\"");
    let (before, after, odd) = (field("Before"), field("After"), field("Odd"));
    let odd = format!("{odd}\r\nContent-Type: text/plain; charset=klingon");
    let extra = "Content-Disposition: form-data; name=\"extra\"\r\nContent-Type: application/json";
    let body = multipart(&[
        (&before, b"kept"),
        (extra, b"{\"first\":1}"),
        (
            extra,
            b"{\"After\":\"json\",\"Nul\":\"a\\u0000b\",\"Odd\":\"\\ud800\",\"Number\":NaN,\"metadata\":1}",
        ),
        (&after, b"text"),
        (&odd, b"x"),
    ]);
    let kind = format!("multipart/mixed; charset=utf-8; Boundary=\"{BOUNDARY}\"");
    let report = stored(&[("content-type", &kind)], body, false).await;
    assert_eq!(
        annotations(&report),
        json!({"Before": "kept", "first": 1, "After": "text", "Nul": "a\0b", "Odd": "x", "Number": null})
    );
    let metadata = report.raw.metadata();
    assert_eq!(metadata.payload, "json");
    assert_eq!(
        metadata.collector_notes,
        [
            "json: lone surrogates were replaced",
            "json: NaN or infinity was replaced by null",
            "extract payload text part exception: invalid text or charset: klingon (Odd was read as utf-8)",
            "includes annotations in both json-encoded extra and formdata parts",
        ]
    );
}

#[tokio::test]
async fn no_dump_is_lost_to_its_name() {
    let file = |name: &str| {
        format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"x\"\r\nContent-Type: application/octet-stream"
        )
    };
    let long = "x".repeat(40);
    let names = [
        "../../etc/x",
        "dump",
        "upload_file_minidump",
        "é",
        "é",
        long.as_str(),
        long.as_str(),
        "upload_file_minidump",
    ];
    let heads: Vec<String> = names.iter().map(|name| file(name)).collect();
    let contents: Vec<String> = (0..names.len()).map(|n| n.to_string()).collect();
    let mut parts: Vec<Part<'_>> = vec![("Content-Disposition: form-data; name=ProductName", b"Firefox")];
    parts.extend(
        heads
            .iter()
            .zip(&contents)
            .map(|(head, content)| (head.as_str(), content.as_bytes())),
    );
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let report = stored(&[("content-type", &kind)], multipart(&parts), false).await;
    assert_eq!(
        dumps(&report),
        BTreeMap::from([
            ("etcx", &b"0"[..]),
            ("dump_2", b"1"),
            ("upload_file_minidump_2", b"2"),
            ("unnamed_2", b"3"),
            ("unnamed", b"4"),
            ("xxxxxxxxxxxxxxxxxxxxxxxxxxxx_2", b"5"),
            ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", b"6"),
            ("upload_file_minidump", b"7"),
        ])
    );
    assert_eq!(report.raw.metadata().collector_notes.len(), 5);
}

/// A part with this name and content type; `file` is its file name.
fn head(name: &str, file: Option<&str>, kind: &str) -> String {
    let file = file.map(|file| format!("; filename=\"{file}\""));
    format!(
        "Content-Disposition: form-data; name=\"{name}\"{}\r\nContent-Type: {kind}",
        file.unwrap_or_default()
    )
}

#[tokio::test]
async fn one_part_does_not_replace_what_others_said() {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let json = "application/json";
    let extra = head("extra", Some("extra.json"), json);
    let product = head("Before", None, "text/plain");
    let attachment = head("settings", Some("settings.json"), json);
    let field = head("Setting", None, json);
    let reserved = head("raw_crash", Some("raw_crash.json"), json);
    let broken: &[u8] = b"[1, {";
    let parts: [Part<'_>; 5] = [
        (&extra, b"{\"ProductName\":\"Firefox\",\"Before\":\"json\"}"),
        (&product, b"text"),
        (&attachment, broken),
        (&field, b"{\"a\":1}"),
        (&reserved, b"{}"),
    ];
    // Every part once at each place.
    for turn in 0..parts.len() {
        let mut turned = parts;
        turned.rotate_left(turn);
        let report = stored(&[("content-type", &kind)], multipart(&turned), false).await;
        assert_eq!(
            annotations(&report),
            json!({"ProductName": "Firefox", "Before": "text", "Setting": "{\"a\":1}"}),
            "{turn}"
        );
        assert_eq!(dumps(&report), BTreeMap::from([("settings", broken)]));
        let mut notes = report.raw.metadata().collector_notes;
        notes.sort();
        assert_eq!(
            notes,
            [
                "includes annotations in both json-encoded extra and formdata parts",
                "the attachment raw_crash was left out",
                "unknown content type: settings application/json",
            ]
        );
    }
}

#[tokio::test]
async fn extra_holds_annotations_whatever_its_content_type_says() {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let octets = "application/octet-stream";
    for (file, content_type, content, annotation, dump) in [
        (Some("extra.json"), octets, "{\"ProductName\":\"x\"}", "x", false),
        (None, "text/plain", "{\"ProductName\":\"x\"}", "x", false),
        (Some("a.extra"), octets, "[1]", "text", true),
        (Some("a.extra"), octets, "ProductName=x", "text", true),
    ] {
        let extra = head("extra", file, content_type);
        let text = head("Other", None, "text/plain");
        let body = multipart(&[(&extra, content.as_bytes()), (&text, b"text")]);
        let report = stored(&[("content-type", &kind)], body, false).await;
        let found = annotations(&report);
        assert_eq!(found["Other"], "text");
        assert_eq!(found.get("ProductName").is_some(), annotation == "x", "{content}");
        assert_eq!(dumps(&report).contains_key("extra"), dump, "{content}");
    }
}

#[tokio::test]
async fn bad_bytes_lose_no_value() {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let cut = head("Notes", None, "text/plain; charset=utf-8");
    let strange = head("Strange", None, "text/plain; charset=iso-2022-kr");
    let extra = head("extra", None, "application/json");
    let body = multipart(&[
        (&cut, b"caf\xc3"),
        (&strange, b"a"),
        (&extra, b"{\"Title\":\"\xf0\x9f\x98\"}"),
    ]);
    let report = stored(&[("content-type", &kind)], body, false).await;
    assert_eq!(
        annotations(&report),
        json!({"Notes": "caf\u{fffd}", "Strange": "a", "Title": "\u{fffd}"})
    );
    assert_eq!(
        report.raw.metadata().collector_notes[..3],
        [
            "extract payload text part exception: invalid text or charset: utf-8 (Notes: U+FFFD stands for what could \
             not be read)",
            "extract payload text part exception: invalid text or charset: iso-2022-kr (Strange was read as utf-8)",
            "json: bytes that are no text were replaced by U+FFFD",
        ]
    );
}

#[tokio::test]
async fn a_harmless_header_loses_no_crash() {
    let product = b"Content-Disposition: form-data; name=ProductName\r\nContent-Transfer-Encoding: 8bit";
    let dump = b"Content-Disposition: form-data; name=upload_file_minidump; filename=\"\xe9t\xe9.dmp\"\r\n\
        Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: 7bit\r\nX-Other: \xff";
    let mut body = Vec::new();
    for (head, content) in [(&product[..], &b"Firefox"[..]), (dump, b"MDMP")] {
        body.extend_from_slice(format!("--{BOUNDARY}\r\n").as_bytes());
        body.extend_from_slice(head);
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--").as_bytes());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let report = stored(&[("content-type", &kind)], body, true).await;
    assert_eq!(annotations(&report), json!({"ProductName": "Firefox"}));
    assert_eq!(dumps(&report), BTreeMap::from([("upload_file_minidump", &b"MDMP"[..])]));
    assert_eq!(
        report.raw.metadata().collector_notes,
        ["part upload_file_minidump: content-disposition is no UTF-8"]
    );
}

#[tokio::test]
async fn what_was_said_twice_is_noted() {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let field = head("A", None, "text/plain");
    let extra = head("extra", None, "application/json");
    let nameless = "Content-Disposition: form-data";
    let body = multipart(&[
        (&field, b"1"),
        (&field, b"2"),
        (&extra, b"{\"B\":1,\"C\":1}"),
        (&extra, b"{\"B\":2,\"C\":1}"),
        (nameless, b"x"),
    ]);
    let report = stored(&[("content-type", &kind)], body, false).await;
    assert_eq!(annotations(&report), json!({"A": "2", "B": 2, "C": 1}));
    assert_eq!(
        report.raw.metadata().collector_notes[..3],
        [
            "A came more than once; the last one counts",
            "B came more than once; the last one counts",
            "a part without a name was left out",
        ]
    );
}

#[tokio::test]
async fn one_odd_line_in_a_head_loses_no_report() {
    let dump = "upload_file_minidump";
    let heads = [
        (
            "Content-Type: text/plain;\r\n\tname=\"x\"\r\nContent-Disposition: form-data; name=A".to_owned(),
            0,
        ),
        ("Content-Disposition: form-data;\r\n name=A".to_owned(), 0),
        ("junk\r\nContent-Disposition : form-data; name=A".to_owned(), 1),
        (
            "Content-Disposition: form-data; name=A; filename=\"\"\r\nX: a\u{1}b".to_owned(),
            0,
        ),
        (
            (0..40).map(|n| format!("X-{n}: y\r\n")).collect::<String>() + "Content-Disposition: form-data; name=A",
            0,
        ),
    ];
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    for (odd, lines) in heads {
        for chunked in [false, true] {
            let file = head(dump, Some("x"), "application/octet-stream");
            let body = multipart(&[(&odd, b"1"), (&file, b"MDMP")]);
            let report = stored(&[("content-type", &kind)], body, chunked).await;
            assert_eq!(annotations(&report), json!({"A": "1"}), "{odd}");
            assert_eq!(dumps(&report), BTreeMap::from([(dump, &b"MDMP"[..])]));
            let expected: Vec<String> = (lines > 0)
                .then(|| format!("part A: odd lines in its head: {lines}"))
                .into_iter()
                .collect();
            assert_eq!(report.raw.metadata().collector_notes, expected, "{odd}");
        }
    }
}

#[tokio::test]
async fn a_part_without_content_swallows_no_other() {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let file = head("upload_file_minidump", Some("x"), "application/octet-stream");
    let text = "Content-Disposition: form-data; name=CrashType";
    let body = format!("--{BOUNDARY}\r\n{file}\r\n\r\n--{BOUNDARY}\r\n{text}\r\n\r\nfatal\r\n--{BOUNDARY}--\r\n");
    let report = stored(&[("content-type", &kind)], body.into_bytes(), true).await;
    assert_eq!(annotations(&report), json!({"CrashType": "fatal"}));
    assert_eq!(dumps(&report), BTreeMap::from([("upload_file_minidump", &b""[..])]));
}
