//! The build-information service: reads the sources, stores what they said and what follows from it, and answers.
//!
//! What a build is, is concluded in the crate `builds`, which is pure. Here is what it needs around it: sources are
//! fetched, observations and builds stored, look-ups answered in memory and over HTTP, and somebody told when builds
//! are missing.
//!
//! What it is not: it knows nothing of crashes, and a look-up never leaves the process.

// What is stored.
pub mod db;

// How it gets there: from sources, and from files.
pub mod import;
pub mod sources;
pub mod transfer;

// What is answered, and why.
pub mod api;
pub mod explain;
pub mod lookup;

// Whether all is well.
pub mod audit;
pub mod watch;

pub mod meters;
pub mod settings;

#[cfg(test)]
#[path = "../../builds/src/samples/said.rs"]
mod samples;

pub use lookup::{Freshness, Lookup};
pub use settings::Settings;
