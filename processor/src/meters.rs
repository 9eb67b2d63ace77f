//! The metrics of the processor.

use platform::meters::{OF_REQUESTS, OF_WORK};

platform::meters! {
    pub const METRICS;
    /// Work on crashes that ended: `processed`, `enriched`, `deleted`, `failed`, `retried`, `put off` (a store is away)
    /// or `lost` (somebody else took over).
    counter CRASHES = "processor_crashes_total" by "outcome";
    /// Seconds of work on one crash: `process` for all of it, `enrich` for attaching its build again.
    histogram(OF_WORK) SECONDS = "processor_crash_seconds" by "kind";
    /// Jobs that wait or are worked on, 10,000 of each lane at the most; the lane `failed` holds those given up.
    gauge QUEUE_DEPTH = "processor_queue_depth" by "lane";
    /// 1 while no crash is claimed because the database or the blob store is away, else 0.
    gauge WAITING = "processor_waits_for_stores";
    /// Crashes that were looked at again because their build changed.
    counter PUSHED = "processor_enrichments_pushed_total";
    /// Rules that failed at a crash; the other rules went on.
    counter RULE_FAILURES = "processor_rule_failures_total" by "rule";
    /// Seconds that walking a minidump took, by whether its symbols had been parsed before (`warm`) or not (`cold`).
    histogram(OF_WORK) WALK_SECONDS = "processor_walk_seconds" by "symbols";
    /// Seconds that walks waited for a child process.
    histogram(OF_REQUESTS) WALK_WAIT_SECONDS = "processor_walk_wait_seconds";
    /// Child processes that ended: `idle` (while they had no work), `retired` (after enough work), or what killed them.
    counter WALKERS_ENDED = "processor_walkers_ended_total" by "cause";
    /// Child processes that died over a crash.
    counter WALKER_DEATHS = "processor_walker_deaths_total" by "cause";
}

/// Declares them, and shows with 0 what is alarmed on: a series that begins with 1 is no increase.
pub fn begin() {
    platform::meters::begin(METRICS);
    metrics::counter!(CRASHES, "outcome" => "failed").increment(0);
    for rule in crate::rules::RULES {
        metrics::counter!(RULE_FAILURES, "rule" => rule.name).increment(0);
    }
}
