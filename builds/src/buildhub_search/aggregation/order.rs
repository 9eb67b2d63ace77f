//! The order of buckets: by key, by count, or by the value of a nested aggregation.

use std::cmp::Ordering;

use serde_json::Value;

use super::bucket::Bucket;
use super::inside::Inside;
use crate::buildhub_search::body::{Refused, single, unsupported};

/// Maximum sort keys.
const MOST_KEYS: usize = 10;
const KNOWN: &str = "_key, _term, _count and the names of aggregations with one value inside, asc or desc";

/// The sort keys of buckets; buckets equal in all of them are ordered by key.
#[derive(Debug)]
pub(super) struct Order(Vec<(By, bool)>);

#[derive(Debug)]
enum By {
    Key,
    Count,
    /// A nested aggregation, by name.
    Inside(String),
}

impl Order {
    /// Parses an order; `has_measure` tells which aggregations it can name, and `usual` is the default.
    pub(super) fn parse(
        order: Option<&Value>,
        has_measure: &dyn Fn(&str) -> bool,
        usual: Self,
    ) -> Result<Self, Refused> {
        let orders = match order {
            None => return Ok(usual),
            Some(Value::Array(orders)) => orders.as_slice(),
            Some(order) => std::slice::from_ref(order),
        };
        if orders.len() > MOST_KEYS {
            return Err(Refused(format!("at most {MOST_KEYS} orders of buckets")));
        }
        let read = |order: &Value| {
            let (name, direction) = single("order", order)?;
            let direction = direction.as_str().map(str::to_ascii_lowercase);
            let by = match name {
                "_key" | "_term" | "_time" => By::Key,
                "_count" => By::Count,
                path => {
                    let name = path.strip_suffix(".value").unwrap_or(path);
                    if !has_measure(name) {
                        return Err(unsupported("order of buckets", path, KNOWN));
                    }
                    By::Inside(name.to_owned())
                }
            };
            match direction.as_deref() {
                Some("asc") => Ok((by, false)),
                Some("desc") => Ok((by, true)),
                _ => Err(unsupported("order of buckets", name, KNOWN)),
            }
        };
        orders.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Largest count first.
    pub(super) fn by_count() -> Self {
        Self(vec![(By::Count, true)])
    }

    /// By key, smallest first.
    pub(super) fn by_key() -> Self {
        Self(vec![(By::Key, false)])
    }

    /// Sorts buckets.
    pub(super) fn sort(&self, buckets: &mut Vec<Bucket<'_>>, inside: &Inside<'_>) {
        type Measured<'a> = (Vec<Option<i64>>, Bucket<'a>);
        let measures = |(_, builds): &Bucket<'_>| -> Vec<Option<i64>> {
            let measure = |(by, _): &(By, bool)| match by {
                By::Inside(name) => (inside.measure)(name, builds),
                By::Key | By::Count => None,
            };
            self.0.iter().map(measure).collect()
        };
        let mut measured: Vec<Measured<'_>> = std::mem::take(buckets)
            .into_iter()
            .map(|bucket| (measures(&bucket), bucket))
            .collect();
        let compare = |(left, a): &Measured<'_>, (right, b): &Measured<'_>| {
            let steps = self.0.iter().zip(left.iter().zip(right));
            let orders = steps.map(|((by, descending), (left, right))| {
                let order = match by {
                    By::Key => a.0.cmp(&b.0),
                    By::Count => a.1.len().cmp(&b.1.len()),
                    By::Inside(_) => match (left, right) {
                        (Some(left), Some(right)) => left.cmp(right),
                        // Missing values come last in both directions.
                        (left, right) => return left.is_none().cmp(&right.is_none()),
                    },
                };
                if *descending { order.reverse() } else { order }
            });
            orders
                .into_iter()
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
                .then_with(|| a.0.cmp(&b.0))
        };
        measured.sort_unstable_by(compare);
        buckets.extend(measured.into_iter().map(|(_, bucket)| bucket));
    }
}
