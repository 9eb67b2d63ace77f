//! The processor: turns crash reports into answers.
//!
//! A worker claims jobs from the queue, loads each crash report, has its minidumps walked by child
//! processes, runs the rules, attaches what is known of the build, and stores the result.
//!
//! What it is not: it takes no reports in, answers no questions about builds of its own making,
//! and never opens a minidump in its own process.
//!
//! Invariants:
//!
//! * the rules are functions of what was sent and looked up: a crash processed twice gives the
//!   same fields, but for the times of the work itself;
//! * no rule can keep another from running;
//! * a crash is seen as processed only with its result stored and its build attached.

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
