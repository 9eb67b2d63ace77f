//! The only writer of rows and jobs: all waiting rows go into one transaction, and none waits for more to come.

use crashstore::Received;
use crashstore::db::insert_received;
use platform::clock;
use platform::db::{Db, DbError};
use platform::queue::{self, Kind, Lane, Wake};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Maximum rows in one transaction.
pub(crate) const BATCH: usize = 500;

/// A row to write, with its job.
#[derive(Debug)]
pub(crate) struct Row {
    /// The facts known about the report.
    pub(crate) received: Received,
    /// The lane for its job.
    pub(crate) lane: Lane,
    /// Signalled when the row is written; dropped when it could not be.
    pub(crate) committed: oneshot::Sender<()>,
}

/// Writes rows until `stop` is cancelled, then writes those still waiting.
pub(crate) async fn run(db: &Db, wake: &Wake, mut rows: mpsc::Receiver<Row>, stop: &CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            biased;
            count = rows.recv_many(&mut batch, BATCH) => if count == 0 { return },
            () = stop.cancelled(), if !rows.is_closed() => {
                rows.close();
                continue;
            }
        }
        let (new, told): (Vec<_>, Vec<_>) = batch
            .drain(..)
            .map(|row| ((row.received, row.lane), row.committed))
            .unzip();
        match record(db, &new).await {
            Ok(_) => {
                for committed in told {
                    // The client may have been answered already.
                    let _ = committed.send(());
                }
                wake.now();
            }
            Err(error) => {
                tracing::warn!(%error, count = new.len(), "crash rows could not be written; the sweep will");
            }
        }
    }
}

/// Writes rows, and a job for each that is new and not a copy, in one transaction. Returns how many were new.
pub(crate) async fn record(db: &Db, rows: &[(Received, Lane)]) -> Result<u64, DbError> {
    let now = clock::now_micros();
    let mut tx = db.begin().await?;
    let mut new = 0;
    for (received, lane) in rows {
        if !insert_received(&mut tx, received).await? {
            continue;
        }
        new += 1;
        if received.duplicate_of.is_none() {
            queue::push(&mut tx, received.id.as_str(), Kind::Process, *lane, now).await?;
        }
    }
    tx.commit().await?;
    Ok(new)
}
