//! Imports from stand-ins into real databases: the result is the truth about the stand-ins' world, whatever happens
//! during the import.

#![expect(clippy::unwrap_used, reason = "what fails in a test is the test")]

mod archive;
mod compare;
mod corrections;
mod faults;
mod importing;
mod interruptions;
#[path = "../support/mod.rs"]
mod support;
mod tape;
mod two_years;
