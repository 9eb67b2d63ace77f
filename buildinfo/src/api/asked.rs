//! What every request under `/api/v1` has: its parameters, and the answer that the client already holds.

use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use platform::http::ApiError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::observation::Digest;

/// A client may keep an answer, and asks each time whether it still holds.
const REVALIDATE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-cache");

/// The parameters of a request, read into `T`.
#[derive(Debug)]
pub(super) struct Asked<T> {
    pub(super) params: T,
    address: String,
    held: Option<String>,
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Query(params) = Query::try_from_uri(&parts.uri)
            .map_err(|error| ApiError::BadRequest(error.body_text()))?;
        let held = parts.headers.get(header::IF_NONE_MATCH);
        Ok(Self {
            params,
            address: parts.uri.to_string(),
            held: held.and_then(|held| held.to_str().ok()).map(str::to_owned),
        })
    }
}

impl<T> Asked<T> {
    /// The answer, or that the client already has it. `basis` is what the answer is a function of, beside the address and the program.
    pub(super) fn answer(&self, basis: &str, body: impl Serialize) -> Response {
        let tag = tag(&self.address, basis);
        let holds = |held: &str| {
            held.split(',')
                .map(|one| one.trim().trim_start_matches("W/"))
                .any(|one| one == tag || one == "*")
        };
        let headers = [(header::ETAG, tag.as_str()), REVALIDATE];
        if self.held.as_deref().is_some_and(holds) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, Json(body)).into_response()
    }

    /// An answer that depends on more than a generation.
    pub(super) fn fresh(body: impl Serialize) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
    }
}

fn tag(address: &str, basis: &str) -> String {
    let mut hash = Sha256::new();
    for part in [env!("CARGO_PKG_VERSION"), basis, address] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut tag = Digest(hash.finalize().into()).to_string();
    tag.truncate(32);
    format!("\"{tag}\"")
}
