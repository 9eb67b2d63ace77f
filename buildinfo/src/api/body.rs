//! The body of a request.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use futures::StreamExt;
use platform::http::ApiError;

/// Maximum length of a body in bytes.
const LIMIT: usize = 2 * 1024 * 1024;
/// How much of a longer body is still read, in bytes: most clients look for the answer only after sending everything,
/// and would otherwise only see the connection close.
const DRAINED: usize = 32 * LIMIT;

/// A whole body of at most 2 MB.
#[derive(Debug)]
pub(super) struct Whole(pub(super) Bytes);

impl<S: Sync> FromRequest<S> for Whole {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let mut chunks = request.into_body().into_data_stream();
        let mut whole = Vec::new();
        let mut came: usize = 0;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| ApiError::BadRequest("the request did not come whole".to_owned()))?;
            came = came.saturating_add(chunk.len());
            if came > DRAINED {
                break;
            }
            if came <= LIMIT {
                whole.extend_from_slice(&chunk);
            }
        }
        if came > LIMIT {
            return Err(ApiError::TooLarge("the request is longer than 2 MB".to_owned()));
        }
        Ok(Self(whole.into()))
    }
}
