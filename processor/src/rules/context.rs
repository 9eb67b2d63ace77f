//! What the rules read and write.

use std::collections::BTreeMap;

use bytes::Bytes;
use crash::ProcessedCrash;
use serde_json::{Map, Value};
use signature::Lists;

use super::build::Builds;
use super::notes::Note;

/// The result of walking one minidump.
#[derive(Debug, Clone, PartialEq)]
pub struct DumpWalk {
    /// The dump's name.
    pub name: String,
    /// The outcome of the walk.
    pub outcome: WalkOutcome,
}

/// The outcome of walking a minidump.
#[derive(Debug, Clone, PartialEq)]
pub enum WalkOutcome {
    /// It was empty and not walked.
    Empty,
    /// The walker answered.
    Done {
        /// The status, `OK` or what was wrong with the minidump.
        status: String,
        /// Its document.
        json_dump: Value,
        /// The walker's name and version.
        walker: String,
    },
    /// There is no document.
    Failed {
        /// The exit code that tools expect: the negated signal number, or 1.
        return_code: i64,
        /// The status, in one word.
        status: String,
        /// The note about it, without the rule's name; it quotes nothing of the crash.
        note: String,
        /// The walker's name and version.
        walker: String,
    },
}

/// What a rule reads and writes.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) raw: Map<String, Value>,
    pub(crate) processed: ProcessedCrash,
    pub(crate) dumps: &'a BTreeMap<String, Bytes>,
    pub(crate) walks: &'a [DumpWalk],
    pub(crate) builds: Builds<'a>,
    /// The lists used to make signatures; none if no signature is made.
    pub(crate) lists: Option<&'a Lists>,
    pub(crate) notes: Vec<Note>,
}

impl Context<'_> {
    /// Writes a field.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.processed.set(name, value);
    }

    /// Leaves a note.
    pub(crate) fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// The stackwalker's document about the main minidump, if it is not null.
    pub(crate) fn json_dump(&self) -> Option<&Value> {
        self.processed.0.get("json_dump").filter(|dump| !dump.is_null())
    }
}
