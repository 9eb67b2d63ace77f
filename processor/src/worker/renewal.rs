//! Makes search rows of older forms again, in the background.
//!
//! Which rows those are, the rows say themselves. So the work goes on after any interruption, and any number of
//! processes may do it. Each queues a few crashes at a time, newest first, for the smallest kind of work, and only
//! those that have no job: whatever else is to be done on a crash makes its row again too, and one that was given up is
//! for people.

use std::time::Duration;

use crash::CrashId;
use crashstore::db::{self, OlderRow};
use crashstore::output::{self, Stored};
use crashstore::{StoreError, search};
use platform::blobs::BlobError;
use platform::db::{DbError, Tx};
use platform::queue::{self, Job, Kind, Lane};
use platform::{clock, cpu};
use tokio_util::sync::CancellationToken;

use super::job::Before;
use super::problem::Problem;
use super::shared::Shared;
use crate::meters::{OLDER_ROWS, RENEWED};

/// The lane of the work: that of crashes that are processed again.
const LANE: Lane = Lane::Reprocessing;
/// Maximum rows queued in one step.
const STEP: i64 = 100;
/// No more are queued while so many jobs of the lane are due.
const ENOUGH: i64 = 50;
/// The pause between two steps.
const BREATH: Duration = Duration::from_millis(200);
/// How many steps are made before the rows are counted again.
const STEPS: usize = 50;
/// How often to check for rows of older forms, once all were queued.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Queues crashes with search rows of older forms until `stop`.
pub(super) async fn run(shared: &Shared, stop: &CancellationToken) {
    let mut after = None;
    loop {
        let queued = tokio::select! {
            () = stop.cancelled() => return,
            queued = queue_some(shared, &mut after) => queued,
        };
        if let Err(error) = &queued {
            tracing::warn!(%error, "search rows of older forms could not be queued; it is tried again");
        }
        // After an error the place stays.
        if after.is_none() || queued.is_err() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = clock::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

/// Counts the rows, and queues some after the row `after`, which becomes the last one of them; `None` at the end.
async fn queue_some(shared: &Shared, after: &mut Option<OlderRow>) -> Result<(), DbError> {
    let older = db::older_forms(&shared.db).await?;
    let rows: i64 = older.iter().map(|(_, rows)| rows).sum();
    OLDER_ROWS.set(f64::from(u32::try_from(rows).unwrap_or(u32::MAX)));
    let forms: Vec<i64> = older.into_iter().map(|(form, _)| form).collect();
    for _ in 0..STEPS {
        if !step(shared, &forms, after).await? {
            *after = None;
            return Ok(());
        }
        tokio::time::sleep(BREATH).await;
    }
    Ok(())
}

/// One step. Returns `false` if no row follows.
pub(super) async fn step(shared: &Shared, forms: &[i64], after: &mut Option<OlderRow>) -> Result<bool, DbError> {
    let now = clock::now_micros();
    if queue::due_in(&shared.db, LANE, now, ENOUGH).await? >= ENOUGH {
        return Ok(true);
    }
    let rows = db::older_rows(&shared.db, forms, after.as_ref(), STEP).await?;
    let Some(last) = rows.last().cloned() else {
        return Ok(false);
    };
    if rows.iter().any(|row| row.job.is_none()) {
        let mut tx = shared.db.begin_repeatable().await?;
        for row in rows.iter().filter(|row| row.job.is_none()) {
            queue::push_unless_queued(&mut tx, &row.crash_id, Kind::Renew, LANE, now).await?;
        }
        tx.commit().await?;
        shared.wake.now();
    }
    *after = Some(last);
    Ok(true)
}

/// What is to be done on a search row.
pub(super) enum Renewal {
    /// Nothing: there is none, or it has the newest form.
    None,
    /// It gets this document.
    Document(Vec<u8>),
    /// It cannot be made of what is stored: the crash must be processed again.
    Impossible,
}

impl Renewal {
    /// Does it, in the transaction that ends the job; another write of the crash in the meantime made the row again.
    pub(super) async fn write(&self, tx: &mut Tx, id: &CrashId, before: &Before) -> Result<bool, DbError> {
        match self {
            Self::Document(doc) => db::renew_search_row(tx, id, before.row_version, doc).await,
            Self::None | Self::Impossible => Ok(false),
        }
    }
}

impl Shared {
    /// Makes only the search row again; `false` if that cannot be made of what is stored.
    pub(super) async fn renew(&self, id: &CrashId, job: &Job, before: &Before) -> Result<bool, Problem> {
        let renewal = self.renewal(id, before).await?;
        if matches!(renewal, Renewal::Impossible) {
            return Ok(false);
        }
        let mut tx = self.db.begin_repeatable().await?;
        let renewed = renewal.write(&mut tx, id, before).await?;
        if !queue::done(&mut tx, job, clock::now_micros()).await? {
            return Err(Problem::ClaimLost);
        }
        tx.commit().await?;
        RENEWED.add(u64::from(renewed));
        Ok(true)
    }

    /// What is to be done on the search row of a crash, so that it has the newest form.
    pub(super) async fn renewal(&self, id: &CrashId, before: &Before) -> Result<Renewal, Problem> {
        match db::form_of(&self.db, id).await? {
            None => return Ok(Renewal::None),
            Some((form, _)) if form >= search::SCHEMA => return Ok(Renewal::None),
            // Row and crash are written together; if they differ, one of them is of another copy of the database.
            Some((_, row_version)) if row_version != before.row_version => return Ok(Renewal::Impossible),
            Some(_) => {}
        }
        let document = match output::load(&self.db, &self.blobs, id).await {
            Ok(Stored::Valid(document)) => document,
            Ok(Stored::Lost | Stored::None)
            | Err(StoreError::Damaged(_) | StoreError::Blob(BlobError::TooLarge { .. })) => {
                return Ok(Renewal::Impossible);
            }
            Err(error) => return Err(error.into()),
        };
        let made = cpu::run(move || search::stored_document(&document)).await;
        made.map(Renewal::Document)
            .map_err(|_| Problem::Never("the search document could not be made"))
    }
}
