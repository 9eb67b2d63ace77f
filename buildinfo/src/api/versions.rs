//! Versions, the newest builds, and comparisons: all from the index.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use builds::catalog::{self, Comparison, LatestBuild, Newest, NoComparison, Several, VersionBuilds, Which};
use builds::names::product::{Directory, Product};
use platform::cpu;
use platform::http::ApiError;
use serde::{Deserialize, Serialize};
use text::cursor;

use super::asked::{Asked, known_line, known_product, known_version, takes, whole_id};
use super::paging::{limit_of, no_cursor};
use super::state::Api;

/// Versions in a page by default.
const PAGE: i64 = 50;
/// Maximum versions in a page.
const MAX_PAGE: i64 = 1000;

/// The product and its channel: Developer Edition has only one channel.
fn product_of(product: &str, channel: Option<&str>) -> Result<(Product, Option<String>), ApiError> {
    let directory = known_product(product).map_err(ApiError::BadRequest)?;
    Ok((directory.product(), directory.channel(channel)))
}

/// Which versions to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VersionsParams {
    /// The product, in any known spelling.
    #[param(example = "Firefox")]
    product: String,
    /// The channel that the builds follow; all if left out.
    channel: Option<String>,
    /// Where the page begins: `cursor` of the page before.
    cursor: Option<String>,
    /// Versions in the page, 1 to 1000; 50 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

takes!(
    VersionsParams,
    "/api/v1/versions?product=Firefox&channel=release",
    |given, wrong| {
        wrong.check(given, "product", known_product);
        wrong.check(given, "cursor", |text| begin_after(&[], text).ok_or_else(no_cursor));
    }
);

/// A page of versions.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct VersionsPage {
    /// The product.
    #[schema(value_type = String)]
    product: Product,
    /// The generation of the index that answered.
    generation: i64,
    /// The versions, newest first.
    versions: Vec<VersionBuilds>,
    /// Where the next page begins; none after the last.
    cursor: Option<String>,
    /// The address of the next page; none after the last.
    next: Option<String>,
}

/// The versions of a product with their builds, and which of them shipped.
#[utoipa::path(
    get, path = "/api/v1/versions", tag = "builds", params(VersionsParams),
    responses(
        (status = 200, description = "A page of versions, each with `channel`, `version`, `shipped_build_number`, \
            `shipped_on` and its `builds`", body = VersionsPage),
        (status = 400, description = "A parameter cannot be understood", body = super::error::Error),
    )
)]
pub(super) async fn versions(State(api): State<Api>, asked: Asked<VersionsParams>) -> Result<Response, ApiError> {
    let params = &asked.params;
    let (product, channel) = product_of(&params.product, params.channel.as_deref())?;
    let limit = limit_of(params.limit, PAGE, MAX_PAGE)?;
    let index = api.lookup.current().await?;
    // This scans every build of the product.
    let read = Arc::clone(&index);
    let all = cpu::run(move || catalog::versions(&read, product, channel.as_deref())).await?;
    let begin = match &params.cursor {
        Some(cursor) => begin_after(&all, cursor).ok_or_else(no_cursor)?,
        None => 0,
    };
    let limit = usize::try_from(limit).unwrap_or(0);
    let more = all.len() > begin + limit;
    let versions: Vec<VersionBuilds> = all.into_iter().skip(begin).take(limit).collect();
    let last = versions.last().filter(|_| more);
    let cursor = last.map(|last| cursor::write([&last.version.to_string(), &last.channel]));
    let body = VersionsPage {
        product,
        generation: index.generation(),
        next: cursor.as_deref().map(|cursor| asked.next(cursor)),
        cursor,
        versions,
    };
    Ok(asked.answer(&index.generation().to_string(), body))
}

/// The position after the version named by a cursor, or where that version would be.
fn begin_after(all: &[VersionBuilds], cursor: &str) -> Option<usize> {
    let [version, channel] = cursor::read(cursor)?;
    let version = version.parse().ok()?;
    let at = (&version, channel.as_str());
    Some(all.partition_point(|one| (&one.version, one.channel.as_str()) >= at))
}

/// Of what the newest build is asked.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LatestParams {
    /// The product, in any known spelling.
    #[param(example = "Firefox")]
    product: String,
    /// The channel.
    channel: Option<String>,
    /// The line: a major version on esr, `main` elsewhere; all if left out.
    line: Option<String>,
}

takes!(
    LatestParams,
    "/api/v1/latest?product=Firefox&channel=beta",
    |given, wrong| {
        wrong.check(given, "product", known_product);
        wrong.check(given, "line", known_line);
        let product = given.get("product").map(known_product);
        let has_one = product.is_some_and(|product| product.is_ok_and(|one| one.only_channel().is_some()));
        if !has_one && given.get("channel").is_none() {
            wrong.add("channel", "is missing");
        }
    }
);

/// The newest builds of a channel: what its users are offered, and what was built.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Latest {
    /// The product.
    #[schema(value_type = String)]
    product: Product,
    /// The channel.
    channel: String,
    /// The generation of the index that answered.
    generation: i64,
    /// The builds that are `offered`, one for each line of which one is.
    latest: Vec<LatestBuild>,
    /// Both for each line: the newest build that users are `offered`, and the `newest_built` of any status. None if no
    /// build of the channel is known.
    lines: Vec<Newest>,
}

/// The newest builds of a channel: the one that its users are offered, and the one that was built last, whatever its
/// status.
#[utoipa::path(
    get, path = "/api/v1/latest", tag = "builds", params(LatestParams),
    responses(
        (status = 200, description = "In `lines` for each line the newest build that is `offered` (null: none is) and \
            the `newest_built`, each with its `version` on this channel and its `status`; in `latest` those that are \
            offered", body = Latest),
        (status = 400, description = "A parameter is missing or cannot be understood", body = super::error::Error),
    )
)]
pub(super) async fn latest(State(api): State<Api>, asked: Asked<LatestParams>) -> Result<Response, ApiError> {
    let params = &asked.params;
    let (product, channel) = product_of(&params.product, params.channel.as_deref())?;
    let channel = channel.ok_or_else(|| ApiError::BadRequest("channel is required".to_owned()))?;
    let line = params.line.as_deref().map(known_line).transpose();
    let line = line.map_err(ApiError::BadRequest)?;
    let index = api.lookup.current().await?;
    let lines = catalog::newest(&index, product, &channel, line);
    let body = Latest {
        product,
        latest: lines.iter().filter_map(|one| one.offered.clone()).collect(),
        lines,
        channel,
        generation: index.generation(),
    };
    Ok(asked.answer(&index.generation().to_string(), body))
}

/// Which builds to compare.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CompareParams {
    /// The product, in any known spelling.
    #[param(example = "Firefox")]
    product: String,
    /// The id of the first build.
    from: String,
    /// The id of the second build.
    to: String,
    /// The channel of both, where an id stands for several builds.
    channel: Option<String>,
    /// The channel of the first build, where it is another one.
    from_channel: Option<String>,
    /// The channel of the second build.
    to_channel: Option<String>,
    /// The exact version of the first build, where its id and channel stand for several.
    from_version: Option<String>,
    /// The exact version of the second build.
    to_version: Option<String>,
}

impl CompareParams {
    /// The build given for `side`.
    fn which(
        &self,
        directory: Directory,
        (side, id): (&str, &str),
        channel: Option<&str>,
        version: Option<&str>,
    ) -> Result<Which, ApiError> {
        let refused = |what: &str, why| ApiError::BadRequest(format!("{side}{what} {why}"));
        let build_id = whole_id(id).map_err(|why| refused("", why))?;
        let version = version.map(known_version).transpose();
        let version = version.map_err(|why| refused("_version", why))?;
        let channels = [channel, self.channel.as_deref()];
        Which::of(directory, build_id, channels, version).map_err(ApiError::BadRequest)
    }
}

takes!(
    CompareParams,
    "/api/v1/compare?product=Firefox&from=20260803093000&to=20260827093000",
    |given, wrong| {
        wrong.check(given, "product", known_product);
        wrong.check(given, "from", whole_id);
        wrong.check(given, "to", whole_id);
        wrong.check(given, "from_version", known_version);
        wrong.check(given, "to_version", known_version);
    }
);

/// What lies between two builds.
#[utoipa::path(
    get, path = "/api/v1/compare", tag = "builds", params(CompareParams),
    responses(
        (status = 200, description = "Both builds, the `seconds` between them, and `changes_url` or in \
            `no_changes_url` why there is none", body = Comparison),
        (status = 400, description = "A parameter is missing or no build id; or with the code `ambiguous`, an id \
            stands for several builds, which are listed in `ambiguous`", body = super::error::Error),
        (status = 404, description = "No source has listed one of the builds so far, or not on that channel",
            body = super::error::Error),
    )
)]
pub(super) async fn compare(State(api): State<Api>, asked: Asked<CompareParams>) -> Result<Response, ApiError> {
    let params = &asked.params;
    let directory = known_product(&params.product).map_err(ApiError::BadRequest)?;
    let product = directory.product();
    let from = params.which(
        directory,
        ("from", &params.from),
        params.from_channel.as_deref(),
        params.from_version.as_deref(),
    )?;
    let to = params.which(
        directory,
        ("to", &params.to),
        params.to_channel.as_deref(),
        params.to_version.as_deref(),
    )?;
    let index = api.lookup.current().await?;
    match catalog::compare(&index, product, &from, &to) {
        Ok(comparison) => Ok(asked.answer(&index.generation().to_string(), comparison)),
        Err(error) => refused(error),
    }
}

/// The error for two builds that cannot be compared, with what is known instead.
fn refused(error: NoComparison) -> Result<Response, ApiError> {
    let sentence = error.to_string();
    let NoComparison::Ambiguous(ambiguous) = error else {
        return Err(ApiError::NotFound(sentence));
    };
    let parameters: Vec<String> = ambiguous.iter().flat_map(Several::parameters).collect();
    let body = super::error::Error {
        error: format!(
            "{sentence}: say which with {} (channel is for both)",
            parameters.join(" and ")
        ),
        code: "ambiguous".to_owned(),
        problems: None,
        example: None,
        ambiguous: Some(ambiguous),
    };
    Ok((StatusCode::BAD_REQUEST, axum::Json(body)).into_response())
}
