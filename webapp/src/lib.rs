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

mod channel_view;
mod format;
mod links;
mod names;
mod params;
mod words;

mod find;
mod page;
mod state;

mod api;
mod builds;
mod crashes;
mod glossary;
mod report;
mod search;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::get;

pub use crashes::Asked;
pub use page::error_page;
pub use state::Webapp;

impl Webapp {
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
