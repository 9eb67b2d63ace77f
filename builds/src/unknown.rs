//! Requested build ids that no source knows: what they are, how often they are requested, and where such a build would
//! be found.
//!
//! No look-up writes to the database: counts are kept in memory ([`Tally`]), and the service writes them every few
//! seconds. Storage is bounded: junk is counted by kind, never by its text; each product keeps a limited number of ids,
//! the most recently requested, and none for longer than 90 days.

mod install;
mod key;
mod plan;
mod tally;
mod verdict;

pub use install::InstallHash;
pub use key::{UnknownKey, counted_product, short_name};
pub use plan::{FetchPlan, fetch_plan, stands_for_betas};
pub use tally::{Asked, Sighting, Tally};
pub use verdict::Verdict;

#[cfg(test)]
mod tests;
