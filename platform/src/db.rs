//! The two databases behind one closed type: SQLite (embedded, the default) and PostgreSQL.
//!
//! A query is one SQL text for both, with `$1` placeholders; the macros [`on!`](crate::on) and [`in_tx!`](crate::in_tx)
//! expand the same body for each. Reads go to the pool, every write goes through a [`Tx`]. SQLite has one writing
//! connection (`BEGIN IMMEDIATE`) and a pool of reading ones, so that writers queue in the process instead of failing
//! with "busy".

mod beginning;
mod database;
mod error;
mod lock;
mod migrations;
mod pools;
mod progress;
mod row;
mod scratch;
mod settings;
mod wal;

pub use beginning::{Beginning, Bounds, values};
pub use database::{Db, Schema, SqliteDb, Tx};
pub use error::DbError;
pub(crate) use error::is_too_slow;
pub use lock::FolderLock;
pub use progress::{forget_progress, progress, set_progress};
pub use scratch::ScratchSchema;
pub use settings::DatabaseSettings;
