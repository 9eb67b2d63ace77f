//! What the objects of a crash tell of its rows. Pure.

use crash::{CrashId, ProcessedCrash, RawCrash};
use serde_json::Value;

use crate::column::{Name, Text};
use crate::db::{Columns, MadeRow, State};
use crate::received::{Received, moment};
use crate::search;

/// What a raw crash tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Raw {
    /// What the collector knew.
    pub(super) received: Received,
    /// Whether the report itself says when it came in.
    pub(super) is_dated: bool,
}

/// What a processed crash tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// The number that it carries, 0 if it has none.
    pub(super) row_version: i64,
    /// The columns that the processor fills in; weight and content are the raw crash's.
    columns: Columns,
    /// When the crash came in, microseconds UTC, if this says so.
    submitted: Option<i64>,
    /// When it was processed, microseconds UTC, if this says so.
    completed: Option<i64>,
    /// The search document, as stored.
    search: Vec<u8>,
}

/// The rows of a crash as its objects tell them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Made {
    pub(super) row: MadeRow,
    /// The search document, as stored; of a processed crash.
    pub(super) search: Option<Vec<u8>>,
}

/// Reads a raw crash.
pub(super) fn of_raw(id: &CrashId, raw: &RawCrash) -> Raw {
    Raw {
        received: Received::of(id, raw),
        is_dated: raw.submitted().and_then(moment).is_some(),
    }
}

/// Reads a processed crash. `name_of` gives the name under which the builds of a product are looked up.
pub(super) fn of_processed(crash: &ProcessedCrash, name_of: impl Fn(&str) -> String) -> Found {
    let text = |name: &str| crash.text(name).unwrap_or_default();
    let name = |text: &str| Name::of(text).as_str().to_owned();
    let long = |text: &str| Text::of(text).as_str().to_owned();
    let answer = |member: &str| crash.at(&["build_info", member]);
    let reported = match answer("reported_differs") {
        Some(Value::Bool(true)) => text("version_reported"),
        _ => "",
    };
    let build = answer("build_id").and_then(Value::as_str).unwrap_or(text("build"));
    Found {
        row_version: crash.row_version().max(0),
        columns: Columns {
            product: name(text("product")),
            version: name(text("version")),
            version_reported: name(reported),
            channel: name(text("release_channel")),
            build_id: name(text("build")),
            os_name: name(text("os_name")),
            process_type: name(text("process_type")),
            signature: long(text("signature")),
            reason: long(text("reason")),
            lookup_product: name(&name_of(text("product"))),
            lookup_build: name(build),
            build_status: name(answer("status").and_then(Value::as_str).unwrap_or_default()),
            ..Columns::default()
        },
        submitted: ["submitted_timestamp", "date_processed"]
            .iter()
            .find_map(|name| moment(text(name))),
        completed: moment(text("completed_datetime")),
        search: search::stored_document(crash),
    }
}

/// The rows of a crash. Without a processed crash, the row is the one that the collector writes.
pub(super) fn made(raw: Raw, found: Option<Found>) -> Made {
    let Raw { received, is_dated } = raw;
    let Some(found) = found else {
        let columns = Columns {
            product: received.product.as_str().to_owned(),
            version: received.version.as_str().to_owned(),
            channel: received.channel.as_str().to_owned(),
            build_id: received.build_id.as_str().to_owned(),
            weight: received.weight,
            content_hash: received.content_hash,
            ..Columns::default()
        };
        let row = MadeRow {
            id: received.id,
            received: received.received,
            state: State::Received,
            columns,
            duplicate_of: None,
            row_version: 0,
            processed: 0,
        };
        return Made { row, search: None };
    };
    let at = match found.submitted {
        Some(submitted) if !is_dated => submitted,
        _ => received.received,
    };
    let row = MadeRow {
        id: received.id,
        received: at,
        state: State::Processed,
        columns: Columns {
            weight: received.weight,
            content_hash: received.content_hash,
            ..found.columns
        },
        duplicate_of: None,
        row_version: found.row_version,
        processed: found.completed.unwrap_or(at),
    };
    Made {
        row,
        search: Some(found.search),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "de1bb258-cbbf-4589-a673-34f800260601";
    /// The first moment of the day in the id.
    const DAY: i64 = 1_780_272_000_000_000;

    fn rows(raw: &Value, processed: Option<&Value>) -> Made {
        let raw = RawCrash(raw.as_object().unwrap().clone());
        let found = processed.map(|crash| {
            let crash = ProcessedCrash(crash.as_object().unwrap().clone());
            of_processed(&crash, |product| format!("<{product}>"))
        });
        made(of_raw(&ID.parse().unwrap(), &raw), found)
    }

    #[test]
    fn a_raw_crash_alone_gives_the_row_of_the_collector() {
        let raw = json!({
            "ProductName": "Firefox", "Version": "153.0", "ReleaseChannel": "beta", "BuildID": "20260101000000",
            "CrashTime": "7", "submitted_timestamp": "1970-01-01T00:00:01+00:00",
            "metadata": {"sampling_weight": 10.0},
        });
        let made = rows(&raw, None);
        assert_eq!(made.row.state, State::Received);
        assert_eq!(
            (made.row.received, made.row.row_version, made.row.processed),
            (1_000_000, 0, 0)
        );
        let columns = &made.row.columns;
        assert_eq!(
            [&columns.product, &columns.version, &columns.channel, &columns.build_id],
            ["Firefox", "153.0", "beta", "20260101000000"]
        );
        assert!((columns.weight - 10.0).abs() < f64::EPSILON);
        assert_eq!(columns.content_hash.len(), 64);
        assert_eq!(made.search, None);
    }

    #[test]
    fn a_processed_crash_gives_the_row_of_the_processor() {
        let raw = json!({"ProductName": "Firefox", "Version": "153.0", "CrashTime": "7"});
        let processed = json!({
            "product": "Firefox", "version": "153.0b3", "version_reported": "153.0b9", "release_channel": "beta",
            "build": "20260101000000", "os_name": "Linux", "process_type": "parent", "signature": "a | b",
            "reason": "SIGSEGV", "row_version": 4, "completed_datetime": "1970-01-01T00:00:02+00:00",
            "build_info": {"status": "shipped", "build_id": "20260101000001", "reported_differs": true},
        });
        let made = rows(&raw, Some(&processed));
        assert_eq!(made.row.state, State::Processed);
        assert_eq!((made.row.row_version, made.row.processed), (4, 2_000_000));
        let columns = Columns {
            weight: 1.0,
            content_hash: String::new(),
            ..made.row.columns.clone()
        };
        let text = str::to_owned;
        assert_eq!(
            columns,
            Columns {
                product: text("Firefox"),
                version: text("153.0b3"),
                version_reported: text("153.0b9"),
                channel: text("beta"),
                build_id: text("20260101000000"),
                os_name: text("Linux"),
                process_type: text("parent"),
                signature: text("a | b"),
                reason: text("SIGSEGV"),
                weight: 1.0,
                content_hash: String::new(),
                lookup_product: text("<Firefox>"),
                lookup_build: text("20260101000001"),
                build_status: text("shipped"),
            }
        );
        assert_eq!(made.row.columns.content_hash.len(), 64);
        let document = search::read_document(&made.search.unwrap()).unwrap();
        assert_eq!(document["signature"], "a | b");
    }

    #[test]
    fn a_crash_without_an_answer_about_its_build_is_looked_up_by_what_it_says() {
        let processed =
            json!({"product": "Firefox", "version": "1", "version_reported": "2", "build": "20260101000000"});
        let columns = rows(&json!({}), Some(&processed)).row.columns;
        assert_eq!(columns.lookup_build, "20260101000000");
        assert_eq!([columns.build_status, columns.version_reported], ["", ""]);
    }

    #[test]
    fn the_time_is_the_raw_crashs_then_the_processed_ones_then_the_day_in_the_id() {
        let (early, late) = ("1970-01-01T00:00:01+00:00", "1970-01-01T00:00:02");
        for (raw, processed, expected) in [
            (
                json!({"submitted_timestamp": early}),
                json!({"submitted_timestamp": late}),
                1_000_000,
            ),
            (
                json!({}),
                json!({"submitted_timestamp": late, "date_processed": early}),
                2_000_000,
            ),
            (
                json!({"submitted_timestamp": 5}),
                json!({"date_processed": late}),
                2_000_000,
            ),
            (json!({}), json!({"date_processed": "soon"}), DAY),
        ] {
            let made = rows(&raw, Some(&processed));
            assert_eq!(made.row.received, expected, "{raw} {processed}");
            assert_eq!(made.row.processed, expected, "{raw} {processed}");
        }
        assert_eq!(rows(&json!({}), None).row.received, DAY);
    }

    #[test]
    fn a_number_that_nobody_gave_counts_as_none() {
        for number in [json!(-4), json!("4"), json!(1e300), json!(null)] {
            assert_eq!(
                rows(&json!({}), Some(&json!({"row_version": number}))).row.row_version,
                0
            );
        }
    }
}
