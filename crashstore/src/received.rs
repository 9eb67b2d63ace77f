//! The facts known about a report when it is accepted. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime};
use crash::{CrashId, Metadata, RawCrash, collector, is_private};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::column::Name;

/// The facts known about a crash report when it is accepted; all but `duplicate_of` can be derived again from the
/// stored raw crash.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// Its id.
    pub id: CrashId,
    /// When it came in, microseconds UTC.
    pub received: i64,
    /// The product it names.
    pub product: Name,
    /// The version it names.
    pub version: Name,
    /// The channel it names.
    pub channel: Name,
    /// The build id it names.
    pub build_id: Name,
    /// The number of crashes it represents, at least 1.
    pub weight: f64,
    /// Hash of what must be equal in two copies of one report; empty if another user's report could be equal.
    pub content_hash: String,
    /// The first copy, if this is a later one. The report itself does not tell.
    pub duplicate_of: Option<CrashId>,
}

impl Received {
    /// Extracts the facts from a raw crash.
    pub fn of(id: &CrashId, raw: &RawCrash) -> Self {
        let metadata = raw.metadata();
        let name = |annotation: &str| Name::of(&raw.annotation(annotation).unwrap_or_default());
        Self {
            id: id.clone(),
            received: received(id, raw),
            product: name("ProductName"),
            version: name("Version"),
            channel: name("ReleaseChannel"),
            build_id: name("BuildID"),
            weight: weight(&metadata),
            content_hash: if is_distinctive(&raw.0, &metadata.dump_checksums) {
                content_hash(&raw.0, &metadata.dump_checksums)
            } else {
                String::new()
            },
            duplicate_of: None,
        }
    }
}

/// When a crash came in: the collector's timestamp, else the day in its id. Microseconds UTC.
pub fn received(id: &CrashId, raw: &RawCrash) -> i64 {
    raw.submitted().and_then(moment).unwrap_or_else(|| day_of(id))
}

/// A time in RFC 3339, or without an offset, as old reports have it: UTC then. Microseconds UTC.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let whole = DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_micros());
    let bare = || {
        let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
        let mut times = formats.iter().map(|format| NaiveDateTime::parse_from_str(text, format));
        times.find_map(|time| Some(time.ok()?.and_utc().timestamp_micros()))
    };
    whole.ok().or_else(bare)
}

/// The start of the day on which a crash came in, from its id. Microseconds UTC.
pub fn day_of(id: &CrashId) -> i64 {
    id.day().and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros()
}

/// The stored number can be anything; no crash represents less than itself.
fn weight(metadata: &Metadata) -> f64 {
    let weight = metadata.sampling_weight;
    if weight.is_finite() { weight.max(1.0) } else { 1.0 }
}

/// Whether this report can be told apart from other users': by a non-empty dump or, as in Java crashes, by the time of
/// the crash.
fn is_distinctive(annotations: &Map<String, Value>, checksums: &BTreeMap<String, String>) -> bool {
    let empty = hex::encode(Sha256::digest(b""));
    annotations.contains_key("CrashTime") || checksums.values().any(|hash| *hash != empty)
}

/// The hash of annotations and checksums of dumps (SHA-256 in hexadecimal, by their names). It leaves out what a client
/// changes when it posts a report again and what is not stored, so it can be recomputed from a stored raw crash.
pub fn content_hash(annotations: &Map<String, Value>, checksums: &BTreeMap<String, String>) -> String {
    let counts = |name: &str| {
        name != "Throttleable" && !name.starts_with("SubmittedFrom") && !is_private(name) && !collector::writes(name)
    };
    let annotations: BTreeMap<&String, &Value> = annotations.iter().filter(|(name, _)| counts(name)).collect();
    // Maps of texts and JSON values always have a JSON form.
    let text = serde_json::to_vec(&(annotations, checksums)).unwrap_or_default();
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_as_texts_are() {
        let id: CrashId = "de1bb258-cbbf-4589-a673-34f800260601".parse().unwrap();
        let raw = json!({"Version": 128, "BuildID": 20_260_101_000_000_u64, "ReleaseChannel": 1.5});
        let row = Received::of(&id, &RawCrash(raw.as_object().unwrap().clone()));
        assert_eq!(
            [row.version, row.build_id, row.channel].map(|name| name.as_str().to_owned()),
            ["128", "20260101000000", "1.5"]
        );
    }

    #[test]
    fn times_are_read_with_and_without_an_offset() {
        for (text, expected) in [
            ("2026-06-01T10:00:00.250000+00:00", Some(1_780_308_000_250_000)),
            ("2026-06-01T12:00:00+02:00", Some(1_780_308_000_000_000)),
            ("2026-06-01 10:00:00+00:00", Some(1_780_308_000_000_000)),
            ("2026-06-01T10:00:00.250000", Some(1_780_308_000_250_000)),
            ("2026-06-01 10:00:00", Some(1_780_308_000_000_000)),
            ("2026-06-01", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_hostile_report_tells_fits_the_columns() {
        let id: CrashId = "de1bb258-cbbf-4589-a673-34f800260601".parse().unwrap();
        let raw = json!({
            "ProductName": "x".repeat(12_035), "Version": "1\u{0}2", "ReleaseChannel": true,
            "BuildID": " 20260101000000 ", "submitted_timestamp": "soon",
            "metadata": {"sampling_weight": -3},
        });
        let row = Received::of(&id, &RawCrash(raw.as_object().unwrap().clone()));
        assert_eq!(row.product.len(), 128);
        assert_eq!(row.version.as_str(), "12");
        assert_eq!(row.channel.as_str(), "");
        assert_eq!(row.build_id.as_str(), "20260101000000");
        assert_eq!(row.received, 1_780_272_000_000_000);
        assert!((row.weight - 1.0).abs() < f64::EPSILON);
        assert_eq!(row.content_hash, "");
    }
}
