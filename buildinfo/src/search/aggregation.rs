//! Aggregations: how many builds have which value, one grouping inside the other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::query::{Context, Query};
use super::record::{Field, Scalar};
use super::{Refused, object, text_of, unsupported, whole_number};
use crate::index::BuildRef;

/// Buckets of a grouping, unless the client says.
const BUCKETS: usize = 10;

/// Aggregations by name.
#[derive(Debug, Default)]
pub(super) struct Aggregations(BTreeMap<String, Aggregation>);

#[derive(Debug)]
enum Aggregation {
    Terms {
        field: Field,
        size: usize,
        order: Order,
        inside: Aggregations,
    },
    Filter {
        query: Query,
        inside: Aggregations,
    },
    Cardinality(Field),
    Least(Field),
    Greatest(Field),
}

/// The order of buckets.
#[derive(Debug, Clone, Copy)]
enum Order {
    Key,
    KeyDescending,
    Count,
    CountDescending,
}

impl Aggregations {
    /// Reads the members `aggs` and `aggregations` of an object.
    pub(super) fn parse(parent: &Map<String, Value>) -> Result<Self, Refused> {
        let mut all = BTreeMap::new();
        for word in ["aggs", "aggregations"] {
            let Some(named) = parent.get(word) else {
                continue;
            };
            for (name, aggregation) in object(word, named)? {
                all.insert(
                    name.clone(),
                    Aggregation::parse(object(name, aggregation)?)?,
                );
            }
        }
        Ok(Self(all))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How often a build is looked at, at most.
    pub(super) fn weight(&self) -> usize {
        let weight = |aggregation: &Aggregation| match aggregation {
            Aggregation::Terms { inside, .. } => inside.weight() + 1,
            Aggregation::Filter { query, inside } => query.weight() + inside.weight(),
            Aggregation::Cardinality(_) | Aggregation::Least(_) | Aggregation::Greatest(_) => 1,
        };
        self.0.values().map(weight).sum()
    }

    /// The answers by name; `room` is how many buckets there may still be.
    pub(super) fn answer(
        &self,
        builds: &[BuildRef<'_>],
        room: &mut usize,
    ) -> Result<Map<String, Value>, Refused> {
        self.0
            .iter()
            .map(|(name, aggregation)| Ok((name.clone(), aggregation.answer(builds, room)?)))
            .collect()
    }
}

impl Aggregation {
    fn parse(body: &Map<String, Value>) -> Result<Self, Refused> {
        let around = ["aggs", "aggregations", "meta"];
        let mut kinds = body
            .iter()
            .filter(|(kind, _)| !around.contains(&kind.as_str()));
        let (Some((kind, own)), None) = (kinds.next(), kinds.next()) else {
            return Err(Refused("an aggregation has exactly one kind".to_owned()));
        };
        let inside = Aggregations::parse(body)?;
        let own_members = || object(kind, own);
        let field = || -> Result<Field, Refused> {
            let name = own_members()?.get("field").unwrap_or(&Value::Null);
            Field::named(text_of("field", name)?)
        };
        let date = || -> Result<Field, Refused> {
            let field = field()?;
            let refused = || Refused(format!("[{kind}] is only known of dates here"));
            field.is_date().then_some(field).ok_or_else(refused)
        };
        Ok(match kind.as_str() {
            "terms" => {
                let known = ["field", "size", "order", "shard_size"];
                if let Some(word) = own_members()?
                    .keys()
                    .find(|word| !known.contains(&word.as_str()))
                {
                    return Err(unsupported("member of [terms]", word, &known.join(", ")));
                }
                let size = own_members()?.get("size");
                Self::Terms {
                    field: field()?,
                    size: size.map_or(Ok(BUCKETS), |size| whole_number("size", size))?,
                    order: Order::parse(own_members()?.get("order"))?,
                    inside,
                }
            }
            "filter" => Self::Filter {
                query: Query::parse(own, Context::Filtering)?,
                inside,
            },
            "cardinality" => Self::Cardinality(field()?),
            "min" => Self::Least(date()?),
            "max" => Self::Greatest(date()?),
            _ => {
                let known = "terms, filter, cardinality, min and max";
                return Err(unsupported("aggregation", kind, known));
            }
        })
    }

    fn answer(&self, builds: &[BuildRef<'_>], room: &mut usize) -> Result<Value, Refused> {
        match self {
            Self::Terms {
                field,
                size,
                order,
                inside,
            } => terms(builds, *field, *size, *order, inside, room),
            Self::Filter { query, inside } => {
                let builds: Vec<BuildRef<'_>> = builds
                    .iter()
                    .copied()
                    .filter(|build| query.matches(*build))
                    .collect();
                let mut answer = inside.answer(&builds, room)?;
                answer.insert("doc_count".to_owned(), json!(builds.len()));
                Ok(Value::Object(answer))
            }
            Self::Cardinality(field) => {
                let values: HashSet<Scalar<'_>> =
                    builds.iter().filter_map(|build| field.of(*build)).collect();
                Ok(json!({ "value": values.len() }))
            }
            Self::Least(field) => {
                let values = builds.iter().filter_map(|build| field.of(*build));
                Ok(date(values.min().as_ref()))
            }
            Self::Greatest(field) => {
                let values = builds.iter().filter_map(|build| field.of(*build));
                Ok(date(values.max().as_ref()))
            }
        }
    }
}

impl Order {
    fn parse(order: Option<&Value>) -> Result<Self, Refused> {
        let order = match order {
            None => return Ok(Self::CountDescending),
            Some(Value::Array(orders)) => orders.first().unwrap_or(&Value::Null),
            Some(order) => order,
        };
        let (key, direction) = super::single("order", order)?;
        match (key, direction.as_str()) {
            ("_key" | "_term", Some("asc")) => Ok(Self::Key),
            ("_key" | "_term", Some("desc")) => Ok(Self::KeyDescending),
            ("_count", Some("asc")) => Ok(Self::Count),
            ("_count", Some("desc")) => Ok(Self::CountDescending),
            _ => Err(unsupported(
                "order of buckets",
                key,
                "_key, _term and _count, asc or desc",
            )),
        }
    }
}

fn terms(
    builds: &[BuildRef<'_>],
    field: Field,
    size: usize,
    order: Order,
    inside: &Aggregations,
    room: &mut usize,
) -> Result<Value, Refused> {
    let mut buckets: HashMap<Scalar<'_>, Vec<BuildRef<'_>>> = HashMap::new();
    for build in builds {
        if let Some(value) = field.of(*build) {
            buckets.entry(value).or_default().push(*build);
        }
    }
    let mut buckets: Vec<_> = buckets.into_iter().collect();
    buckets.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    match order {
        Order::Key => {}
        Order::KeyDescending => buckets.reverse(),
        Order::Count => buckets.sort_by_key(|(_, builds)| builds.len()),
        Order::CountDescending => buckets.sort_by_key(|(_, builds)| Reverse(builds.len())),
    }
    let shown = buckets.len().min(size);
    *room = room
        .checked_sub(shown)
        .ok_or_else(|| Refused("the answer would have too many buckets".to_owned()))?;
    let others: usize = buckets.iter().skip(size).map(|(_, own)| own.len()).sum();
    let mut answer = Vec::with_capacity(shown);
    for (key, own) in buckets.iter().take(size) {
        let mut bucket = inside.answer(own, room)?;
        bucket.insert("key".to_owned(), key.to_json());
        if let Scalar::Date(millis) = key {
            bucket.insert("key_as_string".to_owned(), json!(date_text(*millis)));
        }
        bucket.insert("doc_count".to_owned(), json!(own.len()));
        answer.push(Value::Object(bucket));
    }
    Ok(json!({
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": others,
        "buckets": answer,
    }))
}

fn date(value: Option<&Scalar<'_>>) -> Value {
    match value {
        Some(Scalar::Date(millis)) => {
            json!({ "value": millis, "value_as_string": date_text(*millis) })
        }
        Some(Scalar::Text(_)) | None => json!({ "value": null }),
    }
}

fn date_text(millis: i64) -> Option<String> {
    let time = chrono::DateTime::from_timestamp_millis(millis)?;
    Some(time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}
