//! What an audit says: findings about the data, and how good each source is.
//!
//! Functions of what was read. The service reads it, and adds what it knows of itself (`buildinfo::audit`).

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
