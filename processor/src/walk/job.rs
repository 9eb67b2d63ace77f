//! A dump to walk, and what came out of it.

use bytes::Bytes;
use serde_json::Value;

use super::cut::Cut;
use super::document;

/// Bytes of a dump that a child takes at most; larger ones have the status [`TOO_LARGE`].
pub const DUMP_LIMIT: usize = 256 << 20;

/// The status of a dump above [`DUMP_LIMIT`].
pub const TOO_LARGE: &str = "MinidumpTooLarge";

/// Bytes of a document at most. When one would be larger, stacks are cut until it is not.
pub const ANSWER_LIMIT: usize = 32 << 20;

/// One dump to walk.
#[derive(Debug, Clone)]
pub struct WalkJob {
    /// The minidump. An empty one is answered with an error like any other that is not a minidump;
    /// the caller may spare itself the way.
    pub dump: Bytes,
    /// The annotation `ModuleSignatureInfo` (JSON: certificate to modules), which fills the
    /// modules' `cert_subject`.
    pub module_signatures: Option<String>,
    /// The annotation `CPUMicrocodeVersion` (`0x…`), which is used if the dump has none.
    pub microcode: Option<String>,
    /// Whether stacks are cut hard at once: for a dump that has killed a walker before.
    pub hard_clip: bool,
}

/// What came out of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// `OK`, or the name of what is wrong with the dump, such as `MissingThreadList`.
    pub status: String,
    /// The document, JSON text of an object of [`ANSWER_LIMIT`] bytes at most; there if the status
    /// is `OK`.
    pub json_dump: Option<Bytes>,
    /// What was left out or put right.
    pub cut: Cut,
    /// Symbol files that were parsed for this walk: 0 means that it found all of them warm.
    pub symbol_files_parsed: u32,
    /// Resident memory of the child after the walk, in bytes; 0 where the system does not tell.
    pub rss_bytes: u64,
}

impl Walked {
    /// The document, if there is one that can be read. Control characters, which may stand in a
    /// dump's names, are replaced. It may have megabytes: not for a thread that serves others.
    pub fn document(&self) -> Option<Value> {
        document::read(self.json_dump.as_deref()?)
    }
}
