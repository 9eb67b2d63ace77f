//! The pages of builds: what is known of them, and why.

mod audit;
mod build_page;
mod feed;
mod lists;
mod runs;
mod unknown;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use buildinfo::explain;
use buildinfo::lookup::LookupError;
use buildinfo::watch::importer::Importer;
use buildinfo::{Freshness, db, lookup};
use builds::names::product;
use builds::names::version::Stage;
use builds::{BuildId, BuildIndex, Directory, Product, Question, Version, resolve};
use chrono::Duration;
use platform::clock;
use platform::db::DbError;
use platform::http::ApiError;

pub(crate) use self::audit::show as audit;
use self::build_page::BuildPage;
pub(crate) use self::feed::show as feed;
pub(crate) use self::lists::ChannelView;
pub(crate) use self::lists::Matching;
use self::lists::{ChannelPage, IndexPage, MatchesPage, NamedPage};
pub(crate) use self::runs::{list as runs, show as run};
pub(crate) use self::unknown::show as unknown;
use crate::page::{PageError, Problem, html, moved, unusable};
use crate::params::Params;
use crate::search::Names;
use crate::{Webapp, format, links};

/// Build ids on a page of a channel.
const PAGE: i64 = 50;
/// Builds, one for each platform, that are shown of one version or revision.
const MAX_NAMED: i64 = 500;
/// Channels on the page of all of them.
const MAX_CHANNELS: usize = 200;
/// Build ids of a channel that are looked through for the build before another one: a few weeks
/// of nightlies, or of several lines of ESR side by side.
const IDS_BEFORE: i64 = 20;
/// How far after a build the next one of its line is looked for, in days: nightlies come daily,
/// a release at least every two months.
const DAYS_AFTER: (i64, i64) = (14, 75);
/// Build ids that are looked through for the build after another one.
const IDS_AFTER: i64 = 60;

/// `/builds` is the same as `/builds/`.
pub(crate) async fn to_index() -> Response {
    moved(StatusCode::MOVED_PERMANENTLY, "/builds/")
}

/// Where the builds with this id are shown: the page of the build if there is one build only.
pub(crate) async fn page_of(app: &Webapp, id: BuildId) -> Result<String, DbError> {
    let found = matching(app, id).await?;
    Ok(match found.as_slice() {
        [only] => only.page.clone(),
        _ => links::builds_with_id(&id.to_string()),
    })
}

/// Every product and channel, or the builds with the id that is asked for.
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
        return named(&app, what, &names.title(), &filter(&names), &names).await;
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

/// The names that the address holds, each as it was typed but for the product's.
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
        channel: product::normalise_channel(channel),
        // A version as people call it is asked for as programs write it.
        version: Version::written(version),
        build_number: None,
        build_id: build_id.map(|begin| begin.to_string()).unwrap_or_default(),
    })
}

/// Whether a release candidate is meant that beta users get: such a build follows the channel release, and is offered
/// on beta.
fn is_candidate_on_beta(names: &Names) -> bool {
    let version = names.version.trim_end_matches('*').parse::<Version>();
    names.channel == "beta" && version.is_ok_and(|version| matches!(version.stage(), Stage::ReleaseCandidate(_)))
}

/// Leaves those of the builds that [`filter`] finds which have these names.
pub(crate) fn keep(names: &Names, builds: &mut Vec<builds::Build>) {
    if is_candidate_on_beta(names) {
        let on_beta = |build: &builds::Build| build.offered_on.iter().any(|on| on == "beta");
        builds.retain(on_beta);
    }
}

/// The builds with these names, as the database lists them; [`keep`] leaves out what it cannot tell.
pub(crate) fn filter(names: &Names) -> db::Filter {
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    let whole = names.build_id.parse::<BuildId>().ok();
    let digits = names.build_id.trim_end_matches('*');
    db::Filter {
        product: names.built(),
        channel: given(&names.channel).filter(|_| !is_candidate_on_beta(names)),
        version: given(&names.version),
        ids: whole
            .map(|id| id.as_u64()..id.as_u64() + 1)
            .or_else(|| builds::names::build_id::prefix_range(digits)),
        ..db::Filter::default()
    }
}

/// The list of the builds with these names.
pub(crate) fn link(names: &Names) -> String {
    let is_channel =
        !names.product.is_empty() && !names.channel.is_empty() && names.version.is_empty() && names.build_id.is_empty();
    if is_channel {
        return links::channel(&names.product, &names.channel);
    }
    let parameters = [
        ("product", names.product.as_str()),
        ("channel", &names.channel),
        ("version", &names.version),
        ("build_id", &names.build_id),
    ];
    links::page("/builds/", &parameters)
}

/// The builds that a filter lets through and that [`keep`] keeps of those with such names, under the heading `text`.
async fn named(
    app: &Webapp,
    what: &'static str,
    text: &str,
    filter: &db::Filter,
    names: &Names,
) -> Result<Response, PageError> {
    let generation = db::latest_generation(&app.db).await?.n;
    let mut builds = db::list_builds(&app.db, generation, filter, None, MAX_NAMED).await?;
    keep(names, &mut builds.rows);
    let page = NamedPage::new(what, text, Matching::all(&builds.rows), builds.more);
    let status = if page.found.is_empty() {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    Ok(html(status, &page))
}

/// The channels with their newest builds. Counting them reads every build, so it is done once for
/// each generation.
async fn overview(app: &Webapp, generation: i64) -> Result<Arc<Vec<ChannelView>>, ApiError> {
    let read = async {
        let newest = lookup::newest_of_channels(&app.db, generation, MAX_CHANNELS, |_, _| true).await;
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

/// Shows one build, or what can be said of an id that no build has.
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
    if builds.is_empty() && product::shares_gecko_ids(&name) {
        builds = db::builds_by_id(&app.db, generation, Product::Firefox, id).await?;
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
    // Who imports matters only where a build may become known.
    let nobody = if build_page::is_known(&answer) {
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

/// The builds with an id, and those of the channel among which its neighbours are.
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
    // Betas have releases among their neighbours: those are their release candidates.
    if channel == "beta" {
        channels.push("release");
    }
    if builds.iter().all(|build| build.channel != channel) {
        channels.extend(
            builds
                .first()
                .map(|build| build.channel.as_str())
                .filter(|own| *own != "release"),
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

async fn matching(app: &Webapp, id: BuildId) -> Result<Vec<Matching>, DbError> {
    let generation = db::latest_generation(&app.db).await?.n;
    let mut found = Vec::new();
    for product in Product::ALL {
        let builds = db::builds_by_id(&app.db, generation, product, id).await?;
        found.extend(Matching::all(&builds));
    }
    Ok(found)
}

fn small_index(generation: i64, builds: &[builds::Build]) -> Result<BuildIndex, ApiError> {
    BuildIndex::from_builds(generation, builds).map_err(|error| ApiError::Internal(error.into()))
}

/// Developer Edition has one channel, whatever it is called. No channel's name holds control characters, and PostgreSQL
/// refuses to be asked for some.
fn channel_of(directory: Directory, channel: &str) -> String {
    let channel = channel.replace(char::is_control, "\u{fffd}");
    directory
        .only_channel()
        .map_or_else(|| product::normalise_channel(&channel), str::to_owned)
}

fn not_an_id(text: &str) -> Response {
    Problem {
        title: "Not a build id".to_owned(),
        sentence: format!(
            "“{}” is not a build id: that is the moment at which a build was started, 14 digits YYYYMMDDhhmmss that \
             make a date.",
            format::shortened(text.trim(), 100)
        ),
        causes: vec![
            "Some programs report something else as their build id; their builds cannot be looked up.".to_owned(),
            "The id was cut off or mistyped.".to_owned(),
        ],
    }
    .answer(StatusCode::BAD_REQUEST)
}

fn unknown_product(name: &str) -> Response {
    Problem {
        title: "No such product".to_owned(),
        sentence: format!(
            "No source of builds knows a product “{}”.",
            format::shortened(name, 100)
        ),
        causes: vec![
            "Crashes of any product are taken in, but builds are known of a few products only: the list of \
            builds names them."
                .to_owned(),
        ],
    }
    .answer(StatusCode::NOT_FOUND)
}
