//! The endpoints that clients of Crash Stats use, with its answers.
//!
//! Each module has endpoints: a definition (`endpoint::Endpoint`), by which requests are checked and which is shown as
//! documentation, and a handler, which reads the request by it, calls one function and answers. To add one: write
//! both, and name them in [`ENDPOINTS`] and [`routes`].

mod answer;
mod bugs;
mod crashes;
mod documented;
mod endpoint;
mod failure;
mod form;
mod processing;
mod sending;
mod signatures;
mod super_search;
mod time;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use platform::http::ApiError;
use tower_http::cors::{Any, CorsLayer};

use crate::page::moved;
use crate::state::Webapp;
use endpoint::Endpoint;
use failure::Failure;

/// How long a browser may cache a CORS preflight answer.
const PREFLIGHT_HOLDS: std::time::Duration = std::time::Duration::from_secs(86_400);

/// Every endpoint, in the order of the documentation.
const ENDPOINTS: &[&Endpoint] = &[
    &super_search::SUPER_SEARCH,
    &super_search::SUPER_SEARCH_UNREDACTED,
    &super_search::SUPER_SEARCH_FIELDS,
    &crashes::PROCESSED_CRASH,
    &crashes::RAW_CRASH,
    &signatures::SIGNATURE_FIRST_DATE,
    &signatures::CRASH_SIGNATURE,
    &processing::REPROCESSING,
    &processing::MISSING_PROCESSED_CRASH,
    &processing::CRASH_VERIFY,
    &processing::NO_OP,
    &bugs::BUGS,
    &bugs::SIGNATURES_BY_BUGS,
];

/// `/api/<Name>/`; clients that omit the trailing slash are redirected.
pub(crate) fn routes() -> Router<Webapp> {
    let open_to_all = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::OPTIONS])
        .allow_headers(Any)
        .max_age(PREFLIGHT_HOLDS);
    Router::new()
        .route("/api/", get(documented::page))
        .route("/api", get(async || moved(StatusCode::MOVED_PERMANENTLY, "/api/")))
        .route("/api/openapi.json", get(documented::openapi))
        .route("/api/ProcessedCrash/", only(get(crashes::processed_crash)))
        .route("/api/RawCrash/", only(get(crashes::raw_crash)))
        .route("/api/SuperSearch/", only(get(super_search::super_search)))
        .route(
            "/api/SuperSearchUnredacted/",
            only(get(super_search::super_search_unredacted)),
        )
        .route("/api/SuperSearchFields/", only(get(super_search::super_search_fields)))
        .route("/api/SignatureFirstDate/", only(get(signatures::signature_first_date)))
        .route(
            "/api/CrashSignature/",
            only(post(signatures::crash_signature)).layer(DefaultBodyLimit::max(signatures::MAX_JOBS)),
        )
        .route(
            "/api/Reprocessing/",
            post(processing::reprocessing).fallback(processing::not_posted),
        )
        .route(
            "/api/MissingProcessedCrash/",
            only(get(processing::missing_processed_crash)),
        )
        .route("/api/CrashVerify/", only(get(processing::crash_verify)))
        .route("/api/NoOp/", only(get(processing::no_op)))
        .route("/api/Bugs/", only(get(bugs::bugs).post(bugs::post_bugs)))
        .route("/api/SignaturesByBugs/", only(get(bugs::signatures_by_bugs)))
        .route("/api/{name}", any(with_slash))
        .route("/api/{name}/", any(no_service))
        .layer(open_to_all)
}

/// Other methods are refused in the words that clients know.
fn only(endpoint: MethodRouter<Webapp>) -> MethodRouter<Webapp> {
    endpoint.fallback(async || Failure::method_not_allowed())
}

async fn with_slash(Path(name): Path<String>, uri: Uri) -> Response {
    if !ENDPOINTS.iter().any(|endpoint| endpoint.name == name) {
        return no_service(Path(name)).await;
    }
    let query = uri.query().map(|q| format!("?{q}")).unwrap_or_default();
    moved(StatusCode::MOVED_PERMANENTLY, &format!("{}/{query}", uri.path()))
}

async fn no_service(Path(name): Path<String>) -> Response {
    if name == "v1" {
        // Our own API is below it, and its errors use its format.
        return ApiError::NotFound("there is nothing at this address".to_owned()).into_response();
    }
    Failure::text(StatusCode::NOT_FOUND, &format!("No service called '{name}'")).into_response()
}
