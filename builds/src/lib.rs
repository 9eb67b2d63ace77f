//! Everything about the products' builds: exact version, status, and the reasons for both.
//!
//! Sources' statements ([`said`]) are kept verbatim and conclude nothing. [`derive()`] turns the observations of one
//! group, with the corrections and [`facts()`], into [`Build`]s. They are loaded into a [`BuildIndex`], from which
//! [`resolve()`] answers.
//!
//! This crate is pure: no I/O, no clock, no randomness, and no dependence on order of arrival. The crate `buildinfo` is
//! the service that fetches, stores and answers over HTTP.
//!
//! Invariants:
//! * the same arguments give the same answer, byte for byte, on any machine;
//! * what a program reports about itself is echoed, never promoted to an answer;
//! * an odd case of history is a correction, which is data, never a branch in the code.

// Names, and what sources say.
pub mod names;
pub mod said;

// The conclusions.
pub mod build;
pub mod derive;

// Every build in memory, and the answers from there.
pub mod buildhub_search;
pub mod catalog;
pub mod enrichment;
pub mod index;
pub mod links;
pub mod resolve;

// Unknown builds, wrong data, and the sources' quality.
pub mod audit;
pub mod policy;
pub mod unknown;

// How builds and answers are described to clients.
mod schema;

// The samples refer to this crate by name, because the tests of other crates include the same file.
#[cfg(test)]
extern crate self as builds;
#[cfg(test)]
mod samples;

pub use build::{Build, Certainty, Reason, Status};
pub use derive::correction::Correction;
pub use derive::facts::{Facts, facts};
pub use derive::group::{GroupKey, group_of};
pub use derive::{Conflict, Derived, derive, derive_all};
pub use enrichment::{CrashBuildInfo, CrashTimes, crash_build_info};
pub use index::{BuildIndex, BuildRef, IndexBuilder};
pub use names::build_id::BuildId;
pub use names::channel::Line;
pub use names::product::{Directory, Product};
pub use names::version::Version;
pub use resolve::{Answer, Question, resolve};
pub use said::observation::{Digest, Kind, Observation, SourceName, Why};
