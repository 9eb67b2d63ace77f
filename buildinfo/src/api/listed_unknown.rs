//! Unknown ids and their alarms as the API shows them.

use platform::clock::rfc3339;
use serde::Serialize;

use crate::db::Unknown;

/// An id that no source knows.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ListedUnknown {
    /// The product.
    pub product: String,
    /// The channel.
    pub channel: String,
    /// The id; of what is no id, the kind of junk.
    pub build_id: String,
    /// `junk`, `unofficial`, `no_source` or `not_seen`.
    pub verdict: String,
    /// How often it was looked up.
    pub asked: i64,
    /// When it was asked for first, RFC 3339.
    pub first_asked: String,
    /// When it was asked for last.
    pub last_asked: String,
    /// The alarm, if there is one.
    pub alarm: Option<ListedAlarm>,
}

/// That an unknown build crashed on several installs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ListedAlarm {
    /// When it was raised, RFC 3339.
    pub raised: String,
    /// When the build was looked for because of it.
    pub tried: Option<String>,
    /// What came of that.
    pub outcome: Option<String>,
    /// When it ended: the build is known since.
    pub cleared: Option<String>,
}

impl From<&Unknown> for ListedUnknown {
    fn from(row: &Unknown) -> Self {
        Self {
            alarm: row.raised.map(|raised| ListedAlarm {
                raised: rfc3339(raised),
                tried: row.tried.map(rfc3339),
                outcome: row.outcome.clone(),
                cleared: row.cleared.map(rfc3339),
            }),
            product: row.product.clone(),
            channel: row.channel.clone(),
            build_id: row.build_id.clone(),
            verdict: row.verdict.clone(),
            asked: row.asked,
            first_asked: rfc3339(row.first_asked),
            last_asked: rfc3339(row.last_asked),
        }
    }
}
