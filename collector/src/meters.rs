//! The metrics of the collector. Their names are those of Socorro's collector after its prefix `socorro.`, with the
//! units and ends that Prometheus wants, so that dashboards are easily carried over.

use platform::meters::{OF_BYTES, OF_REQUESTS};

platform::meters! {
    pub const METRICS;
    /// Seconds from a report's first byte to its answer.
    histogram(OF_REQUESTS) ON_POST = "collector_breakpad_resource_on_post_seconds";
    /// Bytes of a report's body after inflating; `payload` says how it came: `compressed` or `uncompressed`.
    histogram(OF_BYTES) CRASH_SIZE = "collector_breakpad_resource_crash_size_bytes" by "payload";
    /// Reports that came packed with gzip.
    counter GZIPPED = "collector_breakpad_resource_gzipped_crash_total";
    /// Reports that cannot be read, by the code in the answer.
    counter MALFORMED = "collector_breakpad_resource_malformed_total" by "reason";
    /// Well-formed reports.
    counter INCOMING = "collector_breakpad_resource_incoming_crash_total";
    /// Reports by the throttling rule that decided.
    counter THROTTLE_RULE = "collector_breakpad_resource_throttle_rule_total" by "rule";
    /// Reports by what throttling decided: `accept`, `reject` or `fakeaccept`.
    counter THROTTLE = "collector_breakpad_resource_throttle_total" by "result";
    /// Reports with an id that they may not choose themselves.
    counter UNAUTHORIZED = "collector_breakpad_resource_unauthorized_uuid_total";
    /// Seconds from the decision to keep a report to its answer.
    histogram(OF_REQUESTS) HANDLING = "collector_crashmover_crash_handling_seconds";
    /// Seconds until a report was durable.
    histogram(OF_REQUESTS) SAVE_TIME = "collector_crashmover_crash_save_seconds";
    /// Times that storing a report failed and was tried again.
    counter RETRIES = "collector_crashmover_retry_total" by "count";
    /// Reports made durable.
    counter SAVED = "collector_crashmover_save_crash_total";
    /// Reports that could not be stored: their clients got 503 and keep them.
    counter DROPPED = "collector_crashmover_save_crash_dropped_total";
    /// Reports that came twice: `answered` with the first id, or `stored` as a copy.
    counter DUPLICATES = "collector_duplicates_total" by "kind";
    /// Rows that were left to the sweep, since the database was slow or away.
    counter UNRECORDED = "collector_unrecorded_total";
    /// Rows that the sweep inserted.
    counter SWEPT = "collector_sweep_inserted_total";
    /// Stored objects that are no raw crash.
    counter DAMAGED = "collector_sweep_damaged_total";
    /// Bytes of reports that are in memory.
    gauge IN_FLIGHT = "collector_in_flight_bytes";
}
