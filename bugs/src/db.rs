//! The tables of bugs.
//!
//! A bug has a row only as long as it names a signature and everybody may see it. All SQL of this crate is here; this
//! module knows nothing of requests.

mod ask;
mod bugs;
mod lease;
mod marks;
mod state;

pub use ask::{AskError, MAX_ANSWERED, MAX_ASKED, Numbers, bugs_of, details, list, signatures_of};
pub use bugs::{Changed, holds_older, ids_after, put, remove};
pub use lease::IMPORT;
pub use state::{State, state, store};
