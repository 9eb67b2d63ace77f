//! The aggregations of a search: records counted by the terms of a field.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::known::Known;
use super::refusal::Refusal;
use super::wire::{count, wire};
use crate::serve::record::{Field, Scalar};
use crate::world::Record;

/// Terms aggregations by name, each with those nested in its buckets.
pub(super) struct Aggregations(BTreeMap<String, Terms>);

struct Terms {
    field: Option<Field>,
    size: usize,
    /// Whether by key (else by count), and whether descending.
    order: (bool, bool),
    inside: Aggregations,
}

impl Aggregations {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn parse(parent: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut aggregations = BTreeMap::new();
        let malformed = || Refusal::parsing("parsing_exception", "malformed aggregation");
        for (name, aggregation) in ["aggs", "aggregations"]
            .iter()
            .filter_map(|key| parent.get(*key))
            .filter_map(Value::as_object)
            .flatten()
        {
            let aggregation = aggregation.as_object().ok_or_else(malformed)?;
            let kind = aggregation
                .keys()
                .find(|key| !matches!(key.as_str(), "aggs" | "aggregations" | "meta"));
            let Some(terms) = aggregation.get("terms") else {
                let kind = kind.map_or("", String::as_str);
                return Err(Refusal::plain(format!("DSL class `{kind}` does not exist in agg.")));
            };
            let terms = terms.as_object().ok_or_else(malformed)?;
            let field = terms.get("field").and_then(Value::as_str).ok_or_else(malformed)?;
            let field = Field::named(field);
            if field.is_some_and(Field::is_date) {
                return Err(Refusal::parsing(
                    "illegal_argument_exception",
                    "terms of a date are not supported",
                ));
            }
            aggregations.insert(
                name.clone(),
                Terms {
                    field,
                    size: usize::try_from(count(terms, "size", 10)?).unwrap_or(usize::MAX),
                    order: bucket_order(terms.get("order")).ok_or_else(malformed)?,
                    inside: Self::parse(aggregation)?,
                },
            );
        }
        Ok(Self(aggregations))
    }

    pub(super) fn answer(&self, known: &Known<'_>, hits: &[&Record]) -> Value {
        let answers = self
            .0
            .iter()
            .map(|(name, terms)| (name.clone(), terms.answer(known, hits)));
        Value::Object(answers.collect())
    }
}

fn bucket_order(order: Option<&Value>) -> Option<(bool, bool)> {
    let order = match order {
        None => return Some((false, true)),
        Some(Value::Array(orders)) => orders.first()?,
        Some(order) => order,
    };
    let (key, direction) = order.as_object()?.iter().next()?;
    let by_key = match key.as_str() {
        "_key" | "_term" => true,
        "_count" => false,
        _ => return None,
    };
    Some((by_key, direction.as_str()? == "desc"))
}

impl Terms {
    fn answer(&self, known: &Known<'_>, hits: &[&Record]) -> Value {
        let mut buckets: BTreeMap<Scalar<'_>, Vec<&Record>> = BTreeMap::new();
        if let Some(field) = self.field {
            for record in hits {
                buckets.entry(known.field(record, field)).or_default().push(record);
            }
        }
        let mut buckets: Vec<_> = buckets.into_iter().collect();
        match self.order {
            (true, false) => {}
            (true, true) => buckets.reverse(),
            (false, false) => buckets.sort_by_key(|(_, records)| records.len()),
            (false, true) => buckets.sort_by_key(|(_, records)| std::cmp::Reverse(records.len())),
        }
        let others: usize = buckets.iter().skip(self.size).map(|(_, records)| records.len()).sum();
        let buckets: Vec<Value> = buckets
            .iter()
            .take(self.size)
            .map(|(key, records)| {
                let mut bucket = match self.inside.answer(known, records) {
                    Value::Object(bucket) => bucket,
                    _ => Map::new(),
                };
                bucket.insert("key".to_owned(), wire(key));
                bucket.insert("doc_count".to_owned(), json!(records.len()));
                Value::Object(bucket)
            })
            .collect();
        json!({ "doc_count_error_upper_bound": 0, "sum_other_doc_count": others, "buckets": buckets })
    }
}
