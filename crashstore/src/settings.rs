//! The section `retention` of the settings.

use serde::{Deserialize, Serialize};

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many days a deleted crash is remembered as deleted after its last object was removed.
    pub tombstones_days: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self { tombstones_days: 30 }
    }
}
