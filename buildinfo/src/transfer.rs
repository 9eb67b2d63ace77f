//! Builds to and from files: tables, full exports, and snapshots for offline look-ups.

pub mod export;
pub mod load;
pub mod snapshot;
