//! Crash Stats' `GET /api/VersionString/`: the exact version of a build, for clients that know only this endpoint.
//!
//! A scraper of the archive that saw candidates of three products made its rows. We make the same rows from our data,
//! with three differences: we know rather than guess which build shipped; nightlies have a row too; and the first hit
//! always names a build as a look-up does, so a release that beta never got has its own name there, not an `rcN`.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use builds::build::Status;
use builds::index::BuildRef;
use builds::names::build_id::BuildId;
use builds::names::channel::Versions;
use builds::names::product::{Directory, Product};
use builds::names::version::Version;
use builds::resolve::Question;
use platform::clock;
use platform::http::ApiError;
use platform::http::query::Given;
use serde_json::{Value, json};

use super::state::Api;

#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// Exactly `Firefox`, `DevEdition`, `Thunderbird` or `Fennec`.
    #[param(required = true)]
    product: String,
    /// The channel, in any case.
    #[param(required = true)]
    channel: String,
    /// The build id.
    #[param(required = true)]
    build_id: String,
    /// `print` for an indented answer.
    pretty: String,
}

impl Params {
    /// Ignores unknown parameters, and takes the last of repeated ones, as Crash Stats does.
    fn of(address: &Uri) -> Self {
        let given = Given::of(address.query());
        let text = |name| given.get(name).unwrap_or_default().to_owned();
        Self {
            product: text("product"),
            channel: text("channel"),
            build_id: text("build_id"),
            pretty: text("pretty"),
        }
    }

    fn question(&self) -> Question {
        Question {
            product: self.product.clone(),
            channel: self.channel.clone(),
            build_id: self.build_id.clone(),
            version: None,
            asked_at: Some(clock::now_micros()),
        }
    }
}

/// The exact version of a build, as Crash Stats answers it.
#[utoipa::path(
    get, path = "/api/VersionString/", tag = "compatible", params(Params),
    responses(
        (status = 200, description = "`hits` with a `version_string` each, and `total`; no hits for an unknown build \
            and for a beta that did not ship", body = Object),
        (status = 400, description = "A parameter is missing: `errors` names it", body = Object),
    )
)]
pub(super) async fn get(State(api): State<Api>, address: Uri) -> Result<Response, ApiError> {
    let params = Params::of(&address);
    if let Some(refusal) = missing(&params) {
        return Ok((StatusCode::BAD_REQUEST, Json(refusal)).into_response());
    }
    let channel = params.channel.trim().to_lowercase();
    let (product, id) = (
        directory(params.product.trim(), &channel),
        params.build_id.trim().parse(),
    );
    let (index, found) = match (product, id) {
        (Some(product), Ok(id)) => {
            let id: BuildId = id;
            let index = api.lookup.index_with(product, id).await?;
            let found = hits(index.find(product, id), &channel);
            (index, found)
        }
        _ => (api.lookup.index(), Vec::new()),
    };
    if found.is_empty() {
        api.lookup.count_question(&index, &params.question());
    }
    let hits: Vec<Value> = found.iter().map(|name| json!({ "version_string": name })).collect();
    let body = json!({ "total": hits.len(), "hits": hits });
    let text = if params.pretty == "print" {
        format!("{body:#}")
    } else {
        body.to_string()
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=UTF-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, text).into_response())
}

/// Redirects the address without a trailing slash to the one with it.
pub(super) async fn add_slash(uri: Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let location = format!("/api/VersionString/{query}");
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response()
}

/// The error for a missing parameter, in Crash Stats' form and in ours.
fn missing(params: &Params) -> Option<Value> {
    let given = [
        ("product", &params.product),
        ("channel", &params.channel),
        ("build_id", &params.build_id),
    ];
    let missing: Vec<&str> = given
        .into_iter()
        .filter(|(_, value)| value.trim().is_empty())
        .map(|(name, _)| name)
        .collect();
    if missing.is_empty() {
        return None;
    }
    let errors: serde_json::Map<String, Value> = missing
        .iter()
        .map(|name| ((*name).to_owned(), json!(["This field is required."])))
        .collect();
    Some(json!({
        "errors": errors,
        "error": format!("required and not given: {}", missing.join(", ")),
        "code": "bad_request",
    }))
}

/// The product of a name that Crash Stats' table could hold: an exact match, and Developer Edition on its one channel
/// only.
fn directory(name: &str, channel: &str) -> Option<Product> {
    let directory = Directory::all().find(|directory| directory.row().table_name == name)?;
    let fits = directory.only_channel().is_none_or(|only| only == channel);
    fits.then(|| directory.product())
}

/// The version strings of the builds with one id on a channel: final names first, then candidates, each in version
/// order.
fn hits<'a>(builds: impl Iterator<Item = BuildRef<'a>>, channel: &str) -> Vec<String> {
    let (own, others): (Vec<BuildRef<'_>>, Vec<BuildRef<'_>>) = builds.partition(|build| build.channel() == channel);
    let mut rows: Vec<Version> = own.into_iter().flat_map(own_rows).collect();
    // A release is listed under beta as well, unless a beta has the same id.
    let tried = |build: &BuildRef<'_>| build.product().channel(channel).tries;
    if rows.is_empty()
        && let Some(tried) = others.first().and_then(tried)
    {
        let others = others.into_iter().filter(|build| build.channel() == tried);
        rows = others.filter_map(|build| candidate_row(build, channel)).collect();
    }
    rows.sort_by_key(|version| (version.candidate().is_some(), version.clone()));
    rows.dedup();
    rows.iter().map(ToString::to_string).collect()
}

/// The rows of a build under its own channel. The first has the name that a look-up gives.
fn own_rows(build: BuildRef<'_>) -> Vec<Version> {
    let own = build.channel();
    let version = build.name_on(own);
    let candidate = build.build_number().map(|number| version.with_candidate(number));
    let of_train = matches!(
        build.product().channel(own).versions,
        Versions::BetasOrAlphas | Versions::Betas | Versions::Finals | Versions::Any
    );
    match (build.status(), of_train) {
        (Status::Variant | Status::Unofficial | Status::Unknown, _) => Vec::new(),
        (Status::Published, _) | (Status::Shipped, true) => vec![version],
        // A beta's candidates are omitted, and a release's are listed under beta.
        (_, true) => Vec::new(),
        (Status::Shipped, false) => [Some(version), candidate].into_iter().flatten().collect(),
        (Status::Candidate | Status::Aborted | Status::Pulled, false) => candidate
            .into_iter()
            .flat_map(|candidate| [version.clone(), candidate])
            .collect(),
    }
}

/// The row of a release's file under the channel that tries its candidates out.
fn candidate_row(build: BuildRef<'_>, channel: &str) -> Option<Version> {
    let has_row = build.build_number().is_some()
        && matches!(
            build.status(),
            Status::Shipped | Status::Candidate | Status::Aborted | Status::Pulled
        );
    has_row.then(|| build.name_on(channel))
}

#[cfg(test)]
mod tests;
