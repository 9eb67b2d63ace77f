//! Pages and API for looking at crashes and builds: rendered here, readable without JavaScript.
//!
//! It is not a search engine, and it changes nothing but one thing: looking at a report that is
//! not processed yet asks for it to be processed soon.
//!
//! Invariants:
//!
//! * what is shown of a crash comes out of [`crash::redact`]; the pages have no other way to it;
//! * every text is escaped by the templates, and no page loads anything from another host;
//! * "not processed yet", "does not exist" and "not a crash id" are three different answers.

mod format;
mod links;
mod params;
mod words;

mod find;
mod page;

mod api;
mod builds;
mod crashes;
mod glossary;
mod report;
mod search;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::get;
use buildinfo::audit::Audits;
use crash::CrashId;
use moka::sync::Cache;
use platform::blobs::Blobs;
use platform::db::Db;
use platform::queue::Wake;

use crate::builds::ChannelView;

pub use crashes::Asked;
pub use page::error_page;

/// So often, at most, looking at one report asks for it to be processed.
const ASK_EVERY: Duration = Duration::from_secs(60);
/// Of so many reports it is remembered that they were asked for.
const ASKED_AT_ONCE: u64 = 10_000;

/// Of so many generations of the build data the list of channels is kept.
const GENERATIONS: u64 = 2;

/// The pages and the API. Clones share everything.
#[derive(Debug, Clone)]
pub struct Webapp {
    db: Db,
    blobs: Blobs,
    wake: Wake,
    /// The reports that were asked for within the last minute.
    asked: Cache<CrashId, ()>,
    /// The channels and their newest builds, by generation.
    overview: moka::future::Cache<i64, Arc<Vec<ChannelView>>>,
    audits: Audits,
}

impl Webapp {
    /// Reads from this database and blob store; `wake` tells the processor of this process, if there is one, that
    /// somebody waits for a report. The audits are those of the API for builds, if it is in this process too.
    pub fn new(db: Db, blobs: Blobs, wake: Wake, audits: Audits) -> Self {
        let asked = Cache::builder()
            .max_capacity(ASKED_AT_ONCE)
            .time_to_live(ASK_EVERY)
            .build();
        Self {
            db,
            blobs,
            wake,
            asked,
            overview: moka::future::Cache::new(GENERATIONS),
            audits,
        }
    }

    /// Every page and endpoint. It has no fallback of its own: [`error_page`] says
    /// that there is nothing.
    pub fn router(&self) -> Router {
        let pages = Router::new()
            .route("/", get(crashes::list))
            .route("/report/index/{id}", get(report::show))
            .route("/builds", get(builds::to_index))
            .route("/builds/", get(builds::index))
            .route("/builds/audit", get(builds::audit))
            .route("/builds/unknown", get(builds::unknown))
            .route("/builds/runs", get(builds::runs))
            .route("/builds/runs/{id}", get(builds::run))
            .route("/builds/{product}/{channel}", get(builds::list))
            .route("/builds/{product}/{channel}/feed.atom", get(builds::feed))
            .route("/builds/{product}/{channel}/{build_id}", get(builds::show))
            .route("/glossary", get(glossary::show))
            .route("/glossary/", get(glossary::to_glossary))
            .route("/search", get(search::show))
            .route("/static/{file}", get(page::stylesheet));
        pages
            .merge(api::routes())
            .layer(map_response(page::protect))
            .with_state(self.clone())
    }
}
