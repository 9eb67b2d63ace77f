//! The plainest evaluation of a query: what every other one must agree with.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::answer::{Answer, Bucket, Counted, Facet, Key};
use crate::fields::{FieldId, Kind};
use crate::interval;
use crate::matching::{Matcher, compare, within};
use crate::query::{After, Aggregation, Condition, Interval, Number, Query, Sort, Test};
use crate::row::{Row, Value};

/// Answers a query over these rows, each of another crash.
pub fn answer(rows: &[Row], query: &Query) -> Answer {
    let mut found: Vec<&Row> = rows.iter().filter(|row| matches(row, query)).collect();
    let weighted = query.weighted;
    let (total, weight) = (found.len() as u64, weighted.then(|| weight(&found)));
    let facets = facets(&found, &query.aggregations, weighted);
    let sort = query.order();
    found.sort_by(|left, right| order(left, right, &sort));
    if let Some(after) = &query.after {
        found.retain(|row| comes_after(row, after, &sort));
    }
    let end = query.offset.saturating_add(query.limit);
    let page = found.iter().skip(to_usize(query.offset)).take(to_usize(query.limit));
    let hits: Vec<String> = page.map(|row| row.id.clone()).collect();
    let last = found.get(to_usize(end).wrapping_sub(1));
    let last = last.filter(|_| query.limit > 0 && end < found.len() as u64);
    Answer {
        total,
        hits,
        last: last.map(|row| After {
            values: sort.iter().map(|sort| value_of(row, *sort)).collect(),
            id: row.id.clone(),
        }),
        facets,
        weighted: weight,
    }
}

/// The weights of these crashes together; one without a weight stands for itself.
fn weight(rows: &[&Row]) -> f64 {
    let field = FieldId::of("weight");
    let of_row = |row: &&Row| {
        let values = field.map(|field| values(row, field)).unwrap_or_default();
        match values.first() {
            Some(Value::Number(weight)) => *weight,
            _ => 1.0,
        }
    };
    rows.iter().map(of_row).sum()
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The values of a field.
fn values(row: &Row, field: FieldId) -> Vec<Value> {
    match field.name() {
        "uuid" => vec![Value::Text(row.id.clone())],
        "date" => vec![Value::Integer(row.date)],
        _ => {
            let of_field = row.values.iter().filter(|(of, _)| *of == field);
            of_field.map(|(_, value)| value.clone()).collect()
        }
    }
}

/// Whether a query finds a crash with this row.
pub fn matches(row: &Row, query: &Query) -> bool {
    query.conditions.iter().all(|condition| holds(row, condition))
}

fn holds(row: &Row, condition: &Condition) -> bool {
    let values = values(row, condition.field);
    let passes = |test: &Test| match test {
        Test::Missing => values.is_empty(),
        _ => {
            let matcher = Matcher::new(std::slice::from_ref(test));
            values.iter().any(|value| matcher.holds_for(value))
        }
    };
    let in_range = |range| {
        values
            .iter()
            .any(|value| number(value).is_some_and(|number| within(number, range)))
    };
    condition.ranges.iter().all(|range| in_range(*range))
        && (condition.any.is_empty() || condition.any.iter().any(passes))
        && !condition.none.iter().any(passes)
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Integer(integer) => Some(Number::Integer(*integer)),
        Value::Number(number) => Some(Number::Number(*number)),
        Value::Text(_) | Value::Boolean(_) => None,
    }
}

/// The order of hits.
fn order(left: &Row, right: &Row, sort: &[Sort]) -> Ordering {
    let orders = sort.iter().map(|sort| {
        let (left, right) = (value_of(left, *sort), value_of(right, *sort));
        order_by(left.as_ref(), right.as_ref(), *sort)
    });
    let by_sort = orders.fold(Ordering::Equal, Ordering::then);
    by_sort.then_with(|| left.id.cmp(&right.id))
}

fn comes_after(row: &Row, after: &After, sort: &[Sort]) -> bool {
    let orders = sort.iter().zip(&after.values);
    let orders = orders.map(|(sort, value)| order_by(value_of(row, *sort).as_ref(), value.as_ref(), *sort));
    let by_sort = orders.fold(Ordering::Equal, Ordering::then);
    by_sort.then_with(|| row.id.cmp(&after.id)).is_gt()
}

/// The value by which a crash is sorted.
fn value_of(row: &Row, sort: Sort) -> Option<Value> {
    let values = values(row, sort.field).into_iter();
    if sort.descending {
        values.max_by(order_of_values)
    } else {
        values.min_by(order_of_values)
    }
}

fn order_by(left: Option<&Value>, right: Option<&Value>, sort: Sort) -> Ordering {
    match (left, right) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(left), Some(right)) if sort.descending => order_of_values(right, left),
        (Some(left), Some(right)) => order_of_values(left, right),
    }
}

/// The order of the values of one field.
fn order_of_values(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        (Value::Boolean(left), Value::Boolean(right)) => left.cmp(right),
        (left, right) => match (number(left), number(right)) {
            (Some(left), Some(right)) => compare(left, right),
            _ => Ordering::Equal,
        },
    }
}

fn facets(rows: &[&Row], aggregations: &[Aggregation], weighted: bool) -> Vec<Facet> {
    aggregations
        .iter()
        .map(|aggregation| facet(rows, aggregation, weighted))
        .collect()
}

fn facet(rows: &[&Row], aggregation: &Aggregation, weighted: bool) -> Facet {
    match aggregation {
        Aggregation::Terms { field, size, within } => {
            let mut buckets = buckets(rows, |row| values(row, *field), within, *field, weighted);
            // Stable: equally frequent ones stay in the order of their values.
            buckets.sort_by_key(|bucket| std::cmp::Reverse(bucket.count));
            buckets.truncate(*size);
            Facet {
                of: Aggregation::Terms {
                    field: *field,
                    size: *size,
                    within: Vec::new(),
                },
                counted: Counted::Buckets(buckets),
            }
        }
        Aggregation::Histogram {
            field,
            interval,
            within,
        } => {
            let buckets = buckets(rows, |row| bounds(row, *field, *interval), within, *field, weighted);
            Facet {
                of: Aggregation::Histogram {
                    field: *field,
                    interval: *interval,
                    within: Vec::new(),
                },
                counted: Counted::Buckets(buckets),
            }
        }
        Aggregation::Cardinality { field } => {
            let all = rows.iter().flat_map(|row| values(row, *field));
            let different: HashSet<String> = all.map(|value| format!("{value:?}")).collect();
            Facet {
                of: aggregation.clone(),
                counted: Counted::Distinct(different.len() as u64),
            }
        }
    }
}

/// A bucket for each different value that `of` gives for a row, in the order of the values.
fn buckets(
    rows: &[&Row],
    of: impl Fn(&Row) -> Vec<Value>,
    within: &[Aggregation],
    field: FieldId,
    weighted: bool,
) -> Vec<Bucket> {
    let mut different = Vec::new();
    for row in rows {
        different.extend(of(row));
    }
    different.sort_by(order_of_values);
    different.dedup();
    let bucket = |value: Value| {
        let in_bucket: Vec<&Row> = rows.iter().copied().filter(|row| of(row).contains(&value)).collect();
        Bucket {
            key: key(&value, field),
            count: in_bucket.len() as u64,
            weighted: weighted.then(|| weight(&in_bucket)),
            facets: facets(&in_bucket, within, weighted),
        }
    };
    different.into_iter().map(bucket).collect()
}

/// The lower bounds of the intervals that values of the row are in.
fn bounds(row: &Row, field: FieldId, interval: Interval) -> Vec<Value> {
    let bound = |value: Value| match (value, interval) {
        (Value::Integer(micros), Interval::Calendar(unit)) => Some(Value::Integer(interval::of_date(micros, unit))),
        (Value::Integer(integer), Interval::Number(width)) => {
            Some(Value::Number(interval::of_number(integer as f64, width)))
        }
        (Value::Number(number), Interval::Number(width)) => Some(Value::Number(interval::of_number(number, width))),
        _ => None,
    };
    values(row, field).into_iter().filter_map(bound).collect()
}

fn key(value: &Value, field: FieldId) -> Key {
    match value {
        Value::Text(text) => Key::Text(text.clone()),
        Value::Integer(micros) if field.kind() == Kind::Date => Key::Date(*micros),
        Value::Integer(integer) => Key::Integer(*integer),
        Value::Number(number) => Key::Number(*number),
        Value::Boolean(boolean) => Key::Boolean(*boolean),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Range, Side};

    fn field(name: &str) -> FieldId {
        FieldId::of(name).unwrap()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    /// Four crashes, a second apart, the last ones at the same time.
    fn rows() -> Vec<Row> {
        let row = |id: &str, date: i64, values: &[(&str, Value)]| Row {
            id: id.to_owned(),
            date: date * 1_000_000,
            values: values
                .iter()
                .map(|(name, value)| (field(name), value.clone()))
                .collect(),
        };
        vec![
            row(
                "a",
                1,
                &[
                    ("addons", text("x")),
                    ("addons", text("y")),
                    ("uptime", Value::Integer(5)),
                ],
            ),
            row(
                "b",
                2,
                &[
                    ("addons", text("x")),
                    ("uptime", Value::Integer(65)),
                    ("safe_mode", Value::Boolean(true)),
                ],
            ),
            row("d", 61, &[("uptime", Value::Integer(70)), ("addons", text(""))]),
            row("c", 61, &[("safe_mode", Value::Boolean(false))]),
        ]
    }

    fn found(condition: Condition) -> Vec<String> {
        let query = Query {
            conditions: vec![condition],
            limit: 10,
            ..Query::default()
        };
        answer(&rows(), &query).hits
    }

    #[test]
    fn conditions_hold_by_their_groups() {
        let equals = |value: &str| Test::Equals(value.to_owned());
        let from = |bound| Range {
            side: Side::From,
            bound: Number::Integer(bound),
        };
        let below = |bound| Range {
            side: Side::Below,
            bound: Number::Integer(bound),
        };
        for (name, ranges, any, none, expected) in [
            ("addons", vec![], vec![equals("x")], vec![], vec!["b", "a"]),
            ("addons", vec![], vec![equals("x")], vec![equals("y")], vec!["b"]),
            ("addons", vec![], vec![equals("y"), equals("")], vec![], vec!["d", "a"]),
            ("addons", vec![], vec![], vec![equals("x"), equals("")], vec!["c"]),
            ("addons", vec![], vec![Test::Missing], vec![], vec!["c"]),
            ("addons", vec![], vec![], vec![Test::Missing], vec!["d", "b", "a"]),
            ("uptime", vec![from(5), below(70)], vec![], vec![], vec!["b", "a"]),
            (
                "uptime",
                vec![from(6)],
                vec![Test::Number(Number::Integer(70))],
                vec![],
                vec!["d"],
            ),
            (
                "safe_mode",
                vec![],
                vec![],
                vec![Test::Boolean(true)],
                vec!["c", "d", "a"],
            ),
            (
                "date",
                vec![from(2_000_000)],
                vec![],
                vec![equals("b")],
                vec!["c", "d", "b"],
            ),
            ("uuid", vec![], vec![equals("b"), equals("c")], vec![], vec!["c", "b"]),
        ] {
            let condition = Condition {
                field: field(name),
                ranges,
                any,
                none,
            };
            assert_eq!(found(condition.clone()), expected, "{condition:?}");
        }
    }

    #[test]
    fn hits_are_sorted_with_missing_values_last() {
        for (sort, expected) in [
            (vec![], ["c", "d", "b", "a"]),
            (vec![("uptime", false)], ["a", "b", "d", "c"]),
            (vec![("uptime", true)], ["d", "b", "a", "c"]),
            (vec![("addons", false)], ["d", "a", "b", "c"]),
            (vec![("addons", true)], ["a", "b", "d", "c"]),
            (vec![("safe_mode", false), ("date", true)], ["c", "b", "d", "a"]),
            (vec![("date", false)], ["a", "b", "c", "d"]),
        ] {
            let by = |(name, descending): &(&str, bool)| Sort {
                field: field(name),
                descending: *descending,
            };
            let query = Query {
                sort: sort.iter().map(by).collect(),
                limit: 10,
                ..Query::default()
            };
            assert_eq!(answer(&rows(), &query).hits, expected, "{sort:?}");
            let page = Query {
                offset: 1,
                limit: 2,
                ..query
            };
            assert_eq!(answer(&rows(), &page).hits, expected[1..3], "{sort:?}");
            assert_eq!(answer(&rows(), &page).total, 4);
        }
    }

    fn counts(facet: &Facet) -> Vec<(Key, u64)> {
        match &facet.counted {
            Counted::Buckets(buckets) => buckets
                .iter()
                .map(|bucket| (bucket.key.clone(), bucket.count))
                .collect(),
            Counted::Distinct(count) => vec![(Key::Integer(-1), *count)],
        }
    }

    #[test]
    fn values_and_intervals_are_counted() {
        let terms = |name: &str, size, within| Aggregation::Terms {
            field: field(name),
            size,
            within,
        };
        let histogram = |name: &str, interval| Aggregation::Histogram {
            field: field(name),
            interval,
            within: Vec::new(),
        };
        let minutes = Interval::Calendar(crate::query::Calendar::Minute);
        let name = |name: &str| Key::Text(name.to_owned());
        for (aggregation, expected) in [
            (
                terms("addons", 5, vec![]),
                vec![(name("x"), 2), (name(""), 1), (name("y"), 1)],
            ),
            (terms("addons", 2, vec![]), vec![(name("x"), 2), (name(""), 1)]),
            (
                terms("safe_mode", 5, vec![]),
                vec![(Key::Boolean(false), 1), (Key::Boolean(true), 1)],
            ),
            (terms("date", 1, vec![]), vec![(Key::Date(61_000_000), 2)]),
            (
                histogram("uptime", Interval::Number(60.0)),
                vec![(Key::Number(0.0), 1), (Key::Number(60.0), 2)],
            ),
            (
                histogram("date", minutes),
                vec![(Key::Date(0), 2), (Key::Date(60_000_000), 2)],
            ),
            (
                Aggregation::Cardinality { field: field("addons") },
                vec![(Key::Integer(-1), 3)],
            ),
        ] {
            let query = Query {
                aggregations: vec![aggregation.clone()],
                ..Query::default()
            };
            let answer = answer(&rows(), &query);
            assert_eq!(
                answer.facets.iter().map(counts).collect::<Vec<_>>(),
                [expected],
                "{aggregation:?}"
            );
            assert!(answer.hits.is_empty());
        }
        let nested = terms("addons", 1, vec![Aggregation::Cardinality { field: field("uptime") }]);
        let query = Query {
            aggregations: vec![nested],
            ..Query::default()
        };
        let Counted::Buckets(buckets) = &answer(&rows(), &query).facets[0].counted else {
            panic!("terms have buckets");
        };
        assert_eq!(
            buckets[0].facets.iter().map(counts).collect::<Vec<_>>(),
            [[(Key::Integer(-1), 2)]]
        );
    }
}
