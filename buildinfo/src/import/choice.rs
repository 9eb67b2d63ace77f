//! Which sources are to be read.

use std::str::FromStr;

use builds::names::UnknownName;
use builds::said::observation::SourceName;

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
