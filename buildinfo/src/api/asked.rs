//! What every request under `/api/v1` has: its parameters, and the answer that the client already holds.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use platform::http::ApiError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::observation::Digest;

/// A client may keep an answer, and asks each time whether it still holds.
const REVALIDATE: &str = "no-cache";

/// The parameters of a request, read into `T`.
#[derive(Debug)]
pub(super) struct Asked<T> {
    pub(super) params: T,
    address: Uri,
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
            address: parts.uri.clone(),
            held: held.and_then(|held| held.to_str().ok()).map(str::to_owned),
        })
    }
}

impl<T> Asked<T> {
    /// The answer, or that the client already has it. `basis` is what the answer is a function of, beside the address and the program.
    pub(super) fn answer(&self, basis: &str, body: impl Serialize) -> Response {
        self.unchanged(basis)
            .unwrap_or_else(|| (self.kept(basis), axum::Json(body)).into_response())
    }

    /// An answer that depends on more than can be named, or that the client already has it.
    pub(super) fn fresh(&self, body: impl Serialize) -> Result<Response, ApiError> {
        let body = serde_json::value::to_raw_value(&body).map_err(anyhow::Error::from)?;
        Ok(self.answer(body.get(), &body))
    }

    /// That the client already has the answer, if it has.
    pub(super) fn unchanged(&self, basis: &str) -> Option<Response> {
        let tag = self.tag(basis);
        let holds = |held: &String| {
            held.split(',')
                .map(|one| one.trim().trim_start_matches("W/"))
                .any(|one| one == tag || one == "*")
        };
        self.held.as_ref().filter(|held| holds(held))?;
        Some((StatusCode::NOT_MODIFIED, self.kept(basis)).into_response())
    }

    /// The headers of an answer that may be kept.
    pub(super) fn kept(&self, basis: &str) -> [(HeaderName, String); 2] {
        [
            (header::ETAG, self.tag(basis)),
            (header::CACHE_CONTROL, REVALIDATE.to_owned()),
        ]
    }

    /// The address of the page that begins at `cursor`.
    pub(super) fn next(&self, cursor: &str) -> String {
        let query = self.address.query().unwrap_or_default();
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs
            .extend_pairs(
                url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor"),
            )
            .append_pair("cursor", cursor);
        format!("{}?{}", self.address.path(), pairs.finish())
    }

    fn tag(&self, basis: &str) -> String {
        let mut hash = Sha256::new();
        let address = self.address.to_string();
        for part in [env!("CARGO_PKG_VERSION"), basis, &address] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let mut tag = Digest(hash.finalize().into()).to_string();
        tag.truncate(32);
        format!("\"{tag}\"")
    }
}
