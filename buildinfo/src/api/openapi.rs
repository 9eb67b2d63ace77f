//! The API's own description, `/api/v1/openapi.json`.

use ::builds::build::Build;
use ::builds::catalog::Several;
use ::builds::resolve::Answer;
use axum::Json;
use serde::Serialize;
use utoipa::openapi::OpenApi;
use utoipa::{OpenApi as _, ToSchema};

use super::{audit, builds, history, questions, search, snapshot, unknown, version_string, versions};

/// The one form of errors under `/api/v1`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Error {
    /// What is wrong, in a sentence.
    pub(super) error: String,
    /// A word that programs can rely on: `bad_request`, `ambiguous`, `forbidden`, `not_found`, `method_not_allowed`,
    /// `too_large`, `rate_limited`, `unavailable`, `too_slow`, `internal`.
    pub(super) code: String,
    /// Where parameters are missing or wrong: each of them, with what is wrong with it.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problems: Option<std::collections::BTreeMap<String, String>>,
    /// And the address of a right request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) example: Option<String>,
    /// With the code `ambiguous`: the build ids that stand for several builds, with these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ambiguous: Option<Vec<Several>>,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Datil: builds",
        description = "What every build of the products is: its exact version, what became of it, and why we say so. \
            Everything here is public, and may be kept and asked again with its ETag."
    ),
    paths(
        questions::lookup,
        questions::lookup_many,
        questions::explain,
        builds::list,
        builds::one,
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
