//! What lists share: page size and start.

use platform::http::ApiError;
use serde::Deserialize;

use super::asked::takes;

/// The size of a page: `asked`, which must be 1 to `most`, or `usual`.
pub(super) fn limit_of(asked: Option<i64>, usual: i64, most: i64) -> Result<i64, ApiError> {
    let limit = asked.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        Ok(limit)
    } else {
        Err(ApiError::BadRequest(format!("limit must be 1 to {most}")))
    }
}

/// The answer to an invalid cursor.
pub(super) fn no_cursor() -> ApiError {
    ApiError::BadRequest("cursor must be the one of an earlier answer".to_owned())
}

/// No parameters.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct NoParams {}

takes!(NoParams, "/api/v1/snapshot");
