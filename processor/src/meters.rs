//! The metrics of the processor.

use platform::meters::{OF_REQUESTS, OF_WORK, OneOf, Open};

platform::meters! {
    pub const METRICS;
    /// Work on crashes that ended. `put off`: a store is away; `lost`: somebody else took over.
    counter CRASHES = "datil_processor_crashes_total" in "crashes",
        by {
            "outcome": OneOf(&[
                "processed", "signed", "enriched", "renewed", "deleted", "failed", "retried", "put off", "lost",
            ]),
        },
        statsd { "socorro.processor.save_processed_crash" };
    /// Seconds of work on one crash: `process` for all of it, `sign` for making its signature again, `enrich` for
    /// attaching its build again, `renew` for making its search row again.
    histogram(OF_WORK) CRASH_DURATION = "datil_processor_crash_duration_seconds" in "seconds",
        by { "kind": OneOf(&["process", "sign", "enrich", "renew"]) },
        statsd { "socorro.processor.process_crash" };
    /// Jobs that wait or are worked on, 10,000 of each lane at the most; the lane `failed` holds those given up.
    gauge QUEUED = "datil_processor_queued_jobs" in "jobs",
        by { "lane": OneOf(&["priority", "standard", "reprocessing", "enrichment", "failed"]) };
    /// 1 while no crash is claimed because the database or the blob store is away, else 0.
    gauge WAITS = "datil_processor_waits_for_stores";
    /// Crashes that were queued again because their build changed.
    counter REQUEUED = "datil_processor_requeued_crashes_total" in "crashes";
    /// Search rows of an older form that were made again from what is stored.
    counter RENEWED = "datil_processor_renewed_search_rows_total" in "rows";
    /// Search rows that have an older form, 10,000 of each form at the most: they lack fields that came later.
    gauge OLDER_ROWS = "datil_processor_older_search_rows" in "rows";
    /// Rules that failed at a crash; the other rules went on.
    counter RULE_FAILURES = "datil_processor_rule_failures_total" in "failures",
        by { "rule": Open("the name of a processing rule") };
    /// Seconds that walking a minidump took, by whether its symbols had been parsed before (`warm`) or not (`cold`).
    histogram(OF_WORK) WALK_DURATION = "datil_processor_walk_duration_seconds" in "seconds",
        by { "symbols": OneOf(&["warm", "cold"]) },
        statsd { "socorro.processor.minidumpstackwalk.run" };
    /// Seconds that walks waited for a child process.
    histogram(OF_REQUESTS) WALK_WAIT_DURATION = "datil_processor_walk_wait_duration_seconds" in "seconds";
    /// Child processes that ended: `idle` (while they had no work), `retired` (after enough work), or what killed them.
    counter ENDED_WALKERS = "datil_processor_ended_walkers_total" in "walkers",
        by {
            "cause": OneOf(&["idle", "retired", "timeout", "out of memory", "panic", "signal", "protocol"]),
        };
    /// Child processes that died over a crash.
    counter WALKER_DEATHS = "datil_processor_walker_deaths_total" in "deaths",
        by { "cause": OneOf(&["timeout", "out of memory", "panic", "signal", "protocol"]) },
        statsd { "socorro.processor.minidumpstackwalk.run" };
}

/// Shows all metrics from the start, including the failures of each of these rules.
pub(crate) fn begin(rules: impl IntoIterator<Item = &'static str>) {
    platform::meters::begin(METRICS);
    for rule in rules {
        RULE_FAILURES.add_with(0, [rule]);
    }
}
