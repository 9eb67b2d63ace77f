//! The pages of imports: when they ran, what was read, how each source did, what was decided and why.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use buildinfo::db::{self, Run, SourceState};
use buildinfo::sources::archive::public_address;
use builds::policy::{Fill, Verdict};
use platform::http::ApiError;

use crate::page::{PageError, Problem, html};
use crate::params::Params;
use crate::state::Webapp;
use crate::words::{self, Word};
use crate::{format, links};

/// The path of the list.
pub(super) const PATH: &str = "/builds/runs";
/// Imports per page.
const PAGE: i64 = 30;
/// Maximum decisions, and maximum notes, on the page of an import.
const MOST: usize = 200;
/// Longer texts are cut.
const CELL: usize = 500;

/// Lists the imports, newest first; the first page starts with how each source does.
pub(crate) async fn list(State(app): State<Webapp>, params: Params) -> Result<Response, PageError> {
    let before = match params.get("before") {
        None | Some("") => None,
        Some(text) => Some(text.parse::<i64>().map_err(|_| no_such_place())?),
    };
    let found = db::runs_before(&app.db, before.unwrap_or(i64::MAX), PAGE).await?;
    let sources = match before {
        None => db::source_states(&app.db).await?,
        Some(_) => Vec::new(),
    };
    let last = found.rows.last().filter(|_| found.more);
    let page = RunsPage {
        sources: sources.iter().map(SourceRow::new).collect(),
        newest: before.map(|_| PATH.to_owned()),
        older: last.map(|last| links::page(PATH, &[("before", &last.id.to_string())])),
        rows: found.rows.iter().map(RunRow::new).collect(),
    };
    Ok(html(StatusCode::OK, &page))
}

fn no_such_place() -> PageError {
    let sentence = "This link into the list of imports is not whole: begin again with the newest.";
    ApiError::BadRequest(sentence.to_owned()).into()
}

/// Shows one import.
pub(crate) async fn show(State(app): State<Webapp>, Path(id): Path<String>) -> Result<Response, PageError> {
    let Ok(id) = id.parse::<i64>() else {
        return Ok(no_such_run());
    };
    let found = db::runs_before(&app.db, id.saturating_add(1), 1).await?;
    match found.rows.first().filter(|run| run.id == id) {
        Some(run) => Ok(html(StatusCode::OK, &RunPage::new(run))),
        None => Ok(no_such_run()),
    }
}

fn no_such_run() -> Response {
    Problem {
        title: "No such import".to_owned(),
        sentence: "No import has this number.".to_owned(),
        causes: vec!["The address was cut off or mistyped: the list of imports has them all.".to_owned()],
    }
    .answer(StatusCode::NOT_FOUND)
}

/// How a source does.
#[derive(Debug)]
struct SourceRow {
    source: String,
    state: Word,
    tried: String,
    answered: Option<String>,
    newest: Option<String>,
    trouble: String,
}

const ANSWERS: Word = Word {
    text: "answers",
    meaning: "It answered when it was last asked.",
    look: "good",
};
const SILENT: Word = Word {
    text: "silent",
    meaning: "It did not answer when it was last asked.",
    look: "bad",
};

impl SourceRow {
    fn new(state: &SourceState) -> Self {
        let trouble = state.trouble.as_deref();
        Self {
            source: state.source.clone(),
            state: if trouble.is_some() { SILENT } else { ANSWERS },
            tried: format::time(state.tried),
            answered: state.answered.map(format::time),
            newest: state.newest.map(format::time),
            trouble: trouble.unwrap_or_default().to_owned(),
        }
    }
}

/// What was read, or handed in.
fn read(run: &Run) -> String {
    run.source.parse().map_or_else(|_| run.source.clone(), words::source)
}

/// One import in the list.
#[derive(Debug)]
struct RunRow {
    page: String,
    started: String,
    took: String,
    read: String,
    outcome: Word,
    /// The sources and how they did.
    sources: Vec<(&'static str, Word)>,
    /// Builds taken from the archive because Buildhub did not have them.
    filled: u64,
    requests: String,
    records: String,
    new_records: String,
    errors: String,
    failed: bool,
    generation: i64,
}

impl RunRow {
    fn new(run: &Run) -> Self {
        let policy = run.policy();
        let sources = policy.sources.iter();
        Self {
            page: format!("{PATH}/{}", run.id),
            started: format::time(run.started),
            took: took(run),
            read: read(run),
            outcome: words::outcome(&run.outcome),
            sources: sources
                .map(|one| (one.source.as_str(), words::source_state(one.state)))
                .collect(),
            filled: policy.filled.iter().map(|fill| fill.builds).sum(),
            requests: text::thousands(run.requests),
            records: text::thousands(run.records),
            new_records: text::thousands(run.new_records),
            errors: text::thousands(run.errors),
            failed: run.errors > 0,
            generation: run.generation,
        }
    }
}

/// How long an import took; empty if it has not ended, or was killed.
fn took(run: &Run) -> String {
    match run.ended {
        None => String::new(),
        Some(ended) if ended - run.started < 1_000_000 => "under 1 s".to_owned(),
        Some(ended) => format::seconds((ended - run.started) / 1_000_000),
    }
}

#[derive(Debug, Template)]
#[template(path = "runs.html")]
struct RunsPage {
    sources: Vec<SourceRow>,
    rows: Vec<RunRow>,
    newest: Option<String>,
    older: Option<String>,
}

/// How a source did, and the evidence for that.
#[derive(Debug)]
struct VerdictRow {
    source: &'static str,
    state: Word,
    why: String,
}

impl VerdictRow {
    fn new(verdict: &Verdict) -> Self {
        Self {
            source: verdict.source.as_str(),
            state: words::source_state(verdict.state),
            why: text::shortened(&verdict.why, CELL),
        }
    }
}

/// What was taken from the archive, and why.
#[derive(Debug)]
struct FillRow {
    tree: String,
    builds: u64,
    why: String,
    platforms: String,
    /// The folders of the first and last build, each with its address.
    folders: Vec<(String, String)>,
}

impl FillRow {
    fn new(fill: &Fill) -> Self {
        let mut folders = vec![fill.first.clone(), fill.last.clone()];
        folders.dedup();
        let platforms: Vec<&str> = fill.platforms.iter().map(String::as_str).collect();
        Self {
            tree: fill.tree.clone(),
            builds: fill.builds,
            why: words::sentence(&fill.reason.to_string()),
            platforms: text::shortened(&platforms.join(", "), CELL),
            folders: folders
                .into_iter()
                .map(|path| {
                    let address = public_address(&path);
                    (path, address)
                })
                .collect(),
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "run.html")]
struct RunPage {
    id: i64,
    row: RunRow,
    ended: Option<String>,
    unchanged: String,
    verdicts: Vec<VerdictRow>,
    fills: Vec<FillRow>,
    fills_left_out: usize,
    notes: Vec<String>,
    notes_left_out: usize,
}

impl RunPage {
    fn new(run: &Run) -> Self {
        let policy = run.policy();
        let notes = run.notes.lines().count();
        Self {
            id: run.id,
            row: RunRow::new(run),
            ended: run.ended.map(format::time),
            unchanged: text::thousands(run.unchanged),
            verdicts: policy.sources.iter().map(VerdictRow::new).collect(),
            fills: policy.filled.iter().take(MOST).map(FillRow::new).collect(),
            fills_left_out: policy.filled.len().saturating_sub(MOST),
            notes: run
                .notes
                .lines()
                .take(MOST)
                .map(|note| text::shortened(note, CELL))
                .collect(),
            notes_left_out: notes.saturating_sub(MOST),
        }
    }
}
