//! What a Bugzilla is asked, and how its answers are read.

pub mod answer;
mod client;
mod question;
mod signatures;

pub use client::{BugzillaError, Client};
pub use question::{Question, day_before};
pub use signatures::{MAX_LENGTH, MAX_SIGNATURES, signatures_in};
