//! The query of a search: parsed once, then checked against each build.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::{Bound, RangeBounds};

use chrono::{DateTime, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use regex_automata::meta::Regex;
use serde_json::{Map, Value};

use super::body::{Refused, object, single, text_of, unsupported, whole_number};
use super::field::{Field, Scalar};
use crate::index::BuildRef;
use crate::names::build_id::BuildId;

/// Maximum values in one list of terms.
const MOST_TERMS: usize = 10_000;

/// A condition on a build.
#[derive(Debug)]
pub(super) enum Query {
    All,
    Nothing,
    AnyOf(Field, HashSet<Scalar<'static>>),
    Prefix(Field, String),
    Matching(Field, Regex),
    Within(Field, (Bound<Scalar<'static>>, Bound<Scalar<'static>>)),
    Known(Field),
    Both {
        all: Vec<Query>,
        none: Vec<Query>,
        some: Vec<Query>,
        at_least: usize,
    },
}

/// Whether a query gives scores or only yes or no: in Elasticsearch 6 this decides how many of `should` must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Scoring,
    Filtering,
}

impl Query {
    /// Parses a query.
    pub(super) fn parse(query: &Value, context: Context) -> Result<Self, Refused> {
        let (kind, body) = single("query", query)?;
        let field = |name: &str| Field::named(name);
        Ok(match kind {
            "match_all" => Self::All,
            "match_none" => Self::Nothing,
            "term" | "match" => {
                let (name, value) = single(kind, body)?;
                let inner = value.get("value").or_else(|| value.get("query"));
                Self::any_of(field(name)?, [inner.unwrap_or(value)])?
            }
            "terms" => {
                let (name, values) = single(kind, body)?;
                let values = values
                    .as_array()
                    .filter(|values| values.len() <= MOST_TERMS)
                    .ok_or_else(|| Refused(format!("[terms] needs a list of at most {MOST_TERMS} values")))?;
                Self::any_of(field(name)?, values)?
            }
            "prefix" => {
                let (name, value) = single(kind, body)?;
                let prefix = text_of(kind, value.get("value").unwrap_or(value))?;
                Self::Prefix(field(name)?, prefix.to_owned())
            }
            "regexp" => {
                let (name, value) = single(kind, body)?;
                let pattern = text_of(kind, value.get("value").unwrap_or(value))?;
                Self::Matching(field(name)?, super::regexp::compile(pattern)?)
            }
            "range" => {
                let (name, bounds) = single(kind, body)?;
                Self::within(field(name)?, object(kind, bounds)?)?
            }
            "exists" => {
                let name = body.get("field").unwrap_or(&Value::Null);
                Self::Known(field(text_of(kind, name)?)?)
            }
            "bool" => Self::both(object(kind, body)?, context)?,
            _ => {
                let known = "match_all, match_none, term, terms, match, prefix, regexp, range, exists and bool";
                return Err(unsupported("query", kind, known));
            }
        })
    }

    fn any_of<'a>(field: Field, values: impl IntoIterator<Item = &'a Value>) -> Result<Self, Refused> {
        let values = values.into_iter().map(|value| scalar(field, value));
        Ok(Self::AnyOf(field, values.collect::<Result<_, _>>()?))
    }

    fn within(field: Field, bounds: &Map<String, Value>) -> Result<Self, Refused> {
        let (mut lower, mut upper) = (Bound::Unbounded, Bound::Unbounded);
        for (word, value) in bounds {
            // "Over a day" and "up to a day" mean the day's end.
            let last = matches!(word.as_str(), "gt" | "lte");
            let value = || match (field.is_date(), value) {
                (true, Value::String(text)) => date(text, last).map(Scalar::Date),
                _ => scalar(field, value),
            };
            match word.as_str() {
                "gt" => lower = Bound::Excluded(value()?),
                "gte" => lower = Bound::Included(value()?),
                "lt" => upper = Bound::Excluded(value()?),
                "lte" => upper = Bound::Included(value()?),
                "boost" => {}
                _ => {
                    return Err(unsupported("member of [range]", word, "gt, gte, lt and lte"));
                }
            }
        }
        Ok(Self::Within(field, (lower, upper)))
    }

    fn both(body: &Map<String, Value>, context: Context) -> Result<Self, Refused> {
        let read = |word: &str, context| -> Result<Vec<Self>, Refused> {
            match body.get(word) {
                None => Ok(Vec::new()),
                Some(Value::Array(queries)) => queries.iter().map(|query| Self::parse(query, context)).collect(),
                Some(query) => Ok(vec![Self::parse(query, context)?]),
            }
        };
        let known = ["must", "filter", "must_not", "should", "minimum_should_match", "boost"];
        if let Some(word) = body.keys().find(|word| !known.contains(&word.as_str())) {
            return Err(unsupported("member of [bool]", word, &known.join(", ")));
        }
        let mut all = read("must", context)?;
        all.extend(read("filter", Context::Filtering)?);
        let some = read("should", context)?;
        let at_least = match body.get("minimum_should_match") {
            Some(count) => whole_number("minimum_should_match", count)?,
            None => usize::from(!some.is_empty() && (all.is_empty() || context == Context::Filtering)),
        };
        Ok(Self::Both {
            all,
            none: read("must_not", Context::Filtering)?,
            some,
            at_least,
        })
    }

    /// Whether a build meets the condition.
    pub(super) fn matches(&self, build: BuildRef<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::AnyOf(field, values) => field.of(build).is_some_and(|value| values.contains(&value)),
            Self::Prefix(field, prefix) => text(*field, build, |text| text.starts_with(prefix)),
            Self::Matching(field, regex) => text(*field, build, |text| regex.is_match(text)),
            Self::Within(field, bounds) => field.of(build).is_some_and(|value| bounds.contains(&value)),
            Self::Known(field) => field.of(build).is_some(),
            Self::Both {
                all,
                none,
                some,
                at_least,
            } => {
                all.iter().all(|query| query.matches(build))
                    && !none.iter().any(|query| query.matches(build))
                    && some.iter().filter(|query| query.matches(build)).take(*at_least).count() == *at_least
            }
        }
    }

    /// The only build ids that can meet the condition, sorted, if it names them.
    pub(super) fn ids(&self) -> Option<Vec<BuildId>> {
        match self {
            Self::AnyOf(Field::BuildId, values) => {
                let mut ids: Vec<BuildId> = values
                    .iter()
                    .filter_map(|value| match value {
                        Scalar::Text(text) => text.parse().ok(),
                        Scalar::Date(_) => None,
                    })
                    .collect();
                ids.sort_unstable();
                ids.dedup();
                Some(ids)
            }
            Self::Both { all, .. } => all.iter().find_map(Self::ids),
            _ => None,
        }
    }

    /// Maximum number of conditions checked for a build.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Both { all, none, some, .. } => [all, none, some]
                .into_iter()
                .flatten()
                .map(Self::weight)
                .sum::<usize>()
                .saturating_add(1),
            _ => 1,
        }
    }
}

fn text(field: Field, build: BuildRef<'_>, holds: impl Fn(&str) -> bool) -> bool {
    match field.of(build) {
        Some(Scalar::Text(text)) => holds(&text),
        Some(Scalar::Date(_)) | None => false,
    }
}

/// A value to compare with a field's, in the field's type.
pub(super) fn scalar(field: Field, value: &Value) -> Result<Scalar<'static>, Refused> {
    match value {
        Value::String(text) if field.is_date() => date(text, false).map(Scalar::Date),
        Value::Number(number) if field.is_date() => number
            .as_i64()
            .map(Scalar::Date)
            .ok_or_else(|| no_date(&number.to_string())),
        Value::String(text) => Ok(Scalar::Text(Cow::Owned(text.clone()))),
        Value::Number(number) => Ok(Scalar::Text(Cow::Owned(number.to_string()))),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(Refused(
            "a field can only be compared with a text or a number".to_owned(),
        )),
    }
}

fn no_date(text: &str) -> Refused {
    let text = text::cut(text, 80);
    Refused(format!(
        "not a date: {text:?}; give it as 2026-08-31, as 2026-08-31T09:30:00Z, or in milliseconds"
    ))
}

/// Milliseconds of a date in one of Elasticsearch's default formats. With `last`, a year, month, day or minute alone
/// means its last millisecond.
fn date(text: &str, last: bool) -> Result<i64, Refused> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.timestamp_millis());
    }
    for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, form) {
            return Ok(at.and_utc().timestamp_millis());
        }
    }
    if text.len() > 4
        && let Ok(millis) = text.parse()
    {
        return Ok(millis);
    }
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN);
    let (begin, end) = if let Some(first) = day(text) {
        (midnight(first), midnight(first).checked_add_signed(TimeDelta::days(1)))
    } else if let Some(first) = day(&format!("{text}-01")) {
        (midnight(first), midnight(first).checked_add_months(Months::new(1)))
    } else if let Some(first) = day(&format!("{text}-01-01")) {
        (midnight(first), midnight(first).checked_add_months(Months::new(12)))
    } else if let Ok(minute) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M") {
        (minute, minute.checked_add_signed(TimeDelta::minutes(1)))
    } else {
        return Err(no_date(text));
    };
    let at = if last { end.ok_or_else(|| no_date(text))? } else { begin };
    Ok(at.and_utc().timestamp_millis() - i64::from(last))
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_in_the_forms_of_elasticsearch() {
        for (text, first, last) in [
            ("1970-01-02", 86_400_000, 172_799_999),
            ("1970-02", 2_678_400_000, 5_097_599_999),
            ("1970", 0, 31_535_999_999),
            ("1970-01-01T00:01", 60_000, 119_999),
            ("1970-01-01T00:00:01Z", 1000, 1000),
            ("1970-01-01T01:00:01.5+01:00", 1500, 1500),
            ("1970-01-01T00:00:01.25", 1250, 1250),
            ("86400000", 86_400_000, 86_400_000),
        ] {
            assert_eq!(date(text, false).unwrap(), first, "{text}");
            assert_eq!(date(text, true).unwrap(), last, "{text}");
        }
        for text in ["", "now-7d", "yesterday", "2026-13", "2026-02-30", "262143-12"] {
            assert!(date(text, true).is_err(), "{text}");
        }
    }
}
