//! Where crash reports are kept: the objects in the blob store and the rows in the database.
//!
//! Invariants:
//!
//! * the object `raw_crash` is written last and only once: where it is, the report is complete;
//! * rows are a cache of the objects: each can be written again from them, with the same content;
//! * nothing here decides what a crash means.

pub mod db;
pub mod keys;
pub mod report;
pub mod search;

pub use report::{Report, StoreError};
