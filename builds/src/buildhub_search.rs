//! Buildhub's search over our builds: the part of Elasticsearch 6 that Buildhub's clients use, so that they change the
//! host only.
//!
//! A record is one build for one platform, with the members and in the form that Buildhub has used since 2020:
//! Developer Edition is `firefox` on `aurora`, a version is the one that the program shows (no candidate's number),
//! the locale is `en-US`. Other than in Buildhub, a build has one record, and none is a copy for beta of a release.
//! Conditions, order and counts are answered from the index; only what hits show beyond that is read from what the
//! sources said.
//!
//! What is not known here is refused, never answered wrongly.

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
