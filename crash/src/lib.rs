//! What a crash report is, before and after processing. Pure: no I/O, no clock, no async.
//!
//! * [`CrashId`]: the identity of a crash report, which includes the day it was received.
//! * [`RawCrash`]: the annotations the client sent, and the collector's notes.
//! * [`collector`]: the keys and notes that the collector writes.
//! * [`ProcessedCrash`]: the processor's result.
//! * [`fields`]: the single table that gives the type, origin, access, search name and description of every annotation
//!   and processed field.
//! * [`redact`]: the public part of both. Anything not in the table is protected.

mod id;
mod lenient;
mod processed;
mod raw;

pub mod collector;
pub mod fields;
pub mod redact;

pub use collector::Metadata;
pub use id::{CrashId, CrashIdError, Throttle};
pub use processed::ProcessedCrash;
pub use raw::{RawCrash, RawCrashError, is_private, text_of};

/// The name of the main minidump among a crash report's dumps.
pub const MAIN_DUMP: &str = "upload_file_minidump";
