//! The input of signatures, and how it is read: from siggen's JSON or from a processed crash.

mod data;
mod lenient;
mod read;

pub use data::{CrashData, FRAME_LIMIT, Frame, Inline, Thread, UnloadedModule};
pub use read::CrashDataError;

#[cfg(test)]
mod tests;
