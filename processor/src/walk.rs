//! Walking the stacks of minidumps, in child processes.
//!
//! Minidumps are written by crashed processes and can be sent by anybody, and the code that walks them can be made to
//! panic, loop, or exhaust memory. So it runs in children of the same program ([`child`]), which the [`Pool`] keeps,
//! reuses, limits and replaces; nothing of a dump is parsed in this process. A child has no environment, and no network
//! code is compiled in: it only reads symbol files from local folders.
//!
//! A walk returns the document of rust-minidump's `minidump-stackwalk --json`, corrected as described in `document`.

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
