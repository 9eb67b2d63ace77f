//! The right to import: one at a time, across processes.

use std::time::Duration;

use platform::clock;
use platform::db::Db;
use platform::lease::Lease;
use tokio_util::sync::CancellationToken;

use super::error::ImportError;
use super::run::Progress;
use crate::db::IMPORT;

/// The pause before a lease that another owner has is asked for again.
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
    let work = async {
        tokio::select! {
            outcome = work(lease.clone()) => outcome,
            () = stop.cancelled() => Err(ImportError::Stopped),
        }
    };
    lease.hold(work).await?
}

async fn wait_for_lease(
    db: &Db,
    wait: bool,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Lease, ImportError> {
    loop {
        match IMPORT.take(db, owner, clock::now_micros()).await? {
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
