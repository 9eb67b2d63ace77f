//! Aggregations: how many builds have which value, with nested groupings.

mod bucket;
mod dates;
mod hits;
mod inside;
mod order;
mod room;
mod terms;

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use self::bucket::{date_text, listed};
use self::dates::Dates;
use self::hits::TopHits;
use self::inside::Inside;
use self::terms::Terms;
use super::body::{Refused, object, only, text_of, unsupported};
use super::field::{Field, Scalar};
use super::query::{Context, Query};
use crate::index::{BuildIndex, BuildRef};

pub(super) use self::room::Room;

/// Maximum conditions of one `filters` aggregation.
const MOST_FILTERS: usize = 100;

/// Aggregations by name, each with the metadata that the client wants returned with its answer.
#[derive(Debug, Default)]
pub(super) struct Aggregations(BTreeMap<String, (Aggregation, Option<Value>)>);

#[derive(Debug)]
enum Aggregation {
    Terms(Terms, Aggregations),
    Dates(Dates, Aggregations),
    Filter(Query, Aggregations),
    Filters(Filters, Aggregations),
    Missing(Field, Aggregations),
    Cardinality(Field),
    Count(Field),
    Least(Field),
    Greatest(Field),
    TopHits(TopHits),
}

/// Several conditions, each with its own bucket.
#[derive(Debug)]
struct Filters {
    queries: Vec<(String, Query)>,
    /// Whether buckets have names; otherwise they form a list.
    named: bool,
    /// The name of the bucket for builds that match no condition, if wanted.
    other: Option<String>,
}

impl Aggregations {
    /// Parses the members `aggs` and `aggregations` of an object.
    pub(super) fn parse(parent: &Map<String, Value>) -> Result<Self, Refused> {
        let mut all = BTreeMap::new();
        for word in ["aggs", "aggregations"] {
            let Some(named) = parent.get(word) else {
                continue;
            };
            for (name, aggregation) in object(word, named)? {
                let body = object(name, aggregation)?;
                let meta = body.get("meta").cloned();
                all.insert(name.clone(), (Aggregation::parse(body)?, meta));
            }
        }
        Ok(Self(all))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Maximum number of times a build is examined.
    pub(super) fn weight(&self) -> usize {
        let all = self.0.values();
        all.map(|(aggregation, _)| aggregation.weight())
            .fold(0, usize::saturating_add)
    }

    /// The answers by name.
    pub(super) fn answer(
        &self,
        index: &BuildIndex,
        builds: &[BuildRef<'_>],
        room: &mut Room,
    ) -> Result<Map<String, Value>, Refused> {
        let mut answers = Map::new();
        for (name, (aggregation, meta)) in &self.0 {
            let mut answer = aggregation.answer(index, builds, room)?;
            if let Some(meta) = meta {
                answer["meta"] = meta.clone();
            }
            answers.insert(name.clone(), answer);
        }
        Ok(answers)
    }

    /// What a grouping needs to know of the aggregations nested in it.
    fn within<'a>(&'a self, index: &'a BuildIndex) -> Inside<'a> {
        Inside {
            answer: Box::new(move |builds, room| self.answer(index, builds, room)),
            measure: Box::new(move |name, builds| self.measure(name, builds)),
        }
    }

    /// Whether the aggregation with this name has one value.
    fn has_measure(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|(aggregation, _)| {
            !matches!(
                aggregation,
                Aggregation::Terms(..) | Aggregation::Dates(..) | Aggregation::Filters(..) | Aggregation::TopHits(_)
            )
        })
    }

    /// The one value of the aggregation with this name; for one with a single bucket, the number of builds in it.
    fn measure(&self, name: &str, builds: &[BuildRef<'_>]) -> Option<i64> {
        let (aggregation, _) = self.0.get(name)?;
        let count = |count: usize| i64::try_from(count).ok();
        let millis = |value: Option<Scalar<'_>>| match value {
            Some(Scalar::Date(millis)) => Some(millis),
            Some(Scalar::Text(_)) | None => None,
        };
        let values = |field: Field| builds.iter().filter_map(move |build| field.of(*build));
        match aggregation {
            Aggregation::Cardinality(field) => count(values(*field).collect::<HashSet<_>>().len()),
            Aggregation::Count(field) => count(values(*field).count()),
            Aggregation::Least(field) => millis(values(*field).min()),
            Aggregation::Greatest(field) => millis(values(*field).max()),
            Aggregation::Filter(query, _) => {
                let matching = builds.iter().filter(|build| query.matches(**build));
                count(matching.count())
            }
            Aggregation::Missing(field, _) => count(builds.iter().filter(|build| field.of(**build).is_none()).count()),
            Aggregation::Terms(..) | Aggregation::Dates(..) | Aggregation::Filters(..) | Aggregation::TopHits(_) => {
                None
            }
        }
    }
}

impl Aggregation {
    fn parse(body: &Map<String, Value>) -> Result<Self, Refused> {
        let around = ["aggs", "aggregations", "meta"];
        let mut kinds = body.iter().filter(|(kind, _)| !around.contains(&kind.as_str()));
        let (Some((kind, own)), None) = (kinds.next(), kinds.next()) else {
            return Err(Refused("an aggregation has exactly one kind".to_owned()));
        };
        let inside = Aggregations::parse(body)?;
        let field = |known: &[&str]| -> Result<Field, Refused> {
            let own = object(kind, own)?;
            only(kind, own, known)?;
            Field::named(text_of("field", own.get("field").unwrap_or(&Value::Null))?)
        };
        let date = || -> Result<Field, Refused> {
            let field = field(&["field", "format"])?;
            let refused = || Refused(format!("[{kind}] is only known of dates here"));
            field.is_date().then_some(field).ok_or_else(refused)
        };
        let metric = match kind.as_str() {
            "cardinality" => Self::Cardinality(field(&["field", "precision_threshold"])?),
            "value_count" => Self::Count(field(&["field"])?),
            "min" => Self::Least(date()?),
            "max" => Self::Greatest(date()?),
            "top_hits" => Self::TopHits(TopHits::parse(object(kind, own)?)?),
            "terms" => {
                let terms = Terms::parse(object(kind, own)?, &|name| inside.has_measure(name))?;
                return Ok(Self::Terms(terms, inside));
            }
            "date_histogram" => {
                let dates = Dates::parse(object(kind, own)?, &|name| inside.has_measure(name))?;
                return Ok(Self::Dates(dates, inside));
            }
            // Searchkit sends an empty condition if nothing is selected (buildhub#239).
            "filter" if object(kind, own)?.is_empty() => {
                return Ok(Self::Filter(Query::All, inside));
            }
            "filter" => return Ok(Self::Filter(Query::parse(own, Context::Filtering)?, inside)),
            "filters" => return Ok(Self::Filters(Filters::parse(object(kind, own)?)?, inside)),
            "missing" => return Ok(Self::Missing(field(&["field"])?, inside)),
            _ => {
                let known =
                    "terms, filter, filters, missing, date_histogram, top_hits, cardinality, value_count, min and max";
                return Err(unsupported("aggregation", kind, known));
            }
        };
        if inside.is_empty() {
            Ok(metric)
        } else {
            Err(Refused(format!(
                "an aggregation of the kind [{kind}] cannot have others inside"
            )))
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Terms(terms, inside) => inside.weight().saturating_add(terms.weight()),
            Self::Dates(_, inside) | Self::Missing(_, inside) => inside.weight().saturating_add(1),
            Self::Filter(query, inside) => query.weight().saturating_add(inside.weight()),
            Self::Filters(filters, inside) => {
                let queries = filters.queries.iter().map(|(_, query)| query.weight());
                let all = queries.fold(0, usize::saturating_add);
                // A build can be in each of the buckets.
                let buckets = filters.queries.len().saturating_add(1);
                all.saturating_add(inside.weight().saturating_mul(buckets))
            }
            Self::Cardinality(_) | Self::Count(_) | Self::Least(_) | Self::Greatest(_) | Self::TopHits(_) => 1,
        }
    }

    fn answer(&self, index: &BuildIndex, builds: &[BuildRef<'_>], room: &mut Room) -> Result<Value, Refused> {
        let matching = |keeps: &dyn Fn(BuildRef<'_>) -> bool| -> Vec<BuildRef<'_>> {
            builds.iter().copied().filter(|build| keeps(*build)).collect()
        };
        let values = |field: Field| builds.iter().filter_map(move |build| field.of(*build));
        match self {
            Self::Terms(terms, inside) => terms.answer(index, builds, &inside.within(index), room),
            Self::Dates(dates, inside) => dates.answer(builds, &inside.within(index), room),
            Self::Filter(query, inside) => bucket(index, &matching(&|build| query.matches(build)), inside, room),
            Self::Missing(field, inside) => {
                let without = matching(&|build| field.of(build).is_none());
                bucket(index, &without, inside, room)
            }
            Self::Filters(filters, inside) => filters.answer(index, builds, inside, room),
            Self::Cardinality(field) => {
                let values: HashSet<Scalar<'_>> = values(*field).collect();
                Ok(json!({ "value": values.len() }))
            }
            Self::Count(field) => Ok(json!({ "value": values(*field).count() })),
            Self::Least(field) => Ok(date(values(*field).min().as_ref())),
            Self::Greatest(field) => Ok(date(values(*field).max().as_ref())),
            Self::TopHits(hits) => hits.answer(builds, room),
        }
    }
}

impl Filters {
    fn parse(body: &Map<String, Value>) -> Result<Self, Refused> {
        only("filters", body, &["filters", "other_bucket", "other_bucket_key"])?;
        let query = |query: &Value| Query::parse(query, Context::Filtering);
        let (queries, named) = match body.get("filters") {
            Some(Value::Object(named)) if named.len() <= MOST_FILTERS => {
                let read = named.iter().map(|(name, own)| Ok((name.clone(), query(own)?)));
                (read.collect::<Result<Vec<_>, Refused>>()?, true)
            }
            Some(Value::Array(list)) if list.len() <= MOST_FILTERS => {
                let read = list.iter().map(|own| Ok((String::new(), query(own)?)));
                (read.collect::<Result<Vec<_>, Refused>>()?, false)
            }
            _ => {
                return Err(Refused(format!(
                    "[filters] needs an object or a list of at most {MOST_FILTERS} queries"
                )));
            }
        };
        let key = body.get("other_bucket_key");
        let key = key.map(|key| text_of("other_bucket_key", key)).transpose()?;
        let other = match (body.get("other_bucket"), key) {
            (Some(Value::Bool(false)), _) | (None, None) => None,
            (_, key) => Some(key.unwrap_or("_other_").to_owned()),
        };
        Ok(Self { queries, named, other })
    }

    fn answer(
        &self,
        index: &BuildIndex,
        builds: &[BuildRef<'_>],
        inside: &Aggregations,
        room: &mut Room,
    ) -> Result<Value, Refused> {
        let mut groups: Vec<(&str, Vec<BuildRef<'_>>)> = Vec::new();
        for (name, query) in &self.queries {
            let own = builds.iter().copied();
            groups.push((name, own.filter(|build| query.matches(*build)).collect()));
        }
        if let Some(name) = &self.other {
            let is_other = |build: &BuildRef<'_>| !self.queries.iter().any(|(_, query)| query.matches(*build));
            groups.push((name, builds.iter().copied().filter(is_other).collect()));
        }
        room.take(groups.len())?;
        let mut buckets = Vec::with_capacity(groups.len());
        for (name, own) in groups {
            buckets.push((name.to_owned(), bucket(index, &own, inside, room)?));
        }
        Ok(listed(buckets, self.named))
    }
}

/// A bucket without a key.
fn bucket(
    index: &BuildIndex,
    builds: &[BuildRef<'_>],
    inside: &Aggregations,
    room: &mut Room,
) -> Result<Value, Refused> {
    let mut answer = inside.answer(index, builds, room)?;
    answer.insert("doc_count".to_owned(), json!(builds.len()));
    Ok(Value::Object(answer))
}

fn date(value: Option<&Scalar<'_>>) -> Value {
    match value {
        Some(Scalar::Date(millis)) => {
            json!({ "value": millis, "value_as_string": date_text(*millis) })
        }
        Some(Scalar::Text(_)) | None => json!({ "value": null }),
    }
}
