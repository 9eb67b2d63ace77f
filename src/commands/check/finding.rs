//! One item that `datil check` checked.

use serde::Serialize;

/// One item that was checked.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    /// Its name.
    pub(super) name: &'static str,
    /// Whether it is well.
    pub(super) well: bool,
    /// What was found, and what to do if it is not well.
    pub(super) text: String,
}

impl Finding {
    /// A good finding.
    pub(super) fn well(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            well: true,
            text: text.into(),
        }
    }

    /// A bad finding.
    pub(super) fn bad(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            well: false,
            text: text.into(),
        }
    }
}
