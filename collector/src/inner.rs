//! The collector and its shared state.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use crash::CrashId;
use moka::future::Cache;
use platform::blobs::Blobs;
use platform::db::Db;
use platform::queue::Wake;
use tokio::sync::{Semaphore, mpsc};

use crate::body::InFlight;
use crate::settings::Settings;
use crate::throttle::{Rules, Supported};
use crate::unrecorded::Unrecorded;
use crate::writer::Row;

/// Maximum rows waiting for the writer; any more are left to the sweep.
const WAITING_ROWS: usize = 2048;

/// How many reports are remembered for recognizing second copies.
const RECENT_REPORTS: u64 = 100_000;

/// The source of random bytes for crash ids.
pub type Random = Arc<dyn Fn() -> [u8; 16] + Send + Sync>;

/// A collector. Clones share its state.
#[derive(Clone)]
pub struct Collector(pub(crate) Arc<Inner>);

/// The state that a collector's parts share.
pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) rules: Rules,
    pub(crate) db: Db,
    pub(crate) blobs: Blobs,
    pub(crate) wake: Wake,
    pub(crate) random: Random,
    pub(crate) in_flight: InFlight,
    pub(crate) stores: Semaphore,
    /// The first copies of recent reports, by content hash.
    pub(crate) recent: Cache<String, CrashId>,
    pub(crate) rows: mpsc::Sender<Row>,
    /// Taken by the task that runs the writer.
    pub(crate) waiting_rows: Mutex<Option<mpsc::Receiver<Row>>>,
    pub(crate) unrecorded: Unrecorded,
}

impl Collector {
    /// Creates a collector that stores reports in `blobs` and `db`, and wakes this process's processors through `wake`.
    /// `supported` are the products and packages that throttling rules without lists of their own go by.
    ///
    /// # Errors
    /// The throttling rules cannot be used.
    pub fn start(
        settings: Settings,
        supported: Supported,
        db: Db,
        blobs: Blobs,
        wake: Wake,
        random: Random,
    ) -> anyhow::Result<Self> {
        let rules = Rules::open(&settings.throttle, supported).context("reading collector.throttle")?;
        let (rows, waiting_rows) = mpsc::channel(WAITING_ROWS);
        let window = Duration::from_secs(settings.duplicate_window_seconds);
        Ok(Self(Arc::new(Inner {
            in_flight: InFlight::new(settings.max_in_flight),
            stores: Semaphore::new(settings.max_stores.clamp(1, Semaphore::MAX_PERMITS)),
            recent: Cache::builder()
                .max_capacity(RECENT_REPORTS)
                .time_to_live(window)
                .build(),
            unrecorded: Unrecorded::default(),
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
}
