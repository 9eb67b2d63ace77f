//! Notes: what was noticed while a crash was processed. Each is a text, and apart from it the value that it is about.
//!
//! A public text says what was wrong and never quotes what is protected; the value is always protected. A note about
//! something that not everyone may see is protected as a whole, since it tells that the thing exists.

use std::fmt;

use crash::ProcessedCrash;
use crash::fields::{Access, PUBLIC_DUMPS, annotations};
use serde_json::{Value, json};

use crate::walk::document;

/// Longer details are cut. In characters.
const MAX_DETAIL: usize = 1_000;

/// Maximum entries of `processor_details`; later ones are left out.
const MAX_DETAILS: usize = 200;

/// A note about a crash.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    detail: Option<String>,
    is_protected: bool,
}

impl Note {
    /// A note that everyone may see. The text must not quote what is protected, nor depend on whether it exists.
    pub(crate) fn public(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            detail: None,
            is_protected: false,
        }
    }

    /// A note about something protected.
    pub(crate) fn protected(text: impl Into<String>) -> Self {
        Self {
            is_protected: true,
            ..Self::public(text)
        }
    }

    /// A note about an annotation; protected unless everyone may see the annotation.
    pub(crate) fn about(annotation: &str, text: impl Into<String>) -> Self {
        Self {
            is_protected: annotations::access_of(annotation) != Access::Public,
            ..Self::public(text)
        }
    }

    /// A note about a dump with this name, or about its walk; protected unless everyone may see the walk's result.
    pub(crate) fn about_dump(name: &str, text: impl Into<String>) -> Self {
        Self {
            is_protected: !PUBLIC_DUMPS.contains(&name),
            ..Self::public(text)
        }
    }

    /// The note with the value that it is about as its detail: a text as it is, anything else as JSON; without control
    /// characters, and cut.
    pub(crate) fn with(self, value: &Value) -> Self {
        let detail = match value {
            Value::String(text) => text::cut(text, MAX_DETAIL).to_owned(),
            other => {
                // In JSON control characters are escaped, and parsing it would bring them back.
                let mut clean = other.clone();
                document::replace_controls(&mut clean);
                text::beginning(clean, MAX_DETAIL)
            }
        };
        Self {
            detail: Some(detail.replace(char::is_control, "\u{fffd}")),
            ..self
        }
    }

    /// The text; protected if the note is.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The entry of `processor_details`; `None` if there is nothing protected about the note.
    fn entry(&self) -> Option<Value> {
        match &self.detail {
            Some(detail) => Some(json!({"note": self.text, "detail": detail})),
            None => self.is_protected.then(|| json!({"note": self.text})),
        }
    }
}

/// Without the detail, so that it cannot reach a log.
impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Note")
            .field("text", &self.text)
            .field("is_protected", &self.is_protected)
            .finish_non_exhaustive()
    }
}

/// Writes the notes into a processed crash: the public texts into `processor_notes`, one a line; into
/// `processor_details` an object `{"note": text, "detail": text}` for each note with something protected, without
/// `detail` if it has none. Both are in order; without such a note there is no `processor_details`.
pub(crate) fn write(notes: &[Note], processed: &mut ProcessedCrash) {
    let public = notes.iter().filter(|note| !note.is_protected);
    let texts: Vec<&str> = public.map(Note::text).collect();
    processed.set("processor_notes", texts.join("\n"));
    let details: Vec<Value> = notes.iter().filter_map(Note::entry).take(MAX_DETAILS).collect();
    if !details.is_empty() {
        processed.set("processor_details", details);
    }
}

/// Puts notes in the place of those of a processed crash that are `replaced`, and after all others.
pub(crate) fn replace(processed: &mut ProcessedCrash, replaced: fn(&str) -> bool, notes: &[Note]) {
    let before = processed.text("processor_notes").unwrap_or_default();
    let kept = before.split('\n').filter(|text| !text.is_empty() && !replaced(text));
    let added = notes.iter().filter(|note| !note.is_protected).map(Note::text);
    let texts: Vec<&str> = kept.chain(added).collect();
    let text = texts.join("\n");
    let details = match processed.0.remove("processor_details") {
        Some(Value::Array(details)) => details,
        _ => Vec::new(),
    };
    let is_kept = |entry: &Value| !entry.get("note").and_then(Value::as_str).is_some_and(replaced);
    let kept = details.into_iter().filter(is_kept);
    let added = notes.iter().filter_map(Note::entry);
    let details: Vec<Value> = kept.chain(added).take(MAX_DETAILS).collect();
    processed.set("processor_notes", text);
    if !details.is_empty() {
        processed.set("processor_details", details);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_one_short_line() {
        for (value, expected) in [
            (
                json!("seven\u{7}\n\u{1b}[31m"),
                "seven\u{fffd}\u{fffd}\u{fffd}[31m".to_owned(),
            ),
            (json!({"a": ["\n", 1.5]}), r#"{"a":["\n",1.5]}"#.to_owned()),
            (
                json!(["\u{85}", {"a": "\u{1b}"}]),
                "[\"\u{fffd}\",{\"a\":\"\u{fffd}\"}]".to_owned(),
            ),
            (json!(true), "true".to_owned()),
            (json!(""), String::new()),
            (json!("ä".repeat(MAX_DETAIL)), "ä".repeat(MAX_DETAIL)),
            (json!("ä".repeat(MAX_DETAIL + 1)), "ä".repeat(MAX_DETAIL)),
            (
                json!(["ä".repeat(MAX_DETAIL), "b"]),
                format!("[\"{}", "ä".repeat(MAX_DETAIL - 2)),
            ),
        ] {
            let note = Note::public("x").with(&value);
            assert_eq!(note.detail, Some(expected));
        }
    }

    #[test]
    fn only_what_everyone_may_see_has_public_notes() {
        for (note, is_protected) in [
            (Note::public("x"), false),
            (Note::protected("x"), true),
            (Note::about("InstallTime", "x"), false),
            (Note::about("URL", "x"), true),
            (Note::about("JavaException", "x"), true),
            (Note::about("SomethingNew", "x"), true),
            (Note::about_dump("upload_file_minidump", "x"), false),
            (Note::about_dump("upload_file_minidump_browser", "x"), false),
            (Note::about_dump("upload_file_minidump_content", "x"), true),
            (Note::about_dump("memory_report", "x"), true),
            // Clients may send any name.
            (Note::about_dump("java_exception", "x"), true),
            (Note::about_dump("submitted_from", "x"), true),
        ] {
            assert_eq!(note.is_protected, is_protected, "{note:?}");
        }
    }

    #[test]
    fn texts_and_details_are_written_apart_and_in_order() {
        let mut crash = ProcessedCrash::default();
        write(&[Note::public("a"), Note::public("b")], &mut crash);
        assert_eq!(json!(crash), json!({"processor_notes": "a\nb"}));
        let notes = [
            Note::protected("a"),
            Note::public("b").with(&json!("SECRET")),
            Note::public("c"),
            Note::protected("d").with(&json!(5)),
        ];
        write(&notes, &mut crash);
        assert_eq!(
            json!(crash),
            json!({
                "processor_notes": "b\nc",
                "processor_details": [{"note": "a"}, {"note": "b", "detail": "SECRET"}, {"note": "d", "detail": "5"}],
            })
        );
        assert!(!format!("{notes:?}").contains("SECRET"));
    }

    #[test]
    fn notes_are_replaced_in_both_places() {
        let mut crash = ProcessedCrash::default();
        let first = [
            Note::public("x 1").with(&json!("A")),
            Note::public("y"),
            Note::public("x 2"),
            Note::protected("z").with(&json!("B")),
        ];
        write(&first, &mut crash);
        let second = [Note::public("x 3").with(&json!("C")), Note::public("x 4")];
        replace(&mut crash, |text| text.starts_with('x'), &second);
        assert_eq!(
            json!(crash),
            json!({
                "processor_notes": "y\nx 3\nx 4",
                "processor_details": [{"note": "z", "detail": "B"}, {"note": "x 3", "detail": "C"}],
            })
        );
        replace(&mut crash, |_| true, &[Note::public("only")]);
        assert_eq!(json!(crash), json!({"processor_notes": "only"}));
    }

    #[test]
    fn there_are_at_most_200_details() {
        let mut crash = ProcessedCrash::default();
        write(&vec![Note::public("a").with(&json!(1)); 300], &mut crash);
        assert_eq!(crash.0["processor_details"].as_array().unwrap().len(), 200);
        assert_eq!(crash.text("processor_notes").unwrap().lines().count(), 300);
    }
}
