//! Whether a measurement ends in a verdict.

use clap::Args;

/// Options of every measurement.
#[derive(Debug, Args)]
pub(crate) struct Verdict {
    /// Exit 1 when a figure misses its limit
    #[arg(long)]
    pub(super) check: bool,
}
