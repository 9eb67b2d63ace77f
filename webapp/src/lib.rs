//! Pages and API for looking at crashes and builds: rendered here, readable without JavaScript.
//!
//! It is not a search engine, and changes little: viewing a report that is not processed yet requests its processing,
//! and people sign in and out.
//!
//! Invariants:
//!
//! * everything shown of a crash comes from `find`, which redacts it for its reader ([`crash::redact`]) and records who
//!   saw what is protected; the pages have no other access to it;
//! * the templates escape every text, and no page loads anything from another host;
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

mod account;
mod api;
mod audit_log;
mod builds;
mod crashes;
mod glossary;
mod report;
mod search;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::{get, post};

pub use crashes::Asked;
pub use page::error_page;
pub use state::Webapp;

impl Webapp {
    /// The router of every page and endpoint. It has no fallback: that is [`error_page`]'s job.
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
            .route("/account", get(account::show))
            .route("/account/sign-in", post(account::sign_in))
            .route("/account/sign-out", post(account::sign_out))
            .route("/audit-log", get(audit_log::show))
            .route("/search", get(search::show))
            .route("/static/{file}", get(page::stylesheet));
        pages
            .merge(api::routes())
            .layer(map_response(page::protect))
            .with_state(self.clone())
    }
}
