//! The metrics of the collector.

use platform::meters::{OF_BYTES, OF_REQUESTS, OneOf, Open};

platform::meters! {
    pub const METRICS;
    /// Seconds from a report's first byte to its answer.
    histogram(OF_REQUESTS) SUBMIT_DURATION = "datil_collector_submit_duration_seconds" in "seconds",
        statsd { "socorro.collector.breakpad_resource.on_post.time" };
    /// Bytes of a report's body after inflating, by how it came.
    histogram(OF_BYTES) REPORT_SIZE = "datil_collector_report_size_bytes" in "bytes",
        by { "payload": OneOf(&["compressed", "uncompressed"]) },
        statsd { "socorro.collector.breakpad_resource.crash_size" };
    /// Reports that came packed with gzip.
    counter COMPRESSED = "datil_collector_compressed_reports_total" in "reports",
        statsd { "socorro.collector.breakpad_resource.gzipped_crash" };
    /// Reports that cannot be read, by the code in the answer.
    counter MALFORMED = "datil_collector_malformed_reports_total" in "reports",
        by {
            "reason": OneOf(&[
                "no_content_type", "wrong_content_type", "no_boundary", "no_content_length", "bad_gzip",
                "invalid_payload_structure", "invalid_json", "invalid_json_value", "no_annotations",
                "invalid_dump_name", "invalid_uuid", "post_body_too_large", "body_too_slow",
            ]),
        },
        statsd { "socorro.collector.breakpad_resource.malformed" };
    /// Reports that can be read.
    counter WELL_FORMED = "datil_collector_well_formed_reports_total" in "reports",
        statsd { "socorro.collector.breakpad_resource.incoming_crash" };
    /// Decisions of throttling, by the rule that decided. `fakeaccept`: answered as if it was kept, and thrown away.
    counter THROTTLE_DECISIONS = "datil_collector_throttle_decisions_total" in "decisions",
        by { "rule": Open("the name of a throttling rule"), "result": OneOf(&["accept", "fakeaccept", "reject"]) },
        statsd {
            "socorro.collector.breakpad_resource.throttle", "socorro.collector.breakpad_resource.throttle_rule"
        };
    /// Reports with an id that they may not choose themselves.
    counter UNAUTHORIZED = "datil_collector_unauthorized_reports_total" in "reports",
        statsd { "socorro.collector.breakpad_resource.unauthorized_uuid" };
    /// Seconds from the decision to keep a report to its answer.
    histogram(OF_REQUESTS) HANDLING_DURATION = "datil_collector_handling_duration_seconds" in "seconds",
        statsd { "socorro.collector.crashmover.crash_handling.time" };
    /// Seconds from the decision to keep a report until it was durable.
    histogram(OF_REQUESTS) SAVE_DURATION = "datil_collector_save_duration_seconds" in "seconds",
        statsd { "socorro.collector.crashmover.crash_save.time" };
    /// Times that storing a report failed and was tried again.
    counter RETRIES = "datil_collector_save_retries_total" in "retries",
        statsd { "socorro.collector.crashmover.retry_count" };
    /// Reports made durable.
    counter SAVED = "datil_collector_saved_reports_total" in "reports",
        statsd { "socorro.collector.crashmover.save_crash.count" };
    /// Reports that could not be stored: their clients got 503 and keep them.
    counter DROPPED = "datil_collector_dropped_reports_total" in "reports",
        statsd { "socorro.collector.crashmover.save_crash_dropped.count" };
    /// Reports that came twice: `answered` with the first id, or `stored` as a copy.
    counter DUPLICATES = "datil_collector_duplicate_reports_total" in "reports",
        by { "kind": OneOf(&["answered", "stored"]) };
    /// Durable reports whose row was left to the sweep, since the database was slow or away: processed a little later.
    counter UNRECORDED = "datil_collector_unrecorded_reports_total" in "reports",
        statsd { "socorro.collector.crashmover.publish_crash_dropped.count" };
    /// Rows that the sweep inserted.
    counter SWEPT = "datil_collector_swept_rows_total" in "rows";
    /// Stored objects that are no raw crash, each time that the sweep met one.
    counter DAMAGED = "datil_collector_damaged_objects_total" in "objects";
    /// Bytes of reports that are in memory.
    gauge IN_FLIGHT = "datil_collector_in_flight_bytes" in "bytes";
}
