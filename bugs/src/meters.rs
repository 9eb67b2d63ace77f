//! The metrics of bugs.

use platform::meters::OneOf;

platform::meters! {
    pub const METRICS;
    /// Imports of bugs that this process made, by hand or by itself.
    counter IMPORTS = "datil_bugs_imports_total" in "imports", by { "outcome": OneOf(&["complete", "failed"]) };
    /// Requests that this process sent to the Bugzilla.
    counter REQUESTS = "datil_bugs_requests_total" in "requests";
    /// Seconds since the stored bugs were brought up to date.
    gauge AGE = "datil_bugs_data_age_seconds" in "seconds";
    /// Bugs that are stored.
    gauge BUGS = "datil_bugs_stored_bugs" in "bugs";
}
