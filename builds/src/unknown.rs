//! Build ids that were asked for and that no source knows: what they are, how often they are asked for, and where
//! such a build would lie.
//!
//! Counting never writes for a single look-up: it is kept in memory ([`Tally`]), and the service writes it every few
//! seconds. What is stored is bounded: what is no build id is counted by its kind and never by its text; each product
//! keeps a limited number of ids, the newest asked for, and none for longer than 90 days.

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
