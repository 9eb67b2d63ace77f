//! What everyone sees of documents, and that they see nothing of the rest.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;

fn check(crash: &Value, public: &Value) {
    let crash = ProcessedCrash(crash.as_object().unwrap().clone());
    assert_eq!(&Value::Object(public_processed(&crash)), public);
}

#[test]
fn protected_and_unknown_values_vanish_at_every_level() {
    check(
        &json!({
            "signature": "a", "url": "https://example.org/", "unknown": 1,
            "json_dump": {
                "status": "OK", "sensitive": 1, "soft_errors": [1], "mac_boot_args": "x",
                "crash_info": {"memory_accesses": [{"address": "0x1", "is_likely_guard_page": true}]},
                "threads": [{"frames": [{"function": "f", "registers": {"rip": "0x1"}}]}],
            },
        }),
        &json!({
            "signature": "a",
            "json_dump": {
                "status": "OK",
                "crash_info": {"memory_accesses": [{"address": "0x1"}]},
                "threads": [{"frames": [{"function": "f"}]}],
            },
        }),
    );
}

#[test]
fn modules_have_names_and_no_folders() {
    check(
        &json!({"json_dump": {
            "unloaded_modules": [{"filename": "C:\\Users\\SECRET\\x.dll"}],
            "threads": [{"frames": [{"unloaded_modules": [{"module": "/home/SECRET/y.so"}]}]}],
            "modules": [{"filename": "z"}, {"filename": null}],
        }}),
        &json!({"json_dump": {
            "unloaded_modules": [{"filename": "x.dll"}],
            "threads": [{"frames": [{"unloaded_modules": [{"module": "y.so"}]}]}],
            "modules": [{"filename": "z"}, {"filename": null}],
        }}),
    );
}

#[test]
fn a_public_field_of_another_shape_vanishes() {
    check(
        &json!({"signature": {"text": "a"}, "json_dump": "x", "addons": [["a"], "b"]}),
        &json!({"addons": ["b"]}),
    );
}

#[test]
fn a_java_exception_keeps_its_frames_and_loses_its_message() {
    check(
        &json!({"java_exception": {"exception": {"values": [
            {"stacktrace": {"type": "T", "value": "secret", "frames": [{"function": "f"}]}}
        ]}}}),
        &json!({"java_exception": {"exception": {"values": [
            {"stacktrace": {"type": "T", "frames": [{"function": "f"}]}}
        ]}}}),
    );
}

#[test]
fn raw_crashes_keep_known_public_texts_only() {
    let raw = json!({
        "ProductName": "Firefox", "URL": "u", "metadata": {"user_agent": "x"},
        "Version": {"a": 1}, "uuid": "i", "Custom": "c",
    });
    let raw = RawCrash(raw.as_object().unwrap().clone());
    let public = json!({"ProductName": "Firefox", "uuid": "i"});
    assert_eq!(Value::Object(public_raw(&raw)), public);
}

/// What stands in a value that everyone may see, and in one that they may not.
const PUBLIC: &str = "PUBLIC ";
const PROTECTED: &str = "PROTECTED ";

/// A value for a field, made from the table: every text in it says whether it is public, and where it stands.
/// `marks` gets those of the public ones. With `whole` it has everything that is protected, too.
fn value_of(field: &Field, path: &str, is_public: bool, whole: bool, marks: &mut BTreeSet<String>) -> Value {
    let is_public = is_public && field.access == Access::Public;
    let mut item = |number: usize| {
        let path = format!("{path}.{number}");
        let mark = format!("{}{path}", if is_public { PUBLIC } else { PROTECTED });
        if let Shape::Members(members) = field.shape {
            return Value::Object(object_of(members.iter(), &path, is_public, whole, marks));
        }
        if field.kind == Kind::Object {
            return json!({"anything": mark});
        }
        if is_public {
            marks.insert(mark.clone());
        }
        match field.shape {
            Shape::FileName => format!("C:\\{PROTECTED}{path}\\{PROTECTED}/{mark}").into(),
            _ => mark.into(),
        }
    };
    match (field.kind, field.shape) {
        (Kind::List, Shape::ReportKey | Shape::DumpName) => {
            let names = if whole {
                &["ProductName", "URL", "upload_file_minidump_browser"][..]
            } else {
                &[]
            };
            json!(names)
        }
        (Kind::List, _) => Value::Array((0..if whole { 2 } else { 1 }).map(item).collect()),
        _ => item(0),
    }
}

/// An object with a value for each of these fields, and with `whole` for one that is not known.
fn object_of<'f>(
    fields: impl Iterator<Item = &'f Field>,
    path: &str,
    is_public: bool,
    whole: bool,
    marks: &mut BTreeSet<String>,
) -> Map<String, Value> {
    let fields = fields.filter(|field| whole || field.access == Access::Public);
    let values = fields.map(|field| {
        let path = format!("{path}.{}", field.name);
        let value = value_of(field, &path, is_public, whole, marks);
        (field.name.to_owned(), value)
    });
    let mut object: Map<String, Value> = values.collect();
    if whole {
        object.insert("unknown".to_owned(), json!(format!("{PROTECTED}{path}.unknown")));
    }
    object
}

/// A processed crash with every field of the table, or with every public one alone; and the marks that are public.
fn crash_of_table(whole: bool) -> (ProcessedCrash, BTreeSet<String>) {
    let mut marks = BTreeSet::new();
    let object = object_of(fields::all().iter().copied(), "", true, whole, &mut marks);
    (ProcessedCrash(object), marks)
}

/// The texts in a value.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}

#[test]
fn of_a_crash_with_everything_exactly_the_public_part_is_left() {
    let (crash, mut expected) = crash_of_table(true);
    let planted = serde_json::to_string(&crash).unwrap().matches(PROTECTED).count();
    assert!(expected.len() > 300 && planted > 100, "{} {planted}", expected.len());
    let public = Value::Object(public_processed(&crash));
    assert!(!public.to_string().contains(PROTECTED), "{public}");
    let mut left = BTreeSet::new();
    texts(&public, &mut left);
    expected.extend(["ProductName", "upload_file_minidump_browser"].map(str::to_owned));
    assert_eq!(left, expected);
    assert_eq!(
        public_processed(&ProcessedCrash(public_processed(&crash))),
        public_processed(&crash)
    );
}

/// Names that no table has, among them some that resemble names that a table has.
const UNKNOWN: [&str; 6] = [
    "unknown",
    "",
    "Signature",
    "signature ",
    "json_dump.status",
    "upload_file_minidump_content",
];

/// Every document that has one protected thing more than this object with these fields: at every depth a protected or
/// unknown member, or the name of something protected in a list of names.
fn with_one_more(object: &Map<String, Value>, fields: &[&Field]) -> Vec<Map<String, Value>> {
    let mut found = Vec::new();
    let mut add = |name: &str, value: Value| {
        let mut more = object.clone();
        more.insert(name.to_owned(), value);
        found.push(more);
    };
    for name in UNKNOWN {
        add(name, json!({"a": [PROTECTED]}));
    }
    for field in fields {
        let Some(value) = object.get(field.name) else {
            assert_eq!(field.access, Access::Protected, "{}", field.name);
            add(field.name, value_of(field, "", true, true, &mut BTreeSet::new()));
            add(field.name, Value::Null);
            continue;
        };
        match (field.shape, value) {
            (Shape::Members(members), Value::Object(inner)) => {
                for more in with_one_more(inner, &members.iter().collect::<Vec<_>>()) {
                    add(field.name, Value::Object(more));
                }
            }
            (Shape::Members(members), Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    for more in with_one_more(item.as_object().unwrap(), &members.iter().collect::<Vec<_>>()) {
                        let mut items = items.clone();
                        items[at] = Value::Object(more);
                        add(field.name, Value::Array(items));
                    }
                }
            }
            (Shape::ReportKey | Shape::DumpName, Value::Array(_)) => {
                let protected = annotations::all().iter().filter(|one| one.access == Access::Protected);
                for name in protected.map(|one| one.name).chain(UNKNOWN) {
                    add(field.name, json!([name]));
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn what_is_protected_leaves_no_trace_in_a_processed_crash() {
    let (crash, _) = crash_of_table(false);
    let public = serde_json::to_string(&public_processed(&crash)).unwrap();
    let others = with_one_more(&crash.0, fields::all());
    assert!(others.len() > 400, "{}", others.len());
    for other in others {
        let seen = public_processed(&ProcessedCrash(other.clone()));
        assert_eq!(serde_json::to_string(&seen).unwrap(), public, "{other:?}");
    }
}

#[test]
fn what_is_protected_leaves_no_trace_in_a_raw_crash() {
    let is_public = |name: &str| annotations::access_of(name) == Access::Public;
    let known = annotations::all().iter().map(|annotation| annotation.name);
    let (public, protected): (Vec<&str>, Vec<&str>) = known.chain(UNKNOWN).partition(|name| is_public(name));
    assert!(
        public.len() > 90 && protected.len() > 20,
        "{} {}",
        public.len(),
        protected.len()
    );
    let raw: Map<String, Value> = public.iter().map(|name| ((*name).to_owned(), json!("x"))).collect();
    assert_eq!(public_raw(&RawCrash(raw.clone())), raw);
    for name in protected {
        for value in [json!(PROTECTED), json!({"a": PROTECTED}), json!(1), Value::Null] {
            let mut more = raw.clone();
            more.insert(name.to_owned(), value);
            assert_eq!(public_raw(&RawCrash(more)), raw, "{name}");
        }
    }
}

#[test]
fn lists_of_names_have_only_those_of_what_everyone_sees() {
    check(
        &json!({
            "crash_report_keys": [
                "Comments", "ProductName", "SomebodysOwn", "metadata", "upload_file_minidump",
                "upload_file_minidump_browser", "upload_file_minidump_content", "memory_report", "uuid", 1, ["uuid"],
            ],
            "additional_minidumps": ["upload_file_minidump_browser", "upload_file_minidump_content", "ProductName"],
        }),
        &json!({
            "crash_report_keys": ["ProductName", "upload_file_minidump", "upload_file_minidump_browser", "uuid"],
            "additional_minidumps": ["upload_file_minidump_browser"],
        }),
    );
}
