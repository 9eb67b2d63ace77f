//! All builds as one file, `/api/v1/snapshot`.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use platform::http::ApiError;
use tokio_util::io::ReaderStream;

use super::asked::Asked;
use super::paging::NoParams;
use super::state::Api;
use crate::db::latest_generation;

/// Every build of the newest generation, for look-ups without a service.
#[utoipa::path(
    get, path = "/api/v1/snapshot", tag = "builds",
    responses(
        (status = 200, description = "JSON lines, packed with gzip. The first has `datil_builds` (the format: 1), \
            `generation`, `created`, `builds` (how many lines follow) and `sha256` of all that follows; each other \
            line is a build. `Repr-Digest` is that of the file", body = Vec<u8>, content_type = "application/gzip"),
        (status = 304, description = "The client has it already"),
        (status = 400, description = "There are no parameters", body = super::error::Error),
    )
)]
pub(super) async fn get(State(api): State<Api>, asked: Asked<NoParams>) -> Result<Response, ApiError> {
    let generation = latest_generation(&api.db).await?.n;
    if let Some(unchanged) = asked.unchanged(&generation.to_string()) {
        return Ok(unchanged);
    }
    let snapshot = api.snapshot.of(&api.db, generation).await?;
    let file = tokio::fs::File::open(snapshot.file.path())
        .await
        .map_err(anyhow::Error::from)?;
    let generation = snapshot.header.generation;
    let headers = [
        (header::CONTENT_TYPE, "application/gzip".to_owned()),
        (header::CONTENT_LENGTH, snapshot.length.to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"datil-builds-{generation}.jsonl.gz\""),
        ),
        (
            header::HeaderName::from_static("repr-digest"),
            format!("sha-256=:{}:", STANDARD.encode(snapshot.sha256.0)),
        ),
    ];
    let body = Body::from_stream(ReaderStream::new(file));
    let kept = asked.kept(&generation.to_string());
    Ok((kept, headers, body).into_response())
}
