//! Who may see and do what: tokens, sessions of browsers, permissions, and the log of what was seen and changed. How a
//! request says who makes it is HTTP's affair ([`crate::http::Access`]).
//!
//! Invariants:
//!
//! * a token or a cookie is stored only as its hash;
//! * an unknown, expired or revoked token is an error wherever tokens are looked at, never an anonymous caller;
//! * what is protected is read only after its permission was checked, and sent only after its line in the audit log is
//!   on disk.

mod audit;
mod db;
pub mod meters;
mod permission;
mod token;

pub use audit::{Action, Actor, Entry};
pub use db::{
    NewToken, Pruned, TokenRow, TokenState, create_token, entries, list_tokens, prune, record, revoke_token, statements,
};
pub(crate) use db::{begin_session, end_session, of_session, of_token, used};
pub use permission::{Permission, Permissions};
pub use token::Secret;
