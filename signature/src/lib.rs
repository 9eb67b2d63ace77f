//! Crash signatures: one short line that groups crashes with the same cause.
//!
//! Given the same lists, signatures equal those of Socorro (its code of August 2026): the frames of the crashing thread
//! are normalised and walked with the help of four lists, and the result passes through a fixed pipeline of rules, each
//! of which may rewrite it.
//!
//! Pure: no async, no clock, no I/O except [`Lists::load`] and [`Lists::read`], which read four files from a folder.
//!
//! Invariants:
//! * [`generate`] and [`explain`] answer for every [`CrashData`] and never panic; what a rule cannot use becomes a
//!   note, and the following rules still run.
//! * Their time is linear in the length of the frames examined, of which there are at most [`FRAME_LIMIT`].
//! * A signature is printable ASCII and at most 255 characters long.
//!
//! Three differences from Socorro are intended. An empty list matches nothing, while Socorro's matches everything. The
//! rerun for a shutdown hang uses the same lists as the first run, while Socorro's uses the ones it ships. A thread
//! with a function that is only a qualifier (`const`) has an empty signature in both, but the note says what is wrong.

mod brackets;
mod crash_data;
mod frame;
mod function;
mod java;
mod lists;
mod outcome;
mod python;
mod rules;
mod scalar;
mod shutdown;
mod walk;

pub use crash_data::{CrashData, CrashDataError, FRAME_LIMIT, Frame, Inline, Thread, UnloadedModule};
pub use lists::{
    AGREEMENT, Agreement, Class, Comparison, Difference, DifferentName, Entry, LIST_FILES, LIST_LIMIT, ListError,
    ListProblem, Lists, Treatment, percent, text_of,
};
pub use outcome::{Event, Signature, Step};
pub use rules::{explain, generate, rule_names};
pub use scalar::Scalar;
