//! Which bugs name which signatures.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bugs::BugSignature;
use bugs::db::AskError;
use platform::clock;
use platform::http::ApiError;
use serde_json::json as object;

use super::answer::{Style, json};
use super::endpoint::{Endpoint, Kind, Parameter, pairs};
use super::failure::Failure;
use super::form::form;
use crate::state::Webapp;

/// How long an answer may be kept; the same for all who ask.
const HOLDS: &str = "private, max-age=300";

pub(super) const BUGS: Endpoint = Endpoint {
    name: "Bugs",
    about: "The bugs that name one of these crash signatures, each with every signature that it names. They are read \
        from a Bugzilla once an hour; the header `Last-Modified` says when they were last. Signatures are compared \
        whole. At most 1,000 are answered at once.",
    methods: &["GET", "POST"],
    parameters: &[Parameter {
        name: "signatures",
        kind: Kind::Texts,
        required: true,
        about: "A signature; may be given many times.",
    }],
    needs: None,
    answers: (
        "Bugs and signatures, in the order of both.",
        r#"{"hits": [{"id": 1492110, "signature": "OOM | small"}], "total": 1}"#,
    ),
};

pub(super) const SIGNATURES_BY_BUGS: Endpoint = Endpoint {
    name: "SignaturesByBugs",
    about: "The crash signatures that these bugs name. They are read from a Bugzilla once an hour; the header \
        `Last-Modified` says when they were last. At most 1,000 bugs are answered at once.",
    methods: &["GET"],
    parameters: &[Parameter {
        name: "bug_ids",
        kind: Kind::Numbers,
        required: true,
        about: "The number of a bug; may be given many times.",
    }],
    needs: None,
    answers: (
        "Bugs and signatures, in the order of both.",
        r#"{"hits": [{"id": 1492110, "signature": "OOM | small"}], "total": 1}"#,
    ),
};

/// The bugs of signatures that stand in the query string.
pub(super) async fn bugs(State(app): State<Webapp>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    bugs_of(&app, pairs(query.unwrap_or_default().as_bytes())).await
}

/// The bugs of signatures that were posted as a form.
pub(super) async fn post_bugs(State(app): State<Webapp>, headers: HeaderMap, body: Bytes) -> Result<Response, Failure> {
    bugs_of(&app, form(&headers, body).await?).await
}

async fn bugs_of(app: &Webapp, given: Vec<(String, String)>) -> Result<Response, Failure> {
    let values = BUGS.read(&given)?;
    let signatures: Vec<String> = values.texts("signatures").iter().map(ToString::to_string).collect();
    let found = bugs::db::bugs_of(&app.db, &signatures).await.map_err(refused)?;
    answer(app, found, Style::of(&given)).await
}

/// The signatures of bugs.
pub(super) async fn signatures_by_bugs(
    State(app): State<Webapp>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let given = pairs(query.unwrap_or_default().as_bytes());
    let numbers = SIGNATURES_BY_BUGS.read(&given)?.numbers("bug_ids");
    // No bug has a number that is larger.
    let ids: Vec<i64> = numbers.into_iter().filter_map(|id| i64::try_from(id).ok()).collect();
    let found = bugs::db::signatures_of(&app.db, &ids).await.map_err(refused)?;
    answer(&app, found, Style::of(&given)).await
}

fn refused(error: AskError) -> Failure {
    match error {
        AskError::Db(error) => ApiError::from(error).into(),
        error @ (AskError::TooMany(_) | AskError::TooLong) => Failure::bad_argument(&error.to_string()),
    }
}

/// An answer with its age.
async fn answer(app: &Webapp, hits: Vec<BugSignature>, style: Style) -> Result<Response, Failure> {
    let read = bugs::db::state(&app.db).await?.good;
    let total = hits.len();
    let mut response = json(object!({ "hits": hits, "total": total }), style).await?;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(HOLDS));
    let date = clock::from_micros(read).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if read > 0
        && let Ok(date) = HeaderValue::from_str(&date)
    {
        headers.insert(header::LAST_MODIFIED, date);
    }
    Ok(response)
}
