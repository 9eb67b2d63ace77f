//! What is asked: conditions, columns, order and aggregations.

use crate::fields::FieldId;
use crate::row::Value;

/// A search over the crashes of a span of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// What must all hold; each field at most once. The dates are among them.
    pub conditions: Vec<Condition>,
    /// The order of the hits; later ones decide between those that the earlier leave equal. Without any: the newest
    /// first. Crashes that are still equal are in the order of their ids.
    pub sort: Vec<Sort>,
    /// Only hits that come after this place in the order; what is counted does not depend on it.
    pub after: Option<After>,
    /// How many of the hits to pass over.
    pub offset: u64,
    /// Maximum number of hits.
    pub limit: u64,
    /// The columns of the hits, in order.
    pub columns: Vec<FieldId>,
    /// What is counted over all matches.
    pub aggregations: Vec<Aggregation>,
    /// Whether crashes are counted by their sampling weight too: of how many that happened each stands for.
    pub weighted: bool,
}

/// A place in the order of the hits: that of a hit, whether it is still there or not.
#[derive(Debug, Clone, PartialEq)]
pub struct After {
    /// The values by which the hits are sorted, one for each of [`Query::order`]; none where it is missing.
    pub values: Vec<Option<Value>>,
    /// The crash id.
    pub id: String,
}

impl Query {
    /// What the hits are sorted by before their ids: the newest first if nothing was said.
    pub fn order(&self) -> Vec<Sort> {
        if !self.sort.is_empty() {
            return self.sort.clone();
        }
        let newest = FieldId::of("date").map(|field| Sort {
            field,
            descending: true,
        });
        newest.into_iter().collect()
    }

    /// The fields that it names, in no order; some may come twice.
    pub fn fields(&self) -> Vec<FieldId> {
        let mut fields: Vec<FieldId> = self.conditions.iter().map(|condition| condition.field).collect();
        fields.extend(self.sort.iter().map(|sort| sort.field));
        fields.extend(&self.columns);
        let mut left: Vec<&Aggregation> = self.aggregations.iter().collect();
        while let Some(aggregation) = left.pop() {
            fields.push(aggregation.field());
            left.extend(aggregation.within());
        }
        fields
    }
}

/// What must hold for a field: all ranges, one of the positive tests if there are any, and none of the negated ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The field.
    pub field: FieldId,
    /// Bounds that must all hold. Of a field with several values, each bound may hold for another value.
    pub ranges: Vec<Range>,
    /// At least one of these must hold, if there are any.
    pub any: Vec<Test>,
    /// None of these may hold. A crash without the field passes all but [`Test::Missing`].
    pub none: Vec<Test>,
}

/// What a value is compared with. A test holds for a crash if it does for any value of the field.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// The field is missing.
    Missing,
    /// A text that is the same, letter by letter.
    Equals(String),
    /// A text that contains this one; case counts.
    Contains(String),
    /// A text that begins so; case counts.
    StartsWith(String),
    /// A text that ends so; case counts.
    EndsWith(String),
    /// A text that is matched as a whole.
    Matches(Pattern),
    /// A text that has any of these words, which are in lower case. Without words, nothing.
    Words(Vec<String>),
    /// A number or a moment that is the same.
    Number(Number),
    /// A boolean that is the same.
    Boolean(bool),
    /// A number or a moment within a bound.
    Range(Range),
}

/// A number to compare with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Of an integer field; of a date, microseconds UTC.
    Integer(i64),
    /// Of a number field.
    Number(f64),
}

/// A bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// On which side of it values are.
    pub side: Side,
    /// The bound.
    pub bound: Number,
}

/// On which side of a bound values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Greater.
    Above,
    /// Greater or equal.
    From,
    /// Less.
    Below,
    /// Less or equal.
    UpTo,
}

/// What hits are sorted by. Crashes without the field come last in either direction. Of several values the least
/// counts, or the greatest if it descends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The field.
    pub field: FieldId,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// What is counted over the matches, or over those of a bucket.
#[derive(Debug, Clone, PartialEq)]
pub enum Aggregation {
    /// How many crashes have each value, the most frequent first; of equally frequent ones, the least first.
    Terms {
        /// The field.
        field: FieldId,
        /// Maximum number of buckets.
        size: usize,
        /// What is counted in each bucket.
        within: Vec<Aggregation>,
    },
    /// How many crashes have a value in each interval, in order; intervals without any are left out.
    Histogram {
        /// The field: a number or a date.
        field: FieldId,
        /// How wide they are.
        interval: Interval,
        /// What is counted in each bucket.
        within: Vec<Aggregation>,
    },
    /// How many different values there are, exactly.
    Cardinality {
        /// The field.
        field: FieldId,
    },
}

impl Aggregation {
    /// The field.
    pub fn field(&self) -> FieldId {
        match self {
            Self::Terms { field, .. } | Self::Histogram { field, .. } | Self::Cardinality { field } => *field,
        }
    }

    /// What is counted in each bucket.
    pub fn within(&self) -> &[Self] {
        match self {
            Self::Terms { within, .. } | Self::Histogram { within, .. } => within,
            Self::Cardinality { .. } => &[],
        }
    }
}

/// How wide the buckets of a histogram are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Interval {
    /// For dates.
    Calendar(Calendar),
    /// For numbers: greater than 0. A bucket begins at a multiple of it.
    Number(f64),
}

/// A unit of the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendar {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// From midnight.
    Day,
    /// From Monday.
    Week,
    /// From the 1st.
    Month,
    /// From the 1st of January, April, July or October.
    Quarter,
    /// From the 1st of January.
    Year,
}

/// An expression that a text is matched with as a whole.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As it was typed.
    pub typed: String,
    /// Compiled, anchored at both ends.
    pub compiled: regex_automata::meta::Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.typed == other.typed
    }
}
