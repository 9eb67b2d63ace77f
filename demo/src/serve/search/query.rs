//! The query part of a search: parsed once, then applied to each record.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use serde_json::{Map, Value};

use super::known::Known;
use super::refusal::Refusal;
use crate::serve::record::{Field, Scalar};
use crate::world::Record;

/// A condition on a record.
#[derive(Debug)]
pub(super) enum Query {
    All,
    Nothing,
    AnyOf(Field, Vec<Scalar<'static>>),
    Prefix(Field, String),
    Range(Field, Vec<Bound>),
    Bool {
        all: Vec<Query>,
        none: Vec<Query>,
        some: Vec<Query>,
        at_least: usize,
    },
}

#[derive(Debug)]
pub(super) struct Bound {
    comparison: Comparison,
    value: Scalar<'static>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Over,
    From,
    Under,
    UpTo,
}

impl Query {
    pub(super) fn parse(query: Option<&Value>) -> Result<Self, Refusal> {
        let Some(query) = query else {
            return Ok(Self::All);
        };
        let (kind, body) = single(query)?;
        match kind {
            "match_all" => Ok(Self::All),
            "match_none" => Ok(Self::Nothing),
            "term" | "match" => {
                let (name, value) = single(body)?;
                let value = value.get("value").or_else(|| value.get("query")).unwrap_or(value);
                Self::any_of(name, std::slice::from_ref(value))
            }
            "terms" => {
                let (name, values) = single(body)?;
                Self::any_of(name, values.as_array().ok_or_else(malformed)?)
            }
            "prefix" => {
                let (name, value) = single(body)?;
                let value = value.get("value").unwrap_or(value).as_str().ok_or_else(malformed)?;
                Ok(Field::named(name).map_or(Self::Nothing, |field| Self::Prefix(field, value.to_owned())))
            }
            "range" => {
                let (name, bounds) = single(body)?;
                Self::range(name, bounds.as_object().ok_or_else(malformed)?)
            }
            "exists" => {
                let name = body.get("field").and_then(Value::as_str).ok_or_else(malformed)?;
                Ok(Field::named(name).map_or(Self::Nothing, |_| Self::All))
            }
            "bool" => Self::bool(body.as_object().ok_or_else(malformed)?),
            "regexp" | "wildcard" | "query_string" | "nested" | "match_phrase" => {
                let reason = format!("queries of the kind [{kind}] are not supported here");
                Err(Refusal::parsing("parsing_exception", reason))
            }
            _ => Err(Refusal::plain(format!("DSL class `{kind}` does not exist in query."))),
        }
    }

    fn any_of(name: &str, values: &[Value]) -> Result<Self, Refusal> {
        let Some(field) = Field::named(name) else {
            return Ok(Self::Nothing);
        };
        let values = values
            .iter()
            .map(|value| scalar(field, value).ok_or_else(|| unreadable(name, value)));
        Ok(Self::AnyOf(field, values.collect::<Result<_, _>>()?))
    }

    fn range(name: &str, bounds: &Map<String, Value>) -> Result<Self, Refusal> {
        let Some(field) = Field::named(name) else {
            return Ok(Self::Nothing);
        };
        let mut parsed = Vec::new();
        for (word, value) in bounds {
            let comparison = match word.as_str() {
                "gt" => Comparison::Over,
                "gte" | "from" => Comparison::From,
                "lt" => Comparison::Under,
                "lte" | "to" => Comparison::UpTo,
                "boost" | "format" | "time_zone" => continue,
                _ => {
                    return Err(Refusal::parsing(
                        "parsing_exception",
                        format!("[range] query does not support [{word}]"),
                    ));
                }
            };
            // "Over a day" and "up to a day" mean the end of the day.
            let whole_day = matches!(comparison, Comparison::Over | Comparison::UpTo);
            let value = match (field.is_date(), value) {
                (true, Value::String(text)) => date(text, whole_day).map(Scalar::Date),
                _ => scalar(field, value),
            };
            let value = value.ok_or_else(|| unreadable(name, &bounds[word]))?;
            parsed.push(Bound { comparison, value });
        }
        Ok(Self::Range(field, parsed))
    }

    fn bool(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let clauses = |key: &str| -> Result<Vec<Self>, Refusal> {
            match body.get(key) {
                None => Ok(Vec::new()),
                Some(Value::Array(queries)) => queries.iter().map(|query| Self::parse(Some(query))).collect(),
                Some(query) => Ok(vec![Self::parse(Some(query))?]),
            }
        };
        let known = ["must", "filter", "must_not", "should", "minimum_should_match", "boost"];
        if let Some(key) = body.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(Refusal::parsing(
                "parsing_exception",
                format!("[bool] query does not support [{key}]"),
            ));
        }
        let mut all = clauses("must")?;
        all.extend(clauses("filter")?);
        let some = clauses("should")?;
        let at_least = match body.get("minimum_should_match") {
            None => usize::from(all.is_empty() && !some.is_empty()),
            Some(count) => count
                .as_u64()
                .and_then(|count| usize::try_from(count).ok())
                .ok_or_else(malformed)?,
        };
        Ok(Self::Bool {
            all,
            none: clauses("must_not")?,
            some,
            at_least,
        })
    }

    /// Returns the first and last millisecond of upload that a matching record can have.
    pub(super) fn upload_times(&self) -> (i64, i64) {
        match self {
            Self::Range(Field::Date, bounds) => bounds.iter().fold((i64::MIN, i64::MAX), |(from, to), bound| {
                let Scalar::Date(at) = bound.value else {
                    return (from, to);
                };
                match bound.comparison {
                    Comparison::Over => (from.max(at.saturating_add(1)), to),
                    Comparison::From => (from.max(at), to),
                    Comparison::Under => (from, to.min(at.saturating_sub(1))),
                    Comparison::UpTo => (from, to.min(at)),
                }
            }),
            Self::Bool { all, .. } => all
                .iter()
                .map(Self::upload_times)
                .fold((i64::MIN, i64::MAX), |(from, to), (a, b)| (from.max(a), to.min(b))),
            _ => (i64::MIN, i64::MAX),
        }
    }

    /// Returns whether every record with one of these upload times matches.
    pub(super) fn is_of_upload_times(&self) -> bool {
        match self {
            Self::All | Self::Range(Field::Date, _) => true,
            Self::Bool {
                all, none, at_least, ..
            } => none.is_empty() && *at_least == 0 && all.iter().all(Self::is_of_upload_times),
            _ => false,
        }
    }

    pub(super) fn matches(&self, known: &Known<'_>, record: &Record) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::AnyOf(field, values) => values.contains(&known.field(record, *field)),
            Self::Prefix(field, prefix) => match known.field(record, *field) {
                Scalar::Text(text) => text.starts_with(prefix.as_str()),
                Scalar::Date(_) | Scalar::Number(_) => false,
            },
            Self::Range(field, bounds) => {
                let value = known.field(record, *field);
                bounds.iter().all(|bound| match bound.comparison {
                    Comparison::Over => value > bound.value,
                    Comparison::From => value >= bound.value,
                    Comparison::Under => value < bound.value,
                    Comparison::UpTo => value <= bound.value,
                })
            }
            Self::Bool {
                all,
                none,
                some,
                at_least,
            } => {
                all.iter().all(|query| query.matches(known, record))
                    && !none.iter().any(|query| query.matches(known, record))
                    && (*at_least == 0
                        || some
                            .iter()
                            .filter(|query| query.matches(known, record))
                            .take(*at_least)
                            .count()
                            == *at_least)
            }
        }
    }
}

/// Returns the only member of an object.
fn single(value: &Value) -> Result<(&str, &Value), Refusal> {
    match value.as_object().map(|map| (map.len(), map.iter().next())) {
        Some((1, Some((name, value)))) => Ok((name, value)),
        _ => Err(malformed()),
    }
}

fn malformed() -> Refusal {
    Refusal::parsing("parsing_exception", "[query] malformed query")
}

fn unreadable(name: &str, value: &Value) -> Refusal {
    Refusal::parsing(
        "parse_exception",
        format!("failed to parse field [{name}] with value [{value}]"),
    )
}

/// Returns a value to compare with a field's, by the type of the field.
pub(super) fn scalar(field: Field, value: &Value) -> Option<Scalar<'static>> {
    match value {
        Value::String(text) if field.is_date() => date(text, false).map(Scalar::Date),
        Value::String(text) if field.is_number() => text.parse().ok().map(Scalar::Number),
        Value::Number(number) if field.is_date() => number.as_i64().map(Scalar::Date),
        Value::Number(number) if field.is_number() => number.as_i64().map(Scalar::Number),
        Value::String(text) => Some(Scalar::Text(Cow::Owned(text.clone()))),
        Value::Number(number) => Some(Scalar::Text(Cow::Owned(number.to_string()))),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Parses a date, in a form that Elasticsearch accepts by default, to milliseconds. With `whole_day`, a day alone means
/// its last millisecond.
fn date(text: &str, whole_day: bool) -> Option<i64> {
    if let Ok(millis) = text.parse() {
        return Some(millis);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.timestamp_millis());
    }
    if let Ok(at) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
        return Some(at.and_utc().timestamp_millis());
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()?
        .and_time(chrono::NaiveTime::MIN);
    let at = if whole_day {
        day + TimeDelta::days(1) - TimeDelta::milliseconds(1)
    } else {
        day
    };
    Some(at.and_utc().timestamp_millis())
}
