//! Other crash reporters' names for `ProductName`, `Version` and similar annotations. Pure.

use serde_json::{Map, Value};

/// Each annotation with other reporters' names for it; the first one present wins. Electron sends the program's own
/// name and version with an underscore, next to Electron's. Sources: Electron's `crashReporter` documentation,
/// Crashpad's `crash_report_upload_thread.cc`, Breakpad's `minidump_upload` (`prod`, `ver`) and Chromium's crash keys
/// (`ptype`, `channel`).
const OTHER_NAMES: [(&str, &[&str]); 5] = [
    ("ProductName", &["_productName", "prod", "product"]),
    ("Version", &["_version", "ver", "version"]),
    ("ReleaseChannel", &["channel"]),
    ("ProcessType", &["ptype", "process_type"]),
    ("Vendor", &["_companyName"]),
];

/// Renames other reporters' values to the annotations' names, unless those are present, and returns a note for each.
pub(crate) fn translate(annotations: &mut Map<String, Value>) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, others) in OTHER_NAMES {
        if annotations.get(name).is_some_and(is_given) {
            continue;
        }
        // A number in `version` is the format version of stored reports, not the program's version.
        let is_usable = |other: &str| {
            annotations
                .get(other)
                .is_some_and(|value| is_given(value) && (value.is_string() || other != "version"))
        };
        if let Some(other) = others.iter().find(|other| is_usable(other))
            && let Some(value) = annotations.remove(*other)
        {
            notes.push(format!("{other} was taken as {name}"));
            annotations.insert(name.to_owned(), value);
        }
    }
    notes
}

/// Whether a value is a non-blank string or a number.
fn is_given(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        value => value.is_number(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn other_reporters_names_are_those_of_annotations() {
        for (sent, kept, notes) in [
            (
                json!({"prod": "Electron", "ver": "30.0.1", "_productName": "Editor", "_version": "1.2",
                    "_companyName": "Us", "process_type": "renderer", "platform": "linux"}),
                json!({"ProductName": "Editor", "Version": "1.2", "Vendor": "Us", "ProcessType": "renderer",
                    "prod": "Electron", "ver": "30.0.1", "platform": "linux"}),
                &[
                    "_productName was taken as ProductName",
                    "_version was taken as Version",
                    "process_type was taken as ProcessType",
                    "_companyName was taken as Vendor",
                ][..],
            ),
            (
                json!({"prod": "NWJS", "ver": 85, "ptype": "browser", "channel": ""}),
                json!({"ProductName": "NWJS", "Version": 85, "ProcessType": "browser", "channel": ""}),
                &[
                    "prod was taken as ProductName",
                    "ver was taken as Version",
                    "ptype was taken as ProcessType",
                ],
            ),
            (
                json!({"product": "Game", "version": "2.0", "ProductName": " ", "Version": null}),
                json!({"ProductName": "Game", "Version": "2.0"}),
                &["product was taken as ProductName", "version was taken as Version"],
            ),
            (
                json!({"ProductName": "Firefox", "Version": "1", "prod": "x", "ver": "y", "version": 2}),
                json!({"ProductName": "Firefox", "Version": "1", "prod": "x", "ver": "y", "version": 2}),
                &[],
            ),
            (
                json!({"prod": ["x"], "version": 2}),
                json!({"prod": ["x"], "version": 2}),
                &[],
            ),
        ] {
            let mut annotations = sent.as_object().unwrap().clone();
            assert_eq!(translate(&mut annotations), notes, "{sent}");
            assert_eq!(Value::Object(annotations), kept, "{sent}");
        }
    }
}
