//! Recording: a type for each kind of metric, which knows how many labels it has.

use metrics::{IntoF64, SharedString};

use super::metric::{Kind, Metric};

/// A count of what happened, with `LABELS` labels.
#[derive(Debug, Clone, Copy)]
pub struct Counter<const LABELS: usize>(&'static Metric);

/// A value that goes up and down, with `LABELS` labels.
#[derive(Debug, Clone, Copy)]
pub struct Gauge<const LABELS: usize>(&'static Metric);

/// Values by size, with `LABELS` labels.
#[derive(Debug, Clone, Copy)]
pub struct Histogram<const LABELS: usize>(&'static Metric);

/// What the three kinds share.
macro_rules! of_row {
    ($($kind:ident),+) => {$(
        impl<const LABELS: usize> $kind<LABELS> {
            /// Records as this row says.
            pub const fn new(metric: &'static Metric) -> Self {
                assert!(metric.labels.len() == LABELS, "a row has the labels of its type");
                Self(metric)
            }

            /// Its row.
            pub const fn metric(&self) -> &'static Metric {
                self.0
            }
        }
    )+};
}

of_row!(Counter, Gauge, Histogram);

#[expect(clippy::disallowed_macros, reason = "this is what all others record through")]
impl Counter<0> {
    /// Adds to the count.
    pub fn add(&self, count: u64) {
        metrics::counter!(self.0.name).increment(count);
    }
}

#[expect(clippy::disallowed_macros, reason = "this is what all others record through")]
impl<const LABELS: usize> Counter<LABELS> {
    /// Adds to the count of these label values.
    pub fn add_with<V: Into<SharedString>>(&self, count: u64, values: [V; LABELS]) {
        metrics::counter!(self.0.name, self.0.labelled(values)).increment(count);
    }
}

#[expect(clippy::disallowed_macros, reason = "this is what all others record through")]
impl Gauge<0> {
    /// Makes this the value.
    pub fn set(&self, value: f64) {
        metrics::gauge!(self.0.name).set(value);
    }

    /// Changes the value by so much.
    pub fn add(&self, change: f64) {
        metrics::gauge!(self.0.name).increment(change);
    }
}

#[expect(clippy::disallowed_macros, reason = "this is what all others record through")]
impl<const LABELS: usize> Gauge<LABELS> {
    /// Makes this the value of these labels' values.
    pub fn set_with<V: Into<SharedString>>(&self, value: f64, values: [V; LABELS]) {
        metrics::gauge!(self.0.name, self.0.labelled(values)).set(value);
    }
}

#[expect(clippy::disallowed_macros, reason = "this is what all others record through")]
impl Histogram<0> {
    /// Counts a value; a duration is one in seconds.
    pub fn observe(&self, value: impl IntoF64) {
        metrics::histogram!(self.0.name).record(value);
    }
}

#[expect(clippy::disallowed_macros, reason = "this is what all others record through")]
impl<const LABELS: usize> Histogram<LABELS> {
    /// Counts a value of these labels' values; a duration is one in seconds.
    pub fn observe_with<V: Into<SharedString>>(&self, value: impl IntoF64, values: [V; LABELS]) {
        metrics::histogram!(self.0.name, self.0.labelled(values)).record(value);
    }
}

impl Metric {
    /// Its labels with these values.
    fn labelled<V: Into<SharedString>, const LABELS: usize>(&self, values: [V; LABELS]) -> Vec<metrics::Label> {
        let labelled = self.labels.iter().zip(values).map(|(label, value)| {
            let value = value.into();
            debug_assert!(label.values.allow(&value), "{}: {} is {value}", self.name, label.name);
            metrics::Label::new(label.name, value)
        });
        labelled.collect()
    }

    /// Tells the recorder what it means.
    #[expect(clippy::disallowed_macros, reason = "this is what all others record through")]
    pub(super) fn describe(&self) {
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, self.help),
            Kind::Gauge => metrics::describe_gauge!(self.name, self.help),
            Kind::Histogram(_) => metrics::describe_histogram!(self.name, self.help),
        }
    }
}
