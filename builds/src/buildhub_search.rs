//! Buildhub's search over our builds: the subset of Elasticsearch 6 that Buildhub's clients use, so that they need only
//! change the host.
//!
//! A record is one build for one platform, with the members and format that Buildhub has used since 2020: Developer
//! Edition is `firefox` on `aurora`, a version is the one that the program shows (without a candidate number), and the
//! locale is `en-US`. Unlike in Buildhub, a build has one record, and a release has no copy for beta. Conditions, order
//! and counts are answered from the index; any further members of hits are read from the sources' observations.
//!
//! Anything not supported is refused, never answered wrongly.

mod aggregation;
mod body;
mod field;
mod hit;
mod query;
mod record;
mod regexp;
mod search;
mod shown;
mod sort;

pub use body::Refused;
pub use search::{Found, MOST_HITS, Search};

#[cfg(test)]
mod tests;
