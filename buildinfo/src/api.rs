//! The HTTP API for builds: Crash Stats' `VersionString`, Buildhub's search, and our own under `/api/v1`.
//!
//! A handler extracts its input, calls one function, and answers. All answers are public and readable from any page
//! (CORS); to announce builds takes a permission. Answers to a `GET` under `/api/v1` carry an `ETag`.

mod announce;
mod asked;
mod audit;
mod body;
mod builds;
mod error;
mod history;
pub mod listed_unknown;
mod openapi;
mod paging;
mod questions;
mod search;
mod snapshot;
mod snapshot_cache;
mod state;
mod unknown;
mod version_string;
mod versions;

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::get;
use platform::db::Db;
use platform::http::ApiError;
use tokio::sync::Semaphore;
use tower_http::cors::{Any, CorsLayer};

use self::state::Api;
use crate::audit::Audits;
use crate::lookup::Lookup;
use crate::watch::inbox::Inbox;

/// Maximum concurrent searches.
const SEARCHES: usize = 2;

/// The API over a loaded index and the database behind it. The caller runs [`Lookup::run`] and [`Inbox::run`], and
/// shares the audits with the pages.
pub fn router(lookup: Lookup, db: Db, audits: Audits, inbox: Inbox) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(Any);
    Router::new()
        .route("/api/VersionString/", get(version_string::get))
        .route("/api/VersionString", get(version_string::add_slash))
        .route("/api/search", get(search::any).post(search::search))
        .route("/api/records", get(search::records))
        .route("/api/v1/lookup", get(questions::lookup).post(questions::lookup_many))
        .route("/api/v1/explain", get(questions::explain))
        .route(
            "/api/v1/builds",
            get(builds::list).post(announce::announce).delete(announce::withdraw),
        )
        .route("/api/v1/builds/{build_id}", get(builds::one))
        .route("/api/v1/versions", get(versions::versions))
        .route("/api/v1/latest", get(versions::latest))
        .route("/api/v1/compare", get(versions::compare))
        .route("/api/v1/snapshot", get(snapshot::get))
        .route("/api/v1/runs", get(history::runs))
        .route("/api/v1/changes", get(history::changes))
        .route("/api/v1/audit", get(audit::list))
        .route("/api/v1/unknown", get(unknown::list))
        .route("/api/v1/openapi.json", get(openapi::document))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(cors)
        .with_state(Api {
            lookup,
            db,
            searches: Arc::new(Semaphore::new(SEARCHES)),
            snapshot: Arc::default(),
            audits,
            inbox,
        })
}

async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}
