//! Buildhub's endpoints, for its clients: `/api/search` and `/api/records`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use builds::buildhub_search::{Found, Refused, Search};
use builds::said::observation::{Digest, Observation};
use platform::cpu;
use platform::db::DbError;
use platform::http::ApiError;
use serde_json::{Value, json};

use super::body::Whole;
use super::state::Api;
use crate::db;

/// Observations read at a time.
const AT_ONCE: usize = 200;

fn bad_request(refused: &Refused) -> ApiError {
    ApiError::BadRequest(refused.to_string())
}

/// Ten records, whatever is asked: what Buildhub gives to a GET.
#[utoipa::path(
    get, path = "/api/search", tag = "buildhub",
    responses((status = 200, description = "Ten records", body = Object)),
)]
pub(super) async fn any(State(api): State<Api>) -> Result<Response, ApiError> {
    answer(&api, b"{}").await
}

/// A search as Buildhub's clients make them: the part of Elasticsearch 6 that they use.
#[utoipa::path(
    post, path = "/api/search", tag = "buildhub",
    request_body(
        content = Object,
        description = "`query` (`match_all`, `match_none`, `term`, `terms`, `match`, `prefix`, `regexp`, `range`, \
            `exists`, `bool`), `post_filter`, `sort`, `from`, `size` (at most 1,000; 10 if left out), \
            `search_after`, `_source`, `aggs` (`terms`, `filter`, `filters`, `missing`, `date_histogram`, \
            `top_hits`, `cardinality`, `value_count`, `min`, `max`)",
    ),
    responses(
        (status = 200, description = "The hits and aggregations in Elasticsearch's form", body = Object),
        (status = 400, description = "What is asked is not known here, or too much", body = super::error::Error),
        (status = 413, description = "The search is too long", body = super::error::Error),
    )
)]
pub(super) async fn search(State(api): State<Api>, Whole(body): Whole) -> Result<Response, ApiError> {
    answer(&api, &body).await
}

async fn answer(api: &Api, body: &[u8]) -> Result<Response, ApiError> {
    let search = Arc::new(Search::parse(body).map_err(|refused| bad_request(&refused))?);
    let (asked, index) = (Arc::clone(&search), api.lookup.current().await?);
    // A search scans every build, so only a few run at once, and not on a thread that serves other requests.
    let permit = Arc::clone(&api.searches).acquire_owned().await;
    let permit = permit.map_err(anyhow::Error::from)?;
    let begun = Instant::now();
    let found: Found = cpu::run(move || {
        let found = asked.run(&index);
        drop(permit);
        found
    })
    .await?
    .map_err(|refused| bad_request(&refused))?;
    let told = observations(api, &search.wanted(&found)).await?;
    let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let write = move || {
        let answer = search.answer(found, |digest| told.get(digest).cloned(), took);
        Json(answer).into_response()
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], cpu::run(write).await?).into_response())
}

async fn observations(api: &Api, wanted: &[Digest]) -> Result<HashMap<Digest, Observation>, DbError> {
    let mut told = HashMap::new();
    for digests in wanted.chunks(AT_ONCE) {
        let stored = db::by_digests(&api.db, digests).await?;
        told.extend(stored.into_iter().filter_map(|stored| {
            let digest = stored.digest.parse().ok()?;
            Some((digest, stored.observation))
        }));
    }
    Ok(told)
}

/// How many records there are.
#[utoipa::path(
    get, path = "/api/records", tag = "buildhub",
    responses((status = 200, description = "`builds.total`", body = Object)),
)]
pub(super) async fn records(State(api): State<Api>) -> Result<Json<Value>, ApiError> {
    let total = api.lookup.current().await?.len();
    Ok(Json(json!({ "builds": { "total": total } })))
}
