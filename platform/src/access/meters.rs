//! The metrics of tokens and of what is protected.

use super::audit::Action;
use crate::meters::OneOf;

crate::meters! {
    pub const METRICS;
    /// Requests that were refused for their token: it is `unknown`, `expired` or `revoked`.
    counter REFUSED = "datil_access_refused_requests_total" in "requests",
        by { "reason": OneOf(&["unknown", "expired", "revoked"]) };
    /// Requests that would change something and came from a page of another site.
    counter FOREIGN = "datil_access_foreign_requests_total" in "requests";
    /// Actions that this process put on record in the audit log.
    counter RECORDED = "datil_access_recorded_actions_total" in "actions", by { "action": OneOf(Action::NAMES) };
}
