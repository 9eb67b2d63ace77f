//! Buildhub's search: the part of Elasticsearch 6 that its clients use, over the records of a world.
//!
//! Other kinds of queries are refused as Elasticsearch refuses them, never answered wrongly.

mod aggregations;
mod known;
mod query;
mod refusal;
mod wire;

use std::cmp::Ordering;

use axum::http::StatusCode;
use serde_json::{Value, json};

pub(super) use self::known::Known;
pub(super) use self::refusal::Refusal;

use self::aggregations::Aggregations;
use self::query::Query;
use self::wire::{count, wire};
use super::record::{self, Field, Scalar};
use crate::world::Record;

/// Maximum hits in one answer; Buildhub itself refuses more.
const LARGEST_SIZE: u64 = 1000;
/// Elasticsearch does not page beyond this with `from`.
const RESULT_WINDOW: u64 = 10_000;

/// Answers a search.
pub(super) fn search(known: &Known<'_>, body: &[u8]) -> Result<Value, Refusal> {
    let request = Search::parse(body)?;
    let within = known.uploaded_within(request.query.upload_times());
    let candidates = known.records.get(within).unwrap_or_default();
    let is_hit = |record: &&Record| known.has(record) && request.query.matches(known, record);
    let needs_all = !request.aggregations.is_empty() || !request.sort.is_by_upload();
    let (total, page, aggregations) = if needs_all {
        let mut hits: Vec<&Record> = candidates.iter().filter(is_hit).collect();
        let aggregations = request.aggregations.answer(known, &hits);
        let total = hits.len();
        hits.retain(|record| request.is_after(known, record));
        request.sort.order(known, &mut hits);
        (total, request.page(known, hits), aggregations)
    } else {
        let total = if known.is_whole() && request.query.is_of_upload_times() {
            candidates.len()
        } else {
            candidates.iter().filter(is_hit).count()
        };
        let hits = request.first_hits(known, candidates, is_hit);
        (total, request.page(known, hits), Value::Null)
    };
    let score = if request.sort.keys.is_empty() && total > 0 {
        json!(1.0)
    } else {
        Value::Null
    };
    let mut answer = json!({
        "took": 1,
        "timed_out": false,
        "_shards": { "total": 5, "successful": 5, "skipped": 0, "failed": 0 },
        "hits": { "total": total, "max_score": score },
    });
    answer["hits"]["hits"] = Value::Array(page);
    if !request.aggregations.is_empty() {
        answer["aggregations"] = aggregations;
    }
    Ok(answer)
}

struct Search {
    query: Query,
    sort: Sort,
    from: usize,
    size: usize,
    after: Option<Vec<Value>>,
    aggregations: Aggregations,
    shown: Shown,
}

impl Search {
    fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let body: Value =
            serde_json::from_slice(body).map_err(|_| Refusal::plain("Expecting value: line 1 column 1 (char 0)"))?;
        let Value::Object(body) = body else {
            return Err(Refusal {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                body: json!({ "error": "Server Error" }),
            });
        };
        let known = [
            "query",
            "sort",
            "from",
            "size",
            "search_after",
            "aggs",
            "aggregations",
            "_source",
        ];
        if let Some(key) = body.keys().find(|key| !known.contains(&key.as_str())) {
            let reason = format!("Unknown key for a VALUE in [{key}].");
            return Err(Refusal::parsing("parsing_exception", reason));
        }
        let size = count(&body, "size", 10)?;
        if size > LARGEST_SIZE {
            return Err(Refusal::plain(format!("Search size too large ({size})")));
        }
        let from = count(&body, "from", 0)?;
        if from.saturating_add(size) > RESULT_WINDOW {
            let reason = format!(
                "Result window is too large, from + size must be less than or equal to: [{RESULT_WINDOW}] but was \
                 [{}].",
                from.saturating_add(size)
            );
            return Err(Refusal::parsing("query_phase_execution_exception", reason));
        }
        let sort = Sort::parse(body.get("sort"))?;
        let after = match body.get("search_after") {
            None => None,
            Some(Value::Array(values)) if values.len() == sort.keys.len() && from == 0 => Some(values.clone()),
            Some(_) => {
                let reason = "search_after needs one value for each sort field, and no from";
                return Err(Refusal::parsing("illegal_argument_exception", reason));
            }
        };
        Ok(Self {
            query: Query::parse(body.get("query"))?,
            sort,
            from: usize::try_from(from).unwrap_or(usize::MAX),
            size: usize::try_from(size).unwrap_or(usize::MAX),
            after,
            aggregations: Aggregations::parse(&body)?,
            shown: Shown::parse(body.get("_source"))?,
        })
    }

    /// Returns the hits that can be on the page, in order, from records stored in the order asked for. Further keys
    /// order the uploads of one millisecond, so its hits are taken all or not at all.
    fn first_hits<'r>(
        &self,
        known: &Known<'_>,
        records: &'r [Record],
        is_hit: impl Fn(&&Record) -> bool,
    ) -> Vec<&'r Record> {
        let at = |record: &Record| known.world.uploaded(record).timestamp_millis();
        let after = self.after.as_ref().and_then(|after| {
            let key = self.sort.keys.first()?;
            match query::scalar(key.field, after.first()?)? {
                Scalar::Date(at) => Some((at, key.descending)),
                Scalar::Text(_) | Scalar::Number(_) => None,
            }
        });
        let records = match after {
            None => records,
            Some((after, false)) => {
                let start = records.partition_point(|record| at(record) < after);
                records.get(start..).unwrap_or_default()
            }
            Some((after, true)) => {
                let end = records.partition_point(|record| at(record) <= after);
                records.get(..end).unwrap_or_default()
            }
        };
        let is_wanted = |record: &&Record| is_hit(record) && self.is_after(known, record);
        let enough = self.from.saturating_add(self.size);
        let mut hits = if self.sort.is_newest_first() {
            take_whole_groups(records.iter().rev().filter(is_wanted), enough, at)
        } else {
            take_whole_groups(records.iter().filter(is_wanted), enough, at)
        };
        self.sort.order(known, &mut hits);
        hits
    }

    fn is_after(&self, known: &Known<'_>, record: &Record) -> bool {
        self.after
            .as_ref()
            .is_none_or(|after| self.sort.is_after(known, record, after))
    }

    fn page(&self, known: &Known<'_>, hits: Vec<&Record>) -> Vec<Value> {
        hits.into_iter()
            .skip(self.from)
            .take(self.size)
            .map(|record| self.hit(known, record))
            .collect()
    }

    fn hit(&self, known: &Known<'_>, record: &Record) -> Value {
        let mut hit = json!({
            "_index": "buildhub2",
            "_type": "doc",
            "_id": record.id.to_string(),
            "_score": if self.sort.keys.is_empty() { json!(1.0) } else { Value::Null },
        });
        if let Some(source) = self.shown.of(record::source(known.world, record)) {
            hit["_source"] = source;
        }
        if !self.sort.keys.is_empty() {
            hit["sort"] = self
                .sort
                .keys
                .iter()
                .map(|key| wire(&known.field(record, key.field)))
                .collect();
        }
        hit
    }
}

/// Returns the first records, at least `enough` if possible, up to the end of the last one's millisecond.
fn take_whole_groups<'r>(
    records: impl Iterator<Item = &'r Record>,
    enough: usize,
    at: impl Fn(&Record) -> i64,
) -> Vec<&'r Record> {
    let mut taken: Vec<&Record> = Vec::new();
    for record in records {
        let is_full = taken.len() >= enough;
        if is_full && taken.last().is_none_or(|last| at(last) != at(record)) {
            break;
        }
        taken.push(record);
    }
    taken
}

struct Sort {
    keys: Vec<SortKey>,
}

struct SortKey {
    field: Field,
    descending: bool,
}

impl Sort {
    fn parse(sort: Option<&Value>) -> Result<Self, Refusal> {
        let items = match sort {
            None => Vec::new(),
            Some(Value::Array(items)) => items.iter().collect(),
            Some(item) => vec![item],
        };
        let keys = items.into_iter().map(Self::key).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            keys: keys.into_iter().flatten().collect(),
        })
    }

    /// Parses a key; none for the order in which records are stored anyway.
    fn key(item: &Value) -> Result<Option<SortKey>, Refusal> {
        let malformed = || Refusal::parsing("parsing_exception", "malformed sort format");
        let (name, order) = match item {
            Value::String(name) => (name, None),
            Value::Object(map) => {
                let (name, order) = map.iter().next().ok_or_else(malformed)?;
                (name, order.get("order").or(Some(order)).and_then(Value::as_str))
            }
            _ => return Err(malformed()),
        };
        if name == "_doc" || name == "_score" {
            return Ok(None);
        }
        let field = Field::named(name).ok_or_else(|| {
            let reason = format!("No mapping found for [{name}] in order to sort on");
            Refusal::parsing("query_shard_exception", reason)
        })?;
        let descending = match order {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(malformed()),
        };
        Ok(Some(SortKey { field, descending }))
    }

    /// Returns whether records are stored in this order, except those of one millisecond.
    fn is_by_upload(&self) -> bool {
        self.keys.first().is_none_or(|key| key.field == Field::Date)
    }

    fn is_newest_first(&self) -> bool {
        self.keys.first().is_some_and(|key| key.descending)
    }

    fn order(&self, known: &Known<'_>, hits: &mut Vec<&Record>) {
        if self.keys.is_empty() {
            return;
        }
        let mut keyed: Vec<(Vec<Scalar<'_>>, &Record)> = hits
            .drain(..)
            .map(|record| {
                (
                    self.keys.iter().map(|key| known.field(record, key.field)).collect(),
                    record,
                )
            })
            .collect();
        keyed.sort_by(|(a, _), (b, _)| {
            self.keys
                .iter()
                .zip(a.iter().zip(b))
                .map(|(key, (a, b))| key.compare(a, b))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        hits.extend(keyed.into_iter().map(|(_, record)| record));
    }

    fn is_after(&self, known: &Known<'_>, record: &Record, after: &[Value]) -> bool {
        self.keys
            .iter()
            .zip(after)
            .filter_map(|(key, after)| {
                let value = known.field(record, key.field);
                Some(key.compare(&value, &query::scalar(key.field, after)?))
            })
            .find(|order| order.is_ne())
            .is_some_and(Ordering::is_gt)
    }
}

impl SortKey {
    fn compare(&self, a: &Scalar<'_>, b: &Scalar<'_>) -> Ordering {
        if self.descending { b.cmp(a) } else { a.cmp(b) }
    }
}

/// Which members of a record a hit shows.
enum Shown {
    All,
    Nothing,
    Only(Vec<String>),
}

impl Shown {
    fn parse(source: Option<&Value>) -> Result<Self, Refusal> {
        let malformed = || Refusal::parsing("parsing_exception", "malformed _source");
        match source {
            None | Some(Value::Bool(true)) => Ok(Self::All),
            Some(Value::Bool(false)) => Ok(Self::Nothing),
            Some(Value::String(path)) => Ok(Self::Only(vec![path.clone()])),
            Some(Value::Array(paths)) => paths
                .iter()
                .map(|path| path.as_str().map(str::to_owned).ok_or_else(malformed))
                .collect::<Result<_, _>>()
                .map(Self::Only),
            Some(_) => Err(malformed()),
        }
    }

    fn of(&self, mut source: Value) -> Option<Value> {
        match self {
            Self::All => Some(source),
            Self::Nothing => None,
            Self::Only(paths) => {
                if let Value::Object(members) = &mut source {
                    for (group, value) in members.iter_mut() {
                        if let Value::Object(inner) = value {
                            inner.retain(|name, _| wanted(paths, &format!("{group}.{name}")));
                        }
                    }
                    members.retain(|name, value| match value {
                        Value::Object(inner) => !inner.is_empty(),
                        _ => wanted(paths, name),
                    });
                }
                Some(source)
            }
        }
    }
}

/// Returns whether one of the patterns (`target.version`, `target`, `target.*`) names the member.
fn wanted(paths: &[String], member: &str) -> bool {
    paths.iter().any(|path| {
        let path = path.strip_suffix(".*").unwrap_or(path);
        member
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}
