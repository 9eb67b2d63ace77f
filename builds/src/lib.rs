//! What every build of the products is: its exact version, what became of it, and why we say so.
//!
//! What sources [`said`] is kept word for word and concludes nothing. [`derive()`] turns the observations of one
//! group, with the corrections and [`facts()`], into [`Build`]s. They are loaded into a [`BuildIndex`], in which
//! [`resolve()`] answers.
//!
//! This crate is pure: no input or output, no clock, no randomness, no order of arrival. The service that fetches,
//! stores and answers over HTTP is the crate `buildinfo`.
//!
//! Invariants:
//! * the same arguments give the same answer, byte for byte, on any machine;
//! * what a program reports about itself is echoed, never promoted to an answer;
//! * an odd case of history is a correction, which is data, and never a branch in the code.

// What things are called, and what sources say.
pub mod names;
pub mod said;

// What follows from it.
pub mod build;
pub mod derive;

// Every build in memory, and what is answered from there.
pub mod buildhub_search;
pub mod catalog;
pub mod enrichment;
pub mod index;
mod links;
pub mod resolve;

// What is not known or not right, and how the sources did.
pub mod audit;
pub mod policy;
pub mod unknown;

// How builds and answers are described to clients.
mod schema;

// The samples name this crate as other crates do, whose tests include the file.
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
pub use names::product::{Directory, Line, Product};
pub use names::version::Version;
pub use resolve::{Answer, Question, resolve};
pub use said::observation::{Digest, Kind, Observation, SourceName, Why};
