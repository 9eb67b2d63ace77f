//! Symbol files: how those of a crash come to this machine.
//!
//! A symbol file is Breakpad text (`.sym`). Walkers only ever read local folders; what is on a
//! server is fetched here, in the parent, before a walk begins, so that a walk never waits for the
//! network and its time limit means what it says.

mod fetch;
mod store;

pub(crate) use fetch::Roots;
pub use fetch::{FetchLimits, FetchSummary, Fetcher, FetcherError};
