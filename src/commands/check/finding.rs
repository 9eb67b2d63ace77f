//! One thing that `datil check` looked at.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    /// What.
    pub(super) name: &'static str,
    /// Whether it is well.
    pub(super) well: bool,
    /// What was seen, and what to do if it is not well.
    pub(super) text: String,
}

impl Finding {
    /// It is well.
    pub(super) fn well(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            well: true,
            text: text.into(),
        }
    }

    /// It is not.
    pub(super) fn bad(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            well: false,
            text: text.into(),
        }
    }
}
