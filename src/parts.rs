//! The parts of a running system, opened from the settings and assembled.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::buildinfo::Lookup;
use ::buildinfo::audit::Audits;
use ::buildinfo::watch::inbox::Inbox;
use anyhow::Context;
use axum::Router;
use collector::Collector;
use platform::blobs::Blobs;
use platform::db::{DatabaseSettings, Db, FolderLock};
use platform::http::{Access, Operations};
use platform::lifecycle::Lifecycle;
use platform::meters::PrometheusHandle;
use platform::queue::Wake;
use processor::{Processor, ProcessorContext};
use search::service::Search;
use tokio::net::TcpListener;
use webapp::Webapp;

use crate::meters;
use crate::owner::owner;
use crate::products;
use crate::release::RELEASE;
use crate::schedule::import_by_schedule;
use crate::settings::{Settings, schedule_of};

/// How long a request that announces builds waits for an import that runs.
const PATIENCE: Duration = Duration::from_secs(3);

/// What every service needs, opened.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) db: Db,
    pub(crate) blobs: Blobs,
    pub(crate) wake: Wake,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) access: Access,
    /// The page and the API show the same audits.
    audits: Audits,
    metrics: PrometheusHandle,
    locks: Vec<FolderLock>,
}

impl Parts {
    /// Opens the database and the blob store; creates the data folder if missing.
    pub(crate) async fn open(settings: Settings) -> anyhow::Result<Self> {
        let lifecycle = Lifecycle::start().context("listening for signals")?;
        let metrics = platform::meters::start(&meters::all());
        let db = open(&settings, &settings.database).await?;
        let blobs = Blobs::open(&settings.blobs, &settings.data_dir)?;
        Ok(Self {
            access: Access::new(db.clone(), &settings.http),
            audits: Audits::new(db.clone()),
            settings,
            db,
            blobs,
            wake: Wake::default(),
            lifecycle,
            metrics,
            locks: Vec::new(),
        })
    }

    /// The endpoints for operators.
    pub(crate) fn operations(&self) -> Router {
        platform::meters::begin(platform::http::meters::METRICS);
        platform::meters::begin(platform::access::meters::METRICS);
        platform::http::operations(Operations {
            release: RELEASE,
            db: self.db.clone(),
            blobs: self.blobs.clone(),
            metrics: self.metrics.clone(),
        })
    }

    /// Starts receiving crash reports. Two collectors in one data folder are rejected.
    pub(crate) fn start_collector(&mut self) -> anyhow::Result<Router> {
        let folder = &self.settings.data_dir;
        match FolderLock::try_take(folder, "collector.lock")? {
            Some(lock) => self.locks.push(lock),
            None => anyhow::bail!(
                "another collector uses the data folder {}: give this one its own with --data",
                folder.display()
            ),
        }
        platform::meters::begin(collector::meters::METRICS);
        let collector = Collector::start(
            self.settings.collector.clone(),
            products::supported(),
            self.db.clone(),
            self.blobs.clone(),
            self.wake.clone(),
            Arc::new(rand::random::<[u8; 16]>),
        )?;
        let router = collector.router();
        let stop = self.lifecycle.stop_token();
        self.lifecycle
            .spawn("collector", async move { collector.run(stop).await });
        Ok(router)
    }

    /// Starts look-ups: loads the builds in the background, and counts unknown ones.
    pub(crate) fn start_lookup(&self) -> Lookup {
        platform::meters::begin(::buildinfo::meters::METRICS);
        let lookup = Lookup::new(self.db.clone());
        let stop = self.lifecycle.stop_token();
        self.lifecycle.spawn("lookup", lookup.clone().run(stop));
        self.lifecycle.spawn(
            "unknown builds",
            ::buildinfo::watch::unknown::run(
                lookup.clone(),
                self.db.clone(),
                self.settings.buildinfo.clone(),
                self.lifecycle.stop_token(),
            ),
        );
        lookup
    }

    /// Starts processing crashes.
    pub(crate) fn start_processor(&self, lookup: Lookup) -> anyhow::Result<()> {
        let processor = Processor::start(ProcessorContext {
            db: self.db.clone(),
            blobs: self.blobs.clone(),
            wake: self.wake.clone(),
            lookup,
            settings: self.settings.processor.clone(),
            data_dir: self.settings.data_dir.clone(),
            owner: owner(),
        })?;
        let stop = self.lifecycle.stop_token();
        self.lifecycle
            .spawn("builds watch", processor.clone().watch_generation(stop.clone()));
        self.lifecycle
            .spawn("older search rows", processor.clone().renew_search_rows(stop.clone()));
        self.lifecycle.spawn("processor", processor.run(stop));
        Ok(())
    }

    /// Starts the upkeep.
    pub(crate) fn start_upkeep(&self) {
        platform::meters::begin(meters::METRICS);
        let task = crate::upkeep::run(
            self.db.unhurried(),
            self.blobs.clone(),
            self.settings.retention.clone(),
            self.settings.buildinfo.clone(),
            self.lifecycle.stop_token(),
        );
        self.lifecycle.spawn("upkeep", task);
    }

    /// Starts reading bugs once an hour, if a Bugzilla is set. Any number of processes may do so.
    pub(crate) fn start_bugs(&self) {
        platform::meters::begin(bugs::meters::METRICS);
        if self.settings.bugs.bugzilla_url.trim().is_empty() {
            return;
        }
        let (db, stop) = (self.db.unhurried(), self.lifecycle.stop_token());
        let settings = self.settings.bugs.clone();
        self.lifecycle.spawn("bugs", async move {
            bugs::schedule::run(db, settings, owner(), stop).await;
            Ok(())
        });
    }

    /// Starts numbering search rows. Any number of processes may do so.
    pub(crate) fn start_sequencer(&self) {
        platform::meters::begin(crashstore::meters::METRICS);
        let (db, stop) = (self.db.unhurried(), self.lifecycle.stop_token());
        self.lifecycle.spawn("sequencer", async move {
            crashstore::sequence::run(db, owner(), stop).await;
            Ok(())
        });
    }

    /// Starts search: this process follows the rows, or reads what another one on its data folder makes of them.
    pub(crate) fn start_search(&self) -> Search {
        platform::meters::begin(search::meters::METRICS);
        let search = Search::new(&search_folder(&self.settings));
        let task = search.clone().run(self.db.unhurried(), self.lifecycle.stop_token());
        self.lifecycle.spawn("search", async move {
            task.await;
            Ok(())
        });
        search
    }

    /// Starts importing by the schedule.
    pub(crate) fn start_schedule(&self) -> anyhow::Result<()> {
        let Some(times) = schedule_of(&self.settings.buildinfo)? else {
            tracing::warn!(
                "buildinfo.schedule is empty: this process imports nothing, and looks for no unknown build; run \
                 `datil buildinfo import`"
            );
            return Ok(());
        };
        let task = import_by_schedule(
            self.db.unhurried(),
            self.settings.buildinfo.clone(),
            times,
            self.lifecycle.stop_token(),
        );
        self.lifecycle.spawn("schedule", task);
        Ok(())
    }

    /// The pages and the API for crashes, which search with `search`.
    pub(crate) fn webapp(&self, search: Search) -> Router {
        Webapp::new(
            self.db.clone(),
            self.blobs.clone(),
            self.wake.clone(),
            self.audits.clone(),
            self.access.clone(),
            search,
        )
        .router()
    }

    /// The API for builds. Takes in what is announced there.
    pub(crate) fn build_api(&self, lookup: Lookup) -> Router {
        let answer_in = Duration::from_secs(u64::from(self.settings.http.answer_seconds));
        let patience = if answer_in.is_zero() {
            PATIENCE
        } else {
            PATIENCE.min(answer_in / 2)
        };
        let inbox = Inbox::new(self.db.unhurried(), owner(), patience);
        let stop = self.lifecycle.stop_token();
        self.lifecycle.spawn("announced builds", inbox.clone().run(stop));
        ::buildinfo::api::router(lookup, self.db.clone(), self.audits.clone(), inbox)
    }

    /// Serves `router` on the service's address, which it returns.
    pub(crate) async fn serve(&self, router: Router, port: u16) -> anyhow::Result<SocketAddr> {
        let router = platform::http::layers(router, &self.settings.http, self.access.clone(), ::webapp::error_page);
        let listener = listen(&self.settings.bind(port)).await?;
        let address = listener.local_addr()?;
        let stop = self.lifecycle.stop_token();
        self.lifecycle.spawn(
            "http",
            async move { platform::http::serve(listener, router, stop).await },
        );
        // A program that started us waits for this line.
        writeln!(std::io::stdout(), "listening on http://{address}")?;
        Ok(address)
    }
}

/// Opens the database for a command, whose statements have no time limit; creates the data folder if missing.
pub(crate) async fn open_db(settings: &Settings) -> anyhow::Result<Db> {
    open(settings, &settings.database.unhurried()).await
}

async fn open(settings: &Settings, database: &DatabaseSettings) -> anyhow::Result<Db> {
    std::fs::create_dir_all(&settings.data_dir)
        .with_context(|| format!("making the data folder {}", settings.data_dir.display()))?;
    Ok(Db::open(database, &settings.data_dir).await?)
}

/// The folder of the search index.
pub(crate) fn search_folder(settings: &Settings) -> PathBuf {
    settings.data_dir.join("search")
}

/// Listens on an address.
pub(crate) async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address}: is something else running there? choose another with --bind"))
}

/// An HTTP client for our own services.
pub(crate) fn http_client() -> reqwest::Result<reqwest::Client> {
    platform::http::client()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(60))
        .build()
}
