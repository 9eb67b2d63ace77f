//! The processor: turns crash reports into answers.
//!
//! A worker claims jobs from the queue, loads each crash report, has child processes walk its minidumps, runs the
//! rules, attaches what is known about the build, and stores the result.
//!
//! Out of scope: it receives no reports, draws no conclusions about builds itself, and never opens a minidump in its
//! own process.
//!
//! Invariants:
//!
//! * the rules depend only on what was sent and looked up: processing a crash twice gives the same fields, except for
//!   the times of the work itself;
//! * a failing rule never keeps another from running;
//! * a crash only appears as processed once its result is stored and its build attached.

pub mod symbol_key;
pub mod symbols;
pub mod walk;

pub mod pipeline;
mod rules;

pub mod enrich;

pub mod meters;
mod settings;
pub mod siglists;
pub mod worker;

pub use settings::Settings;
pub use worker::{Processor, ProcessorContext};
