//! Processing crashes again, and which are not processed; where a crash is stored; and nothing at all.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use crash::CrashId;
use crashstore::db::{count_unprocessed, unprocessed};
use crashstore::reprocessing::{Ruleset, reprocess};
use platform::access::Permission;
use platform::clock;
use platform::http::Caller;
use serde_json::{Value, json as object};

use super::answer::{Style, json};
use super::endpoint::{Endpoint, Kind, Parameter, pairs};
use super::failure::{Failure, require};
use super::form::form;
use super::time::iso;
use crate::find;
use crate::state::Webapp;

/// Maximum crashes that one request may have processed again.
const MOST_CRASHES: usize = 1_000;

/// Of what is said to be wrong so many characters are repeated.
const MAX_REPEATED: usize = 100;

/// How many crashes a page has.
const PAGE: i64 = 1_000;

/// A crash that came in longer ago and is not processed is missing, microseconds.
const MISSING_AFTER: i64 = 3_600_000_000;

pub(super) const REPROCESSING: Endpoint = Endpoint {
    name: "Reprocessing",
    about: "Has crashes processed again. An id may be followed by a colon and a ruleset: `default` for the whole \
        processing, `regenerate_signature` for the signature alone. Crashes that are unknown or deleted are passed \
        over; each that is queued is recorded in the audit log.",
    methods: &["POST"],
    parameters: &[Parameter {
        name: "crash_ids",
        kind: Kind::Texts,
        required: true,
        about: "The crash ids, each as `<crash id>` or `<crash id>:<ruleset>`; at most 1,000. If one is wrong, none \
            is queued.",
    }],
    needs: Some(Permission::ReprocessCrashes),
    answers: ("Nothing.", "null"),
};

pub(super) const MISSING_PROCESSED_CRASH: Endpoint = Endpoint {
    name: "MissingProcessedCrash",
    about: "The crash reports that were taken in over an hour ago and are not processed: they wait, or could not be \
        processed. The oldest come first, 1,000 a page; not more than 100,000 are listed and counted.",
    methods: &["GET"],
    parameters: &[Parameter {
        name: "page",
        kind: Kind::Whole,
        required: false,
        about: "Which page, from 1 on, which is the default; behind the last one is nothing.",
    }],
    needs: None,
    answers: (
        "The crashes of the page with the times at which they came in, how many there are, and the addresses of the \
        pages beside.",
        r#"{"results": [{"crash_id": "de1bb258-cbbf-4589-a673-34f800160918", "is_processed": false,
            "created": "2016-09-18T10:00:00.250000Z"}], "count": 1, "next": null, "previous": null}"#,
    ),
};

pub(super) const CRASH_VERIFY: Endpoint = Endpoint {
    name: "CrashVerify",
    about: "Where a crash report is stored. Of a deleted one nothing is. Nothing is exported for telemetry.",
    methods: &["GET"],
    parameters: &[Parameter {
        name: "crash_id",
        kind: Kind::Text,
        required: true,
        about: "The crash id, 36 characters, without `bp-`.",
    }],
    needs: None,
    answers: (
        "Whether there is a raw crash, a processed crash, a row for searches, and an export.",
        r#"{"uuid": "de1bb258-cbbf-4589-a673-34f800160918", "raw_crash": true, "processed_crash": true,
            "elasticsearch_crash": true, "telemetry_crash": false}"#,
    ),
};

pub(super) const NO_OP: Endpoint = Endpoint {
    name: "NoOp",
    about: "Does nothing: for tests of clients.",
    methods: &["GET"],
    parameters: &[Parameter {
        name: "product",
        kind: Kind::Text,
        required: true,
        about: "Anything; `bad` is an error.",
    }],
    needs: None,
    answers: ("Nothing found.", r#"{"hits": [], "total": 0}"#),
};

/// Queues crashes to be processed again.
pub(super) async fn reprocessing(
    State(app): State<Webapp>,
    caller: Caller,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    require(&caller, Permission::ReprocessCrashes)?;
    let given = form(&headers, body).await?;
    let wanted = REPROCESSING.read(&given)?;
    let wanted = wanted_crashes(wanted.texts("crash_ids"))?;
    reprocess(&app.db, &wanted, &caller.actor(), clock::now_micros()).await?;
    app.wake.now();
    let style = Style::of(&pairs(query.unwrap_or_default().as_bytes()));
    json(Value::Null, style).await
}

/// Another method: who may do it is told that, and nobody else.
pub(super) async fn not_posted(caller: Caller) -> Failure {
    match require(&caller, Permission::ReprocessCrashes) {
        Ok(()) => Failure::method_not_allowed(),
        Err(refused) => refused,
    }
}

/// The crashes of a request, each with its ruleset; all are right, or none counts.
fn wanted_crashes(texts: &[&str]) -> Result<Vec<(CrashId, Ruleset)>, Failure> {
    if texts.len() > MOST_CRASHES {
        let error = format!("more than {MOST_CRASHES} crash ids: send less at once");
        return Err(Failure::bad_argument(&error));
    }
    let wrong = |what: &str, text: &str| {
        let text = text::shortened(text, MAX_REPEATED);
        Failure::bad_value(&format!("{what} '{text}' is not valid."))
    };
    let wanted = texts.iter().map(|text| {
        let (id, ruleset) = text.split_once(':').unwrap_or((text, Ruleset::Default.name()));
        let crash: CrashId = id.parse().map_err(|_| wrong("Crash id", id))?;
        let ruleset = Ruleset::from_name(ruleset).ok_or_else(|| wrong("Ruleset", ruleset))?;
        Ok((crash, ruleset))
    });
    wanted.collect()
}

/// A page of the crashes that are not processed.
pub(super) async fn missing_processed_crash(
    State(app): State<Webapp>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let given = pairs(query.unwrap_or_default().as_bytes());
    let wanted = MISSING_PROCESSED_CRASH.read(&given)?.number("page").unwrap_or(1);
    let until = clock::now_micros().saturating_sub(MISSING_AFTER);
    let count = count_unprocessed(&app.db, until).await?;
    let last = count.saturating_add(PAGE - 1).div_euclid(PAGE).max(1);
    // One behind the last has nothing, so that who counts pages comes to an end.
    let page = i64::try_from(wanted).unwrap_or(i64::MAX).clamp(1, last + 1);
    let rows = unprocessed(&app.db, until, PAGE, (page - 1).saturating_mul(PAGE)).await?;
    let results: Vec<Value> = rows
        .into_iter()
        .map(|row| object!({"crash_id": row.crash_id, "is_processed": false, "created": iso(row.received, "Z")}))
        .collect();
    let link = |page: i64| address_of(&app, &headers, page);
    let answer = object!({
        "results": results,
        "count": count,
        "next": (page < last).then(|| link(page + 1)),
        "previous": (page > 1).then(|| link(page - 1)),
    });
    json(answer, Style::of(&given)).await
}

/// The address of a page: at the site's own address, if that is set, else at the host that the client asked.
fn address_of(app: &Webapp, headers: &HeaderMap, page: i64) -> String {
    let path = format!("/api/{}/?page={page}", MISSING_PROCESSED_CRASH.name);
    if let Some(own) = app.access.own_origin() {
        return format!("{own}{path}");
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    host.map_or_else(|| path.clone(), |host| format!("http://{host}{path}"))
}

/// Where a crash is stored.
pub(super) async fn crash_verify(State(app): State<Webapp>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let given = pairs(query.unwrap_or_default().as_bytes());
    let values = CRASH_VERIFY.read(&given)?;
    let unknown = |_| Failure::text(StatusCode::BAD_REQUEST, "unknown crash id");
    let id: CrashId = values.text("crash_id").parse().map_err(unknown)?;
    let found = find::presence(&app, &id).await?;
    let answer = object!({
        "uuid": id,
        "raw_crash": found.raw,
        "processed_crash": found.processed,
        "elasticsearch_crash": found.search,
        "telemetry_crash": false,
    });
    json(answer, Style::of(&given)).await
}

/// Nothing.
pub(super) async fn no_op(RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let given = pairs(query.unwrap_or_default().as_bytes());
    if NO_OP.read(&given)?.text("product") == "bad" {
        return Err(Failure::bad_value("Bad product"));
    }
    json(object!({"hits": [], "total": 0}), Style::of(&given)).await
}
