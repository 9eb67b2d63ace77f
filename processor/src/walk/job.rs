//! A dump to walk, and the result.

use std::path::PathBuf;

use bytes::Bytes;
use serde_json::Value;

use super::cut::Cut;
use super::document;

/// Maximum bytes of a dump that a child accepts; larger ones have the status [`TOO_LARGE`].
pub const DUMP_LIMIT: usize = 256 << 20;

/// The status of a dump above [`DUMP_LIMIT`].
pub const TOO_LARGE: &str = "MinidumpTooLarge";

/// Maximum bytes of a document. Stacks are cut until it fits.
pub const ANSWER_LIMIT: usize = 32 << 20;

/// One dump to walk.
#[derive(Debug, Clone)]
pub struct WalkJob {
    /// The minidump. An empty one gives an error like anything else that is not a minidump; the caller may skip the
    /// walk.
    pub dump: Bytes,
    /// The annotation `ModuleSignatureInfo` (JSON: certificate to modules), which fills the modules' `cert_subject`.
    pub module_signatures: Option<String>,
    /// The annotation `CPUMicrocodeVersion` (`0x…`), used if the dump has none.
    pub microcode: Option<String>,
    /// Whether stacks are cut hard at once: for a dump that has killed a walker before.
    pub hard_clip: bool,
    /// Folders searched for symbol files after those of the pool.
    pub symbol_roots: Vec<PathBuf>,
}

/// The result of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// `OK`, or the name of what is wrong with the dump, such as `MissingThreadList`.
    pub status: String,
    /// The document, JSON text of an object of at most [`ANSWER_LIMIT`] bytes; present if the status is `OK`.
    pub json_dump: Option<Bytes>,
    /// What was left out or repaired.
    pub cut: Cut,
    /// Symbol files parsed for this walk: 0 means that all were warm.
    pub symbol_files_parsed: u32,
    /// Resident memory of the child after the walk, in bytes; 0 if the system does not report it.
    pub rss_bytes: u64,
}

impl Walked {
    /// The document, if there is a readable one. Control characters, which a dump's names may contain, are replaced. It
    /// may be megabytes long: do not call this on a thread that serves others.
    pub fn document(&self) -> Option<Value> {
        document::read(self.json_dump.as_deref()?)
    }
}
