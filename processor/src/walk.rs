//! Walking the stacks of minidumps, in child processes.
//!
//! A minidump is written by a crashed process and sent by anybody, and the code that walks it can
//! be made to panic, loop, or take all memory. So it runs in children of the same program
//! ([`child`]), which the [`Pool`] keeps, reuses, limits and replaces; nothing of a dump is parsed
//! in this process. A child has no environment, and no code for the network is compiled in: it
//! reads symbol files from local folders only.
//!
//! The document that a walk gives is that of rust-minidump's `minidump-stackwalk --json`, mended as
//! `document` says.

mod cache;
pub mod child;
mod clip;
mod cut;
mod death;
pub(crate) mod document;
mod dump;
mod job;
mod message;
mod names;
mod pool;
mod process;
mod session;
mod settings;
mod unpack;

pub use cut::Cut;
pub use death::WalkDeath;
pub use job::{ANSWER_LIMIT, DUMP_LIMIT, TOO_LARGE, WalkJob, Walked};
pub use pool::Pool;
pub use settings::PoolSettings;
