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
mod json;
pub mod meters;
mod names;
mod parts;
mod report;
mod settings;
mod store;
mod submit;
mod sweep;
mod writer;

pub mod throttle;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::routing::post;
use crash::CrashId;
use moka::future::Cache;
use platform::blobs::Blobs;
use platform::db::Db;
use platform::queue::Wake;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

pub use settings::Settings;

use crate::throttle::Rules;

/// How many rows may wait for the writer; more are left to the sweep.
const WAITING_ROWS: usize = 2048;
/// How many reports are remembered for telling second copies.
const RECENT_REPORTS: u64 = 100_000;

/// Where random bytes for crash ids come from.
pub type Random = Arc<dyn Fn() -> [u8; 16] + Send + Sync>;

/// A collector. Clones are the same collector.
#[derive(Clone)]
pub struct Collector(Arc<Inner>);

struct Inner {
    settings: Settings,
    rules: Rules,
    db: Db,
    blobs: Blobs,
    wake: Wake,
    random: Random,
    in_flight: body::InFlight,
    stores: Semaphore,
    /// The first copies of the reports of late, by content hash.
    recent: Cache<String, CrashId>,
    rows: mpsc::Sender<writer::Row>,
    /// Taken by the one who runs the writer.
    waiting_rows: Mutex<Option<mpsc::Receiver<writer::Row>>>,
    unrecorded: sweep::Unrecorded,
}

impl Collector {
    /// Makes a collector that stores reports in `blobs` and `db`, and wakes processors of this
    /// process by `wake`.
    ///
    /// # Errors
    /// The throttling rules cannot be used.
    pub fn start(settings: Settings, db: Db, blobs: Blobs, wake: Wake, random: Random) -> anyhow::Result<Self> {
        let rules = Rules::open(&settings.throttle).context("reading collector.throttle")?;
        let (rows, waiting_rows) = mpsc::channel(WAITING_ROWS);
        let window = Duration::from_secs(settings.duplicate_window_seconds);
        Ok(Self(Arc::new(Inner {
            in_flight: body::InFlight::new(settings.max_in_flight),
            stores: Semaphore::new(settings.max_stores.clamp(1, Semaphore::MAX_PERMITS)),
            recent: Cache::builder()
                .max_capacity(RECENT_REPORTS)
                .time_to_live(window)
                .build(),
            unrecorded: sweep::Unrecorded::default(),
            waiting_rows: Mutex::new(Some(waiting_rows)),
            settings,
            rules,
            db,
            blobs,
            wake,
            random,
            rows,
        })))
    }

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
