//! What to import, and how.

use std::str::FromStr;
use std::sync::Arc;

use builds::names::UnknownName;
use builds::names::product::Product;
use builds::said::observation::SourceName;
use builds::unknown::FetchPlan;

use crate::sources::Tape;

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Every source; each adds what the others do not have.
    Auto,
    /// One source alone.
    Only(SourceName),
}

impl Choice {
    /// The stored and displayed name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Only(source) => source.as_str(),
        }
    }

    /// Whether this source is read.
    pub(super) fn includes(self, source: SourceName) -> bool {
        match self {
            Self::Auto => true,
            Self::Only(only) => only == source,
        }
    }
}

impl FromStr for Choice {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "auto" => Ok(Self::Auto),
            source => source.parse().map(Self::Only),
        }
    }
}

/// How to import.
#[derive(Debug, Clone)]
pub struct Options {
    /// What to read.
    pub choice: Choice,
    /// Only these products; empty: all.
    pub products: Vec<Product>,
    /// Only what was uploaded at this time or later, microseconds UTC; none: what is new since the last import, or
    /// everything the first time.
    pub since: Option<i64>,
    /// Read everything, regardless of what was read before.
    pub full: bool,
    /// Wait while another import runs.
    pub wait: bool,
    /// Builds to look for wherever they can be, even in settled places.
    pub wanted: Vec<FetchPlan>,
    /// Keep the sources' answers verbatim, or take them from a recording instead of asking.
    pub tape: Option<Arc<Tape>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            choice: Choice::Auto,
            products: Vec::new(),
            since: None,
            full: false,
            wait: true,
            wanted: Vec::new(),
            tape: None,
        }
    }
}
