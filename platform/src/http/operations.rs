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

/// No search engine has a use for crash reports, for lists that change all the time, or for an API.
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

/// What the running program was built from, as Dockerflow wants to know it. What is not known is `None`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Release {
    /// The address of the repository.
    pub source: Option<&'static str>,
    /// The version.
    pub version: &'static str,
    /// The commit, as its whole hash.
    pub commit: Option<&'static str>,
    /// Whether the sources were others than those of the commit.
    pub dirty: Option<bool>,
    /// What the machine that built it calls the build: an address or a number.
    pub build: Option<&'static str>,
}

/// What the endpoints for operators look at.
#[derive(Clone)]
pub struct Operations {
    /// What runs.
    pub release: Release,
    /// The database of this service.
    pub db: Db,
    /// The blob store of this service.
    pub blobs: Blobs,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
}

/// The endpoints; every service has them.
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

/// 200 when the database and the blob store answer, 503 with the reasons when one does not.
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
