//! The API's own description, `/api/v1/openapi.json`.

use ::builds::build::Build;
use ::builds::resolve::Answer;
use axum::Json;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use super::error::Error;
use super::{announce, audit, builds, history, questions, search, snapshot, unknown, version_string, versions};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Datil: builds",
        description = "What every build of the products is: its exact version, what became of it, and why we say so. \
            Everything here is public, and may be kept and asked again with its ETag; only to announce builds takes a \
            token."
    ),
    paths(
        questions::lookup,
        questions::lookup_many,
        questions::explain,
        builds::list,
        builds::one,
        announce::announce,
        announce::withdraw,
        versions::versions,
        versions::latest,
        versions::compare,
        history::runs,
        history::changes,
        audit::list,
        unknown::list,
        version_string::get,
        snapshot::get,
        search::any,
        search::search,
        search::records,
    ),
    components(schemas(Answer, Build, Error))
)]
struct Document;

/// The description.
pub(super) async fn document() -> Json<OpenApi> {
    Json(Document::openapi())
}
