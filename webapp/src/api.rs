//! The endpoints that clients of Crash Stats use, with its answers.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get};
use crash::CrashId;
use platform::access::{Action, Permission};
use platform::cpu;
use platform::http::{ApiError, Caller};
use platform::queue::{JobState, JobStatus};
use serde_json::{Value, json};
use tower_http::cors::{Any, CorsLayer};

use crate::find::{self, Found};
use crate::page::{moved, vary};
use crate::params::Params;
use crate::state::Webapp;

/// How long a browser may cache a CORS preflight answer.
const PREFLIGHT_HOLDS: std::time::Duration = std::time::Duration::from_secs(86_400);

/// `/api/<Name>/`; clients that omit the trailing slash are redirected.
pub(crate) fn routes() -> Router<Webapp> {
    let open_to_all = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::OPTIONS])
        .allow_headers(Any)
        .max_age(PREFLIGHT_HOLDS);
    Router::new()
        .route("/api/ProcessedCrash/", reading(get(processed_crash)))
        .route("/api/ProcessedCrash", any(with_slash))
        .route("/api/RawCrash/", reading(get(raw_crash)))
        .route("/api/RawCrash", any(with_slash))
        .route("/api/{name}/", any(no_service))
        .layer(open_to_all)
}

fn reading(endpoint: MethodRouter<Webapp>) -> MethodRouter<Webapp> {
    endpoint.fallback(async || failed(StatusCode::METHOD_NOT_ALLOWED, &json!({"error": "Method not allowed"})))
}

async fn with_slash(uri: Uri) -> Response {
    let query = uri.query().map(|q| format!("?{q}")).unwrap_or_default();
    moved(StatusCode::MOVED_PERMANENTLY, &format!("{}/{query}", uri.path()))
}

async fn no_service(Path(name): Path<String>) -> Response {
    if name == "v1" {
        // Our own API is below it, and its errors use its format.
        return ApiError::NotFound("there is nothing at this address".to_owned()).into_response();
    }
    failed(
        StatusCode::NOT_FOUND,
        &json!({"error": format!("No service called '{name}'")}),
    )
}

/// A processed crash, as far as the caller may see it.
async fn processed_crash(State(app): State<Webapp>, caller: Caller, params: Params) -> Result<Response, ApiError> {
    let id = match crash_id(&params) {
        Ok(id) => id,
        Err(answer) => return Ok(*answer),
    };
    let mut response = match find::processed(&app, &caller, &id, Action::ReadProcessed).await? {
        Found::Processed(found) => document(found.crash.into_json(), &params).await?,
        Found::Waiting(waiting) => not_processed(&id, waiting.job.as_ref()),
        Found::Failed(failed) => not_processed(&id, Some(&failed.job)),
        Found::Gone(_) | Found::Nothing => not_found(&id),
    };
    vary(&mut response);
    Ok(response)
}

/// The annotations of a crash, as far as the caller may see them, or one of its files.
async fn raw_crash(State(app): State<Webapp>, caller: Caller, params: Params) -> Result<Response, ApiError> {
    let id = match crash_id(&params) {
        Ok(id) => id,
        Err(answer) => return Ok(*answer),
    };
    let mut response = match params.get("format") {
        None | Some("" | "meta") => match find::annotations(&app, &caller, &id, Some(Action::ReadRaw)).await? {
            Some(annotations) => document(annotations.into_json(), &params).await?,
            None => not_found(&id),
        },
        Some("raw") => dump(&app, &caller, &id, params.get("name").unwrap_or_default()).await?,
        Some(_) => bad_argument("format"),
    };
    vary(&mut response);
    Ok(response)
}

/// A file of a report. Without the permission the answer is the same whatever there is.
async fn dump(app: &Webapp, caller: &Caller, id: &CrashId, name: &str) -> Result<Response, ApiError> {
    if !caller.may(Permission::ViewRawDump) {
        let error = format!(
            "Binary response requires permissions: {}",
            Permission::ViewRawDump.title()
        );
        return Ok(failed(StatusCode::FORBIDDEN, &json!({ "error": error })));
    }
    let wanted = match name {
        "" | "dump" => crash::MAIN_DUMP,
        name => name,
    };
    let Some(dump) = find::dump(app, caller, id, wanted).await? else {
        return Ok(not_found(id));
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

fn crash_id(params: &Params) -> Result<CrashId, Box<Response>> {
    match params.get("crash_id") {
        None | Some("") => Err(Box::new(failed(
            StatusCode::BAD_REQUEST,
            // Some clients read one key, some the other.
            &json!({
                "errors": {"crash_id": ["This field is required."]},
                "error": "crash_id: This field is required.",
            }),
        ))),
        Some(text) => text.parse().map_err(|_| Box::new(bad_argument("uuid"))),
    }
}

fn bad_argument(name: &str) -> Response {
    let error = format!("Bad request: BadArgumentError: Bad value for parameter(s) '{name}'");
    failed(StatusCode::BAD_REQUEST, &json!({ "error": error }))
}

fn not_found(id: &CrashId) -> Response {
    failed(
        StatusCode::NOT_FOUND,
        &json!({"error": format!("Not found: CrashIDNotFound {id}")}),
    )
}

/// The answer for an unprocessed report: the text that clients know, plus its processing state.
fn not_processed(id: &CrashId, job: Option<&JobStatus>) -> Response {
    let mut answer = json!({
        "error": format!("Not found: CrashIDNotFound {id}"),
        "state": job.map_or(JobState::Waiting, |job| job.state).name(),
    });
    if let Some(job) = job.filter(|job| !job.reason.is_empty()) {
        answer["reason"] = job.reason.as_str().into();
    }
    failed(StatusCode::NOT_FOUND, &answer)
}

/// Processed crashes can be up to 128 MB: they are serialised off the threads that serve requests.
async fn document(value: Value, params: &Params) -> Result<Response, ApiError> {
    let pretty = params.get("pretty") == Some("print");
    let write = move || {
        let text = if pretty {
            format!("{value:#}")
        } else {
            value.to_string()
        };
        // The two forms are equal in JSON strings; in a page the first would end a script.
        text.replace("</", "<\\/")
    };
    let text = cpu::run(write).await?;
    let kind = [(header::CONTENT_TYPE, "application/json; charset=UTF-8")];
    Ok((kind, text).into_response())
}

fn failed(status: StatusCode, error: &Value) -> Response {
    (status, axum::Json(error)).into_response()
}
