//! Whoever may not see what is protected cannot tell either whether there is any.

use std::collections::BTreeSet;

use demo::Plan;
use platform_testing::database_settings;
use serde_json::{Map, Value, json};

use super::addresses::UNKNOWN;
use super::marks::{Form, Marks};
use super::site::{Answer, Site};
use super::world::{sample, submit};
use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// What nobody sees of two reports: protected annotations that differ in what they hold.
fn differences() -> [(&'static str, Value, Value); 9] {
    let long = "x".repeat(5000);
    [
        (
            "URL",
            json!("https://a.example/"),
            json!(format!("https://b.example/{long}")),
        ),
        ("Comments", json!("short"), json!(long)),
        (
            "Breadcrumbs",
            json!("[]"),
            json!(json!([{"message": long}]).to_string()),
        ),
        ("GleanClientId", json!("a"), json!("b b b")),
        ("GMPLibraryPath", json!("/a"), json!(format!("/{long}"))),
        (
            "TelemetryEnvironment",
            json!("{}"),
            json!(json!({"build": {"x": long}}).to_string()),
        ),
        (
            "MozCrashReason",
            json!("Failed to load module a"),
            json!(format!("Failed to load module {long}")),
        ),
        ("PHCAllocStack", json!("1,2"), json!(long)),
        ("SomethingNew", json!("a"), json!({"b": [long, 1]})),
    ]
}

/// A text without what differs between any two reports: the id, and times.
fn without_id_and_times(text: &str, id: &str) -> String {
    let text = text.replace(id, "ID");
    let is_date = |at: &[u8]| {
        let digit = |place: usize| at.get(place).is_some_and(u8::is_ascii_digit);
        (0..4).chain(5..7).chain(8..10).all(digit) && at[4] == b'-' && at[7] == b'-'
    };
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(next) = rest.chars().next() {
        if is_date(rest.as_bytes()) {
            plain.push_str("TIME");
            rest = rest[10..].trim_start_matches(|c: char| c.is_ascii_digit() || " T:.+Z".contains(c));
        } else {
            plain.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    plain
}

/// Status, headers and body, without the id, times, and what is of this one answer.
fn compared(answer: &Answer, id: &str) -> (u16, BTreeSet<String>, String) {
    let headers = answer.headers.iter();
    let headers = headers
        .filter(|(name, _)| !["date", "x-request-id", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {value:?}").replace(id, "ID"))
        .collect();
    (answer.status, headers, without_id_and_times(&answer.text(), id))
}

/// A report with these annotations as well, processed.
async fn report(
    system: &System,
    site: &Site,
    public: &Map<String, Value>,
    dump: &[u8],
    more: &[(&str, Value)],
) -> String {
    let mut annotations = public.clone();
    annotations.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let form =
        Form::default()
            .extra(&annotations)
            .file("upload_file_minidump", "a.dmp", "application/octet-stream", dump);
    let id = submit(site, &mut Marks::default(), &form).await;
    system.processed(&id).await;
    id
}

/// Everything that is said about a report.
const ABOUT: [&str; 11] = [
    "/report/index/ID",
    "/report/index/bp-ID",
    "/api/ProcessedCrash/?crash_id=ID",
    "/api/ProcessedCrash/?pretty=print&crash_id=ID",
    "/api/RawCrash/?crash_id=ID",
    "/api/RawCrash/?pretty=print&crash_id=ID",
    "/api/RawCrash/?format=raw&crash_id=ID",
    "/api/RawCrash/?format=raw&name=memory_report&crash_id=ID",
    "/search?q=ID",
    "/audit-log?crash_id=ID",
    "/account?next=/report/index/ID",
];

/// Both texts around the first place where they differ: documents are one long line.
fn difference(one: &str, other: &str) -> String {
    let place = one
        .bytes()
        .zip(other.bytes())
        .take_while(|(one, other)| one == other)
        .count();
    let around = |text: &str| {
        let part = text.as_bytes().get(place.saturating_sub(60)..).unwrap_or_default();
        String::from_utf8_lossy(&part[..part.len().min(160)]).into_owned()
    };
    format!("{:?}\nand {:?}", around(one), around(other))
}

async fn check_alike(site: &Site, what: &str, one: &str, other: &str) {
    for path in ABOUT {
        let mut seen = Vec::new();
        for id in [one, other] {
            let answer = site.get(&path.replace("ID", id), &[]).await;
            seen.push(compared(&answer, id));
        }
        let [(status, headers, text), (other_status, other_headers, other_text)] = &seen[..] else {
            panic!("two answers");
        };
        assert_eq!((status, headers), (other_status, other_headers), "{what}: {path}");
        assert!(text == other_text, "{what}: {path}: {}", difference(text, other_text));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_tell_whether_there_is_something_protected() {
    let sources = StandIns::serve(&Plan::default()).await;
    let (public, dump) = sample(&sources);
    for database in database_settings().await {
        let system = System::up(&Config {
            database,
            ..Config::default()
        });
        let site = Site::of(&system);
        let one = differences().map(|(name, one, _)| (name, one));
        let one = report(&system, &site, &public, &dump, &one).await;
        let other = differences().map(|(name, _, other)| (name, other));
        let other = report(&system, &site, &public, &dump, &other).await;
        check_alike(&site, "other values", &one, &other).await;

        let none = report(&system, &site, &public, &dump, &[]).await;
        for (name, _, value) in differences().into_iter().filter(|(name, ..)| *name != "MozCrashReason") {
            for (kind, value) in [
                ("as it should be", value),
                ("an object", json!({"a": [1]})),
                ("a list", json!([1, "b"])),
                ("damaged", json!("{\u{0}")),
            ] {
                let some = report(&system, &site, &public, &dump, &[(name, value)]).await;
                check_alike(&site, &format!("{name}, {kind}"), &none, &some).await;
            }
        }

        // A file is not told from one that there is not, and a report not from none.
        let with_file = Form::default()
            .extra(&public)
            .file("memory_report", "a.gz", "application/octet-stream", "x");
        let with_file = submit(&site, &mut Marks::default(), &with_file).await;
        for method in ["GET", "HEAD", "PUT"] {
            for name in ["", "&name=dump", "&name=memory_report", "&name=nothing", "&name=%00"] {
                let mut seen = Vec::new();
                for id in [&one, &other, &with_file, UNKNOWN] {
                    let path = format!("/api/RawCrash/?format=raw&crash_id={id}{name}");
                    let mut answer = site.send(method, &path, &[], "").await;
                    for own in ["date", "x-request-id"] {
                        answer.headers.remove(own);
                    }
                    let status = match (method, name) {
                        ("PUT", _) => 405,
                        (_, "&name=%00") => 400,
                        _ => 403,
                    };
                    assert_eq!(answer.status, status, "{method} {path}");
                    seen.push(answer);
                }
                assert!(
                    seen.iter().all(|answer| *answer == seen[0]),
                    "{method} {name}: {seen:#?}"
                );
            }
        }
    }
}

#[test]
fn ids_and_times_are_taken_out_and_nothing_else() {
    for (text, plain) in [
        ("at 2026-08-27 10:00:01 UTC, 7 of it", "at TIMEUTC, 7 of it"),
        ("\"2026-08-27T10:00:01.123456+00:00\"", "\"TIME\""),
        ("x x-x 2026-8-27 20260827", "ID ID-ID 2026-8-27 20260827"),
        ("é2026-08-27", "éTIME"),
    ] {
        assert_eq!(without_id_and_times(text, "x"), plain);
    }
}
