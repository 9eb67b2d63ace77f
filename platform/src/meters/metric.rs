//! A metric as a row: name, kind, unit, labels, meaning.

/// A row of the registry.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name, as `/metrics` shows it.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What it measures or counts, in the plural; the name ends in it. Empty for what has no unit: a 1 or 0.
    pub unit: &'static str,
    /// Its labels, in the order in which their values are given.
    pub labels: &'static [Label],
    /// What it says, as one line of sentences.
    pub help: &'static str,
    /// The names under which Antenna and Socorro send the same to statsd. Empty if they do not.
    pub statsd: &'static [&'static str],
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

/// A label of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// What its values may be.
    pub values: Values,
}

/// What the values of a label may be.
#[derive(Debug, Clone, Copy)]
pub enum Values {
    /// One of these.
    OneOf(&'static [&'static str]),
    /// Whatever these words describe: a set that settings, another table or the build of the program close.
    Open(&'static str),
}

impl Metric {
    /// Its type, as `# TYPE` names it.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        }
    }
}
