//! The content of a report: its annotations, its dumps and the collector's notes. Pure.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use crash::{CrashId, MAIN_DUMP, Metadata, RawCrash, collector, is_private};
use crashstore::received::content_hash;
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use platform::cpu;
use serde_json::{Map, Value};

use crate::answer::Malformed;
use crate::head::MAX_QUOTED;
use crate::names;

/// Names that dumps cannot be stored under: a report's other objects have them.
const RESERVED: [&str; 3] = ["dump_names", "processed_crash", "raw_crash"];
/// The longest name of a dump, in characters.
const MAX_NAME: usize = 30;
/// Maximum notes kept.
const MAX_NOTES: usize = 500;
/// Maximum characters kept of a user agent.
const MAX_USER_AGENT: usize = 1000;

/// Maximum size of a stored raw crash, in bytes: a larger one could not be read back.
const MAX_RAW: usize = 60 << 20;

/// The content of the parts read so far.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    of_json: Map<String, Value>,
    of_text: Map<String, Value>,
    dumps: Vec<Dump>,
    notes: Notes,
    has_json: bool,
    has_text: bool,
}

#[derive(Debug)]
struct Dump {
    name: String,
    body: Bytes,
    sha256: String,
}

/// The whole report.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// The annotations as sent.
    pub(crate) annotations: Map<String, Value>,
    /// The dumps by the names they are stored under.
    pub(crate) dumps: BTreeMap<String, Bytes>,
    /// Their SHA-256.
    pub(crate) checksums: BTreeMap<String, String>,
    /// Notes on oddities.
    pub(crate) notes: Notes,
    /// `json` or `multipart`.
    pub(crate) form: &'static str,
}

/// The notes of the collector, bounded in number.
#[derive(Debug, Default, Clone)]
pub(crate) struct Notes(Vec<String>);

impl Notes {
    fn add(&mut self, note: String) {
        let note = match note.contains(char::is_control) {
            true => note.replace(char::is_control, "\u{fffd}"),
            false => note,
        };
        match self.0.len() {
            0..MAX_NOTES => self.0.push(note),
            MAX_NOTES => self.0.push("more notes were left out".to_owned()),
            _ => {}
        }
    }
}

impl Gathered {
    /// Adds the annotations of one JSON object, with the notes about it. Whatever the order of the parts, an annotation
    /// sent as a part of its own wins; otherwise the last one does.
    pub(crate) fn add_object(&mut self, annotations: Map<String, Value>, notes: &[&str]) {
        self.has_json = true;
        for note in notes {
            self.notes.add((*note).to_owned());
        }
        for (name, value) in annotations {
            let differs = self.of_json.get(&name).is_some_and(|before| *before != value);
            if differs {
                self.note_repeated(&name);
            }
            self.of_json.insert(name, value);
        }
    }

    /// Adds one annotation sent as text; `None` if it was too large. Invalid bytes are replaced. A note records that,
    /// or an annotation that cannot be kept.
    pub(crate) fn add_text(&mut self, name: &str, bytes: Option<&[u8]>, charset: &str) {
        self.has_text = true;
        let Some(bytes) = bytes else {
            self.notes
                .add("extract payload text part exception: body part is too large".to_owned());
            return;
        };
        let encoding = encoding_of(charset);
        let (text, _, has_errors) = encoding.unwrap_or(UTF_8).decode(bytes);
        if has_errors || encoding.is_none() {
            self.notes.add(format!(
                "extract payload text part exception: invalid text or charset: {} ({}{})",
                text::cut(charset, MAX_QUOTED),
                text::cut(name, MAX_QUOTED),
                match (encoding, has_errors) {
                    (None, false) => " was read as utf-8",
                    (None, true) => " was read as utf-8, U+FFFD stands for what is none",
                    _ => ": U+FFFD stands for what could not be read",
                }
            ));
        }
        let text = Value::from(text.into_owned());
        let differs = self.of_text.get(name).is_some_and(|before| *before != text);
        if differs {
            self.note_repeated(name);
        }
        self.of_text.insert(name.to_owned(), text);
    }

    fn note_repeated(&mut self, name: &str) {
        let name = text::cut(name, MAX_QUOTED);
        self.notes
            .add(format!("{name} came more than once; the last one counts"));
    }

    /// Notes an oddity.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.add(note);
    }

    /// Adds an attachment. One that cannot be kept under its name, or is one too many, is left out with a note.
    pub(crate) fn add_attachment(
        &mut self,
        name: &str,
        kind: &str,
        body: Bytes,
        sha256: String,
        max_dumps: usize,
    ) -> Result<(), Malformed> {
        let is_typed = kind != "application/octet-stream";
        if self.dumps.len() >= max_dumps || is_typed && is_reserved(&dump_name(name)) {
            let name = text::cut(name, MAX_QUOTED);
            self.notes.add(format!("the attachment {name} was left out"));
            return Ok(());
        }
        self.add_dump(name, kind, body, sha256)
    }

    /// Adds a dump.
    pub(crate) fn add_dump(&mut self, name: &str, kind: &str, body: Bytes, sha256: String) -> Result<(), Malformed> {
        let stored = dump_name(name);
        if is_reserved(&stored) {
            return Err(Malformed::DumpName);
        }
        if kind != "application/octet-stream" {
            self.notes.add(format!(
                "unknown content type: {} {}",
                text::cut(name, MAX_QUOTED),
                text::cut(kind, MAX_QUOTED)
            ));
        }
        self.dumps.push(Dump {
            name: stored,
            body,
            sha256,
        });
        Ok(())
    }

    /// How many dumps there are so far.
    pub(crate) fn dump_count(&self) -> usize {
        self.dumps.len()
    }

    /// Returns the whole report, once all parts are there. Every dump gets a unique name: the last dump with a name
    /// keeps it, as with annotations, and the others are stored under new names.
    pub(crate) fn finish(mut self) -> Result<Parsed, Malformed> {
        if self.has_json && self.has_text {
            self.notes
                .add("includes annotations in both json-encoded extra and formdata parts".to_owned());
        }
        let mut annotations = self.of_json;
        annotations.append(&mut self.of_text);
        if annotations.is_empty() {
            return Err(Malformed::NoAnnotations);
        }
        for note in names::translate(&mut annotations) {
            self.notes.add(note);
        }
        let mut parsed = Parsed {
            annotations,
            notes: self.notes,
            form: if self.has_json { "json" } else { "multipart" },
            ..Parsed::default()
        };
        // The main minidump is stored as `dump`, which may be another dump's name.
        let mut taken: BTreeSet<String> = BTreeSet::new();
        self.dumps.reverse();
        self.dumps.sort_by_key(|dump| dump.name != MAIN_DUMP);
        for dump in self.dumps {
            let name = free_name(&dump.name, &taken);
            if name != dump.name {
                parsed
                    .notes
                    .add(format!("dump name {:?} is not usable; stored as {name}", dump.name));
            }
            taken.insert(stored_as(&name).to_owned());
            parsed.checksums.insert(name.clone(), dump.sha256);
            parsed.dumps.insert(name, dump.body);
        }
        Ok(parsed)
    }
}

/// The encoding with this label as clients write it: `_` and `-` are interchangeable, and `ascii` may be UTF-8.
fn encoding_of(charset: &str) -> Option<&'static Encoding> {
    let label = charset.trim().to_ascii_lowercase().replace('_', "-");
    match label.as_str() {
        "ascii" | "us-ascii" | "utf-8-sig" | "utf8-sig" => Some(UTF_8),
        "latin-1" => Some(WINDOWS_1252),
        label => Encoding::for_label_no_replacement(label.as_bytes())
            .or_else(|| Encoding::for_label_no_replacement(label.replace('-', "").as_bytes()))
            .or_else(|| Encoding::for_label_no_replacement(label.replace('-', "_").as_bytes())),
    }
}

fn is_reserved(stored: &str) -> bool {
    RESERVED.contains(&stored)
}

/// Reduces a dump's name to at most 30 ASCII letters, digits and `_`.
fn dump_name(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .take(MAX_NAME)
        .collect()
}

/// The name a dump's object is stored under.
fn stored_as(name: &str) -> &str {
    if name == MAIN_DUMP { "dump" } else { name }
}

fn free_name(wanted: &str, taken: &BTreeSet<String>) -> String {
    let base = if wanted.is_empty() { "unnamed" } else { wanted };
    let mut name = base.to_owned();
    let mut number = 2;
    while taken.contains(stored_as(&name)) {
        let suffix = format!("_{number}");
        name = format!("{}{suffix}", text::cut(base, MAX_NAME - suffix.len()));
        number += 1;
    }
    name
}

/// Facts about a report other than its parts.
#[derive(Debug)]
pub(crate) struct Circumstances {
    /// Its id.
    pub(crate) id: CrashId,
    /// When it began to arrive.
    pub(crate) received: DateTime<Utc>,
    /// Whether the body was compressed.
    pub(crate) compressed: bool,
    /// The size of the body as sent, in bytes.
    pub(crate) payload_size: u64,
    /// The client's `User-Agent`.
    pub(crate) user_agent: Option<String>,
    /// The rule that accepted it.
    pub(crate) rule: String,
    /// The number of crashes it represents.
    pub(crate) weight: f64,
}

impl Parsed {
    /// The raw crash to store, without data that identifies people.
    pub(crate) fn raw_crash(&self, about: &Circumstances) -> RawCrash {
        let mut notes = self.notes.clone();
        let mut crash = self.annotations.clone();
        crash.retain(|name, _| {
            let is_kept = !is_private(name);
            if !is_kept {
                notes.add(format!("Removed {} from raw crash.", text::cut(name, MAX_QUOTED)));
            }
            is_kept
        });
        let user_agent = about.user_agent.as_deref().unwrap_or("None");
        let metadata = Metadata {
            payload: self.form.to_owned(),
            payload_compressed: if about.compressed { "1" } else { "0" }.to_owned(),
            payload_size: about.payload_size,
            collector_notes: notes.0,
            dump_checksums: self.checksums.clone(),
            user_agent: text::cut(user_agent, MAX_USER_AGENT).to_owned(),
            throttle_rule: about.rule.clone(),
            sampling_weight: about.weight,
        };
        let metadata = serde_json::to_value(metadata)
            .expect("a struct of texts, numbers and maps of texts always has a JSON form");
        crash.insert(collector::ID.to_owned(), about.id.as_str().into());
        crash.insert(collector::SUBMITTED.to_owned(), timestamp(about.received).into());
        crash.insert(collector::FORM.to_owned(), collector::FORM_VERSION.into());
        crash.insert(collector::METADATA.to_owned(), metadata);
        RawCrash(crash)
    }

    /// The approximate size of the annotations in bytes.
    pub(crate) fn size(&self) -> usize {
        let size = |value: &Value| match value {
            Value::String(text) => text.len(),
            Value::Array(_) | Value::Object(_) => cpu::SMALL,
            _ => 8,
        };
        self.annotations.values().map(size).sum()
    }

    /// A hash of what is equal in two copies of one report.
    pub(crate) fn content_hash(&self) -> String {
        content_hash(&self.annotations, &self.checksums)
    }
}

/// Whether a raw crash is small enough to be read back. Control characters take six bytes each when stored, so this can
/// fail for a body within the limits.
pub(crate) fn is_storable(raw: &RawCrash) -> bool {
    serde_json::to_writer(Room(MAX_RAW), raw).is_ok()
}

/// A writer that accepts and discards this many bytes.
struct Room(usize);

impl std::io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or(std::io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Formats a time as ISO 8601 in UTC with microseconds, omitted when 0.
fn timestamp(time: DateTime<Utc>) -> String {
    let format = if time.timestamp_subsec_micros() == 0 {
        "%Y-%m-%dT%H:%M:%S+00:00"
    } else {
        "%Y-%m-%dT%H:%M:%S%.6f+00:00"
    };
    time.format(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_are_known_by_the_labels_that_clients_write() {
        for (charset, bytes, expected, noted) in [
            ("utf-8", &b"h\xc3\xa9"[..], "hé", false),
            ("UTF_8", b"h\xc3\xa9", "hé", false),
            ("utf-8-sig", b"h\xc3\xa9", "hé", false),
            ("us-ascii", b"h\xc3\xa9", "hé", false),
            ("latin-1", b"h\xe9", "hé", false),
            ("latin1", b"h\xe9", "hé", false),
            ("ISO-8859-1", b"h\xe9", "hé", false),
            ("iso8859_15", b"\xa4", "€", false),
            ("cp1252", b"\x80", "€", false),
            ("shift_jis", b"\x83e", "テ", false),
            ("utf-16le", b"h\0", "h", false),
            ("utf-16", b"\xfe\xff\0h", "h", false),
            ("utf-8", b"\xef\xbb\xbfh", "h", false),
            ("utf-8", b"h\xe9", "h\u{fffd}", true),
            ("klingon", b"h", "h", true),
            ("", b"h", "h", true),
            ("iso-2022-kr", b"h", "h", true),
        ] {
            let mut gathered = Gathered::default();
            gathered.add_text("a", Some(bytes), charset);
            assert_eq!(gathered.of_text["a"], expected, "{charset}");
            assert_eq!(!gathered.notes.0.is_empty(), noted, "{charset}");
        }
    }
}
