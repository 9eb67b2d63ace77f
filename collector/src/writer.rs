//! The one writer of rows and jobs: what waits goes into one transaction, and nothing waits for
//! more to come.

use crashstore::Received;
use crashstore::db::insert_received;
use platform::clock;
use platform::db::{Db, DbError};
use platform::queue::{self, Kind, Lane, Wake};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// The most rows in one transaction.
pub(crate) const BATCH: usize = 500;

/// A row to write, with its job.
#[derive(Debug)]
pub(crate) struct Row {
    /// What is known of the report.
    pub(crate) received: Received,
    /// The lane for its job.
    pub(crate) lane: Lane,
    /// Told when the row is there; dropped when it could not be written.
    pub(crate) committed: oneshot::Sender<()>,
}

/// Writes until `stop` is cancelled, and then what still waits.
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
                    // The report may have been answered already.
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

/// Writes rows, and a job for each that is new and no copy, in one transaction. Answers how many
/// were new.
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
