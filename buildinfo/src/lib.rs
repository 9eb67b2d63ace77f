//! What every build of the products is: its exact version, what became of it, and why we say so.
//!
//! Sources are read into [`observation`]s, which conclude nothing. [`derive()`] turns the observations of one group,
//! with the [`correction`]s and [`facts()`], into [`Build`]s; these are loaded into a [`BuildIndex`], in which
//! [`resolve()`] answers.
//!
//! What it is not: it knows nothing of crashes, and a look-up never leaves the process.
//!
//! Invariants:
//! * interpretation is a function of its arguments alone: no clock, no input or output, no order of arrival;
//! * what a program reports about itself is echoed, never promoted to an answer;
//! * an odd case of history is a correction, which is data, and never a branch in the code.

pub mod build_id;
pub mod product;
pub mod version;
mod version_code;

pub mod files;
pub mod location;
pub mod observation;

mod claim;
pub mod correction;
pub mod facts;
pub mod group;

pub mod build;
pub mod derive;

pub mod index;
pub mod resolve;

pub mod catalog;
pub mod enrichment;
pub mod search;

pub mod settings;
pub mod sources;

pub mod db;
pub mod export;
pub mod freshness;
pub mod import;
pub mod importer;
pub mod load;
pub mod lookup;
pub mod meters;
pub mod preview;
pub mod snapshot;
pub mod table;
pub mod unknown;
pub mod upkeep;

pub mod api;
pub mod audit;
pub mod contradiction;
pub mod explain;

#[cfg(test)]
mod samples;

pub use build::{Build, Certainty, Reason, Status};
pub use build_id::BuildId;
pub use correction::Correction;
pub use derive::{Conflict, Derived, derive, derive_all};
pub use enrichment::{CrashBuildInfo, CrashTimes, crash_build_info};
pub use facts::{Facts, facts};
pub use freshness::Freshness;
pub use group::{GroupKey, group_of};
pub use index::{BuildIndex, BuildRef, IndexBuilder};
pub use lookup::Lookup;
pub use observation::{Digest, Kind, Observation, SourceName, Why};
pub use product::{Directory, Line, Product};
pub use resolve::{Answer, Question, resolve};
pub use settings::Settings;
pub use version::Version;
