//! The right to import: one at a time, across processes.

use std::future::Future;
use std::time::Duration;

use platform::clock;
use platform::db::Db;
use platform::lease::Lease;
use tokio_util::sync::CancellationToken;

use super::error::ImportError;
use super::progress::Progress;
use crate::db::{IMPORT, is_brief};

/// The pause before a lease that another owner has is asked for again.
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
    lease.hold(work(lease.clone())).await?
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
            Err(holder) if !wait && !is_brief(&holder) => return Err(ImportError::Busy(holder)),
            Err(holder) => report(Progress::Waiting(holder.owner)),
        }
        tokio::select! {
            () = stop.cancelled() => return Err(ImportError::Stopped),
            () = tokio::time::sleep(AGAIN_AFTER) => {}
        }
    }
}

#[cfg(test)]
mod tests;
