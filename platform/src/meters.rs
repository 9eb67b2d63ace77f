//! The registry of metrics: one row for a metric, and one call that records it.
//!
//! Each service has a table of rows, made with [`meters!`](crate::meters!); all tables together are what `/metrics` may
//! show and what `docs/metrics.md` lists. A row is a constant whose type knows its kind and how many labels it has, so
//! a call can neither name a wrong label nor forget one. Nothing else records: the crate `metrics` is used here only.
//!
//! Names are `datil_<service>_<what>_<unit>`, with `_total` at the end of what only grows; units are Prometheus' base
//! units (seconds, bytes) or what is counted. A histogram has fixed buckets, so that those of many processes add up.
//! Labels never hold what a client sent.

mod metric;
mod record;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

pub(crate) use metrics::SharedString;
pub use metrics_exporter_prometheus::PrometheusHandle;

pub use self::metric::Values::{OneOf, Open};
pub use self::metric::{Kind, Label, Metric, Values};
pub use self::record::{Counter, Gauge, Histogram};

crate::meters! {
    pub const METRICS;
    /// Always 1: its labels say which version of the program runs, and of which commit.
    gauge BUILD_INFO = "datil_build_info",
        by { "version": Open("the version"), "commit": Open("the whole hash, or empty if it is not known") };
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

impl Values {
    /// Whether this may be a value.
    pub fn allow(&self, value: &str) -> bool {
        match self {
            Self::OneOf(values) => values.contains(&value),
            Self::Open(_) => true,
        }
    }
}

/// Starts collecting metrics for this process, and gives the handle that renders them. `registry` is all that the
/// process may record.
pub fn start(registry: &[&'static Metric]) -> PrometheusHandle {
    let recorder = recorder(registry);
    let handle = recorder.handle();
    // A second recorder in one process is refused, and the first one stays.
    let _ = metrics::set_global_recorder(recorder);
    registry.iter().for_each(|metric| metric.describe());
    handle
}

/// Shows the counters of a service from its start on, with 0 if nothing was counted: what is not there cannot be told
/// from what never happened, and a series that begins with 1 is no increase. A counter comes with every value of its
/// label, if it has one label whose values are a closed set; others come when they are counted first.
pub fn begin(table: &[&'static Metric]) {
    for metric in table.iter().filter(|metric| metric.kind == Kind::Counter) {
        match metric.labels {
            [] => Counter::<0>::new(metric).add(0),
            [label] => {
                if let OneOf(values) = label.values {
                    let counter = Counter::<1>::new(metric);
                    values.iter().for_each(|value| counter.add_with(0, [*value]));
                }
            }
            _ => {}
        }
    }
}

/// Keeps these metrics, histograms in their buckets.
fn recorder(registry: &[&'static Metric]) -> PrometheusRecorder {
    let histograms = registry.iter().filter_map(|metric| match metric.kind {
        Kind::Histogram(bounds) => Some((metric.name, bounds)),
        Kind::Counter | Kind::Gauge => None,
    });
    let builder = histograms.fold(PrometheusBuilder::new(), |builder, (name, bounds)| {
        builder
            .set_buckets_for_metric(Matcher::Full(name.to_owned()), bounds)
            .expect("no list of bounds is empty")
    });
    builder.build_recorder()
}

/// Makes a table of the registry: a constant for each row, and `METRICS`, all rows in order.
///
/// A row is its meaning (the comment), its kind, constant and name, `in` its unit, `by` its labels with what their
/// values may be, and the names that statsd gets for the same from Antenna and Socorro. What there is none of is left
/// out.
///
/// ```
/// use platform::meters::{OF_REQUESTS, OneOf};
///
/// platform::meters! {
///     pub const METRICS;
///     /// Reports taken in.
///     counter TAKEN = "datil_example_taken_reports_total" in "reports",
///         by { "kind": OneOf(&["odd", "even"]) },
///         statsd { "socorro.example.taken" };
///     /// How long it took to take one in.
///     histogram(OF_REQUESTS) DURATION = "datil_example_duration_seconds" in "seconds";
/// }
/// TAKEN.add_with(1, ["odd"]);
/// DURATION.observe(0.25);
/// ```
///
/// A label that is forgotten does not compile:
///
/// ```compile_fail
/// use platform::meters::OneOf;
///
/// platform::meters! {
///     pub const METRICS;
///     /// Reports taken in.
///     counter TAKEN = "datil_example_taken_reports_total" in "reports", by { "kind": OneOf(&["odd", "even"]) };
/// }
/// TAKEN.add(1);
/// ```
#[macro_export]
macro_rules! meters {
    (@type counter $($label:literal)*) => { $crate::meters::Counter<{ <[&str]>::len(&[$($label),*]) }> };
    (@type gauge $($label:literal)*) => { $crate::meters::Gauge<{ <[&str]>::len(&[$($label),*]) }> };
    (@type histogram $($label:literal)*) => { $crate::meters::Histogram<{ <[&str]>::len(&[$($label),*]) }> };
    (@kind counter) => { $crate::meters::Kind::Counter };
    (@kind gauge) => { $crate::meters::Kind::Gauge };
    (@kind histogram $bounds:expr) => { $crate::meters::Kind::Histogram($bounds) };
    ($vis:vis const METRICS; $(
        $(#[doc = $help:literal])+
        $kind:ident $(($bounds:expr))? $constant:ident = $name:literal $(in $unit:literal)?
        $(, by { $($label:literal: $values:expr),+ $(,)? })?
        $(, statsd { $($statsd:literal),+ $(,)? })?;
    )+) => {
        $(
            $(#[doc = $help])+
            pub(crate) const $constant: $crate::meters!(@type $kind $($($label)+)?) =
                <$crate::meters!(@type $kind $($($label)+)?)>::new(&$crate::meters::Metric {
                    name: $name,
                    kind: $crate::meters!(@kind $kind $($bounds)?),
                    unit: concat!($($unit)?),
                    labels: &[$($($crate::meters::Label { name: $label, values: $values }),+)?],
                    help: concat!($($help),+).trim_ascii(),
                    statsd: &[$($($statsd),+)?],
                });
        )+
        /// Every metric of this table.
        $vis const METRICS: &[&$crate::meters::Metric] = &[$($constant.metric()),+];
    };
}

#[cfg(test)]
mod tests;
