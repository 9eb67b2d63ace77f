//! The endpoints for operators: `/__version__`, `/__heartbeat__`, `/__lbheartbeat__` (Dockerflow), `/metrics`
//! (Prometheus), and `/robots.txt`.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use serde_json::json;

use crate::blobs::Blobs;
use crate::db::Db;
use crate::meters::{BUILD_INFO, PrometheusHandle};

/// Crash reports, ever-changing lists and an API are of no use to search engines.
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

/// What the running program was built from, as Dockerflow requires. Unknown values are `None`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Release {
    /// The address of the repository.
    pub source: Option<&'static str>,
    /// The version.
    pub version: &'static str,
    /// The full hash of the commit.
    pub commit: Option<&'static str>,
    /// Whether the sources differed from the commit.
    pub dirty: Option<bool>,
    /// The build's name on the machine that built it: an address or a number.
    pub build: Option<&'static str>,
}

/// The state of the endpoints for operators.
#[derive(Clone)]
pub struct Operations {
    /// The running release.
    pub release: Release,
    /// The database of this service.
    pub db: Db,
    /// The blob store of this service.
    pub blobs: Blobs,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
}

/// Returns the endpoints, which every service has.
pub fn operations(state: Operations) -> Router {
    let commit = state.release.commit.unwrap_or_default();
    BUILD_INFO.set_with(1.0, [state.release.version, commit]);
    Router::new()
        .route("/__version__", get(version))
        .route("/__heartbeat__", get(heartbeat))
        .route("/__lbheartbeat__", get(|| async { "" }))
        .route("/metrics", get(render_metrics))
        .route("/robots.txt", get(|| async { ROBOTS }))
        .with_state(state)
}

async fn version(State(state): State<Operations>) -> impl IntoResponse {
    axum::Json(state.release)
}

/// 200 if the database and the blob store answer, 503 with the reasons if one does not.
async fn heartbeat(State(state): State<Operations>) -> Response {
    let limit = Duration::from_secs(5);
    let mut errors = Vec::new();
    match tokio::time::timeout(limit, state.db.ping()).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => errors.push(json!({"name": "database", "msg": "does not answer"})),
        Err(_) => errors.push(json!({"name": "database", "msg": "takes over 5 seconds"})),
    }
    match tokio::time::timeout(limit, state.blobs.check()).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => errors.push(json!({"name": "blobs", "msg": "cannot be written"})),
        Err(_) => errors.push(json!({"name": "blobs", "msg": "takes over 5 seconds"})),
    }
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        tracing::warn!(errors = errors.len(), "the heartbeat is not well");
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, axum::Json(json!({ "errors": errors }))).into_response()
}

async fn render_metrics(State(state): State<Operations>) -> impl IntoResponse {
    state.metrics.run_upkeep();
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        state.metrics.render(),
    )
}
