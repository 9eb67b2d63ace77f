//! Who may see and do what: tokens, sessions of browsers, permissions, and the log of what was seen and changed.
//!
//! Invariants:
//!
//! * a token or a cookie is stored only as its hash;
//! * an unknown, expired or revoked token is an error everywhere, never an anonymous caller;
//! * what is protected is read only after [`Caller::require`], and sent only after its line in the audit log is on
//!   disk.

mod audit;
mod caller;
mod cookies;
mod db;
mod door;
pub mod meters;
mod origin;
mod permission;
mod token;

pub use audit::{Action, Entry, Place};
pub use caller::{Caller, Identity};
pub use db::{NewToken, TokenRow, create_token, entries, list_tokens, prune, record, revoke_token, statements};
pub use door::{Access, Refused};
pub use permission::{Permission, Permissions};
pub use token::Secret;
