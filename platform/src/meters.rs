//! Metrics: each service declares its own in one table, with [`meters!`](crate::meters!), and records by name.
//!
//! What a metric is called follows Prometheus' conventions: base units (seconds, bytes) at the end of the name,
//! `_total` for what only grows. A histogram has fixed buckets, so that those of many processes add up. Labels come
//! from closed sets, and never from what a client sent.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// What every request passes.
pub const METRICS: &[Metric] = &[BUILD_INFO];

/// The version and commit of the program that runs: always 1.
pub const BUILD_INFO: Metric = Metric {
    name: "datil_build_info",
    kind: Kind::Gauge,
    labels: &["version", "commit"],
    help: "Always 1: its labels say which version of the program runs, and of which commit.",
};

/// A metric: what it is called, what it counts, and in which unit (the end of its name).
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name, as `/metrics` shows it.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says, as one line of sentences.
    pub help: &'static str,
}

/// What a metric is to Prometheus.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It only grows, until the process ends.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts of values by these upper bounds.
    Histogram(&'static [f64]),
}

/// Bounds for the seconds of answering a request, or of waiting for a free hand.
pub const OF_REQUESTS: &[f64] = &[
    0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];
/// Bounds for the seconds of work on one crash.
pub const OF_WORK: &[f64] = &[
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];
/// Bounds for the seconds of an import.
pub const OF_IMPORTS: &[f64] = &[
    1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 10_800.0,
];
/// Bounds for the bytes of a report: powers of four from 1 KiB to 256 MiB.
pub const OF_BYTES: &[f64] = &[
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
];

impl Metric {
    /// Its type, as `# TYPE` names it.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        }
    }

    fn describe(&self) {
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, self.help),
            Kind::Gauge => metrics::describe_gauge!(self.name, self.help),
            Kind::Histogram(_) => metrics::describe_histogram!(self.name, self.help),
        }
    }
}

/// Starts collecting metrics for this process, and gives the handle that renders them. `tables` are all that the
/// process may record.
pub fn start(tables: &[&'static [Metric]]) -> PrometheusHandle {
    let recorder = recorder(tables);
    let handle = recorder.handle();
    // A second recorder in one process is refused, and the first one stays.
    let _ = metrics::set_global_recorder(recorder);
    tables.iter().copied().flatten().for_each(Metric::describe);
    handle
}

/// Shows the counters of a service from its start on, with 0 if nothing was counted: what is not there cannot be told
/// from what never happened. Those with labels come with their first value.
pub fn begin(table: &[Metric]) {
    for metric in table {
        if metric.kind == Kind::Counter && metric.labels.is_empty() {
            metrics::counter!(metric.name).increment(0);
        }
    }
}

/// Keeps these metrics, histograms in their buckets.
fn recorder(tables: &[&'static [Metric]]) -> PrometheusRecorder {
    // A histogram that no table has would otherwise be shown as quantiles, which cannot be added up.
    let builder = PrometheusBuilder::new().set_buckets(OF_REQUESTS);
    let builder = tables
        .iter()
        .copied()
        .flatten()
        .fold(builder, |builder, metric| match metric.kind {
            Kind::Histogram(bounds) => builder
                .and_then(|builder| builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)),
            _ => builder,
        });
    builder.expect("no list of bounds is empty").build_recorder()
}

/// Declares the metrics of a service: a constant with the name of each, and the table `METRICS` of all. Its comment is
/// its help.
///
/// ```
/// platform::meters! {
///     pub const METRICS;
///     /// Reports taken in.
///     counter TAKEN = "example_taken_total" by "kind";
///     /// How long it took to take one in.
///     histogram(platform::meters::OF_REQUESTS) SECONDS = "example_taking_seconds";
/// }
/// metrics::counter!(TAKEN, "kind" => "odd").increment(1);
/// ```
#[macro_export]
macro_rules! meters {
    (@kind counter) => { $crate::meters::Kind::Counter };
    (@kind gauge) => { $crate::meters::Kind::Gauge };
    (@kind histogram $bounds:expr) => { $crate::meters::Kind::Histogram($bounds) };
    ($vis:vis const METRICS; $(
        $(#[doc = $help:literal])+
        $kind:ident $(($bounds:expr))? $constant:ident = $name:literal $(by $($label:literal),+)?;
    )+) => {
        $(
            $(#[doc = $help])+
            pub(crate) const $constant: &str = $name;
        )+
        /// Every metric of this service.
        $vis const METRICS: &[$crate::meters::Metric] = &[$(
            $crate::meters::Metric {
                name: $name,
                kind: $crate::meters!(@kind $kind $($bounds)?),
                labels: &[$($($label),+)?],
                help: concat!($($help),+).trim_ascii(),
            },
        )+];
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::meters! {
        const METRICS;
        /// Things that
        /// happened.
        counter HAPPENED = "test_happened_total";
        /// Things that happened, by kind.
        counter BY_KIND = "test_by_kind_total" by "kind";
        /// How far it is.
        gauge FAR = "test_far_bytes";
        /// How long it took.
        histogram(&[1.0, 2.0]) TOOK = "test_took_seconds" by "what";
    }

    #[test]
    fn every_metric_has_help_a_type_and_fixed_buckets() {
        let recorder = recorder(&[METRICS]);
        let shown = metrics::with_local_recorder(&recorder, || {
            METRICS.iter().for_each(Metric::describe);
            begin(METRICS);
            metrics::counter!(BY_KIND, "kind" => "odd").increment(2);
            metrics::gauge!(FAR).set(7.0);
            for seconds in [0.5, 1.5, 9.0] {
                metrics::histogram!(TOOK, "what" => "it").record(seconds);
            }
            metrics::histogram!("test_in_no_table_seconds").record(0.5);
            recorder.handle().render()
        });
        for line in [
            "# HELP test_happened_total Things that happened.",
            "# TYPE test_happened_total counter",
            "test_happened_total 0",
            "test_by_kind_total{kind=\"odd\"} 2",
            "# HELP test_far_bytes How far it is.",
            "# TYPE test_far_bytes gauge",
            "test_far_bytes 7",
            "# TYPE test_took_seconds histogram",
            "test_took_seconds_bucket{what=\"it\",le=\"1\"} 1",
            "test_took_seconds_bucket{what=\"it\",le=\"2\"} 2",
            "test_took_seconds_bucket{what=\"it\",le=\"+Inf\"} 3",
            "test_took_seconds_sum{what=\"it\"} 11",
            "# TYPE test_in_no_table_seconds histogram",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
        }
        assert!(!shown.contains("quantile"), "{shown}");
        assert_eq!(METRICS.first().map(|metric| metric.name), Some(HAPPENED));
    }
}
