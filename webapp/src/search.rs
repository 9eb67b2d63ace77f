//! The search box: leads from the typed text to a page, which says how it was understood.

mod understood;

use ::builds::BuildId;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use buildinfo::db as builds_db;
use crashstore::db as crash_db;
use platform::http::ApiError;

use crate::builds::Matching;
use crate::crashes::{self, Asked};
use crate::names::Names;
use crate::page::{PageError, html, moved, unusable};
use crate::params::Params;
use crate::state::Webapp;
use crate::{builds, links};

use understood::{Wanted, wanted};

/// Maximum crashes on the page.
const CRASHES: usize = 20;
/// Maximum builds, one for each platform, read for it.
const BUILD_ROWS: i64 = 300;
/// Maximum builds shown.
const BUILDS: usize = 20;

/// Redirects to the page of the typed text, or shows the builds and crashes with such names.
pub(crate) async fn show(State(app): State<Webapp>, params: Params) -> Result<Response, PageError> {
    let text = params.text("q").map_err(unusable)?;
    let target = match wanted(text) {
        Wanted::Named(names) => {
            let page = SearchPage::read(&app, text, names).await?;
            return Ok(html(StatusCode::OK, &page));
        }
        Wanted::Report(id) => links::report(&id),
        Wanted::Build(id) => builds::page_of(&app, id).await?,
        Wanted::Revision(revision) => links::page("/builds/", &[("revision", &revision)]),
        Wanted::Signature(signature) => {
            if let Some(names) = foreign(&app, text).await? {
                let page = SearchPage::read(&app, text, names).await?;
                return Ok(html(StatusCode::OK, &page));
            }
            links::crashes(&[("signature", &signature)])
        }
        Wanted::Nothing => links::crashes(&[]),
    };
    Ok(moved(StatusCode::SEE_OTHER, &target))
}

/// The names, if they include a product that is in no list here but has crashes.
async fn foreign(app: &Webapp, text: &str) -> Result<Option<Names>, ApiError> {
    for names in understood::with_product(text) {
        let filter = crash_db::Filter {
            product: names.product.clone(),
            ..crash_db::Filter::default()
        };
        if !crash_db::list(&app.db, &filter, None, 1).await?.is_empty() {
            return Ok(Some(names));
        }
    }
    Ok(None)
}

#[derive(Debug, Template)]
#[template(path = "search.html")]
struct SearchPage {
    text: String,
    understood: String,
    /// The same text looked for as a signature.
    as_signature: String,
    /// The exact version, if a prefix was searched for: its name and page.
    exactly: Option<(String, String)>,
    /// Whether any builds of the product are known.
    has_builds: bool,
    builds: Vec<Matching>,
    all_builds: Option<String>,
    crashes: Vec<crash_db::Summary>,
    all_crashes: Option<String>,
}

impl SearchPage {
    async fn read(app: &Webapp, text: &str, names: Names) -> Result<Self, ApiError> {
        let has_builds = names.product.is_empty() || names.built().is_some();
        let mut found = Vec::new();
        let mut more_builds = false;
        if has_builds {
            let generation = builds_db::latest_generation(&app.db).await?.n;
            let filter = names.filter();
            let mut page = builds_db::list_builds(&app.db, generation, &filter, None, BUILD_ROWS).await?;
            names.keep(&mut page.rows);
            found = Matching::all(&page.rows);
            more_builds = page.more || found.len() > BUILDS;
            found.truncate(BUILDS);
        }
        let mut asked = asked(&names, &found);
        let filter = asked.filter(&app.db).await?;
        asked.product.clone_from(&filter.product);
        let limit = i64::try_from(CRASHES + 1).unwrap_or(i64::MAX);
        let mut rows = crash_db::list(&app.db, &filter, None, limit).await?;
        let more_crashes = rows.len() > CRASHES;
        rows.truncate(CRASHES);
        let whole = names.version.strip_suffix('*');
        let whole = whole.filter(|version| buildinfo::db::beginning::versions(version).is_none());
        Ok(Self {
            text: text::shortened(text, 200),
            understood: names.words().join(", "),
            as_signature: links::crashes(&[("signature", text)]),
            exactly: whole.map(|version| {
                let exactly = Asked {
                    version: version.to_owned(),
                    ..asked.clone()
                };
                (version.to_owned(), exactly.link())
            }),
            has_builds,
            all_builds: more_builds.then(|| names.link()),
            builds: found,
            all_crashes: more_crashes.then(|| asked.link()),
            crashes: rows,
        })
    }
}

/// The crashes to show. Those of a build named by its number are selected by its id: their version is that of the
/// build's outcome.
fn asked(names: &Names, found: &[Matching]) -> Asked {
    let ids: Vec<BuildId> = found.iter().map(|build| build.build_id).collect();
    let only = ids.first().filter(|first| ids.iter().all(|id| id == *first));
    let (version, build_id) = match only.filter(|_| names.build_number.is_some()) {
        Some(id) => (String::new(), id.to_string()),
        None => (names.version.clone(), names.build_id.clone()),
    };
    Asked {
        product: names.product_typed.clone(),
        channel: names.channel.clone(),
        version,
        build_id,
        signature: String::new(),
    }
}

impl SearchPage {
    fn rows(&self) -> Vec<crashes::Row<'_>> {
        self.crashes.iter().map(crashes::Row::new).collect()
    }
}
