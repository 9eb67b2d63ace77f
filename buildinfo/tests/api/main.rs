//! The HTTP API over imported builds, on every database.

#![expect(clippy::unwrap_used, reason = "what fails in a test is the test")]

mod announced;
mod builds;
mod description;
mod finished;
mod history;
mod lookups;
mod service;
#[path = "../support/mod.rs"]
mod support;
mod version_string;
