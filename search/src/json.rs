//! An answer as the JSON of Super Search, written as it goes.

use chrono::DateTime;
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use crate::answer::{Answer, Bucket, Counted, Facet, Key};
use crate::columns::Week;
use crate::fields::FieldId;
use crate::hits::{Hit, moment};
use crate::query::Aggregation;

/// What is written: `hits` with exactly these columns, `total`, `facets` by name, and `errors`; of an answer with
/// weights `total_weighted`, and with cursors `next`.
#[derive(Debug, Clone, Copy)]
pub struct Json<'a> {
    /// What was found.
    pub answer: &'a Answer,
    /// The crashes that are shown, in order.
    pub hits: &'a [Hit],
    /// Their columns, in the order of their cells.
    pub columns: &'a [FieldId],
    /// The weeks of which crashes are missing in the answer: each is an error, `missing_index`.
    pub missing: &'a [Week],
    /// If cursors are wanted, that of the next page; on the last page there is none.
    pub next: Option<Option<&'a str>>,
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut object = to.serialize_map(None)?;
        let hits = self.hits.iter().map(|hit| Columns(hit, self.columns));
        object.serialize_entry("hits", &Each(hits))?;
        object.serialize_entry("total", &self.answer.total)?;
        if let Some(weighted) = self.answer.weighted {
            object.serialize_entry("total_weighted", &weighted)?;
        }
        object.serialize_entry("facets", &Facets(&self.answer.facets))?;
        object.serialize_entry("errors", &Each(self.missing.iter().map(MissingIndex)))?;
        if let Some(next) = self.next {
            object.serialize_entry("next", &next)?;
        }
        object.end()
    }
}

/// A list of what an iterator gives.
struct Each<I>(I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for Each<I> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.clone())
    }
}

/// A hit with its columns.
struct Columns<'a>(&'a Hit, &'a [FieldId]);

impl Serialize for Columns<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.1.iter().map(|column| column.name()).zip(&self.0.cells))
    }
}

struct MissingIndex<'a>(&'a Week);

impl Serialize for MissingIndex<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut object = to.serialize_map(Some(2))?;
        object.serialize_entry("type", "missing_index")?;
        object.serialize_entry("index", &format_args!("{}", self.0))?;
        object.end()
    }
}

/// What was counted, by its names.
struct Facets<'a>(&'a [Facet]);

impl Serialize for Facets<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|facet| (name(&facet.of), Of(facet))))
    }
}

/// The name of what an aggregation counted: of terms that of the field, else `cardinality_` or `histogram_` before it.
pub fn name(of: &Aggregation) -> String {
    let field = of.field().name();
    match of {
        Aggregation::Terms { .. } => field.to_owned(),
        Aggregation::Histogram { .. } => format!("histogram_{field}"),
        Aggregation::Cardinality { .. } => format!("cardinality_{field}"),
    }
}

/// What one aggregation counted.
struct Of<'a>(&'a Facet);

impl Serialize for Of<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0.counted {
            Counted::Distinct(count) => {
                let mut object = to.serialize_map(Some(1))?;
                object.serialize_entry("value", count)?;
                object.end()
            }
            Counted::Buckets(buckets) => {
                let mut list = to.serialize_seq(Some(buckets.len()))?;
                for bucket in buckets {
                    list.serialize_element(&OfBucket(bucket, &self.0.of))?;
                }
                list.end()
            }
        }
    }
}

/// A bucket of an aggregation.
struct OfBucket<'a>(&'a Bucket, &'a Aggregation);

impl Serialize for OfBucket<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(bucket, of) = self;
        let mut object = to.serialize_map(None)?;
        object.serialize_entry("term", &Term(&bucket.key, of))?;
        object.serialize_entry("count", &bucket.count)?;
        if let Some(weighted) = bucket.weighted {
            object.serialize_entry("weighted", &weighted)?;
        }
        if !bucket.facets.is_empty() {
            object.serialize_entry("facets", &Facets(&bucket.facets))?;
        }
        object.end()
    }
}

/// What a bucket of an aggregation is named by.
#[derive(Debug, Clone, Copy)]
pub struct Term<'a>(pub &'a Key, pub &'a Aggregation);

impl Serialize for Term<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Key::Text(text) => to.serialize_str(text),
            Key::Integer(integer) => to.serialize_i64(*integer),
            Key::Number(number) => to.serialize_f64(*number),
            Key::Boolean(_) | Key::Date(_) => to.collect_str(self),
        }
    }
}

/// As in JSON, without quotation marks: booleans are `T` and `F`; the bounds of intervals end in `Z`, and other moments
/// are written as those of hits are.
impl std::fmt::Display for Term<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Key::Text(text) => write!(out, "{text}"),
            Key::Integer(integer) => write!(out, "{integer}"),
            Key::Number(number) => write!(out, "{number:?}"),
            Key::Boolean(boolean) => write!(out, "{}", if *boolean { "T" } else { "F" }),
            Key::Date(micros) => match (DateTime::from_timestamp_micros(*micros), self.1) {
                (Some(at), Aggregation::Histogram { .. }) => write!(out, "{}", at.format("%Y-%m-%dT%H:%M:%SZ")),
                _ => write!(out, "{}", moment(*micros)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::query::{Calendar, Interval};

    fn field(name: &str) -> FieldId {
        FieldId::of(name).unwrap()
    }

    fn terms(name: &str) -> Aggregation {
        Aggregation::Terms {
            field: field(name),
            size: 5,
            within: Vec::new(),
        }
    }

    fn histogram(name: &str, interval: Interval) -> Aggregation {
        Aggregation::Histogram {
            field: field(name),
            interval,
            within: Vec::new(),
        }
    }

    fn buckets(of: Aggregation, buckets: Vec<(Key, u64, Vec<Facet>)>) -> Facet {
        let buckets = buckets.into_iter().map(|(key, count, facets)| Bucket {
            key,
            count,
            weighted: None,
            facets,
        });
        Facet {
            of,
            counted: Counted::Buckets(buckets.collect()),
        }
    }

    fn installs(count: u64) -> Facet {
        Facet {
            of: Aggregation::Cardinality {
                field: field("install_time"),
            },
            counted: Counted::Distinct(count),
        }
    }

    #[test]
    fn an_answer_has_the_shape_of_super_search() {
        let columns = ["uuid", "signature", "uptime", "addons"].map(field);
        let hit = |id: &str, document: serde_json::Value| Hit::new(id, 0, document.as_object().unwrap(), &columns);
        let hits = [
            hit("b", json!({"uptime": 5, "signature": "x\"y"})),
            hit("a", json!({"addons": ["p", "q"]})),
        ];
        let inner = buckets(terms("safe_mode"), vec![(Key::Boolean(true), 2, vec![])]);
        let answer = Answer {
            total: 3,
            hits: vec!["b".to_owned(), "a".to_owned()],
            last: None,
            weighted: None,
            facets: vec![
                buckets(
                    terms("signature"),
                    vec![(Key::Text("x\"y".to_owned()), 2, vec![inner, installs(2)])],
                ),
                installs(3),
                buckets(terms("addons"), vec![]),
            ],
        };
        let written = Json {
            answer: &answer,
            hits: &hits,
            columns: &columns,
            missing: &[Week::of(1_795_824_000_000_000)],
            next: None,
        };
        assert_eq!(
            serde_json::to_string(&written).unwrap(),
            concat!(
                r#"{"hits":[{"uuid":"b","signature":"x\"y","uptime":5,"addons":null},"#,
                r#"{"uuid":"a","signature":null,"uptime":null,"addons":["p","q"]}],"total":3,"#,
                r#""facets":{"signature":[{"term":"x\"y","count":2,"facets":{"safe_mode":[{"term":"T","count":2}],"#,
                r#""cardinality_install_time":{"value":2}}}],"cardinality_install_time":{"value":3},"addons":[]},"#,
                r#""errors":[{"type":"missing_index","index":"2026-W48"}]}"#,
            )
        );
        let nothing = Json {
            answer: &Answer::default(),
            hits: &[],
            columns: &columns,
            missing: &[],
            next: Some(None),
        };
        let expected = r#"{"hits":[],"total":0,"facets":{},"errors":[],"next":null}"#;
        assert_eq!(serde_json::to_string(&nothing).unwrap(), expected);
    }

    #[test]
    fn terms_are_written_by_their_kind() {
        const MOMENT: i64 = 1_795_824_000_000_000;
        let days = Interval::Calendar(Calendar::Day);
        for (of, key, name, json, text) in [
            (terms("version"), Key::Text("1".to_owned()), "version", r#""1""#, "1"),
            (terms("safe_mode"), Key::Boolean(true), "safe_mode", r#""T""#, "T"),
            (terms("safe_mode"), Key::Boolean(false), "safe_mode", r#""F""#, "F"),
            (
                terms("build_id"),
                Key::Integer(20_261_119_093_012),
                "build_id",
                "20261119093012",
                "20261119093012",
            ),
            (terms("weight"), Key::Number(10.0), "weight", "10.0", "10.0"),
            (
                histogram("uptime", Interval::Number(60.0)),
                Key::Number(-60.0),
                "histogram_uptime",
                "-60.0",
                "-60.0",
            ),
            (
                histogram("date", days),
                Key::Date(MOMENT),
                "histogram_date",
                r#""2026-11-28T00:00:00Z""#,
                "2026-11-28T00:00:00Z",
            ),
            (
                terms("date"),
                Key::Date(MOMENT + 5),
                "date",
                r#""2026-11-28T00:00:00.000005+00:00""#,
                "2026-11-28T00:00:00.000005+00:00",
            ),
            (
                terms("date"),
                Key::Date(i64::MAX),
                "date",
                r#""9223372036854775807""#,
                "9223372036854775807",
            ),
        ] {
            assert_eq!(super::name(&of), name);
            assert_eq!(serde_json::to_string(&Term(&key, &of)).unwrap(), json);
            assert_eq!(Term(&key, &of).to_string(), text);
        }
    }
}
