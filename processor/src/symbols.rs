//! Symbol files: how a crash's symbols get to this machine.
//!
//! A symbol file is Breakpad text (`.sym`). Walkers only read local folders; files on servers are fetched here, in the
//! parent, before a walk starts, so that a walk never waits for the network and its time limit is meaningful.

mod fetch;
mod sources;
mod store;

pub use fetch::{FetchLimits, FetchSummary, Fetcher, FetcherError};
pub use sources::{ProductRoots, Roots, SourceError, Sources};

#[cfg(test)]
mod samples;
