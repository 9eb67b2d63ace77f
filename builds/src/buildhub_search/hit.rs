//! A record as a search hit.

use serde_json::{Value, json};

use super::shown::Shown;

/// A record as a hit, with its place in the order.
pub(super) fn hit(record: &Value, sort: Vec<Value>, shown: &Shown, score: &Value) -> Value {
    let mut hit = json!({
        "_index": "buildhub2",
        "_type": "doc",
        "_id": record["id"].to_string(),
        "_score": score,
    });
    if let Some(source) = shown.of(record) {
        hit["_source"] = source;
    }
    if !sort.is_empty() {
        hit["sort"] = Value::Array(sort);
    }
    hit
}
