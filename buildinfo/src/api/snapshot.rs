//! All builds as one file, `/api/v1/snapshot`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use platform::cpu::Panicked;
use platform::db::Db;
use platform::http::ApiError;
use tokio::sync::Mutex;
use tokio_util::io::ReaderStream;

use super::Api;
use super::asked::Asked;
use super::builds::NoParams;
use crate::db::latest_generation;
use crate::transfer::snapshot::{Snapshot, make};

/// The snapshot of the newest generation that was asked for. Who asks while it is made waits for it.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Option<Arc<Snapshot>>>);

impl Cache {
    async fn of(&self, db: &Db, generation: i64) -> anyhow::Result<Arc<Snapshot>> {
        let mut held = self.0.lock().await;
        // The folder for temporary files may be swept.
        let usable = |held: &&Arc<Snapshot>| held.header.generation >= generation && held.file.path().exists();
        if let Some(snapshot) = held.as_ref().filter(usable) {
            return Ok(Arc::clone(snapshot));
        }
        let db = db.clone();
        let runtime = tokio::runtime::Handle::current();
        // It waits for the database most of the time, and there is one at once: no room of `cpu` is taken for it.
        let made = tokio::task::spawn_blocking(move || runtime.block_on(make(&db))).await;
        let made = made.map_err(|_| Panicked)??;
        let made = Arc::new(made);
        *held = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// Every build of the newest generation, for look-ups without a service.
#[utoipa::path(
    get, path = "/api/v1/snapshot", tag = "builds",
    responses(
        (status = 200, description = "JSON lines, packed with gzip. The first has `datil_builds` (the format: 1), \
            `generation`, `created`, `builds` (how many lines follow) and `sha256` of all that follows; each other \
            line is a build. `Repr-Digest` is that of the file", body = Vec<u8>, content_type = "application/gzip"),
        (status = 304, description = "The client has it already"),
        (status = 400, description = "There are no parameters", body = super::openapi::Error),
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
