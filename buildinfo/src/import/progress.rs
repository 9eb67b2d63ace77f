//! How far an import is.

use builds::said::observation::SourceName;

/// What an import is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Another import runs, by this owner; ours begins after it.
    Waiting(String),
    /// Records read so far, and how many there are.
    Reading {
        /// From where.
        source: SourceName,
        /// So many were read.
        done: u64,
        /// Of so many, by the source's own count.
        total: u64,
    },
    /// Groups derived so far.
    Deriving {
        /// So many.
        done: u64,
        /// Of so many.
        total: u64,
    },
}
