//! Stores crash reports: the objects in the blob store and the rows in the database.
//!
//! Invariants:
//!
//! * the object `raw_crash` is written last and only once: if it exists, the report is complete;
//! * rows are a cache of the objects: each can be rebuilt from them, with the same content;
//! * the row says which output of a crash is valid: no other is ever shown;
//! * a deleted crash leaves its row as a tombstone, which outlives its objects, and does not come back;
//! * nothing here decides what a crash means.

pub mod column;
pub mod db;
pub mod deletion;
pub mod forms;
pub mod keys;
pub mod meters;
pub mod output;
pub mod presence;
pub mod rebuild;
pub mod received;
pub mod report;
pub mod reprocessing;
pub mod search;
pub mod sequence;
pub mod upkeep;

pub use received::Received;
pub use report::{Report, StoreError};
