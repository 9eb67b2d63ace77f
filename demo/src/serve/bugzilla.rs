//! A Bugzilla: the search of its REST interface over a few bugs about the sample crashes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::{Map, Value, json};

/// The most bugs in one answer, whatever is asked for.
const MOST: usize = 10_000;

/// A bug.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrackedBug {
    /// Its number.
    pub id: i64,
    /// Its title.
    pub summary: String,
    /// Its status.
    pub status: String,
    /// Its resolution; empty for an open bug.
    pub resolution: String,
    /// Its keywords.
    pub keywords: Vec<String>,
    /// Whose it is.
    pub assigned_to: String,
    /// The field with crash signatures.
    pub crash_signature: String,
    /// The other fields that this Bugzilla has added to its own, by name.
    pub fields: BTreeMap<String, String>,
    /// When it was created, or one of its fields was changed last.
    pub changed: DateTime<Utc>,
    /// Whether strangers do not see it.
    pub is_private: bool,
}

/// The bugs of the stand-in. Shared; it may be changed while it serves.
#[derive(Debug, Default)]
pub struct Tracker(RwLock<BTreeMap<i64, TrackedBug>>);

impl Tracker {
    /// Bugs about the sample crashes, in a world whose nightly has this major version.
    pub(super) fn of(nightly: u32) -> Self {
        let tracker = Self::default();
        for (id, status, resolution, summary, crash_signature) in SAMPLES {
            let is_fixed = resolution == "FIXED";
            let state = if is_fixed { "fixed" } else { "affected" };
            let tracked = if status == "ASSIGNED" { "+" } else { "---" };
            let fields = [
                (format!("cf_status_firefox{nightly}"), state),
                (format!("cf_status_firefox{}", nightly - 1), "---"),
                (format!("cf_tracking_firefox{nightly}"), tracked),
                ("cf_has_str".to_owned(), "yes"),
            ];
            tracker.put(TrackedBug {
                id,
                summary: summary.to_owned(),
                status: status.to_owned(),
                resolution: resolution.to_owned(),
                keywords: vec!["crash".to_owned()],
                assigned_to: if matches!(status, "NEW") { NOBODY } else { SOMEBODY }.to_owned(),
                crash_signature: crash_signature.to_owned(),
                fields: fields.map(|(name, value)| (name, value.to_owned())).into(),
                changed: DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000 + id % 1000),
                is_private: id == 1_900_008,
            });
        }
        tracker
    }

    /// Adds a bug, or replaces the one with this number.
    pub fn put(&self, bug: TrackedBug) {
        let mut bugs = self.0.write().unwrap_or_else(PoisonError::into_inner);
        bugs.insert(bug.id, bug);
    }

    /// Returns the bug with this number.
    pub fn get(&self, id: i64) -> Option<TrackedBug> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Answers a search, whose parameters are given as they were sent.
    pub(super) fn search(&self, asked: &[(String, String)]) -> Response {
        match Search::read(asked) {
            Ok(search) => {
                let bugs = self.0.read().unwrap_or_else(PoisonError::into_inner);
                let found: Vec<Value> = search.among(&bugs).map(|bug| search.shown(bug)).collect();
                answer(StatusCode::OK, &json!({ "bugs": found }))
            }
            Err((code, message)) => {
                let refusal = json!({"error": true, "code": code, "message": message, "documentation": ""});
                answer(StatusCode::BAD_REQUEST, &refusal)
            }
        }
    }
}

/// The answer of a Bugzilla that has lost its data.
pub(super) fn nothing() -> Response {
    answer(StatusCode::OK, &json!({ "bugs": [] }))
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json; charset=UTF-8")];
    (status, headers, body.to_string()).into_response()
}

const NOBODY: &str = "nobody@mozilla.org";
const SOMEBODY: &str = "robin.stand-in@bugs.example";

/// Number, status, resolution, title, and the field with signatures. The last one is private.
const SAMPLES: [(i64, &str, &str, &str, &str); 8] = [
    (
        1_900_001,
        "NEW",
        "",
        "Crash in [@ victim::render::set_opacity]",
        "[@ victim::render::set_opacity ]",
    ),
    (
        1_900_002,
        "ASSIGNED",
        "",
        "Crash in [@ mozilla::dom::Document::FlushPendingNotifications]",
        "[@ mozilla::dom::Document::FlushPendingNotifications ]\r\n[@ core::ptr::read_volatile ]",
    ),
    (
        1_900_003,
        "RESOLVED",
        "FIXED",
        "Stack overflow while a page is laid out",
        "[@ stackoverflow | nsBlockFrame::Reflow ]",
    ),
    (
        1_900_004,
        "NEW",
        "",
        "A header without an end is read too far",
        "[@ victim::network::parse_header ][@ victim::network::dispatch_event ]",
    ),
    (
        1_900_005,
        "NEW",
        "",
        "[meta] Crashes while rendering",
        "[@ victim::render::set_opacity ] [@ victim::render::trap_unreachable_mode ]",
    ),
    (
        1_900_006,
        "RESOLVED",
        "WORKSFORME",
        "Crash of Fenix in TabStore.select",
        "[@ java.lang.IllegalStateException: at org.mozilla.fenix.tabs.TabStore.select(TabStore.kt:88) ]",
    ),
    (1_900_007, "NEW", "", "A bug without a signature", ""),
    (
        1_900_008,
        "NEW",
        "",
        "Only those who may see it know of this crash",
        "[@ victim::layout::reflow_subtree ]",
    ),
];

/// What is asked for.
struct Search<'a> {
    /// These numbers.
    ids: Option<BTreeSet<i64>>,
    /// Only with this text in the field of signatures.
    naming: Option<&'a str>,
    /// Only changed since this time.
    since: Option<DateTime<Utc>>,
    /// The fields that are wanted; all if it is empty.
    fields: BTreeSet<&'a str>,
    limit: usize,
    offset: usize,
}

/// An error code of Bugzilla, and its words.
type Refusal = (i64, String);

impl<'a> Search<'a> {
    fn read(asked: &'a [(String, String)]) -> Result<Self, Refusal> {
        let all = |name: &str| {
            let name = name.to_owned();
            asked
                .iter()
                .filter(move |(asked, _)| *asked == name)
                .map(|(_, value)| value.as_str())
        };
        let one = |name: &str| all(name).next();
        let number = |name: &str, without: usize| match one(name) {
            Some(text) => text
                .parse::<usize>()
                .map_err(|_| (53, format!("The value {text:?} is not a number."))),
            None => Ok(without),
        };
        let naming = match (one("f1"), one("o1"), one("v1")) {
            (None, None, None) => None,
            (Some("cf_crash_signature"), Some("substring"), Some(text)) => Some(text),
            _ => return Err((108, "Can't use this as a field name.".to_owned())),
        };
        let since = match (one("chfieldfrom"), one("chfield"), one("chfieldto")) {
            (None, _, _) => None,
            (Some(text), Some(_), None | Some("Now")) => Some(time(text)?),
            _ => return Err((108, "Only changes of fields until now are known here.".to_owned())),
        };
        let ids = all("id").flat_map(|ids| ids.split(','));
        let ids: BTreeSet<i64> = ids.filter_map(|id| id.trim().parse().ok()).collect();
        let ids = one("id").is_some().then_some(ids);
        if ids.is_none() && naming.is_none() && since.is_none() {
            let words = "You may not search, or create saved searches, without any search terms.";
            return Err((1000, words.to_owned()));
        }
        let fields = all("include_fields").flat_map(|fields| fields.split(',').map(str::trim));
        Ok(Self {
            ids,
            naming,
            since,
            fields: fields.collect(),
            limit: number("limit", MOST)?.min(MOST),
            offset: number("offset", 0)?,
        })
    }

    fn among<'b>(&'b self, bugs: &'b BTreeMap<i64, TrackedBug>) -> impl Iterator<Item = &'b TrackedBug> {
        let limit = if self.limit == 0 { MOST } else { self.limit };
        bugs.values()
            .filter(|bug| !bug.is_private)
            .filter(|bug| self.ids.as_ref().is_none_or(|ids| ids.contains(&bug.id)))
            .filter(|bug| self.naming.is_none_or(|text| bug.crash_signature.contains(text)))
            .filter(|bug| self.since.is_none_or(|since| bug.changed >= since))
            .skip(self.offset)
            .take(limit)
    }

    fn shown(&self, bug: &TrackedBug) -> Value {
        let wants = |name: &str, groups: &[&str]| {
            self.fields.is_empty()
                || self.fields.contains(name)
                || groups.iter().any(|group| self.fields.contains(group))
        };
        let mut shown = Map::new();
        for (name, value) in [
            ("id", json!(bug.id)),
            ("summary", json!(bug.summary)),
            ("status", json!(bug.status)),
            ("resolution", json!(bug.resolution)),
            ("keywords", json!(bug.keywords)),
            ("assigned_to", json!(bug.assigned_to)),
        ] {
            if wants(name, &["_default", "_all"]) {
                shown.insert(name.to_owned(), value);
            }
        }
        if shown.contains_key("assigned_to") {
            let person = json!({"id": 1, "name": bug.assigned_to, "email": bug.assigned_to, "real_name": "Robin"});
            shown.insert("assigned_to_detail".to_owned(), person);
        }
        let signature = ("cf_crash_signature", &bug.crash_signature);
        let fields = bug.fields.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in fields.chain([signature]) {
            if wants(name, &["_default", "_custom", "_all"]) {
                shown.insert(name.to_owned(), json!(value));
            }
        }
        Value::Object(shown)
    }
}

fn time(text: &str) -> Result<DateTime<Utc>, Refusal> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let time = day.or_else(|_| DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()));
    time.map_err(|_| (56, format!("{text:?} is not a legal date.")))
}
