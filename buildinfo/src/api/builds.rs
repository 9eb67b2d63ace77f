//! Builds as stored: lists, and everything with one id.

use axum::extract::{Path, State};
use axum::response::Response;
use builds::build::Build;
use builds::names::build_id::{named_range, prefix_range};
use chrono::NaiveDate;
use platform::http::ApiError;
use platform::http::query::short;
use serde::{Deserialize, Serialize};
use text::cursor;

use super::asked::{Asked, known_product, takes, whole_id};
use super::paging::{NoParams, limit_of, no_cursor};
use super::state::Api;
use crate::db::{self, BuildKey, Filter};
use crate::explain::HistoryEntry;

/// Builds in a page by default.
const PAGE: i64 = 100;
/// Maximum builds in a page.
const MAX_PAGE: i64 = 1000;

/// Which builds to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// The product, in any known spelling.
    #[param(example = "Firefox")]
    product: Option<String>,
    /// The channel that the build itself follows.
    channel: Option<String>,
    /// The version, as `153.0b2`, `153.0b2rc1` or `153.0b2 build 1`, or its beginning: `153`, `153.0b`, `153.0*`.
    version: Option<String>,
    /// The source revision, or its beginning.
    revision: Option<String>,
    /// The platform, as the builds name it.
    #[param(example = "win64")]
    platform: Option<String>,
    /// A build id, or its first 4 digits or more.
    build_id: Option<String>,
    /// The day of the build ids, UTC, as `2026-08-31`.
    #[param(value_type = Option<String>, format = Date)]
    date: Option<NaiveDate>,
    /// Where the page begins: `cursor` of the page before.
    cursor: Option<String>,
    /// Builds in the page, 1 to 1000; 100 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

takes!(
    Params,
    "/api/v1/builds?product=Firefox&channel=beta&limit=10",
    |given, wrong| {
        wrong.check(given, "product", known_product);
        wrong.check(given, "build_id", ids_of);
        wrong.check(given, "cursor", |text| read_cursor(text).ok_or_else(no_cursor));
        for name in ["channel", "version", "revision", "platform"] {
            if given.get(name).is_some_and(has_null) {
                wrong.add(name, "holds a null character");
            }
        }
    }
);

/// A page of builds.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct BuildPage {
    /// The generation that is listed; the next pages list the same.
    generation: i64,
    /// One for each platform, newest id first.
    builds: Vec<Build>,
    /// Where the next page begins; none after the last.
    cursor: Option<String>,
    /// The address of the next page; none after the last.
    next: Option<String>,
}

/// The builds that fit, newest first.
#[utoipa::path(
    get, path = "/api/v1/builds", tag = "builds", params(Params),
    responses(
        (status = 200, description = "A page of builds", body = BuildPage),
        (status = 400, description = "A parameter cannot be understood", body = super::error::Error),
    )
)]
pub(super) async fn list(State(api): State<Api>, asked: Asked<Params>) -> Result<Response, ApiError> {
    let params = &asked.params;
    let filter = params.filter()?;
    let limit = limit_of(params.limit, PAGE, MAX_PAGE)?;
    let (generation, after) = match &params.cursor {
        Some(cursor) => {
            let (generation, key) = read_cursor(cursor).ok_or_else(no_cursor)?;
            if !db::is_kept(&api.db, generation).await? {
                let why = "this list is of a time that is not kept any more: begin it again";
                return Err(ApiError::BadRequest(why.to_owned()));
            }
            (generation, Some(key))
        }
        None => (db::latest_generation(&api.db).await?.n, None),
    };
    let page = db::list_builds(&api.db, generation, &filter, after.as_ref(), limit).await?;
    let last = page.rows.last().filter(|_| page.more);
    let cursor = last.map(|build| write_cursor(generation, &BuildKey::from(build)));
    let body = BuildPage {
        generation,
        next: cursor.as_deref().map(|cursor| asked.next(cursor)),
        cursor,
        builds: page.rows,
    };
    Ok(asked.answer(&generation.to_string(), body))
}

impl Params {
    fn filter(&self) -> Result<Filter, ApiError> {
        let texts = [&self.channel, &self.version, &self.revision, &self.platform];
        if texts.into_iter().flatten().any(|text| has_null(text)) {
            let why = "no parameter may hold a null character";
            return Err(ApiError::BadRequest(why.to_owned()));
        }
        let directory = self.product.as_deref().map(known_product).transpose();
        let directory = directory.map_err(ApiError::BadRequest)?;
        let ids = self.build_id.as_deref().map(ids_of).transpose()?;
        let day = self
            .date
            .and_then(|day| prefix_range(&day.format("%Y%m%d").to_string()));
        Ok(Filter {
            revision: self.revision.clone(),
            platform: self.platform.clone(),
            ids: match (ids, day) {
                (Some(ids), Some(day)) => Some(ids.start.max(day.start)..ids.end.min(day.end)),
                (ids, day) => ids.or(day),
            },
            ..Filter::named(directory, self.channel.as_deref(), self.version.as_deref())
        })
    }
}

/// PostgreSQL text cannot contain a null character, and a query with one fails.
fn has_null(text: &str) -> bool {
    text.contains('\0')
}

fn ids_of(text: &str) -> Result<std::ops::Range<u64>, ApiError> {
    let text = text.trim();
    named_range(text).ok_or_else(|| {
        ApiError::BadRequest(format!(
            "build_id must be a build id YYYYMMDDhhmmss, or its first 4 digits or more, not {}",
            short(text)
        ))
    })
}

fn write_cursor(generation: i64, key: &BuildKey) -> String {
    let (generation, id) = (generation.to_string(), key.build_id.to_string());
    let [product, channel, version, platform, variant] = &key.names;
    cursor::write([&generation, &id, product, channel, version, platform, variant])
}

fn read_cursor(cursor: &str) -> Option<(i64, BuildKey)> {
    let [generation, build_id, names @ ..] = cursor::read::<7>(cursor)?;
    let build_id = build_id.parse().ok()?;
    Some((generation.parse().ok()?, BuildKey { build_id, names }))
}

/// All that is known under one build id.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct OneId {
    /// The id.
    build_id: String,
    /// The generation that was read.
    generation: i64,
    /// The builds of every product, channel and platform with this id.
    builds: Vec<Build>,
    /// What was concluded about them, generation by generation, for each product.
    history: std::collections::BTreeMap<&'static str, Vec<HistoryEntry>>,
}

/// Every build with an id, and what was concluded about it over time.
#[utoipa::path(
    get, path = "/api/v1/builds/{build_id}", tag = "builds",
    params(("build_id" = String, Path, description = "14 digits, or 10 or 12 of a historic build")),
    responses(
        (status = 200, description = "The builds", body = OneId),
        (status = 400, description = "It is no build id", body = super::error::Error),
        (status = 404, description = "No source has listed a build with this id so far", body = super::error::Error),
    )
)]
pub(super) async fn one(
    State(api): State<Api>,
    Path(build_id): Path<String>,
    asked: Asked<NoParams>,
) -> Result<Response, ApiError> {
    let id = whole_id(&build_id).map_err(ApiError::BadRequest)?;
    let generation = db::latest_generation(&api.db).await?.n;
    let filter = Filter {
        ids: Some(id.as_u64()..id.as_u64() + 1),
        ..Filter::default()
    };
    let builds = db::list_builds(&api.db, generation, &filter, None, MAX_PAGE)
        .await?
        .rows;
    if builds.is_empty() {
        let why = "no source has listed a build with this id so far";
        return Err(ApiError::NotFound(why.to_owned()));
    }
    let mut history = std::collections::BTreeMap::new();
    for build in &builds {
        if !history.contains_key(build.product.as_str()) {
            let changes = db::changes_of(&api.db, generation, build.product, id).await?;
            let changes = changes.into_iter().map(HistoryEntry::from).collect();
            history.insert(build.product.as_str(), changes);
        }
    }
    let body = OneId {
        build_id: id.to_string(),
        generation,
        builds,
        history,
    };
    Ok(asked.answer(&generation.to_string(), body))
}
