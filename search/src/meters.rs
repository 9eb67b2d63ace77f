//! The metrics of search.

use platform::meters::{OF_REQUESTS, OF_WORK, OneOf};

platform::meters! {
    pub const METRICS;
    /// Rows taken into the index of this process: `put` in or `removed`.
    counter TAKEN = "datil_search_taken_rows_total" in "rows", by { "what": OneOf(&["put", "removed"]) };
    /// Rows that can be searched in this process.
    gauge ROWS = "datil_search_rows" in "rows";
    /// Numbers of rows that the index of this process has not come to yet.
    gauge BEHIND = "datil_search_behind_rows" in "rows";
    /// Gaps: spans of dates whose crashes are not all in the index of this process yet.
    gauge GAPS = "datil_search_gaps" in "gaps";
    /// Seconds that a commit took.
    histogram(OF_WORK) COMMIT_DURATION = "datil_search_commit_duration_seconds" in "seconds";
    /// Rebuilds of the index of this process: of the `whole`, or of a `week`, that was missing or damaged.
    counter REBUILDS = "datil_search_rebuilds_total" in "rebuilds", by { "what": OneOf(&["whole", "week"]) };
    /// Searches: `answered`; `refused` for what they cost; `busy`: too many at once; `given_up` by who asked;
    /// `failed`: the index could not be read.
    counter SEARCHES = "datil_search_searches_total" in "searches",
        by { "outcome": OneOf(&["answered", "refused", "busy", "given_up", "failed"]) };
    /// Seconds of a processor that a search took.
    histogram(OF_REQUESTS) SEARCH_CPU = "datil_search_search_cpu_seconds" in "seconds";
}
