//! The page of one crash report.

mod build;
mod crash_facts;
mod document;
mod fact;
mod protected;
mod stack;

use ::crash::CrashId;
use ::crash::fields::annotations;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use platform::access::{Action, Permission};
use platform::http::Caller;
use platform::{clock, cpu};

use self::build::BuildView;
use self::document::{plain, shown, text};
use self::fact::Fact;
use self::protected::ProtectedView;
use self::stack::{ExceptionView, ModuleView, ThreadView};
use crate::find::{self, Found, Processed, Seen, Waiting};
use crate::page::{PageError, Problem, html, moved, vary};
use crate::state::Webapp;
use crate::{format, links};

/// Longer annotations are cut; the raw data has them in full.
const ANNOTATION: usize = 2_000;
/// Longer names of annotations are cut.
const ANNOTATION_NAME: usize = 200;
/// Further annotations are not listed.
const MAX_ANNOTATIONS: usize = 1_000;

/// Shows a report, as far as the caller may see it, or says exactly why there is none.
pub(crate) async fn show(
    State(app): State<Webapp>,
    caller: Caller,
    Path(text): Path<String>,
    uri: Uri,
) -> Result<Response, PageError> {
    if let Some(id) = text.strip_prefix("bp-").and_then(|id| id.parse().ok()) {
        return Ok(moved(StatusCode::FOUND, &links::report(&id)));
    }
    let Ok(id) = text.parse::<CrashId>() else {
        return Ok(not_an_id());
    };
    let mut response = match find::processed(&app, &caller, &id, Action::SeeReport).await? {
        Found::Processed(found) => {
            let annotations = find::annotations(&app, &caller, &found.id, None).await?;
            let files = files(&app, &caller, &id, caller.may(Permission::ViewPii)).await?;
            let is_known = caller.identity().is_some();
            // Documents can be up to 128 MB.
            let make = move || {
                let mut page = ReportPage::new(&id, &found, annotations.as_ref());
                page.files = files;
                page.sign_in = (!is_known).then(|| links::sign_in(&links::report(&id)));
                html(StatusCode::OK, &page)
            };
            cpu::run(make).await?
        }
        Found::Waiting(waiting) => {
            let page = WaitingPage::new(id, uri.path(), waiting);
            html(StatusCode::OK, &page)
        }
        Found::Failed(failed) => {
            let page = FailedPage {
                files: files(&app, &caller, &id, false).await?,
                received: format::time(failed.received),
                failed: format::time(failed.job.run_at),
                reason: failed.job.reason,
                id,
            };
            html(StatusCode::OK, &page)
        }
        Found::Gone(first) => gone(&id, &first),
        Found::Nothing => unknown(&id),
    };
    vary(&mut response);
    Ok(response)
}

/// A report's files with their links, for those who may read them.
async fn files(
    app: &Webapp,
    caller: &Caller,
    id: &CrashId,
    is_recorded: bool,
) -> Result<Option<Vec<(String, String)>>, PageError> {
    let names = find::dump_names(app, caller, id, is_recorded).await?;
    Ok(names.map(|names| names.into_iter().map(|name| links::dump(id, name)).collect()))
}

fn not_an_id() -> Response {
    Problem {
        title: "Not a crash id".to_owned(),
        sentence: "A crash id has 36 characters: lower-case hexadecimal digits in groups of 8, 4, 4, 4 and 12, and \
            its last six are a date, YYMMDD. It may have bp- before it."
            .to_owned(),
        causes: vec![
            "The id was cut off, or something was copied along with it.".to_owned(),
            "It is the id of a crash that was not submitted yet: those in about:crashes without a date at their end \
             exist only on the computer that crashed."
                .to_owned(),
        ],
    }
    .answer(StatusCode::BAD_REQUEST)
}

fn unknown(id: &CrashId) -> Response {
    let day = id.day();
    let mut causes = vec![
        format!("It came in on {day} (the id says so) and was deleted since, by age or on request."),
        "It was never received here: the client is still to send it, or sends to another server.".to_owned(),
        "The id was mistyped: it has the form of a crash id, but nothing is known under it.".to_owned(),
    ];
    // The seventh character from the end is the collector's decision.
    if id.as_str().as_bytes().get(29) == Some(&b'3') {
        causes.insert(
            0,
            "It was thrown away on receipt: the digit 3 before the date says that the collector's rules did not let \
             it in."
                .to_owned(),
        );
    }
    Problem {
        title: "This crash report does not exist".to_owned(),
        sentence: format!(
            "Nothing is stored under {id}. This is not a matter of waiting: a report that was received \
            is known at once."
        ),
        causes,
    }
    .answer(StatusCode::NOT_FOUND)
}

fn gone(id: &CrashId, first: &CrashId) -> Response {
    Problem {
        title: "This crash report does not exist any more".to_owned(),
        sentence: format!("{id} is a second copy of {first}, and that one was deleted."),
        causes: vec!["Reports are deleted by age or on request.".to_owned()],
    }
    .answer(StatusCode::NOT_FOUND)
}

/// The page of a report that is not processed yet; it reloads itself.
#[derive(Debug, Template)]
#[template(path = "waiting.html")]
struct WaitingPage<'a> {
    id: CrashId,
    here: &'a str,
    received: Option<String>,
    /// The last error; empty if there was none.
    reason: String,
    /// The time of the next attempt, if that is not immediate.
    next: Option<String>,
    /// Seconds until the page reloads itself.
    refresh: i64,
}

impl<'a> WaitingPage<'a> {
    fn new(id: CrashId, here: &'a str, waiting: Waiting) -> Self {
        let until_next = waiting.job.as_ref().map_or(0, |job| job.run_at - clock::now_micros()) / 1_000_000;
        let job = waiting.job;
        let later = job.as_ref().filter(|_| until_next > 0);
        Self {
            id,
            here,
            received: waiting.row.map(|row| format::time(row.received)),
            next: later.map(|job| format::time(job.run_at)),
            reason: job.map(|job| job.reason).unwrap_or_default(),
            refresh: until_next.clamp(3, 60),
        }
    }
}

/// The page of a report that could not be processed.
#[derive(Debug, Template)]
#[template(path = "failed.html")]
struct FailedPage {
    id: CrashId,
    received: String,
    failed: String,
    reason: String,
    /// The report's files with their links, for those who may read them.
    files: Option<Vec<(String, String)>>,
}

#[derive(Debug, Template)]
#[template(path = "report.html")]
struct ReportPage {
    id: CrashId,
    /// The requested id, if this is the first copy of that report.
    copy: Option<CrashId>,
    title: String,
    signature: String,
    same_signature: String,
    /// Where a bug about the crash is entered, if its product has such a place.
    bug: Option<String>,
    build: BuildView,
    facts: Vec<Fact>,
    moz_crash_reason: String,
    exceptions: Vec<ExceptionView>,
    /// Why a thread has no stack; none if a Java stack takes its place.
    no_stack: Option<&'static str>,
    crashing: Option<ThreadView>,
    others: Vec<ThreadView>,
    threads_left_out: usize,
    threads_not_walked: usize,
    modules: Vec<ModuleView>,
    modules_left_out: usize,
    unloaded: Vec<String>,
    unloaded_left_out: usize,
    annotations: Option<Vec<AnnotationView>>,
    annotations_left_out: usize,
    notes: Vec<String>,
    /// What is protected, for those who may see it.
    protected: Option<ProtectedView>,
    /// The report's files with their links, for those who may read them.
    files: Option<Vec<(String, String)>>,
    /// Where to sign in; none if the reader is signed in or has sent a token.
    sign_in: Option<String>,
}

/// An annotation.
#[derive(Debug)]
struct AnnotationView {
    name: String,
    /// What it is; empty for one that nothing describes.
    about: String,
    value: String,
    is_protected: bool,
}

impl ReportPage {
    fn new(asked: &CrashId, found: &Processed, annotations: Option<&Seen>) -> Self {
        let crash = found.crash.values();
        let signature = text(crash, "signature").to_owned();
        let build = BuildView::new(crash);
        let stacks = stack::Stacks::new(crash);
        let modules = stack::Modules::new(crash);
        let exceptions = stack::exceptions(crash);
        Self {
            id: found.id.clone(),
            copy: (found.id != *asked).then(|| asked.clone()),
            title: build.name(),
            bug: links::bug(text(crash, "product"), text(crash, "version"), &signature, &found.id),
            same_signature: links::crashes(&[("signature", &signature)]),
            signature,
            facts: crash_facts::facts(crash, found.row.as_ref()),
            moz_crash_reason: text(crash, "moz_crash_reason").to_owned(),
            no_stack: stack::missing(crash, &stacks, &exceptions),
            exceptions,
            crashing: stacks.crashing,
            others: stacks.others,
            threads_left_out: stacks.left_out,
            threads_not_walked: stacks.not_walked,
            modules: modules.loaded,
            modules_left_out: modules.left_out,
            unloaded: modules.unloaded,
            unloaded_left_out: modules.unloaded_left_out,
            annotations_left_out: annotations.map_or(0, |seen| seen.values().len().saturating_sub(MAX_ANNOTATIONS)),
            annotations: annotations.map(listed),
            protected: ProtectedView::new(&found.crash),
            files: None,
            sign_in: None,
            notes: text(crash, "processor_notes")
                .lines()
                .filter(|note| !note.trim().is_empty())
                .map(str::to_owned)
                .collect(),
            build,
        }
    }
}

fn listed(seen: &Seen) -> Vec<AnnotationView> {
    let public = seen.public_part();
    seen.values()
        .iter()
        .take(MAX_ANNOTATIONS)
        .map(|(name, value)| {
            // As in processed crashes: invisible characters must not affect what displays them.
            let value = shown(value).replace(char::is_control, "\u{fffd}");
            AnnotationView {
                name: text::shortened(name, ANNOTATION_NAME),
                about: plain(annotations::by_name(name).map_or("", |annotation| annotation.about)),
                value: text::shortened(&value, ANNOTATION),
                is_protected: public.as_ref().is_some_and(|public| !public.contains_key(name)),
            }
        })
        .collect()
}
