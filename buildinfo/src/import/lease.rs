//! The right to import: one at a time, across processes.

use std::future::Future;
use std::time::Duration;

use platform::clock;
use platform::db::Db;
use tokio_util::sync::CancellationToken;

use super::{ImportError, Progress};
use crate::db;

/// Does work that only one may do at a time.
pub(crate) async fn with_lease<T>(
    db: &Db,
    wait: bool,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
    work: impl Future<Output = Result<T, ImportError>>,
) -> Result<T, ImportError> {
    wait_for_lease(db, wait, owner, stop, report).await?;
    let outcome = tokio::select! {
        outcome = work => outcome,
        lost = keep_lease(db, owner) => Err(lost),
    };
    db::release_lease(db, owner).await?;
    outcome
}

async fn wait_for_lease(
    db: &Db,
    wait: bool,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<(), ImportError> {
    loop {
        match db::take_lease(db, owner, clock::now_micros()).await? {
            Ok(()) => return Ok(()),
            Err(lease) if !wait => return Err(ImportError::Busy(lease)),
            Err(lease) => report(Progress::Waiting(lease.owner)),
        }
        tokio::select! {
            () = stop.cancelled() => return Err(ImportError::Stopped),
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }
}

/// Renews the lease for ever; ends only when it was lost.
async fn keep_lease(db: &Db, owner: &str) -> ImportError {
    loop {
        tokio::time::sleep(Duration::from_secs(4)).await;
        match db::renew_lease(db, owner, clock::now_micros()).await {
            Ok(true) => {}
            Ok(false) => return ImportError::LeaseLost,
            Err(error) => return error.into(),
        }
    }
}
