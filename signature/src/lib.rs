//! Crash signatures: one short line that groups crashes of one cause.
//!
//! The signatures equal those that Socorro makes (its code of August 2026), given the same lists:
//! the frames of the crashing thread are normalised, walked with the help of four lists, and the
//! result passes a fixed pipeline of rules, each of which may rewrite it.
//!
//! Pure: no async, no clock, no I/O but [`Lists::load`] and [`Lists::read`], which read four files of a folder.
//!
//! Invariants:
//! * [`generate`] and [`explain`] answer for every [`CrashData`] and never panic; what a rule cannot use becomes
//!   a note, and the following rules still run.
//! * Its time is linear in the length of the frames it looks at, of which there are at most
//!   [`FRAME_LIMIT`].
//! * A signature is printable ASCII and at most 255 characters long.
//!
//! Three things are meant to differ from Socorro. An empty list matches nothing there, while
//! Socorro's then matches everything. The rerun for a shutdown hang uses the same lists as the
//! first run, while Socorro's uses the ones it ships. A thread with a function that is nothing but
//! a qualifier (`const`) has an empty signature in both, but the note says what is wrong.

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
