//! The search document of a processed crash: one flat JSON object, zstd-compressed.
//!
//! Its keys are search names from the field table, only those that the crash has; the table also says where each value
//! stands. Texts are stored unchanged up to a maximum length; lists are lists of texts.
//!
//! It is the whole of them, protected fields too, and of `crash_report_keys` all names: what searches through it shows
//! each caller no more than [`crash::redact`] would, also in counts, filters and orders.

use std::collections::HashSet;
use std::io::Read as _;

use crash::ProcessedCrash;
use crash::fields::{FRAMES, Kind, Searched, searched};
use serde_json::{Map, Value};

use crate::forms;

/// The number of the document's form, which the row says: that of the newest of its [`forms`], from 1 on.
pub const SCHEMA: i64 = forms::NEWEST;

/// Maximum bytes of a document that is read.
const MAX_DOCUMENT: u64 = 16 << 20;

/// Maximum functions of a crash.
const MAX_FRAMES: usize = 300;

/// Maximum characters of a text; longer ones are truncated.
const MAX_TEXT: usize = 10_000;

/// The document as an object.
pub fn document(crash: &ProcessedCrash) -> Map<String, Value> {
    let mut doc = Map::new();
    for Searched { name, path, field } in searched() {
        if let Some(value) = crash.at(path).and_then(|value| stored(value, field.kind)) {
            doc.insert((*name).to_owned(), value);
        }
    }
    let frames = functions(crash);
    if !frames.is_empty() {
        doc.insert(
            FRAMES.name.to_owned(),
            frames.into_iter().map(|name| kept(&name)).collect(),
        );
    }
    doc
}

/// The functions of the crashing thread and those of Java, each once, the innermost first.
fn functions(crash: &ProcessedCrash) -> Vec<String> {
    let dump = crash.0.get("json_dump");
    let at = crash.0.get("crashing_thread").filter(|at| !at.is_null());
    let at = at.or_else(|| dump?.get("crash_info")?.get("crashing_thread"));
    let thread = at.and_then(|at| dump?.get("threads")?.get(usize::try_from(at.as_u64()?).ok()?));
    let native = thread.into_iter().flat_map(frames).flat_map(|frame| {
        let inlined = frame.get("inlines").and_then(Value::as_array).into_iter().flatten();
        inlined.chain([frame]).filter_map(|frame| filled(frame, "function"))
    });
    let stacks = crash.at(&["java_exception", "exception", "values"]);
    let stacks = stacks.and_then(Value::as_array).into_iter().flatten();
    let java = stacks.filter_map(|value| value.get("stacktrace")).flat_map(frames);
    let java = java.filter_map(|frame| {
        let function = filled(frame, "function")?;
        Some(match filled(frame, "module") {
            Some(class) => format!("{class}.{function}"),
            None => function,
        })
    });
    let mut seen = HashSet::new();
    native
        .chain(java)
        .filter(|name| seen.insert(name.clone()))
        .take(MAX_FRAMES)
        .collect()
}

/// The frames of a stack.
fn frames(stack: &Value) -> impl Iterator<Item = &Value> {
    stack.get("frames").and_then(Value::as_array).into_iter().flatten()
}

/// A text that is there and not empty.
fn filled(object: &Value, key: &str) -> Option<String> {
    let text = object.get(key)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// The document as stored.
pub fn stored_document(crash: &ProcessedCrash) -> Vec<u8> {
    compressed(&document(crash))
}

/// A document as stored.
pub fn compressed(document: &Map<String, Value>) -> Vec<u8> {
    // A map of JSON values always has a JSON form, and compressing in memory does not fail.
    let json = serde_json::to_vec(document).unwrap_or_default();
    zstd::bulk::compress(&json, 3).unwrap_or_default()
}

/// A stored document as an object; `None` if it is none, or larger than 16 MiB.
pub fn read_document(stored: &[u8]) -> Option<Map<String, Value>> {
    let mut json = Vec::new();
    let reader = zstd::stream::read::Decoder::new(stored).ok()?;
    // One byte more, by which too much is told from enough.
    reader.take(MAX_DOCUMENT + 1).read_to_end(&mut json).ok()?;
    if u64::try_from(json.len()).is_ok_and(|size| size > MAX_DOCUMENT) {
        return None;
    }
    serde_json::from_slice(&json).ok()
}

/// A value as search stores it, or `None` if its type does not match its field's.
fn stored(value: &Value, kind: Kind) -> Option<Value> {
    match (kind, value) {
        (Kind::Text, Value::String(text)) => Some(kept(text)),
        (Kind::Integer, Value::Number(number)) if number.is_i64() => Some(value.clone()),
        (Kind::Number, Value::Number(_)) | (Kind::Boolean, Value::Bool(_)) => Some(value.clone()),
        (Kind::List, Value::Array(items)) => Some(items.iter().filter_map(Value::as_str).map(kept).collect()),
        _ => None,
    }
}

/// Whether a document may hold only the beginning of what the crash has under this search name.
pub fn may_be_cut(name: &str, value: &Value) -> bool {
    let is_long = |value: &Value| value.as_str().is_some_and(|text| text.chars().count() >= MAX_TEXT);
    match value {
        Value::Array(items) => (name == FRAMES.name && items.len() >= MAX_FRAMES) || items.iter().any(is_long),
        one => is_long(one),
    }
}

fn kept(text: &str) -> Value {
    text::cut(text, MAX_TEXT).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_document_is_flat_and_typed() {
        let crash = json!({
            "signature": "a | b", "build": "20260801093000", "os_name": "Linux", "uptime": 12,
            "addons": ["x:1", 3], "safe_mode": "yes", "json_dump": {"threads": []}, "url": "u",
            "memory_measures": {"explicit": 7, "images": "8", "unknown": 9},
            "collector_metadata": {"collector_notes": ["a note"], "user_agent": "x"},
        });
        let crash = ProcessedCrash(crash.as_object().unwrap().clone());
        assert_eq!(
            Value::Object(document(&crash)),
            json!({
                "signature": "a | b", "build_id": "20260801093000", "platform": "Linux", "uptime": 12,
                "addons": ["x:1"], "url": "u", "memory_explicit": 7,
                "collector_notes": ["a note"],
            })
        );
    }

    #[test]
    fn functions_are_those_of_the_crashing_thread_and_of_java_each_once() {
        let frame = |function: &str| json!({"function": function, "module": "libxul.so"});
        let many: Vec<Value> = (0..400).map(|n| frame(&format!("f{n}"))).collect();
        let cases = [
            (json!({}), json!(null)),
            (json!({"crashing_thread": 7, "json_dump": {"threads": []}}), json!(null)),
            (
                json!({"json_dump": {"crash_info": {"crashing_thread": 1}, "threads": [
                    {"frames": [frame("other")]},
                    {"frames": [
                        {"function": "b", "inlines": [frame("a")]}, {"function": null}, frame("b"), frame("c"), {},
                    ]},
                ]}}),
                json!(["a", "b", "c"]),
            ),
            (
                json!({"java_exception": {"exception": {"values": [{"stacktrace": {"frames": [
                    {"module": "a.B", "function": "run", "in_app": null, "lineno": 1},
                    {"module": null, "function": "run", "in_app": null, "lineno": null},
                ]}}]}}}),
                json!(["a.B.run", "run"]),
            ),
        ];
        for (crash, expected) in cases {
            let crash = ProcessedCrash(crash.as_object().unwrap().clone());
            assert_eq!(document(&crash).get("frames").unwrap_or(&Value::Null), &expected);
        }
        let crash = json!({"crashing_thread": 0, "json_dump": {"threads": [{"frames": many}]}});
        let crash = ProcessedCrash(crash.as_object().unwrap().clone());
        assert_eq!(document(&crash)["frames"].as_array().unwrap().len(), MAX_FRAMES);
    }

    #[test]
    fn the_stored_form_can_be_read_back() {
        let mut crash = ProcessedCrash::default();
        crash.set("signature", "x".repeat(20_000));
        let doc = read_document(&stored_document(&crash)).unwrap();
        assert_eq!(doc["signature"].as_str().unwrap().len(), 10_000);
    }

    #[test]
    fn what_is_no_document_or_too_large_is_not_read() {
        let blanks = vec![b' '; (16 << 20) + 1];
        for bytes in [&b""[..], b"{}", b"[]", &blanks] {
            assert_eq!(read_document(bytes), None);
            assert_eq!(
                read_document(&zstd::bulk::compress(bytes, 3).unwrap()),
                (bytes == b"{}").then(Map::new)
            );
        }
    }
}
