//! The right to import: one at a time, across processes.

use std::time::Duration;

use platform::clock;
use platform::db::Db;
use tokio_util::sync::CancellationToken;

use super::error::ImportError;
use super::run::Progress;
use crate::db::{IMPORT_LEASE, Lease};

/// How often the lease is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(4);
/// The pause before a failed renewal, or a lease that another one has, is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Does work that only one process may do at a time, until `stop`. It writes only through the lease, so nothing after
/// another process has taken over.
pub(super) async fn with_lease<T>(
    db: &Db,
    wait: bool,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
    work: impl AsyncFnOnce(Lease) -> Result<T, ImportError>,
) -> Result<T, ImportError> {
    let lease = wait_for_lease(db, wait, owner, stop, report).await?;
    let taken = clock::now_micros();
    let outcome = tokio::select! {
        outcome = work(lease.clone()) => outcome,
        lost = keep_lease(&lease, taken) => Err(lost),
        () = stop.cancelled() => Err(ImportError::Stopped),
    };
    // If not released, it expires by itself.
    if let Err(error) = lease.release().await {
        tracing::warn!(%error, "the right to import bugs could not be given back");
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
            Err(holder) if !wait => return Err(ImportError::Busy(holder)),
            Err(holder) => report(Progress::Waiting(holder.owner)),
        }
        tokio::select! {
            () = stop.cancelled() => return Err(ImportError::Stopped),
            () = tokio::time::sleep(AGAIN_AFTER) => {}
        }
    }
}

/// Keeps renewing the lease; returns only once it is lost. A failed renewal does not lose it: it still holds, and is
/// renewed again soon.
async fn keep_lease(lease: &Lease, taken: i64) -> ImportError {
    let length = clock::micros(IMPORT_LEASE);
    let mut until = taken.saturating_add(length);
    let mut pause = RENEW_EVERY;
    loop {
        clock::sleep(pause).await;
        let now = clock::now_micros();
        match lease.renew(now).await {
            Ok(true) => (pause, until) = (RENEW_EVERY, now.saturating_add(length)),
            Ok(false) => return ImportError::LeaseLost,
            Err(error) if now < until => {
                tracing::warn!(%error, "the right to import bugs could not be renewed; it is tried again");
                pause = AGAIN_AFTER;
            }
            Err(error) => return error.into(),
        }
    }
}
