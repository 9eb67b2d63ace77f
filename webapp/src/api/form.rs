//! Forms that are posted.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use multer::Multipart;

use super::endpoint::{MAX_PARAMETERS, pairs};
use super::failure::Failure;

/// What a body says that it is, without parameters: empty if it does not.
pub(super) fn media_type(headers: &HeaderMap) -> &str {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim()
}

/// The beginning of the text about a body of another type.
pub(super) fn unsupported(media_type: &str) -> String {
    let media_type = text::shortened(media_type, 100);
    format!("Unsupported media type \"{media_type}\" in request")
}

/// The parameters of a form, in order; one more than there may be, if there are more. A body that does not say what it
/// is counts as a form.
///
/// # Errors
/// It is no form, or a damaged one.
pub(super) async fn form(headers: &HeaderMap, body: Bytes) -> Result<Vec<(String, String)>, Failure> {
    let kind = media_type(headers);
    if body.is_empty() || kind.is_empty() || kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(pairs(&body));
    }
    if !kind.eq_ignore_ascii_case("multipart/form-data") {
        let text = format!(
            "{}: send a form, as application/x-www-form-urlencoded or multipart/form-data.",
            unsupported(kind)
        );
        return Err(Failure::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    parts(kind.unwrap_or_default(), body)
        .await
        .map_err(|error| Failure::bad_argument(&format!("the form cannot be read: {error}")))
}

async fn parts(kind: &str, body: Bytes) -> Result<Vec<(String, String)>, multer::Error> {
    let boundary = multer::parse_boundary(kind)?;
    let stream = futures::stream::once(async { Ok::<_, Infallible>(body) });
    let mut parts = Multipart::new(stream, boundary);
    let mut all = Vec::new();
    while let Some(part) = parts.next_field().await? {
        if all.len() > MAX_PARAMETERS {
            break;
        }
        let name = part.name().unwrap_or_default().to_owned();
        let value = part.bytes().await?;
        all.push((name, String::from_utf8_lossy(&value).into_owned()));
    }
    Ok(all)
}
