//! Start and stop: signals, background tasks, and the order in which they end.
//!
//! The first SIGTERM or Ctrl-C asks every task to stop: servers take no new connections, workers no new jobs. The
//! process ends when all have ended or [`STOP_LIMIT`] has passed. A second signal skips the wait. A task that ends
//! early, or fails, stops the whole process: a service with a dead part must not look alive.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks may take to end after being asked to.
pub const STOP_LIMIT: Duration = Duration::from_secs(12);

/// Whether the process ended as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every task ended as asked.
    Cleanly,
    /// A task failed, or did not end in time.
    Badly,
}

/// The tasks of one process, and the means to stop them. Clones share the same tasks.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    stop: CancellationToken,
    /// Cancelled by a second signal.
    hurry: CancellationToken,
    tasks: TaskTracker,
    failed: Arc<AtomicBool>,
}

impl Lifecycle {
    /// Starts listening for signals, without any tasks yet. Must be called inside a runtime.
    ///
    /// # Errors
    /// The signal handlers could not be installed.
    pub fn start() -> std::io::Result<Self> {
        let mut term = signal(SignalKind::terminate())?;
        let mut int = signal(SignalKind::interrupt())?;
        let lifecycle = Self {
            stop: CancellationToken::new(),
            hurry: CancellationToken::new(),
            tasks: TaskTracker::new(),
            failed: Arc::default(),
        };
        let tokens = [lifecycle.stop.clone(), lifecycle.hurry.clone()];
        // Not a tracked task: it only waits, and ends with the runtime.
        tokio::spawn(async move {
            for token in tokens {
                tokio::select! {
                    _ = term.recv() => {}
                    _ = int.recv() => {}
                }
                token.cancel();
            }
        });
        Ok(lifecycle)
    }

    /// Returns the token that is cancelled when the process must stop.
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Asks every task to stop.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Starts a task that should run until the stop token is cancelled. If it ends earlier, or with an error, the whole
    /// process is asked to stop and ends badly.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let (stop, failed) = (self.stop.clone(), Arc::clone(&self.failed));
        let inner = self.tasks.spawn(task);
        self.tasks.spawn(async move {
            let problem = match inner.await {
                Ok(Ok(())) if stop.is_cancelled() => return,
                Ok(Ok(())) => "it ended early".to_owned(),
                Ok(Err(error)) => crate::causes::line(&error),
                // A panic message may hold a client's data. The log says where it was.
                Err(_) => "it panicked".to_owned(),
            };
            tracing::error!(task = name, problem, "a part of the service failed");
            failed.store(true, Ordering::SeqCst);
            stop.cancel();
        });
    }

    /// Starts a task that may end by itself, such as one import. It must log its own failure.
    pub fn spawn_passing<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task);
    }

    /// Waits for a signal or a failed task, then for every task to end.
    pub async fn run_until_stopped(self) -> Ended {
        self.stop.cancelled().await;
        tracing::info!("stopping");
        self.tasks.close();
        let in_time = tokio::select! {
            () = self.tasks.wait() => true,
            () = tokio::time::sleep(STOP_LIMIT) => false,
            () = self.hurry.cancelled() => false,
        };
        if !in_time {
            tracing::warn!("stopped without waiting for every task");
        }
        if in_time && !self.failed.load(Ordering::SeqCst) {
            Ended::Cleanly
        } else {
            Ended::Badly
        }
    }
}
