//! The aggregations nested in a grouping.

use serde_json::{Map, Value};

use super::room::Room;
use crate::buildhub_search::body::Refused;
use crate::index::BuildRef;

/// Answers the nested aggregations for the builds of one bucket, by name.
type Answer<'a> = dyn Fn(&[BuildRef<'_>], &mut Room) -> Result<Map<String, Value>, Refused> + 'a;
/// The value of the named aggregation for the builds of a bucket.
type Measure<'a> = dyn Fn(&str, &[BuildRef<'_>]) -> Option<i64> + 'a;

/// What a grouping needs of its nested aggregations, which can be groupings themselves.
pub(super) struct Inside<'a> {
    pub(super) answer: Box<Answer<'a>>,
    pub(super) measure: Box<Measure<'a>>,
}
