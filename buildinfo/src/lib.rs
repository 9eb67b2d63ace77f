//! The build-information service: reads the sources, stores what they said and what follows from it, and answers.
//!
//! What a build is, is concluded in the crate `builds`, which is pure. Here is what it needs around it: sources are
//! fetched, observations and builds stored, look-ups answered in memory and over HTTP, and somebody told when builds
//! are missing.
//!
//! What it is not: it knows nothing of crashes, and a look-up never leaves the process.

pub mod settings;

pub mod db;

pub mod sources;

pub mod import;

pub mod transfer;

pub mod freshness;
pub mod lookup;
pub mod preview;
pub mod watch;

pub mod audit;
pub mod contradiction;
pub mod explain;
pub mod table;

pub mod api;

pub mod meters;
pub mod upkeep;

#[cfg(test)]
#[path = "../../builds/src/samples/said.rs"]
mod samples;

pub use freshness::Freshness;
pub use lookup::Lookup;
pub use settings::Settings;
