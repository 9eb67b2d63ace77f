//! The list of crashes.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use crashstore::db::{self, Cursor, Filter, State as CrashState, Summary};
use platform::http::ApiError;

use crate::Webapp;
use crate::page::{PageError, html, unusable};
use crate::params::Params;
use crate::words::{self, Word};
use crate::{format, links};

/// Crashes on a page.
const PAGE: usize = 50;
/// Longer signatures and reasons are cut in the list; the report has them whole.
const CELL: usize = 160;

/// Shows the crashes that the filters let through, newest first.
pub(crate) async fn list(State(app): State<Webapp>, params: Params) -> Result<Response, PageError> {
    let filter = filter(&params).map_err(unusable)?;
    let after = match params.get("after") {
        None | Some("") => None,
        Some(place) => Some(place.parse::<Cursor>().map_err(|()| no_such_place())?),
    };
    // One more than is shown tells whether there is an older page.
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let crashes = db::list(&app.db, &filter, after.as_ref(), limit).await?;
    let page = CrashesPage::new(&filter, after.is_some(), &crashes);
    Ok(html(StatusCode::OK, &page))
}

fn no_such_place() -> PageError {
    let sentence = "This link into the list of crashes is not whole: begin again with the newest.";
    ApiError::BadRequest(sentence.to_owned()).into()
}

fn filter(params: &Params) -> Result<Filter, &'static str> {
    let text = |name| params.text(name).map(str::to_owned);
    Ok(Filter {
        product: text("product")?,
        version: text("version")?,
        channel: text("channel")?,
        build_id: text("build_id")?,
        signature: text("signature")?,
        since: None,
    })
}

/// The filters by the names of their parameters.
fn named(filter: &Filter) -> [(&'static str, &str); 5] {
    [
        ("product", &filter.product),
        ("version", &filter.version),
        ("channel", &filter.channel),
        ("build_id", &filter.build_id),
        ("signature", &filter.signature),
    ]
}

#[derive(Debug, Template)]
#[template(path = "crashes.html")]
struct CrashesPage<'a> {
    filter: &'a Filter,
    filtered: bool,
    /// Products to offer in the form: those on the page.
    products: BTreeSet<&'a str>,
    rows: Vec<Row<'a>>,
    newest: Option<String>,
    older: Option<String>,
}

#[derive(Debug)]
struct Row<'a> {
    crash: &'a Summary,
    version: String,
    time: String,
    report: String,
    processed: bool,
    /// What to say of the version; none for a build that is known and out.
    mark: Option<Word>,
    build: Option<String>,
    reason: String,
    signature: String,
    same_signature: String,
}

impl<'a> CrashesPage<'a> {
    fn new(filter: &'a Filter, beyond_newest: bool, crashes: &'a [Summary]) -> Self {
        let shown = crashes.get(..PAGE).unwrap_or(crashes);
        let filters = named(filter);
        let older = shown
            .last()
            .filter(|_| crashes.len() > shown.len())
            .map(|last| {
                let place = Cursor {
                    received: last.received,
                    crash_id: last.id.to_string(),
                }
                .to_string();
                let with_place: Vec<(&str, &str)> =
                    filters.into_iter().chain([("after", &*place)]).collect();
                links::crashes(&with_place)
            });
        Self {
            filter,
            filtered: filters.iter().any(|(_, value)| !value.is_empty()),
            products: crashes
                .iter()
                .map(|crash| crash.product.as_str())
                .filter(|product| !product.is_empty())
                .collect(),
            rows: shown.iter().map(Row::new).collect(),
            newest: beyond_newest.then(|| links::crashes(&filters)),
            older,
        }
    }
}

impl<'a> Row<'a> {
    fn new(crash: &'a Summary) -> Self {
        let processed = crash.state == CrashState::Processed;
        Self {
            crash,
            version: words::version(&crash.product, &crash.version),
            time: format::time(crash.received),
            report: links::report(&crash.id),
            processed,
            mark: mark(crash, processed),
            build: links::build(&crash.product, &crash.channel, &crash.build_id),
            reason: format::shortened(&crash.reason, CELL),
            signature: format::shortened(&crash.signature, CELL),
            same_signature: links::crashes(&[("signature", &crash.signature)]),
        }
    }
}

fn mark(crash: &Summary, processed: bool) -> Option<Word> {
    if !processed {
        return Some(Word {
            text: "as reported",
            meaning: "The version is the one that the client reported: this crash is not processed yet.",
            look: "odd",
        });
    }
    let word = words::status(&crash.build_status);
    (word.look != "good").then_some(word)
}
