//! The registry of metrics: the tables of all services combined.

use platform::meters::{Metric, OneOf};

platform::meters! {
    pub(crate) const METRICS;
    /// Crashes that the upkeep put in order: an output `copied` to its place, or `discarded` since nobody needed it;
    /// objects of a deleted crash removed (`cleaned`); what was there `lost`, so that it is processed again; a deleted
    /// crash `forgotten` long after.
    counter UPKEEP = "datil_upkeep_crashes_total" in "crashes",
        by { "what": OneOf(&["copied", "discarded", "cleaned", "lost", "forgotten"]) };
}

/// The tables, each with its subject.
pub(crate) const TABLES: [(&str, &[&Metric]); 10] = [
    ("Every process", platform::meters::METRICS),
    ("HTTP", platform::http::meters::METRICS),
    ("Access", platform::access::meters::METRICS),
    ("Collector", collector::meters::METRICS),
    ("Processor", processor::meters::METRICS),
    ("Crash store", crashstore::meters::METRICS),
    ("Search", search::meters::METRICS),
    ("Builds", buildinfo::meters::METRICS),
    ("Bugs", bugs::meters::METRICS),
    ("Upkeep", METRICS),
];

/// Every metric that a process may show.
pub(crate) fn all() -> Vec<&'static Metric> {
    TABLES.iter().flat_map(|(_, table)| *table).copied().collect()
}
