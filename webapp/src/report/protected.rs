//! What only those see of a report who may see what is protected.

use serde_json::Value;

use super::document::{self, list, object, plain, shown};
use crate::find::Seen;

/// Longer texts stand by themselves; bytes.
const LINE: usize = 300;
/// Longer texts are cut; the raw data has them in full.
const TEXT: usize = 10_000;
/// Further values are not listed.
const MAX_VALUES: usize = 300;
/// Further registers are not listed.
const MAX_REGISTERS: usize = 200;

/// The field of the notes that not everybody may see.
const DETAILS: &str = "processor_details";

/// The protected part of a processed crash.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ProtectedView {
    /// Fields that hold one value on one line.
    pub(super) values: Vec<Field>,
    /// Fields that hold more: long texts, and lists and objects as JSON.
    pub(super) documents: Vec<Field>,
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

impl ProtectedView {
    /// None if the reader sees the public part.
    pub(super) fn new(crash: &Seen) -> Option<Self> {
        if !crash.is_whole() {
            return None;
        }
        let mut view = Self {
            notes: notes(crash),
            registers: registers(crash),
            ..Self::default()
        };
        let protected = crash
            .values()
            .iter()
            .filter(|(name, _)| crash.is_protected(name) && *name != DETAILS);
        for (name, value) in protected.take(MAX_VALUES) {
            let (fields, value) = match value {
                Value::Null => continue,
                Value::Array(items) if items.is_empty() => continue,
                Value::Object(members) if members.is_empty() => continue,
                Value::Array(_) | Value::Object(_) => (&mut view.documents, format!("{value:#}")),
                value => match shown(value) {
                    text if text.is_empty() => continue,
                    text if text.contains('\n') || text.len() > LINE => (&mut view.documents, text),
                    text => (&mut view.values, text),
                },
            };
            fields.push(Field {
                name: text::shortened(name, 200),
                about: plain(crash::fields::by_name(name).map_or("", |field| field.about)),
                value: text::shortened(&value, TEXT),
            });
        }
        Some(view)
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
        .flatten()
        .take(MAX_REGISTERS)
        .map(|(name, value)| (text::shortened(name, 40), text::shortened(&shown(value), 100)))
        .collect()
}
