//! The order of hits, and a place in it.

use std::cmp::Ordering;

use serde_json::Value;

use super::body::{Refused, unsupported};
use super::field::{Field, Scalar};
use super::query::scalar;
use crate::index::BuildRef;

/// Maximum fields to sort by.
const MOST_KEYS: usize = 10;

/// The sort keys of hits; equal hits stay in the order of product and build id.
#[derive(Debug, Default)]
pub(super) struct Sort(Vec<Key>);

#[derive(Debug, Clone, Copy)]
struct Key {
    /// None: the score, which is the same for all.
    field: Option<Field>,
    descending: bool,
}

/// A place in an order: one value for each key, none for keys that the build lacks.
#[derive(Debug)]
pub(super) struct Place(Vec<Option<Scalar<'static>>>);

impl Sort {
    pub(super) fn parse(sort: Option<&Value>) -> Result<Self, Refused> {
        let keys = match sort {
            None => return Ok(Self::default()),
            Some(Value::Array(keys)) => keys.as_slice(),
            Some(key) => std::slice::from_ref(key),
        };
        if keys.len() > MOST_KEYS {
            return Err(Refused(format!("at most {MOST_KEYS} fields to sort by")));
        }
        let keys: Result<Vec<Vec<Key>>, Refused> = keys.iter().map(Key::parse).collect();
        Ok(Self(keys?.concat()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The score of every hit; null if hits are sorted by something else.
    pub(super) fn score(&self) -> Value {
        if self.is_empty() { Value::from(1.0) } else { Value::Null }
    }

    /// Parses a place in this order: the member `sort` of a hit.
    pub(super) fn place(&self, values: &Value) -> Result<Place, Refused> {
        let values = values
            .as_array()
            .filter(|values| values.len() == self.0.len() && !values.is_empty())
            .ok_or_else(|| Refused("[search_after] needs a value for each sort field".to_owned()))?;
        let values = self.0.iter().zip(values).map(|(key, value)| match (key.field, value) {
            (None, _) | (_, Value::Null) => Ok(None),
            (Some(field), value) => scalar(field, value).map(Some),
        });
        Ok(Place(values.collect::<Result<_, _>>()?))
    }

    /// The build's place, in the form of a hit.
    pub(super) fn of(&self, build: BuildRef<'_>) -> Vec<Value> {
        let value = |key: &Key| {
            key.field.map_or(Value::Null, |field| {
                field.of(build).map_or(Value::Null, |value| value.to_json())
            })
        };
        self.0.iter().map(value).collect()
    }

    pub(super) fn compare(&self, a: BuildRef<'_>, b: BuildRef<'_>) -> Ordering {
        self.0
            .iter()
            .map(|key| {
                let of = |build| key.field.and_then(|field| field.of(build));
                key.compare(of(a).as_ref(), of(b).as_ref())
            })
            .find(|order| order.is_ne())
            .unwrap_or_else(|| a.position().cmp(&b.position()))
    }

    pub(super) fn is_after(&self, build: BuildRef<'_>, place: &Place) -> bool {
        self.0
            .iter()
            .zip(&place.0)
            .map(|(key, value)| {
                let own = key.field.and_then(|field| field.of(build));
                key.compare(own.as_ref(), value.as_ref())
            })
            .find(|order| order.is_ne())
            .is_some_and(Ordering::is_gt)
    }
}

impl Key {
    /// `"field"`, `{"field": "desc"}` or `{"field": {"order": "desc"}}`; an object may name several.
    fn parse(key: &Value) -> Result<Vec<Self>, Refused> {
        let of = |name: &str, direction: Option<&str>| {
            let field = match name {
                "_score" | "_doc" => None,
                _ => Some(Field::named(name)?),
            };
            let descending = match direction {
                None => name == "_score",
                Some("asc") => false,
                Some("desc") => true,
                Some(other) => return Err(unsupported("order", other, "asc and desc")),
            };
            Ok(Self { field, descending })
        };
        match key {
            Value::String(name) => Ok(vec![of(name, None)?]),
            Value::Object(names) => names
                .iter()
                .map(|(name, how)| of(name, how.get("order").unwrap_or(how).as_str()))
                .collect(),
            _ => Err(Refused("[sort] needs names of fields".to_owned())),
        }
    }

    /// Unknown values come last in both directions.
    fn compare(self, a: Option<&Scalar<'_>>, b: Option<&Scalar<'_>>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if self.descending => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        }
    }
}
