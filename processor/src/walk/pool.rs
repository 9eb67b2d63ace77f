//! The children, and how they are assigned.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::{
    cut::Cut,
    death::WalkDeath,
    job::{DUMP_LIMIT, TOO_LARGE, WalkJob, Walked},
    message::{Answer, HEAD_LIMIT, Outcome, Request},
    process::{Spawner, Walker},
    settings::PoolSettings,
};
use crate::meters::{ENDED_WALKERS, WALK_DURATION, WALK_WAIT_DURATION};
use crate::symbol_key::SymbolKey;

/// Keeps children that walk dumps. Dropping it ends them all.
///
/// A child walks one dump at a time, so that it is clear which dump a death belongs to. The most recently used child is
/// used first: with little to do, one child keeps its symbols warm and the others are not even started.
pub struct Pool {
    settings: PoolSettings,
    spawner: Spawner,
    permits: Semaphore,
    idle: Mutex<Vec<Walker>>,
}

/// A child's answer.
struct Asked {
    answer: Answer,
    body: Vec<u8>,
    took: Duration,
}

impl Pool {
    /// A pool without children; must be called inside a runtime.
    ///
    /// # Errors
    /// The thread that starts children cannot be started.
    pub fn new(settings: PoolSettings) -> io::Result<Self> {
        Ok(Self {
            spawner: Spawner::new(settings.clone())?,
            permits: Semaphore::new(settings.walkers.max(1)),
            idle: Mutex::new(Vec::new()),
            settings,
        })
    }

    /// Walks a dump in a child. Waits for a free child without limit; dropping the future kills the child working for
    /// it.
    ///
    /// # Errors
    /// The child dies or cannot be started. An unreadable dump is not an error, but a [`Walked::status`].
    pub async fn walk(&self, job: &WalkJob) -> Result<Walked, WalkDeath> {
        if job.dump.len() > DUMP_LIMIT {
            return Ok(Walked {
                status: TOO_LARGE.to_owned(),
                json_dump: None,
                cut: Cut::default(),
                symbol_files_parsed: 0,
                rss_bytes: 0,
            });
        }
        // JSON escaping can make a text six times as long.
        let within_head = |text: &Option<String>| text.clone().filter(|text| text.len() < HEAD_LIMIT / 16);
        let request = Request::Walk {
            hard: job.hard_clip,
            module_signatures: within_head(&job.module_signatures),
            microcode: within_head(&job.microcode),
            symbol_roots: job.symbol_roots.clone(),
        };
        let Asked { answer, body, took } = self.ask(&request, &job.dump).await?;
        let Outcome::Walked {
            status,
            cut,
            symbol_files_parsed,
        } = answer.outcome
        else {
            return Err(WalkDeath::Protocol);
        };
        let symbols = if symbol_files_parsed == 0 { "warm" } else { "cold" };
        WALK_DURATION.observe_with(took, [symbols]);
        Ok(Walked {
            status,
            json_dump: (!body.is_empty()).then(|| Bytes::from(body)),
            cut,
            symbol_files_parsed,
            rss_bytes: answer.rss_bytes,
        })
    }

    /// The keys of the symbol files of a dump's modules; none if the dump cannot be read.
    ///
    /// A child reads the list, not this process, because a dump counts as hostile until it has been walked.
    ///
    /// # Errors
    /// As [`Pool::walk`].
    pub async fn modules(&self, dump: &Bytes) -> Result<Vec<SymbolKey>, WalkDeath> {
        if dump.len() > DUMP_LIMIT {
            return Ok(Vec::new());
        }
        let asked = self.ask(&Request::Modules, dump).await?;
        serde_json::from_slice(&asked.body).map_err(|_| WalkDeath::Protocol)
    }

    async fn ask(&self, request: &Request, dump: &[u8]) -> Result<Asked, WalkDeath> {
        let begun = Instant::now();
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        WALK_WAIT_DURATION.observe(begun.elapsed());
        let mut walker = match self.take_idle() {
            Some(walker) => walker,
            None => Walker::start(&self.spawner, &self.settings).await?,
        };
        let begun = Instant::now();
        let asked = tokio::time::timeout(self.settings.timeout, walker.ask(request, dump)).await;
        let death = match asked {
            Ok(Ok((answer, body))) => {
                self.put_back(walker, answer.rss_bytes);
                if matches!(answer.outcome, Outcome::Panicked) {
                    return Err(WalkDeath::Panic);
                }
                let took = begun.elapsed();
                return Ok(Asked { answer, body, took });
            }
            Ok(Err(_)) => walker.why().await,
            // Dropping the child kills it.
            Err(_) => WalkDeath::Timeout,
        };
        ENDED_WALKERS.add_with(1, [death.name()]);
        Err(death)
    }

    fn take_idle(&self) -> Option<Walker> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mut walker) = idle.pop() {
            if !walker.has_ended() {
                return Some(walker);
            }
            ENDED_WALKERS.add_with(1, ["idle"]);
        }
        None
    }

    /// Keeps the child for the next dump, unless it has done enough work or holds three quarters of its memory: what
    /// remains could be too little for a walk.
    fn put_back(&self, walker: Walker, rss_bytes: u64) {
        let worn = walker.jobs >= self.settings.jobs_per_child || rss_bytes > self.settings.memory_bytes / 4 * 3;
        if worn {
            ENDED_WALKERS.add_with(1, ["retired"]);
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(walker);
    }
}
