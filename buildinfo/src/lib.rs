//! The build-information service: reads the sources, stores what they say and what follows from it, and answers.
//!
//! The crate `builds`, which is pure, concludes what a build is. This crate does the rest: it fetches sources, stores
//! observations and builds, answers look-ups in memory and over HTTP, and raises alarms when builds are missing.
//!
//! It knows nothing of crashes, and a look-up never leaves the process.

// What is stored.
pub mod db;

// How it gets there: from sources and from files.
pub mod import;
pub mod sources;
pub mod transfer;

// What is answered, and why.
pub mod api;
pub mod explain;
pub mod lookup;

// Whether the data is sound.
pub mod audit;
pub mod watch;

pub mod meters;
pub mod settings;

#[cfg(test)]
#[path = "../../builds/src/samples/said.rs"]
mod samples;

pub use lookup::{Freshness, Lookup};
pub use settings::Settings;
