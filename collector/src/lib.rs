//! Takes crash reports in at `POST /submit`, durably, and gives each an id.
//!
//! It does not process them and does not look at dumps. Invariants:
//!
//! * a report is answered with its id only when its dumps, their names and last its raw crash are
//!   durable in the blob store;
//! * its row and its job follow at once, or, when the database is away, as soon as it is back
//!   (the sweep): the database never keeps a client waiting for more than a moment;
//! * no input of any kind makes it fail: what cannot be read is refused with a code of its own;
//! * what identifies people is removed before anything is stored, and no annotation is ever logged.
//!
//! The way of a report: `head` reads the headers, `body` the bytes within every limit, `parts` the parts (`heads` mends
//! their heads before), `report` makes a raw crash of them (`names` knows what other reporters call an annotation),
//! [`throttle`] decides, `submit` holds it together, `store` keeps it, `writer` writes rows and jobs, `sweep` those
//! that are missing, and `answer` is what the client sees.

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
    /// `POST /submit`, with and without a slash at the end.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/submit", post(submit::submit))
            .route("/submit/", post(submit::submit))
            .with_state(self.clone())
    }

    /// The background part, until `stop` is cancelled: writes rows and jobs, and inserts those
    /// that are missing. Without it reports are taken in, but not processed.
    ///
    /// # Errors
    /// It runs already.
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
