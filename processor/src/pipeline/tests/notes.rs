//! What a note tells, and whom.

use std::collections::BTreeSet;

use crash::fields::{self, Access, annotations as known};
use crash::redact::public_processed;

use super::*;

/// What must not be public.
const MARK: &str = "MARK";

/// Annotations that rules read and no field copies, unknown ones, and names that no annotation should have.
const OTHERS: [&str; 24] = [
    "Accessibility",
    "Add-ons",
    "Breadcrumbs",
    "CPUMicrocodeVersion",
    "CrashTime",
    "DistributionID",
    "JavaStackTrace",
    "ModuleSignatureInfo",
    "MozCrashReason",
    "OS",
    "PHCAllocStack",
    "PHCBaseAddress",
    "PHCFreeStack",
    "PHCKind",
    "PHCUsableSize",
    "ProcessType",
    "SecondsSinceLastCrash",
    "SomethingNew",
    "SubmittedFrom",
    "UtilityActorsName",
    "",
    "a MARK of spaces",
    "MARK/..",
    "json_dump",
];

/// The annotations from whose public part signatures are made, which have notes.
const IN_SIGNATURES: [&str; 2] = ["JavaException", "JavaStackTrace"];

fn annotations() -> BTreeSet<String> {
    let copied = fields::all().iter().filter_map(|field| field.annotation);
    let long = MARK.repeat(30);
    copied.chain(OTHERS).map(str::to_owned).chain([long]).collect()
}

/// Values that hold the mark, of every type and of some forms that rules look for.
fn values() -> Vec<Value> {
    let frames = vec![json!({"module": "MARK !"}); 501];
    let walk = json!({"json_dump": {
        "modules": [{"filename": MARK, "symbol_url": "http://localhost/MARK"}],
        "crashing_thread": {"frames": frames}, "threads": [{"frames": frames}], "mac_boot_args": [MARK],
    }});
    let stack = json!({"type": "MARK !", "module": "MARK !", "value": MARK, "frames": frames});
    let exception = json!({"exception": {"values": [{"stacktrace": stack}]}});
    vec![
        json!(MARK),
        json!("{\"MARK\""),
        json!("MARK: MARK\nMARK"),
        json!("a.B: MARK\n\tat c.d(E.java:1)\n\tMARK MARK\n\tat e.f(G.java:2)\nCaused by: MARK"),
        json!([MARK, {MARK: MARK}]),
        json!({MARK: [MARK]}),
        json!({"phase": {MARK: 1}, "conditions": [{MARK: 1}]}),
        json!([{"category": {MARK: 1}}]),
        json!(walk.to_string()),
        walk,
        json!(exception.to_string()),
        exception,
        json!({"exception": MARK}),
    ]
}

fn with(base: &Value, annotation: &str, value: &Value) -> Value {
    let mut raw = base.clone();
    raw[annotation] = value.clone();
    raw
}

/// Annotations that everyone may see, some of which leave notes.
fn public_annotations() -> Value {
    json!({
        "ProductName": "Firefox", "ReleaseChannel": "beta", "Version": "152.0", "BuildID": "20260518091500",
        "CrashTime": "soon", "InstallTime": ["never"], "AbortMessage": {"a": 1}, "AsyncShutdownTimeout": "{",
        "SecondsSinceLastCrash": "99999999999999999999", "submitted_timestamp": "2026-11-28T09:00:00+00:00",
    })
}

/// The details of a crash as pairs of a note and its detail.
fn details(crash: &ProcessedCrash) -> Vec<(&str, Option<&str>)> {
    let entries = crash.0.get("processor_details").and_then(Value::as_array);
    let entries = entries.into_iter().flatten();
    entries
        .map(|entry| (entry["note"].as_str().unwrap(), entry["detail"].as_str()))
        .collect()
}

#[test]
fn what_could_not_be_used_stands_in_the_details() {
    let public = true;
    for (annotation, value, note, detail, is_public) in [
        (
            "InstallTime",
            json!("MARK\n1"),
            "non-integer value of \"InstallTime\"",
            "MARK\u{fffd}1",
            public,
        ),
        (
            "InstallTime",
            json!({"a": [1]}),
            "InstallTime has a non-int value",
            "{\"a\":[1]}",
            public,
        ),
        (
            "CrashTime",
            json!("soon"),
            "non-integer value of \"CrashTime\"",
            "soon",
            public,
        ),
        (
            "CrashTime",
            json!([5]),
            "WARNING: raw_crash[CrashTime] contains unexpected value",
            "[5]",
            public,
        ),
        (
            "SecondsSinceLastCrash",
            json!("1e3"),
            "non-integer value of \"SecondsSinceLastCrash\"",
            "1e3",
            public,
        ),
        (
            "SecondsSinceLastCrash",
            json!(u64::MAX),
            "\"SecondsSinceLastCrash\" larger than MAXINT - set to NULL",
            "18446744073709551615",
            public,
        ),
        (
            "Add-ons",
            json!([MARK]),
            "Add-ons has a non-text value",
            "[\"MARK\"]",
            public,
        ),
        (
            "UtilityActorsName",
            json!(true),
            "UtilityActorsName has a non-text value",
            "true",
            public,
        ),
        (
            "SafeMode",
            json!("perhaps"),
            "SafeMode has a non-boolean value",
            "perhaps",
            public,
        ),
        (
            "AsyncShutdownTimeout",
            json!("5"),
            "SignatureShutdownTimeout: Rule failed: the report is not an object",
            "5",
            public,
        ),
        (
            "RemoteType",
            json!([MARK]),
            "RemoteType has a non-text value",
            "[\"MARK\"]",
            false,
        ),
        (
            "URL",
            json!({"a": MARK}),
            "URL has a non-text value",
            "{\"a\":\"MARK\"}",
            false,
        ),
        (
            "TelemetryEnvironment",
            json!("{"),
            "TelemetryEnvironment value is malformed json",
            "{",
            false,
        ),
        (
            "MozCrashReason",
            json!([MARK]),
            "MozCrashReason has a non-text value",
            "[\"MARK\"]",
            false,
        ),
        (
            "Breadcrumbs",
            json!("MARK"),
            "Breadcrumbs: malformed: not valid json",
            "MARK",
            false,
        ),
        (
            "Breadcrumbs",
            json!("{\"values\": 1}"),
            "Breadcrumbs: malformed: not a list of breadcrumbs",
            "{\"values\": 1}",
            false,
        ),
        (
            "JavaStackTrace",
            json!("MARK !"),
            "JavaStackTrace: malformed JavaStackTrace",
            "MARK !",
            false,
        ),
        (
            "JavaStackTrace",
            json!("a.B\n\tat c.d(E.java:1)\n\tMARK !\n\tat e.f(G.java:2)"),
            "JavaStackTrace: lines that are no frames were left out: 1",
            "[\"\\tMARK !\"]",
            false,
        ),
        (
            "JavaException",
            json!({"exception": {"values": [{"stacktrace": {"type": "a.B: MARK", "module": "MARK !"}}]}}),
            "JavaException: texts that are no names were left out: 2",
            "[\"a.B: MARK\",\"MARK !\"]",
            false,
        ),
        (
            "JavaException",
            json!([MARK]),
            "JavaException value is malformed java_exception",
            "[\"MARK\"]",
            false,
        ),
        (
            "a key",
            json!("x"),
            "invalidkeys: Crash report contains invalid keys",
            "[\"a key\"]",
            false,
        ),
    ] {
        let crash = processed(&json!({annotation: value}), None);
        let details = details(&crash);
        assert!(
            details.contains(&(note, Some(detail))),
            "{annotation} {value}: {details:?}"
        );
        let notes = crash.text("processor_notes").unwrap();
        assert_eq!(notes.lines().any(|line| line == note), is_public, "{notes}");
    }
}

#[test]
fn without_protected_notes_there_are_no_details() {
    let crash = processed(&json!({"ProductName": "Firefox", "URL": MARK, "Comments": MARK}), None);
    assert!(crash.0.contains_key("processor_notes"));
    assert!(!crash.0.contains_key("processor_details"));
}

#[test]
fn no_value_of_an_annotation_is_in_what_everyone_sees_of_notes() {
    let mut detailed = BTreeSet::new();
    for annotation in annotations() {
        for value in values() {
            let raw = json!({annotation.as_str(): value});
            let first = processed(&raw, None);
            let second = processed(&raw, Some(&first));
            let public = public_processed(&second);
            for name in ["processor_notes", "processor_history"] {
                assert_eq!(public.get(name), second.0.get(name));
                assert!(
                    !public[name].to_string().contains(MARK),
                    "{annotation}: {}",
                    public[name]
                );
            }
            assert!(!public.contains_key("processor_details"));
            if details(&second)
                .iter()
                .any(|(_, detail)| detail.is_some_and(|text| text.contains(MARK)))
            {
                detailed.insert(annotation.clone());
            }
        }
    }
    // All that are copied have a type that some value has not, and most of the others do.
    let copied = fields::all().iter().filter_map(|field| field.annotation);
    let others = [
        "Add-ons",
        "Breadcrumbs",
        "CrashTime",
        "JavaStackTrace",
        "MozCrashReason",
        "MARK/..",
    ];
    for annotation in copied.chain(others) {
        assert!(detailed.contains(annotation), "{annotation}");
    }
}

#[test]
fn protected_annotations_change_no_public_note() {
    for base in [json!({}), public_annotations()] {
        let notes = |raw: &Value| processed(raw, None).text("processor_notes").unwrap().to_owned();
        let without = notes(&base);
        let mut all = base.clone();
        for annotation in annotations()
            .iter()
            .filter(|name| known::access_of(name) == Access::Protected)
        {
            for value in values() {
                let raw = with(&base, annotation, &value);
                if !IN_SIGNATURES.contains(&annotation.as_str()) {
                    assert_eq!(notes(&raw), without, "{annotation} {value}");
                    all[annotation] = value;
                } else {
                    // The signature, which is public, is another one.
                    assert_eq!(
                        but_of_signatures(&notes(&raw)),
                        but_of_signatures(&without),
                        "{annotation} {value}"
                    );
                }
            }
        }
        assert_eq!(notes(&all), without);
        for (annotation, one, other) in [
            (
                "JavaStackTrace",
                json!("a.B: x\n\tat c.d(E.java:1)"),
                json!("a.B: MARK\nMARK\n\tat c.d(E.java:1) MARK\n\tMARK !\nCaused by: MARK"),
            ),
            ("JavaStackTrace", json!("one thing"), json!({MARK: [MARK]})),
            ("JavaException", json!([1]), json!("{\"MARK\"")),
            (
                "JavaException",
                json!({"exception": {"values": [{"stacktrace": {"type": "a.B"}}]}}),
                json!({
                    "exception": {"values": [{"stacktrace": {"type": "a.B: MARK", "value": MARK}}]},
                    "json_dump": {"modules": [{"filename": MARK, "symbol_url": "http://localhost/MARK"}]},
                }),
            ),
        ] {
            let (one, other) = (with(&base, annotation, &one), with(&base, annotation, &other));
            assert_eq!(notes(&one), notes(&other), "{annotation}");
        }
    }
}

/// The notes without those of the rules that make the signature.
fn but_of_signatures(notes: &str) -> Vec<&str> {
    let is_of_signature = |note: &str| signature::rule_names().any(|rule| note.starts_with(rule));
    notes.lines().filter(|note| !is_of_signature(note)).collect()
}

#[test]
fn of_dumps_that_not_everyone_sees_no_note_is_public() {
    let document = json!({
        "mac_boot_args": [MARK], "crash_info": {"crashing_thread": 0},
        "threads": [{"frames": vec![json!({}); 501]}],
        "modules": [
            {"filename": "a.so", "symbol_url": "http://localhost/MARK"},
            {"filename": "/home/MARK/b.so", "symbol_url": "http://10.0.0.1/b.sym"},
        ],
    });
    let names = [
        "upload_file_minidump",
        "upload_file_minidump_browser",
        "upload_file_minidump_MARK",
    ];
    let walk = |name: &&str| DumpWalk {
        name: (*name).to_owned(),
        outcome: WalkOutcome::Done {
            status: "OK".to_owned(),
            json_dump: document.clone(),
            walker: "w".to_owned(),
        },
    };
    let empty = DumpWalk {
        name: "upload_file_minidump_MARK2".to_owned(),
        outcome: WalkOutcome::Empty,
    };
    let walks: Vec<DumpWalk> = names.iter().map(walk).chain([empty]).collect();
    let zipped = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, text).unwrap();
        Bytes::from(encoder.finish().unwrap())
    };
    let dumps = BTreeMap::from([("memory_report".to_owned(), zipped(b"MARK {"))]);
    let (raw, table) = (RawCrash::default(), BTreeMap::new());
    let crash = run(Input {
        raw: &raw,
        dumps: &dumps,
        walks: &walks,
        builds: Builds::Table(&table),
        lists: &LISTS,
        previous: None,
        notes: Vec::new(),
        started: DateTime::UNIX_EPOCH,
    });
    let notes = crash.text("processor_notes").unwrap();
    assert!(!notes.contains(MARK), "{notes}");
    for hidden in ["MacBootArgsRule", "memory_report"] {
        assert!(!notes.contains(hidden), "{notes}");
    }
    for (note, count) in [
        (
            "TruncateStacksRule: truncated json_dump.threads[0].frames: 501 > 500",
            1,
        ),
        (
            "TruncateStacksRule: truncated upload_file_minidump_browser.json_dump.threads[0].frames: 501 > 500",
            1,
        ),
        ("Redacting symbol url for module a.so", 2),
    ] {
        assert_eq!(notes.lines().filter(|line| *line == note).count(), count, "{notes}");
    }
    let details = details(&crash);
    for entry in [
        ("Redacting symbol url for module a.so", Some("http://localhost/MARK")),
        (
            "Redacting symbol url for module /home/MARK/b.so",
            Some("http://10.0.0.1/b.sym"),
        ),
        (
            "MinidumpStackwalkRule: upload_file_minidump_MARK2 is empty--skipping minidump processing",
            None,
        ),
        ("MacBootArgsRule: mac_boot_args is list and not str", Some("[\"MARK\"]")),
        ("error in json for memory_report", Some("MARK {")),
    ] {
        assert!(details.contains(&entry), "{details:?}");
    }
}
