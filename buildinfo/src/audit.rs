//! What is wrong with the data, how bad it is, and what to do about it; and how good each source is.
//!
//! The rules are pure functions of the data read, here and in [`builds::audit`]: they use no clock, so "late" is
//! measured against the newest data seen. [`read`] reads the data page by page, never all builds at once.

mod cache;
mod place;
pub mod read;
mod rules;

pub use cache::{Audits, Overview};
pub use place::Place;
pub use rules::{alarms, no_importer, reported_version, silent_sources, without_row};

#[cfg(test)]
mod tests;
