//! What a crash report is, before and after processing. Pure: no I/O, no clock, no async.
//!
//! * [`CrashId`]: the identity of a crash report, which also tells the day it came in.
//! * [`RawCrash`]: what the client sent, the annotations, and what the collector noted.
//! * [`collector`]: the keys and notes that the collector writes into it.
//! * [`ProcessedCrash`]: what the processor made of it.
//! * [`fields`]: the one table that says of every annotation and every processed field what type
//!   it has, where it comes from, who may see it and how it is searched.
//! * [`redact`]: the public part of both. What the table does not know is protected.

mod id;
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
