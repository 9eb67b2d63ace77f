//! Builds to and from files: tables, whole exports, and snapshots for others to ask offline.

pub mod export;
pub mod load;
pub mod snapshot;
