//! The page of one build.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use buildinfo::watch::importer::Importer;
use buildinfo::{db, explain};
use builds::names::product;
use builds::{BuildId, Directory, Product, Question, resolve};
use chrono::Duration;
use platform::clock;
use platform::db::DbError;

use super::build_page::{self, BuildPage};
use super::channel::{channel_of, not_an_id, small_index};
use crate::page::{PageError, html};
use crate::state::Webapp;

/// Build ids of a channel searched for the build before another one: a few weeks of nightlies, or of several parallel
/// lines of ESR.
const IDS_BEFORE: i64 = 20;

/// How far after a build the next one of its line is searched for, in days: nightlies come daily, a release at least
/// every two months.
const DAYS_AFTER: (i64, i64) = (14, 75);

/// Build ids searched for the build after another one.
const IDS_AFTER: i64 = 60;

/// Shows one build, or what can be said about an id that no build has.
pub(crate) async fn show(
    State(app): State<Webapp>,
    Path((name, channel, text)): Path<(String, String, String)>,
) -> Result<Response, PageError> {
    let Ok(id) = text.parse::<BuildId>() else {
        return Ok(not_an_id(&text));
    };
    let generation = db::latest_generation(&app.db).await?.n;
    let mut builds = match name.parse::<Directory>() {
        Ok(directory) => {
            around(
                &app,
                generation,
                directory.product(),
                &channel_of(directory, &channel),
                id,
            )
            .await?
        }
        Err(_) => Vec::new(),
    };
    if builds.is_empty()
        && let Some(other) = product::ids_of(&name)
    {
        builds = db::builds_by_id(&app.db, generation, other, id).await?;
    }
    let index = small_index(generation, &builds)?;
    let question = Question {
        product: name,
        channel,
        build_id: id.to_string(),
        ..Question::default()
    };
    let answer = resolve(&index, &question);
    let evidence = match &answer.build {
        Some(build) => db::by_digests(&app.db, &build.evidence).await?,
        None => Vec::new(),
    };
    // The importer matters only if a build may still become known.
    let is_imported = answer.product.parse().is_ok_and(Product::is_in_archive);
    let nobody = if build_page::is_known(&answer) || !is_imported {
        None
    } else {
        let importer = Importer::of(&app.db, clock::now_micros()).await?;
        importer.warning()
    };
    let (conflicts, corrections) = explain::disputed(&app.db, &answer, &evidence).await?;
    let disputed = (conflicts.as_slice(), corrections.as_slice());
    let page = BuildPage::new(&index, id, answer, &evidence, disputed, nobody);
    let status = if page.says_something() {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    Ok(html(status, &page))
}

/// The builds with an id, and the channel's builds that include its neighbours.
async fn around(
    app: &Webapp,
    generation: i64,
    product: Product,
    channel: &str,
    id: BuildId,
) -> Result<Vec<builds::Build>, DbError> {
    let mut builds = db::builds_by_id(&app.db, generation, product, id).await?;
    if builds.is_empty() {
        return Ok(builds);
    }
    let mut channels = vec![channel];
    // Betas have releases as neighbours: their release candidates.
    channels.extend(product.channel(channel).tries);
    if builds.iter().all(|build| build.channel != channel) {
        channels.extend(
            builds
                .first()
                .map(|build| build.channel.as_str())
                .filter(|own| product.tried_on(own).is_none()),
        );
    }
    let (few, many) = DAYS_AFTER;
    let days = if channel.starts_with("nightly") { few } else { many };
    let end = later(id, days);
    let mut neighbours = Vec::new();
    for channel in channels {
        for (before, limit) in [(Some(id), IDS_BEFORE), (end, IDS_AFTER)] {
            let page = db::builds_of_channel(&app.db, generation, product, channel, before, limit).await?;
            neighbours.extend(page.rows);
        }
    }
    neighbours.retain(|build| build.build_id != id);
    builds.append(&mut neighbours);
    builds.sort_by(|a, b| a.key().cmp(&b.key()));
    builds.dedup_by(|a, b| a.key() == b.key());
    Ok(builds)
}

/// The build id some days later.
fn later(id: BuildId, days: i64) -> Option<BuildId> {
    let time = id.time().checked_add_signed(Duration::days(days))?;
    time.format("%Y%m%d%H%M%S").to_string().parse().ok()
}
