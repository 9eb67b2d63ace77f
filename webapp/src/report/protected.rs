//! What only those see of a report who may see what is protected.

use serde_json::{Map, Value};

use super::document::{self, list, object, plain, shown};
use crate::find::Seen;

/// Longer texts stand by themselves; bytes.
const LINE: usize = 300;
/// Longer texts are cut; the raw data has them in full.
const TEXT: usize = 10_000;
/// The same of what is protected within public fields.
const INNER_TEXT: usize = 1_000;
/// Further values are not listed.
const MAX_VALUES: usize = 300;
/// The same of what is protected within one public field.
const MAX_INNER: usize = 300;

/// The protected part of a processed crash.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ProtectedView {
    /// Fields that hold one value on one line.
    pub(super) values: Vec<Field>,
    /// Fields that hold more: long texts, and lists and objects as JSON.
    pub(super) documents: Vec<Field>,
    /// What is protected within public fields: its path and its JSON.
    pub(super) inner: Vec<(String, String)>,
    /// How much more there is of all this.
    pub(super) left_out: usize,
    /// Notes of processing with what they are about.
    pub(super) notes: Vec<(String, String)>,
    /// The registers of the crashing thread when it crashed: name and value.
    pub(super) registers: Vec<(String, String)>,
}

/// A protected field.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    /// What it is; empty for one that nothing describes.
    pub(super) about: String,
    pub(super) value: String,
}

/// The field of the notes that not everybody may see.
const DETAILS: &str = "processor_details";

impl ProtectedView {
    /// None if the reader sees the public part.
    pub(super) fn new(crash: &Seen) -> Option<Self> {
        let public = crash.public_part()?;
        let mut view = Self {
            notes: notes(crash),
            registers: registers(crash),
            ..Self::default()
        };
        for (name, value) in crash.values().iter().filter(|(name, _)| *name != DETAILS) {
            match public.get(name) {
                Some(public) => {
                    let before = view.inner.len();
                    view.compare(name.clone(), value, Some(public), before + MAX_INNER);
                }
                None => view.add(name, value),
            }
        }
        Some(view)
    }

    /// Whether there is nothing to show.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.documents.is_empty() && self.inner.is_empty() && self.notes.is_empty()
    }

    /// Adds a field.
    fn add(&mut self, name: &str, value: &Value) {
        let value = match value {
            value if is_nothing(value) => return,
            Value::Array(_) | Value::Object(_) => Err(text::beginning(format_args!("{value:#}"), TEXT)),
            value => match shown(value) {
                text if text.contains('\n') || text.len() > LINE => Err(text::shortened(&text, TEXT)),
                text => Ok(text),
            },
        };
        if self.values.len() + self.documents.len() >= MAX_VALUES {
            self.left_out += 1;
            return;
        }
        let field = |value| Field {
            name: text::shortened(name, LINE),
            about: plain(crash::fields::by_name(name).map_or("", |field| field.about)),
            value,
        };
        match value {
            Ok(value) => self.values.push(field(value)),
            Err(value) => self.documents.push(field(value)),
        }
    }

    /// Adds what a value holds beyond its public part, at every depth, until there are `most`.
    fn compare(&mut self, path: String, whole: &Value, public: Option<&Value>, most: usize) {
        match (whole, public) {
            (value, None) if is_nothing(value) => {}
            (Value::Object(whole), Some(Value::Object(public))) => {
                for (name, value) in whole {
                    self.compare(
                        format!("{path}.{}", text::cut(name, LINE)),
                        value,
                        public.get(name),
                        most,
                    );
                }
            }
            // Where entries are missing, it is not known which.
            (Value::Array(whole), Some(Value::Array(public))) if whole.len() == public.len() => {
                for (at, (value, public)) in whole.iter().zip(public).enumerate() {
                    self.compare(format!("{path}[{at}]"), value, Some(public), most);
                }
            }
            (whole, Some(public)) if whole == public => {}
            _ if self.inner.len() >= most => self.left_out += 1,
            (whole, _) => self.inner.push((path, text::beginning(whole, INNER_TEXT))),
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn notes(crash: &Seen) -> Vec<(String, String)> {
    let notes = list(crash.values(), DETAILS).iter().filter_map(Value::as_object);
    notes
        .take(MAX_VALUES)
        .map(|note| {
            let part = |name| text::shortened(document::text(note, name), TEXT);
            (part("note"), part("detail"))
        })
        .collect()
}

/// Those of the first frame, which are the processor's; those of other frames are reckoned from the stack.
fn registers(crash: &Seen) -> Vec<(String, String)> {
    let dump = object(crash.values(), "json_dump");
    let thread = dump.and_then(|dump| object(dump, "crashing_thread"));
    let first = thread.and_then(|thread| list(thread, "frames").first());
    let registers = first.and_then(|frame| frame.get("registers")?.as_object());
    registers
        .into_iter()
        .flat_map(Map::iter)
        .take(MAX_VALUES)
        .map(|(name, value)| (text::shortened(name, LINE), text::shortened(&shown(value), LINE)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compared(whole: &Value, public: &Value) -> Vec<(String, String)> {
        let mut view = ProtectedView::default();
        view.compare("a".to_owned(), whole, Some(public), 300);
        view.inner
    }

    #[test]
    fn what_is_protected_is_found_at_every_depth() {
        for (whole, public, paths) in [
            (json!({"b": 1}), json!({"b": 1}), &[][..]),
            (json!({"b": 1, "c": 2, "d": null, "e": ""}), json!({"b": 1}), &["a.c"]),
            (
                json!({"b": [{"c": 1, "r": {"x": 1}}, {"c": 2}]}),
                json!({"b": [{"c": 1}, {"c": 2}]}),
                &["a.b[0].r"],
            ),
            (json!({"b": "C:\\x\\y.dll"}), json!({"b": "y.dll"}), &["a.b"]),
            (json!({"b": ["x", "y"]}), json!({"b": ["x"]}), &["a.b"]),
            (json!({"b": {"c": 1}}), json!({}), &["a.b"]),
        ] {
            let found: Vec<String> = compared(&whole, &public).into_iter().map(|(path, _)| path).collect();
            assert_eq!(found, paths, "{whole}");
        }
        let many = Value::Array((0..400).map(|n| json!({ "n": n })).collect());
        let none = Value::Array((0..400).map(|_| json!({})).collect());
        let mut view = ProtectedView::default();
        view.compare("a".to_owned(), &many, Some(&none), 300);
        assert_eq!((view.inner.len(), view.left_out), (300, 100));
    }
}
