//! Walking the stacks of minidumps, in child processes.
//!
//! A minidump is written by a crashed process and sent by anybody, and the code that walks it can
//! be made to panic, loop, or take all memory. So it runs in children of the same program
//! ([`child`]), which the [`Pool`] keeps, reuses, limits and replaces; nothing of a dump is parsed
//! in this process. A child has no environment, and no code for the network is compiled in: it
//! reads symbol files from local folders only.
//!
//! The document that a walk gives is that of rust-minidump's `minidump-stackwalk --json`, mended as
//! `document` says.

use std::{io, path::PathBuf, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

mod cache;
pub mod child;
mod clip;
pub(crate) mod document;
mod dump;
mod message;
mod names;
mod pool;
mod process;
mod session;
mod unpack;

pub use pool::Pool;

/// Bytes of a dump that a child takes at most; larger ones have the status [`TOO_LARGE`].
pub const DUMP_LIMIT: usize = 256 << 20;

/// Bytes of a document at most. When one would be larger, stacks are cut until it is not.
pub const ANSWER_LIMIT: usize = 32 << 20;

/// The status of a dump above [`DUMP_LIMIT`].
pub const TOO_LARGE: &str = "MinidumpTooLarge";

/// How a [`Pool`] is made.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Children at most; each walks one dump at a time. They are started when they are first
    /// needed.
    pub walkers: usize,
    /// Address space of a child in bytes. What a child needs is about 2.2 times
    /// `symbol_cache_bytes` and 500 MB for the walk.
    pub memory_bytes: u64,
    /// How long one dump may take, with parsing its symbols.
    pub timeout: Duration,
    /// Folders that symbol files are looked for in, in this order.
    pub symbol_roots: Vec<PathBuf>,
    /// Bytes of symbol files' text that a child keeps parsed; a larger file is not used at all.
    pub symbol_cache_bytes: u64,
    /// The program to start, which must call [`child::run`] when it gets `arguments`. The service's
    /// is its own.
    pub program: PathBuf,
    /// The arguments that make the program a walker.
    pub arguments: Vec<String>,
    /// After so many dumps a child is replaced.
    pub jobs_per_child: u32,
}

impl Default for PoolSettings {
    /// Two children of 2 GiB with a quarter of it for symbols' text, 120 s for a dump, no symbols,
    /// this program with the argument `walker`.
    fn default() -> Self {
        Self {
            walkers: 2,
            memory_bytes: 2 << 30,
            timeout: Duration::from_secs(120),
            symbol_roots: Vec::new(),
            symbol_cache_bytes: 512 << 20,
            program: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("datil")),
            arguments: vec!["walker".to_owned()],
            jobs_per_child: 10_000,
        }
    }
}

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

/// What of a dump was left out because there was too much of it, or put right, before it was walked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Threads that were left out; the crashing one never is.
    pub threads: u32,
    /// Where in the dump's list the crashing thread stood, if it took the place of another one
    /// because those behind it were left out.
    pub moved: Option<u32>,
    /// Whether stacks lost their far ends.
    pub stacks: bool,
    /// Whether the stacks of all threads but the crashing one were left out.
    pub others: bool,
    /// Whether the list of handles was left out.
    pub handles: bool,
    /// Names of modules and threads that could not be read, or not whole.
    pub names: u32,
    /// Whether the dump was compressed, or lay in a form of its own.
    pub packed: bool,
}

impl Cut {
    /// Both together, of which `later` was cut from what the first one left.
    fn and(self, later: Self) -> Self {
        Self {
            threads: self.threads.saturating_add(later.threads),
            moved: self.moved.or(later.moved),
            stacks: self.stacks || later.stacks,
            others: self.others || later.others,
            handles: self.handles || later.handles,
            names: self.names.saturating_add(later.names),
            packed: self.packed || later.packed,
        }
    }

    /// What is to be said of it, none if the dump was walked as it is.
    pub fn notes(self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.packed {
            notes.push("the minidump was taken out of a packing".to_owned());
        }
        if self.names > 0 {
            notes.push(format!("names that cannot be read were replaced: {}", self.names));
        }
        if self.handles {
            notes.push("the list of handles was left out".to_owned());
        }
        if self.threads > 0 {
            notes.push(format!("threads that were left out before walking: {}", self.threads));
        }
        if let Some(index) = self.moved {
            notes.push(format!("the crashing thread, {index} in the dump, stands last"));
        }
        if self.stacks {
            notes.push("long stacks were cut before walking".to_owned());
        }
        if self.others {
            notes.push("only one thread was walked, the crashing one if it is named".to_owned());
        }
        notes
    }
}

/// Why a walk has no result: its child is gone, or could not be started.
#[derive(Debug, thiserror::Error)]
pub enum WalkDeath {
    /// The dump took longer than [`PoolSettings::timeout`]; the child was killed.
    #[error("walking took too long")]
    Timeout,
    /// The child needed more than [`PoolSettings::memory_bytes`].
    #[error("walking took too much memory")]
    OutOfMemory,
    /// The walking code panicked.
    #[error("the walker panicked")]
    Panic,
    /// The child was ended by this signal, which the pool did not send. 9 is most often the
    /// kernel's when the machine has no memory left.
    #[error("the walker was ended by signal {0}")]
    Signal(i32),
    /// The child ended or answered in a way that is not agreed on.
    #[error("the walker did not keep to the protocol")]
    Protocol,
    /// No child could be started. This says nothing about the dump.
    #[error("the walker could not be started")]
    Spawn(#[source] io::Error),
}

impl WalkDeath {
    /// A short name that does not change: for notes, metrics and stored reasons.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::OutOfMemory => "out of memory",
            Self::Panic => "panic",
            Self::Signal(_) => "signal",
            Self::Protocol => "protocol",
            Self::Spawn(_) => "spawn",
        }
    }

    /// Whether the dump may be the cause, so that it counts as one of its tries.
    pub fn may_be_the_dumps_fault(&self) -> bool {
        !matches!(self, Self::Spawn(_))
    }
}
