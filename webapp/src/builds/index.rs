//! The page of all channels, and of the builds named in an address.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use buildinfo::watch::importer::Importer;
use buildinfo::{Freshness, db};
use builds::names::{channel, product};
use builds::{BuildId, Product, Version};
use platform::clock;
use platform::db::DbError;

use super::channel::{not_an_id, overview, unknown_product};
use super::lists::{IndexPage, MatchesPage, Matching, NamedPage};
use crate::links;
use crate::names::Names;
use crate::page::{PageError, html, moved, unusable};
use crate::params::Params;
use crate::state::Webapp;

/// Maximum builds, one for each platform, shown for a version or revision.
const MAX_NAMED: i64 = 500;

/// `/builds` redirects to `/builds/`.
pub(crate) async fn to_index() -> Response {
    moved(StatusCode::MOVED_PERMANENTLY, "/builds/")
}

/// The path that shows the builds with this id: the build's own page if there is only one build.
pub(crate) async fn page_of(app: &Webapp, id: BuildId) -> Result<String, DbError> {
    let found = matching(app, id).await?;
    Ok(match found.as_slice() {
        [only] => only.page.clone(),
        _ => links::builds_with_id(&id.to_string()),
    })
}

/// Shows every product and channel, or the builds with the requested id.
pub(crate) async fn index(State(app): State<Webapp>, params: Params) -> Result<Response, PageError> {
    let text = params.text("revision").map_err(unusable)?;
    if !text.is_empty() {
        let filter = db::Filter {
            revision: Some(text.to_ascii_lowercase()),
            ..db::Filter::default()
        };
        return named(&app, "revision", text, &filter, &Names::default()).await;
    }
    let text = params.text("build_id").map_err(unusable)?;
    let names = named_by(&params).map_err(unusable)?;
    if names != Names::default() && text.parse::<BuildId>().is_err() {
        let what = if names.words() == [format!("version {}", names.version)] {
            "version"
        } else {
            "name"
        };
        if !text.is_empty() && names.build_id.is_empty() {
            return Ok(not_an_id(text));
        }
        if !names.product.is_empty() && names.built().is_none() {
            return Ok(unknown_product(&names.product));
        }
        return named(&app, what, &names.title(), &names.filter(), &names).await;
    }
    if text.is_empty() {
        let generation = db::latest_generation(&app.db).await?;
        let channels = overview(&app, generation.n).await?;
        let alarms = db::open_alarms(&app.db).await?.len();
        let silent = Freshness::of(&db::source_states(&app.db).await?).silent;
        let importer = Importer::of(&app.db, clock::now_micros()).await?;
        let page = IndexPage::new(generation, &channels, alarms, silent, &importer);
        return Ok(html(StatusCode::OK, &page));
    }
    let Ok(id) = text.parse() else {
        return Ok(not_an_id(text));
    };
    let matches = MatchesPage::new(id, matching(&app, id).await?);
    let status = if matches.found.is_empty() {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    Ok(html(status, &matches))
}

/// The names in the query, as typed except for the product's.
fn named_by(params: &Params) -> Result<Names, &'static str> {
    let text = params.text("product")?;
    let (product, own_channel) = product::named(text).unwrap_or((text, ""));
    let channel = match params.text("channel")? {
        "" => own_channel,
        channel => channel,
    };
    let build_id = buildinfo::db::beginning::build_ids(params.text("build_id")?);
    let version = params.text("version")?;
    Ok(Names {
        product: product.to_owned(),
        product_typed: String::new(),
        channel: channel::normalise_channel(channel),
        // A version as people call it is looked up in the form that programs write.
        version: Version::written(version),
        build_number: None,
        build_id: build_id.map(|begin| begin.to_string()).unwrap_or_default(),
    })
}

/// The builds that match a filter and that [`Names::keep`] keeps for these names, under the heading `text`.
async fn named(
    app: &Webapp,
    what: &'static str,
    text: &str,
    filter: &db::Filter,
    names: &Names,
) -> Result<Response, PageError> {
    let generation = db::latest_generation(&app.db).await?.n;
    let mut builds = db::list_builds(&app.db, generation, filter, None, MAX_NAMED).await?;
    names.keep(&mut builds.rows);
    let page = NamedPage::new(what, text, Matching::all(&builds.rows), builds.more);
    let status = if page.found.is_empty() {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    Ok(html(status, &page))
}

async fn matching(app: &Webapp, id: BuildId) -> Result<Vec<Matching>, DbError> {
    let generation = db::latest_generation(&app.db).await?.n;
    let mut found = Vec::new();
    for product in Product::all() {
        let builds = db::builds_by_id(&app.db, generation, product, id).await?;
        found.extend(Matching::all(&builds));
    }
    Ok(found)
}
