//! The buckets of a grouping.

use serde_json::{Map, Value, json};

use crate::buildhub_search::field::Scalar;
use crate::index::BuildRef;

/// A bucket: its key and its builds.
pub(super) type Bucket<'a> = (Scalar<'a>, Vec<BuildRef<'a>>);

/// The buckets by name, or as a list in order.
pub(super) fn listed(buckets: Vec<(String, Value)>, by_name: bool) -> Value {
    if by_name {
        json!({ "buckets": buckets.into_iter().collect::<Map<_, _>>() })
    } else {
        let list: Vec<Value> = buckets.into_iter().map(|(_, bucket)| bucket).collect();
        json!({ "buckets": list })
    }
}

/// A date as text, for keys and values.
pub(super) fn date_text(millis: i64) -> Option<String> {
    let time = chrono::DateTime::from_timestamp_millis(millis)?;
    Some(time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}
