//! The right to import: one at a time, across processes.

use std::future::Future;
use std::time::Duration;

use platform::clock;
use platform::db::Db;
use tokio_util::sync::CancellationToken;

use super::error::ImportError;
use super::progress::Progress;
use crate::db::{IMPORT_LEASE, Lease};

/// How often the lease is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(4);
/// The pause before retrying a failed renewal.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Does work that only one process may do at a time. The work writes only through the lease, so it writes nothing after
/// another process has taken over.
pub(crate) async fn with_lease<T, W>(
    db: &Db,
    wait: bool,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
    work: impl FnOnce(Lease) -> W,
) -> Result<T, ImportError>
where
    W: Future<Output = Result<T, ImportError>>,
{
    let lease = wait_for_lease(db, wait, owner, stop, report).await?;
    let taken = clock::now_micros();
    let outcome = tokio::select! {
        outcome = work(lease.clone()) => outcome,
        lost = keep_lease(&lease, taken) => Err(lost),
    };
    if lease.is_lost() {
        return Err(ImportError::LeaseLost);
    }
    // If not released, it expires by itself; the work is done either way.
    if let Err(error) = lease.release().await {
        tracing::warn!(%error, "the right to import could not be given back");
    }
    outcome
}

async fn wait_for_lease(
    db: &Db,
    wait: bool,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Lease, ImportError> {
    loop {
        match Lease::take(db, owner, clock::now_micros()).await? {
            Ok(lease) => return Ok(lease),
            Err(lease) if !wait && !lease.is_brief() => return Err(ImportError::Busy(lease)),
            Err(lease) => report(Progress::Waiting(lease.owner)),
        }
        tokio::select! {
            () = stop.cancelled() => return Err(ImportError::Stopped),
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }
}

/// When to renew the lease next, or why it cannot be renewed.
#[derive(Debug)]
enum Kept {
    /// After this duration; the lease holds until this moment, microseconds UTC.
    For(Duration, i64),
    Lost(ImportError),
}

/// Keeps renewing the lease; returns only once it is lost.
async fn keep_lease(lease: &Lease, taken: i64) -> ImportError {
    let mut until = taken.saturating_add(clock::micros(IMPORT_LEASE));
    let mut pause = RENEW_EVERY;
    loop {
        clock::sleep(pause).await;
        match renew(lease, until, clock::now_micros()).await {
            Kept::For(next, end) => (pause, until) = (next, end),
            Kept::Lost(error) => return error,
        }
    }
}

/// Renews a lease that holds until `until`. A failed renewal does not lose the lease: it still holds, and is renewed
/// again soon.
async fn renew(lease: &Lease, until: i64, now: i64) -> Kept {
    match lease.renew(now).await {
        Ok(Some(until)) => Kept::For(RENEW_EVERY, until),
        Ok(None) => Kept::Lost(ImportError::LeaseLost),
        Err(error) if now < until => {
            tracing::warn!(%error, "the right to import could not be renewed; it is tried again");
            Kept::For(AGAIN_AFTER, until)
        }
        Err(error) => Kept::Lost(error.into()),
    }
}

#[cfg(test)]
mod tests;
