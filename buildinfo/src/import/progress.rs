//! The progress of an import.

use builds::said::observation::SourceName;

/// What an import is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Another import is running, by this owner; ours begins after it.
    Waiting(String),
    /// Records read so far, and how many there are.
    Reading {
        /// The source.
        source: SourceName,
        /// The number read.
        done: u64,
        /// The total, as the source counts it.
        total: u64,
    },
    /// Groups derived so far.
    Deriving {
        /// The number derived.
        done: u64,
        /// The total.
        total: u64,
    },
}
