//! The audit's rules: findings about the data, and the quality of each source.
//!
//! Pure functions of the data read. The service reads it, and adds findings about itself (`buildinfo::audit`).

mod contradiction;
mod finding;
mod platforms;
mod score;
mod shipped;

pub use contradiction::Contradiction;
pub use finding::{Check, Finding, Severity};
pub use platforms::{OnPlatform, late_platforms};
pub use score::{Score, Scores};
pub use shipped::shipped_without_build;

#[cfg(test)]
mod tests;
