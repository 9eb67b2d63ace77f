//! The page of a channel, and what other build pages need from it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use buildinfo::lookup::LookupError;
use buildinfo::{db, lookup};
use builds::{BuildId, BuildIndex, Directory};
use platform::db::DbError;
use platform::http::ApiError;

use super::lists::ChannelPage;
use crate::channel_view::ChannelView;
use crate::links;
use crate::page::{PageError, Problem, html};
use crate::params::Params;
use crate::state::Webapp;

/// Build ids per page of a channel.
pub(super) const PAGE: i64 = 50;

/// Maximum channels on the page of all channels.
const MAX_CHANNELS: usize = 200;

/// The channels with their newest builds. Counting them reads every build, so it is done once per generation.
pub(super) async fn overview(app: &Webapp, generation: i64) -> Result<Arc<Vec<ChannelView>>, ApiError> {
    let read = async {
        let newest = lookup::newest_of_channels(&app.db, generation, MAX_CHANNELS, |product, _| {
            links::has_pages(product)
        })
        .await;
        let newest = newest.map_err(|error| match error {
            LookupError::Db(error) => error,
            other => DbError::Row(other.to_string()),
        })?;
        let channels = newest.iter().map(ChannelView::new).collect();
        Ok::<_, DbError>(Arc::new(channels))
    };
    app.overview
        .try_get_with(generation, read)
        .await
        .map_err(ApiError::from)
}

/// Shows the builds of a channel, newest first.
pub(crate) async fn list(
    State(app): State<Webapp>,
    Path((name, channel)): Path<(String, String)>,
    params: Params,
) -> Result<Response, PageError> {
    let Ok(directory) = name.parse::<Directory>() else {
        return Ok(unknown_product(&name));
    };
    let channel = channel_of(directory, &channel);
    let before = match params.get("before") {
        None | Some("") => None,
        Some(text) => match text.parse::<BuildId>() {
            Ok(id) => Some(id),
            Err(_) => return Ok(not_an_id(text)),
        },
    };
    let product = directory.product();
    let generation = db::latest_generation(&app.db).await?.n;
    let page = db::builds_of_channel(&app.db, generation, product, &channel, before, PAGE).await?;
    let index = small_index(generation, &page.rows)?;
    let channels = match before {
        None if !page.rows.is_empty() => Some(overview(&app, generation).await?),
        _ => None,
    };
    let view = channels.iter().flat_map(|channels| channels.iter());
    let view = view
        .into_iter()
        .find(|one| one.product == product.as_str() && one.channel == channel);
    let shown = ChannelPage::new(product, &channel, before.is_some(), &index, page.more, view);
    let status = if shown.rows.is_empty() && before.is_none() {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    Ok(html(status, &shown))
}

pub(super) fn small_index(generation: i64, builds: &[builds::Build]) -> Result<BuildIndex, ApiError> {
    BuildIndex::from_builds(generation, builds).map_err(|error| ApiError::Internal(error.into()))
}

/// The channel's stored name: Developer Edition has one channel, whatever it is called. Channel names hold no control
/// characters, and PostgreSQL rejects some in queries.
pub(super) fn channel_of(directory: Directory, channel: &str) -> String {
    let channel = channel.replace(char::is_control, "\u{fffd}");
    directory.channel(Some(&channel)).unwrap_or_default()
}

pub(super) fn unknown_product(name: &str) -> Response {
    Problem {
        title: "No such product".to_owned(),
        sentence: format!("No source of builds knows a product “{}”.", text::shortened(name, 100)),
        causes: vec![
            "Crashes of any product are taken in, but builds are known of a few products only: the list of \
            builds names them."
                .to_owned(),
        ],
    }
    .answer(StatusCode::NOT_FOUND)
}

pub(super) fn not_an_id(text: &str) -> Response {
    Problem {
        title: "Not a build id".to_owned(),
        sentence: format!(
            "“{}” is not a build id: that is the moment at which a build was started, 14 digits YYYYMMDDhhmmss that \
             make a date.",
            text::shortened(text.trim(), 100)
        ),
        causes: vec![
            "Some programs report something else as their build id; their builds cannot be looked up.".to_owned(),
            "The id was cut off or mistyped.".to_owned(),
        ],
    }
    .answer(StatusCode::BAD_REQUEST)
}
