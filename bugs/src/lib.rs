//! Which bugs name which crash signature, as a Bugzilla says.
//!
//! Bugs are read without credentials, so only what everybody may see is stored. Of people it is only known whether a
//! bug is assigned: no name and no address is stored or logged. This crate knows nothing of crashes; a signature is a
//! text, compared whole.
//!
//! Invariants:
//!
//! * what is stored stays until a whole, sound answer says otherwise: an error or a cut answer removes nothing;
//! * one process imports at a time, and writes only while it has the right to.

// What is stored, and what is answered.
pub mod db;

// How it gets there.
pub mod import;
pub mod schedule;

// What a Bugzilla says.
pub mod bugzilla;

// What a bug is.
pub mod bug;

pub mod meters;
pub mod settings;

pub use bug::{Bug, BugSignature};
pub use settings::Settings;
