//! The worker: claims jobs and processes several crashes at a time.
//!
//! A job is completed in one transaction with its result; until then another worker may take it over and will reach the
//! same result. A claim is kept by renewing it; a worker that lost its claim changes nothing any more.

mod job;
mod lists;
mod minidumps;
mod problem;
mod renewal;
mod shared;
mod stores;
mod watch;
mod written;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use buildinfo::Lookup;
use builds::names::product;
use futures::FutureExt;
use platform::blobs::Blobs;
use platform::clock;
use platform::db::{Db, DbError};
use platform::queue::{self, Claimant, Job, LaneOrder, Wake};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::lists::InForce;
use self::problem::Problem;
use self::shared::Shared;
use self::stores::Stores;
use crate::Settings;
use crate::meters::{self, CRASH_DURATION, CRASHES, QUEUED};
use crate::rules::RULES;
use crate::siglists::Siglists;
use crate::symbols::{FetchLimits, Fetcher, Sources};
use crate::walk::{Pool, PoolSettings};

/// How long an idle worker waits before it checks the queue again: pushes from other processes do not wake it.
const POLL: Duration = Duration::from_millis(500);
/// How long running crashes may continue after a stop request.
const STOP_LIMIT: Duration = Duration::from_secs(8);

/// The dependencies of a processor.
#[derive(Debug)]
pub struct ProcessorContext {
    /// The database with the queue and the rows.
    pub db: Db,
    /// The object store.
    pub blobs: Blobs,
    /// Signalled by pushes in this process.
    pub wake: Wake,
    /// Look-ups of builds.
    pub lookup: Lookup,
    /// The section `processor` of the settings.
    pub settings: Settings,
    /// The folder that holds fetched symbols and a site's own signature lists.
    pub data_dir: PathBuf,
    /// The name of this worker in claims: random, so that no two workers share one.
    pub owner: String,
}

/// A processor that is ready to run. Clones share it.
#[derive(Clone)]
pub struct Processor(Arc<Shared>);

impl Processor {
    /// Reads the signature lists and creates the pool of walkers; must be called inside a runtime.
    ///
    /// # Errors
    /// The lists cannot be read, or a symbol URL is unusable.
    pub fn start(context: ProcessorContext) -> anyhow::Result<Self> {
        meters::begin(RULES.iter().map(|rule| rule.name));
        let ProcessorContext {
            db,
            blobs,
            wake,
            lookup,
            settings,
            data_dir,
            owner,
        } = context;
        let lists = InForce::load(Siglists::of(&settings, &data_dir)).context("reading the signature lists")?;
        let (pool, fetcher) = walking(&settings, data_dir.join("symbols"))?;
        Ok(Self(Arc::new(Shared {
            stores: Stores::new(db.clone(), blobs.clone()),
            claimant: Claimant::new(owner),
            db,
            blobs,
            wake,
            lookup,
            workers: settings.workers.max(1),
            lists,
            pool,
            fetcher,
            claimed: Mutex::default(),
        })))
    }

    /// Works until `stop`, then lets running crashes finish for a while and releases the others. The first claim waits
    /// until builds can be looked up.
    ///
    /// # Errors
    /// None: failures are retried.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        tokio::select! {
            () = self.0.lookup.ready() => {}
            () = stop.cancelled() => return Ok(()),
        }
        let mut running = JoinSet::new();
        tokio::select! {
            () = self.0.keep_claims() => {}
            () = self.0.lists.watch() => {}
            () = self.0.claim_and_work(&stop, &mut running) => {}
        }
        let finish = async { while running.join_next().await.is_some() {} };
        tokio::select! {
            () = self.0.keep_claims() => {}
            _ = tokio::time::timeout(STOP_LIMIT, finish) => {}
        }
        let left: Vec<Job> = self.0.claims().values().cloned().collect();
        running.shutdown().await;
        if let Err(error) = self.0.release(&left).await {
            tracing::warn!(%error, "claims could not be given back; they will run out");
        }
        Ok(())
    }

    /// Queues crashes for enrichment when their build changes, until `stop`.
    ///
    /// # Errors
    /// None: failures are retried.
    pub async fn watch_generation(self, stop: CancellationToken) -> anyhow::Result<()> {
        watch::run(&self.0, &stop).await;
        Ok(())
    }

    /// Queues crashes whose search row has an older form, to make that again, until `stop`.
    ///
    /// # Errors
    /// None: failures are retried.
    pub async fn renew_search_rows(self, stop: CancellationToken) -> anyhow::Result<()> {
        renewal::run(&self.0, &stop).await;
        Ok(())
    }
}

impl std::fmt::Debug for Processor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Processor")
            .field("claimant", &self.0.claimant)
            .finish_non_exhaustive()
    }
}

/// The pool of walkers and the fetcher of symbols for these settings; `symbols` is the folder for fetched files.
///
/// # Errors
/// A symbol URL is unusable, or the folder cannot be created.
pub fn walking(settings: &Settings, symbols: PathBuf) -> anyhow::Result<(Pool, Fetcher)> {
    let sources = sources(settings)?;
    let limits = FetchLimits {
        store_bytes: settings.symbols_cache_max,
        ..FetchLimits::default()
    };
    let fetcher = Fetcher::new(sources, symbols, limits).context("preparing the symbol store")?;
    let pool = Pool::new(PoolSettings {
        walkers: settings.walkers,
        memory_bytes: settings.walker_memory,
        symbol_cache_bytes: settings.walker_memory / 4,
        timeout: Duration::from_secs(settings.walker_timeout_seconds),
        symbol_roots: fetcher.symbol_roots().to_vec(),
        ..PoolSettings::default()
    })
    .context("preparing the pool of walkers")?;
    Ok((pool, fetcher))
}

/// Where the symbols of crashes are, by these settings and the rows of the products.
///
/// # Errors
/// A symbol URL is unusable.
pub fn sources(settings: &Settings) -> anyhow::Result<Sources> {
    Sources::new(settings.symbols_urls.as_deref(), product::rows()).context("reading the sources of symbols")
}

impl Shared {
    async fn claim_and_work(self: &Arc<Self>, stop: &CancellationToken, running: &mut JoinSet<()>) {
        let mut order = LaneOrder::default();
        while !stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            let room = self.workers.saturating_sub(running.len());
            let jobs = if room > 0 && (!self.stores.are_away() || self.stores.ask().await) {
                self.claim(&mut order, room).await
            } else {
                Vec::new()
            };
            let idle = jobs.is_empty();
            for job in jobs {
                let shared = Arc::clone(self);
                running.spawn(async move { shared.work(job).await });
            }
            if idle {
                tokio::select! {
                    () = stop.cancelled() => {}
                    Some(_) = running.join_next() => {}
                    () = self.stores.pause(), if self.stores.are_away() => {}
                    () = self.wake.wait(POLL), if room > 0 && !self.stores.are_away() => {}
                }
            }
        }
    }

    /// Claims as many jobs as there is room for.
    async fn claim(&self, order: &mut LaneOrder, room: usize) -> Vec<Job> {
        let now = clock::now_micros();
        let limit = i64::try_from(room).unwrap_or(i64::MAX);
        let claimed = match queue::due(&self.db, now).await {
            Ok(false) => return Vec::new(),
            Ok(true) => {
                let lanes = order.next_order();
                queue::claim(&self.db, &self.claimant, &lanes, limit, now).await
            }
            Err(error) => Err(error),
        };
        match claimed {
            Ok(jobs) => {
                let mut claims = self.claims();
                for job in &jobs {
                    claims.insert(job.crash_id.clone(), job.clone());
                }
                jobs
            }
            Err(error) => {
                tracing::warn!(%error, "the queue could not be asked");
                self.stores.ask().await;
                Vec::new()
            }
        }
    }

    /// Works on one job and settles it.
    async fn work(&self, mut job: Job) {
        let begun = tokio::time::Instant::now();
        let kind = match job.kind {
            queue::Kind::Process => "process",
            queue::Kind::Sign => "sign",
            queue::Kind::Enrich => "enrich",
            queue::Kind::Renew => "renew",
        };
        let held = Held {
            shared: self,
            job: job.clone(),
        };
        let outcome = self.guarded(&held.job, self.settle(&mut job)).await;
        drop(held);
        let took = begun.elapsed();
        CRASHES.add_with(1, [outcome]);
        CRASH_DURATION.observe_with(took, [kind]);
        let ms = took.as_millis();
        tracing::info!(crash.id = job.crash_id, kind, outcome, ms, "crash worked on");
    }

    /// The outcome of work on a job; a panic marks it as failed.
    async fn guarded(&self, job: &Job, work: impl Future<Output = &'static str>) -> &'static str {
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(_) => {
                tracing::error!(crash.id = job.crash_id, "the work on a crash panicked");
                let problem = Problem::Never("the processor panicked at this crash");
                self.put_back(job, &problem).await
            }
        }
    }

    /// Renews all claims and measures the queue, for as long as it is polled.
    async fn keep_claims(&self) {
        loop {
            if let Err(error) = self.renew_claims().await {
                tracing::warn!(%error, "claims could not be renewed");
            }
            match queue::depth(&self.db).await {
                Ok(depth) => {
                    for (lane, count) in depth {
                        let lane = lane.map_or("failed", queue::Lane::name);
                        // A gauge is a float; job counts are far below its precision limit.
                        let count = u32::try_from(count).map_or(f64::MAX, f64::from);
                        QUEUED.set_with(count, [lane]);
                    }
                }
                Err(error) => tracing::warn!(%error, "the queue could not be measured"),
            }
            clock::sleep(queue::RENEW_EVERY).await;
        }
    }

    async fn renew_claims(&self) -> Result<(), DbError> {
        let jobs: Vec<Job> = self.claims().values().cloned().collect();
        if jobs.is_empty() {
            return Ok(());
        }
        let now = clock::now_micros();
        let mut lost = Vec::new();
        let mut tx = self.db.begin().await?;
        for job in &jobs {
            if !queue::renew(&mut tx, job, now).await? {
                lost.push(job);
            }
        }
        tx.commit().await?;
        for job in lost {
            self.forget(job);
        }
        Ok(())
    }

    /// Releases claims; those of jobs that ended in the meantime are already gone.
    async fn release(&self, jobs: &[Job]) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        for job in jobs {
            queue::release(&mut tx, job, "").await?;
        }
        tx.commit().await
    }
}

/// A claim that is renewed while this lives, however the work on it ends.
struct Held<'s> {
    shared: &'s Shared,
    job: Job,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.shared.forget(&self.job);
    }
}

#[cfg(test)]
mod tests;
