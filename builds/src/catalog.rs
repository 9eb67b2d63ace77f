//! Lists and comparisons of builds, made from an index: by version, the newest of each line, and what lies between two
//! builds.

mod comparison;
mod newest;
mod short_build;
mod versions;

pub use comparison::{Candidate, Comparison, NoComparison, Several, Which, compare};
pub use newest::{LatestBuild, Newest, newest};
pub use short_build::ShortBuild;
pub use versions::{VersionBuild, VersionBuilds, versions};

#[cfg(test)]
mod tests;
