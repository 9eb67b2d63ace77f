//! What is answered.

use crate::query::{After, Aggregation};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// How many crashes match.
    pub total: u64,
    /// The ids of the hits, in order, within the offset and the limit.
    pub hits: Vec<String>,
    /// Where the last of these hits is, if others come after it.
    pub last: Option<After>,
    /// One for each aggregation of the query, in order.
    pub facets: Vec<Facet>,
    /// The sampling weights of all matches together, if it was asked for.
    pub weighted: Option<f64>,
}

/// What an aggregation counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Facet {
    /// The aggregation, without those within it.
    pub of: Aggregation,
    /// What was counted.
    pub counted: Counted,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq)]
pub enum Counted {
    /// Crashes by value or interval.
    Buckets(Vec<Bucket>),
    /// Different values.
    Distinct(u64),
}

/// The crashes with one value, or with values in one interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// The value; of an interval, its lower bound.
    pub key: Key,
    /// How many crashes.
    pub count: u64,
    /// Their sampling weights together, if it was asked for.
    pub weighted: Option<f64>,
    /// One for each aggregation within, in order.
    pub facets: Vec<Facet>,
}

/// What a bucket is named by.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// A text.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A moment, microseconds UTC.
    Date(i64),
}
