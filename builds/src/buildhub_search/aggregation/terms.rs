//! The aggregation `terms`: a bucket for each value of a field.

use std::collections::{HashMap, HashSet};

use regex_automata::meta::Regex;
use serde_json::{Map, Value, json};

use super::bucket::{Bucket, date_text};
use super::inside::Inside;
use super::order::Order;
use super::room::Room;
use crate::buildhub_search::body::{Refused, only, text_of, whole_number};
use crate::buildhub_search::field::{Field, Scalar};
use crate::buildhub_search::query::scalar;
use crate::buildhub_search::regexp;
use crate::index::{BuildIndex, BuildRef};

/// Buckets by default.
const BUCKETS: usize = 10;
/// Maximum values in a list to include or exclude.
const MOST_VALUES: usize = 10_000;

/// The supported members. Those about how shards count together have no effect: counts are exact.
const KNOWN: [&str; 13] = [
    "field",
    "size",
    "order",
    "include",
    "exclude",
    "min_doc_count",
    "missing",
    "show_term_doc_count_error",
    "shard_size",
    "shard_min_doc_count",
    "collect_mode",
    "execution_hint",
    "format",
];

/// Groups by the values of a field.
#[derive(Debug)]
pub(super) struct Terms {
    field: Field,
    size: usize,
    order: Order,
    include: Option<Values>,
    exclude: Option<Values>,
    least: usize,
    missing: Option<Scalar<'static>>,
    shows_errors: bool,
}

/// Values of a field: those that an expression matches as a whole, or those in a list.
#[derive(Debug)]
enum Values {
    Fitting(Regex),
    Listed(HashSet<Scalar<'static>>),
}

impl Values {
    fn parse(word: &str, field: Field, values: Option<&Value>) -> Result<Option<Self>, Refused> {
        Ok(match values {
            None | Some(Value::Null) => None,
            Some(Value::String(_)) if field.is_date() => {
                return Err(Refused(format!(
                    "[{word}] of a date is a list of values: regular expressions are for texts"
                )));
            }
            Some(Value::String(pattern)) => Some(Self::Fitting(regexp::compile(pattern)?)),
            Some(Value::Array(values)) if values.len() <= MOST_VALUES => {
                let values = values.iter().map(|value| scalar(field, value));
                Some(Self::Listed(values.collect::<Result<_, _>>()?))
            }
            Some(_) => {
                return Err(Refused(format!(
                    "[{word}] is a regular expression or a list of at most {MOST_VALUES} values here"
                )));
            }
        })
    }

    fn contain(&self, value: &Scalar<'_>) -> bool {
        match (self, value) {
            (Self::Fitting(regex), Scalar::Text(text)) => regex.is_match(text.as_bytes()),
            (Self::Fitting(_), Scalar::Date(_)) => false,
            (Self::Listed(values), value) => values.contains(value),
        }
    }
}

impl Terms {
    pub(super) fn parse(body: &Map<String, Value>, has_measure: &dyn Fn(&str) -> bool) -> Result<Self, Refused> {
        only("terms", body, &KNOWN)?;
        let field = Field::named(text_of("field", body.get("field").unwrap_or(&Value::Null))?)?;
        let number = |word: &str, usual| body.get(word).map_or(Ok(usual), |number| whole_number(word, number));
        let size = number("size", BUCKETS)?;
        if size == 0 {
            return Err(Refused(
                "[size] must be greater than 0. Found [0] in [terms]".to_owned(),
            ));
        }
        Ok(Self {
            field,
            size,
            order: Order::parse(body.get("order"), has_measure, Order::by_count())?,
            include: Values::parse("include", field, body.get("include"))?,
            exclude: Values::parse("exclude", field, body.get("exclude"))?,
            least: number("min_doc_count", 1)?,
            missing: body.get("missing").map(|value| scalar(field, value)).transpose()?,
            shows_errors: body.get("show_term_doc_count_error") == Some(&Value::Bool(true)),
        })
    }

    /// Maximum number of times a build is examined.
    pub(super) fn weight(&self) -> usize {
        1 + usize::from(self.least == 0)
    }

    fn includes(&self, value: &Scalar<'_>) -> bool {
        let is_in = |values: &Option<Values>| values.as_ref().map(|values| values.contain(value));
        is_in(&self.include) != Some(false) && is_in(&self.exclude) != Some(true)
    }

    pub(super) fn answer<'a>(
        &'a self,
        index: &'a BuildIndex,
        builds: &[BuildRef<'a>],
        inside: &Inside<'_>,
        room: &mut Room,
    ) -> Result<Value, Refused> {
        let mut buckets: HashMap<Scalar<'a>, Vec<BuildRef<'a>>> = HashMap::new();
        for build in builds {
            if let Some(value) = self.field.of(*build).or_else(|| self.missing.clone()) {
                buckets.entry(value).or_default().push(*build);
            }
        }
        if self.least == 0 {
            for value in index.builds().filter_map(|build| self.field.of(build)) {
                buckets.entry(value).or_default();
            }
        }
        let mut buckets: Vec<Bucket<'a>> = buckets
            .into_iter()
            .filter(|(value, own)| own.len() >= self.least && self.includes(value))
            .collect();
        self.order.sort(&mut buckets, inside);
        let others: usize = buckets.iter().skip(self.size).map(|(_, own)| own.len()).sum();
        buckets.truncate(self.size);
        room.take(buckets.len())?;
        let mut answer = Vec::with_capacity(buckets.len());
        for (key, own) in &buckets {
            let mut bucket = (inside.answer)(own, room)?;
            bucket.insert("key".to_owned(), key.to_json());
            if let Scalar::Date(millis) = key {
                bucket.insert("key_as_string".to_owned(), json!(date_text(*millis)));
            }
            bucket.insert("doc_count".to_owned(), json!(own.len()));
            if self.shows_errors {
                bucket.insert("doc_count_error_upper_bound".to_owned(), json!(0));
            }
            answer.push(Value::Object(bucket));
        }
        Ok(json!({
            "doc_count_error_upper_bound": 0,
            "sum_other_doc_count": others,
            "buckets": answer,
        }))
    }
}
