//! A query as the query string that means it.

use chrono::DateTime;
use url::form_urlencoded::Serializer;

use super::cursor::{self, to_cursor};
use crate::fields::{FieldId, Kind};
use crate::query::{Aggregation, Calendar, Condition, Interval, Number, Query, Range, Side, Test};

/// The query string of a query that [`super::parse`] made, without `?`. Parsed for the same caller it is the same
/// query, whenever that is: the dates are written out.
///
/// Of other queries what has no parameter is left out: aggregations within those of a histogram, conditions without
/// tests. A query without columns would ask for the usual ones.
pub fn to_query_string(query: &Query) -> String {
    let mut written = Serializer::new(String::new());
    let mut add = |name: &str, value: &str| {
        written.append_pair(name, value);
    };
    for condition in &query.conditions {
        add_condition(condition, &mut add);
    }
    for sort in &query.sort {
        let sign = if sort.descending { "-" } else { "" };
        add("_sort", &format!("{sign}{}", sort.field.name()));
    }
    if let Some(cursor) = query.after.as_ref().and_then(|after| to_cursor(query, after)) {
        add(cursor::NAME, &cursor);
    }
    if query.weighted {
        add("weighted", "1");
    }
    add("_results_offset", &query.offset.to_string());
    add("_results_number", &query.limit.to_string());
    for column in &query.columns {
        add("_columns", column.name());
    }
    if query.aggregations.is_empty() {
        add("_facets_size", "0");
    }
    if let Some(size) = size(&query.aggregations) {
        add("_facets_size", &size.to_string());
    }
    for aggregation in &query.aggregations {
        add("_facets", &name(aggregation));
    }
    for aggregation in &query.aggregations {
        match aggregation {
            Aggregation::Terms { field, within, .. } => {
                add_within(&format!("_aggs.{}", field.name()), within, &mut add);
            }
            Aggregation::Histogram { field, within, .. } => {
                let parameter = format!("_histogram.{}", field.name());
                within.iter().for_each(|within| add(&parameter, &name(within)));
            }
            Aggregation::Cardinality { .. } => {}
        }
    }
    let mut intervals = Vec::new();
    add_intervals(&query.aggregations, &mut intervals);
    for (field, interval) in intervals {
        add(
            &format!("_histogram_interval.{}", field.name()),
            &interval_text(interval),
        );
    }
    written.finish()
}

/// The query string of the conditions of a query alone, without `?`, as [`to_query_string`] writes them.
pub fn conditions_to_query_string(conditions: &[Condition]) -> String {
    let mut written = Serializer::new(String::new());
    let mut add = |name: &str, value: &str| {
        written.append_pair(name, value);
    };
    for condition in conditions {
        add_condition(condition, &mut add);
    }
    written.finish()
}

fn add_condition(condition: &Condition, add: &mut impl FnMut(&str, &str)) {
    let field = condition.field;
    for range in &condition.ranges {
        if let Some(value) = range_text(field, *range) {
            add(field.name(), &value);
        }
    }
    for (sign, tests) in [("", &condition.any), ("!", &condition.none)] {
        for value in tests.iter().filter_map(|test| test_text(field, test)) {
            add(field.name(), &format!("{sign}{value}"));
        }
    }
}

fn test_text(field: FieldId, test: &Test) -> Option<String> {
    const MISSING: &str = "__null__";
    Some(match test {
        Test::Missing => MISSING.to_owned(),
        Test::Equals(text) => format!("={text}"),
        Test::Contains(text) => format!("~{text}"),
        Test::StartsWith(text) => format!("^{text}"),
        Test::EndsWith(text) => format!("${text}"),
        Test::Matches(pattern) => format!("@{}", pattern.typed),
        Test::Words(words) => match words.join(" ") {
            // A word as well, behind a space.
            text if text == MISSING => format!(" {text}"),
            text => text,
        },
        Test::Number(number) => number_text(*number),
        Test::Boolean(boolean) => boolean.to_string(),
        Test::Range(range) => return range_text(field, *range),
    })
}

fn range_text(field: FieldId, range: Range) -> Option<String> {
    let sign = match range.side {
        Side::Above => ">",
        Side::From => ">=",
        Side::Below => "<",
        Side::UpTo => "<=",
    };
    let bound = match range.bound {
        Number::Integer(micros) if field.kind() == Kind::Date => date_text(micros)?,
        bound => number_text(bound),
    };
    Some(format!("{sign}{bound}"))
}

fn number_text(number: Number) -> String {
    match number {
        Number::Integer(integer) => integer.to_string(),
        Number::Number(number) => number.to_string(),
    }
}

/// A moment; none if it is before the year 0, which only a bound is that follows from the upper one.
fn date_text(micros: i64) -> Option<String> {
    let text = DateTime::from_timestamp_micros(micros)?
        .format("%Y-%m-%dT%H:%M:%S%.6fZ")
        .to_string();
    (!text.starts_with(['-', '+'])).then_some(text)
}

/// An aggregation as a value.
fn name(aggregation: &Aggregation) -> String {
    let field = aggregation.field().name();
    match aggregation {
        Aggregation::Terms { .. } => field.to_owned(),
        Aggregation::Histogram { .. } => format!("_histogram.{field}"),
        Aggregation::Cardinality { .. } => format!("_cardinality.{field}"),
    }
}

/// What is within the terms that a parameter names: first all of them, so that they stay in their order.
fn add_within(parameter: &str, within: &[Aggregation], add: &mut impl FnMut(&str, &str)) {
    for aggregation in within {
        add(parameter, &name(aggregation));
    }
    for aggregation in within {
        if let Aggregation::Terms { field, within, .. } = aggregation {
            add_within(&format!("{parameter}.{}", field.name()), within, add);
        }
    }
}

/// The size of the terms, which is the same for all.
fn size(aggregations: &[Aggregation]) -> Option<usize> {
    aggregations.iter().find_map(|aggregation| match aggregation {
        Aggregation::Terms { size, .. } => Some(*size),
        other => size(other.within()),
    })
}

/// The interval of each field, which is the same everywhere.
fn add_intervals(aggregations: &[Aggregation], found: &mut Vec<(FieldId, Interval)>) {
    for aggregation in aggregations {
        if let Aggregation::Histogram { field, interval, .. } = aggregation
            && found.iter().all(|(of, _)| of != field)
        {
            found.push((*field, *interval));
        }
        add_intervals(aggregation.within(), found);
    }
}

fn interval_text(interval: Interval) -> String {
    match interval {
        Interval::Number(width) => width.to_string(),
        Interval::Calendar(unit) => match unit {
            Calendar::Minute => "minute",
            Calendar::Hour => "hour",
            Calendar::Day => "day",
            Calendar::Week => "week",
            Calendar::Month => "month",
            Calendar::Quarter => "quarter",
            Calendar::Year => "year",
        }
        .to_owned(),
    }
}

#[cfg(test)]
mod tests;
