//! The common form of errors.

use builds::catalog::Several;
use serde::Serialize;
use utoipa::ToSchema;

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
