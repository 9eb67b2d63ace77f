//! Accepts crash reports at `POST /submit`, stores them durably and gives each an id.
//!
//! It does not process them or look into dumps. Invariants:
//!
//! * a report is answered with its id only once its dumps, their names and, last, its raw crash are durable in the blob
//!   store;
//! * its row and its job follow at once or, when the database is down, as soon as it is back (the sweep): the database
//!   never keeps a client waiting for more than a moment;
//! * no input makes it fail: what cannot be read is refused with a code of its own;
//! * data that identifies people is removed before anything is stored, and no annotation is ever logged.
//!
//! The path of a report: `head` reads the headers, `body` the bytes within every limit, `parts` the parts (after
//! `heads` has normalized their heads). `report` turns them into a raw crash (`names` knows what other reporters call
//! an annotation), [`throttle`] decides, `store` keeps it, `writer` writes rows and jobs, `sweep` the missing ones, and
//! `answer` is what the client sees. `submit` ties these together.

mod answer;
mod body;
mod head;
mod heads;
mod inner;
mod json;
pub mod meters;
mod names;
mod parts;
mod report;
mod settings;
mod store;
mod submit;
mod sweep;
mod unrecorded;
mod writer;

pub mod throttle;

#[cfg(test)]
mod tests;

use std::sync::PoisonError;

use anyhow::Context;
use axum::Router;
use axum::routing::post;
use tokio_util::sync::CancellationToken;

pub use inner::{Collector, Random};
pub use settings::Settings;

impl Collector {
    /// `POST /submit`, with and without a trailing slash.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/submit", post(submit::submit))
            .route("/submit/", post(submit::submit))
            .with_state(self.clone())
    }

    /// Runs the background part until `stop` is cancelled: writes rows and jobs, and inserts missing ones. Without it,
    /// reports are accepted but not processed.
    ///
    /// # Errors
    /// It is already running.
    pub async fn run(&self, stop: CancellationToken) -> anyhow::Result<()> {
        let rows = self
            .0
            .waiting_rows
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .context("starting the collector's writer a second time")?;
        tokio::join!(
            writer::run(&self.0.db, &self.0.wake, rows, &stop),
            sweep::run(&self.0, &stop),
        );
        Ok(())
    }
}
