//! One crash: its annotations, its files, and what was made of it.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use crash::CrashId;
use platform::access::{Action, Permission};
use platform::http::Caller;
use platform::queue::{JobState, JobStatus};
use serde_json::json as object;

use super::answer::{Style, json};
use super::endpoint::{Endpoint, Kind, Parameter, Values, pairs};
use super::failure::Failure;
use crate::find::{self, Found};
use crate::page::vary;
use crate::state::Webapp;

const CRASH_ID: Parameter = Parameter {
    name: "crash_id",
    kind: Kind::Text,
    required: true,
    about: "The crash id, 36 characters, without `bp-`.",
};

pub(super) const PROCESSED_CRASH: Endpoint = Endpoint {
    name: "ProcessedCrash",
    about: "The processed crash: its signature, its stack, its build and all that was made of a crash report. \
        Protected parts are left out unless the token has the permission to see them. A report that is not processed \
        yet is moved to the front by asking for it; the answer is 404 until it is processed, and says in `state` \
        where it stands.",
    methods: &["GET"],
    parameters: &[CRASH_ID],
    needs: None,
    answers: (
        "The processed crash.",
        r#"{"uuid": "de1bb258-cbbf-4589-a673-34f800160918", "signature": "OOM | small", "product": "Firefox"}"#,
    ),
};

pub(super) const RAW_CRASH: Endpoint = Endpoint {
    name: "RawCrash",
    about: "What was received of a crash report: its annotations, or one of its files.",
    methods: &["GET"],
    parameters: &[
        CRASH_ID,
        Parameter {
            name: "format",
            kind: Kind::Text,
            required: false,
            about: "`meta` for the annotations, which is the default; `raw` for a file, which needs the permission to \
                view raw dumps.",
        },
        Parameter {
            name: "name",
            kind: Kind::Text,
            required: false,
            about: "With `format=raw`: the name of the file. Without it, or with `dump`, it is the minidump of the \
                process that crashed.",
        },
    ],
    needs: None,
    answers: (
        "The annotations, as far as you may see them; or the file.",
        r#"{"ProductName": "Firefox", "Version": "64.0", "BuildID": "20181025233934"}"#,
    ),
};

/// A processed crash, as far as the caller may see it.
pub(super) async fn processed_crash(
    State(app): State<Webapp>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let given = pairs(query.unwrap_or_default().as_bytes());
    let id = crash_id(&PROCESSED_CRASH.read(&given)?)?;
    let mut response = match find::processed(&app, &caller, &id, Action::ReadProcessed).await? {
        Found::Processed(found) => json(found.crash.into_json(), Style::of(&given)).await?,
        Found::Waiting(waiting) => not_processed(&id, waiting.job.as_ref()),
        Found::Failed(failed) => not_processed(&id, Some(&failed.job)),
        Found::Gone(_) | Found::Nothing => Failure::no_crash(&id).into_response(),
    };
    vary(&mut response);
    Ok(response)
}

/// The annotations of a crash, as far as the caller may see them, or one of its files.
pub(super) async fn raw_crash(
    State(app): State<Webapp>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let given = pairs(query.unwrap_or_default().as_bytes());
    let values = RAW_CRASH.read(&given)?;
    let id = crash_id(&values)?;
    let mut response = match values.text("format") {
        "" | "meta" => match find::annotations(&app, &caller, &id, Some(Action::ReadRaw)).await? {
            Some(annotations) => json(annotations.into_json(), Style::of(&given)).await?,
            None => Failure::no_crash(&id).into_response(),
        },
        "raw" => dump(&app, &caller, &id, values.text("name")).await?,
        _ => Failure::bad_value("format").into_response(),
    };
    vary(&mut response);
    Ok(response)
}

/// A file of a report. Without the permission the answer is the same whatever there is.
async fn dump(app: &Webapp, caller: &Caller, id: &CrashId, name: &str) -> Result<Response, Failure> {
    if !caller.may(Permission::ViewRawDump) {
        let error = format!(
            "Binary response requires permissions: {}",
            Permission::ViewRawDump.title()
        );
        return Err(Failure::text(StatusCode::FORBIDDEN, &error));
    }
    let wanted = match name {
        "" | "dump" => crash::MAIN_DUMP,
        name => name,
    };
    let Some(dump) = find::dump(app, caller, id, wanted).await? else {
        return Err(Failure::no_crash(id));
    };
    let id = &dump.id;
    // The names of files may hold what no header does.
    let named: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "_-.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let file = match named.as_str() {
        "" => format!("{id}.dmp"),
        // So it is called for clients of Crash Stats.
        "memory_report" => "memory_report.json.gz".to_owned(),
        named => format!("{id}-{named}.dmp"),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, dump.size.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
    ];
    Ok((headers, Body::from_stream(dump.content)).into_response())
}

fn crash_id(values: &Values<'_>) -> Result<CrashId, Failure> {
    let id = values.text("crash_id").parse();
    id.map_err(|_| Failure::bad_value("uuid"))
}

/// The answer for an unprocessed report: the text that clients know, plus its processing state.
fn not_processed(id: &CrashId, job: Option<&JobStatus>) -> Response {
    let mut answer = object!({
        "error": format!("Not found: CrashIDNotFound {id}"),
        "state": job.map_or(JobState::Waiting, |job| job.state).name(),
    });
    if let Some(job) = job.filter(|job| !job.reason.is_empty()) {
        answer["reason"] = job.reason.as_str().into();
    }
    Failure::new(StatusCode::NOT_FOUND, answer).into_response()
}
