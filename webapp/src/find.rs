//! Finds what can be said about a crash id.

use crash::{CrashId, ProcessedCrash, RawCrash, redact};
use crashstore::db::{self, State, Summary};
use crashstore::output::{self, Stored};
use crashstore::{StoreError, report};
use platform::db::DbError;
use platform::http::ApiError;
use platform::queue::{self, JobState, JobStatus};
use platform::{clock, cpu};
use serde_json::{Map, Value};

use crate::state::Webapp;

/// The public part of a document. Pages and answers are made only from this.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Public(Map<String, Value>);

impl Public {
    pub(crate) fn of_processed(crash: &ProcessedCrash) -> Self {
        Self(redact::public_processed(crash))
    }

    pub(crate) fn of_raw(crash: &RawCrash) -> Self {
        Self(redact::public_raw(crash))
    }

    pub(crate) fn values(&self) -> &Map<String, Value> {
        &self.0
    }

    pub(crate) fn into_json(self) -> Value {
        Value::Object(self.0)
    }
}

/// What exists under a crash id.
#[derive(Debug)]
pub(crate) enum Found {
    /// A processed report.
    Processed(Box<Processed>),
    /// A report that is not processed yet; processing was requested.
    Waiting(Waiting),
    /// A report that could not be processed, and is not retried automatically.
    Failed(Failed),
    /// The first copy of a report that was sent twice; it is gone.
    Gone(CrashId),
    /// Nothing.
    Nothing,
}

/// A report that is not processed yet.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Its row, if already written.
    pub(crate) row: Option<Box<Summary>>,
    /// Its place in the queue, if already written.
    pub(crate) job: Option<JobStatus>,
}

/// A report that could not be processed.
#[derive(Debug)]
pub(crate) struct Failed {
    /// When it came in, microseconds UTC.
    pub(crate) received: i64,
    /// Its job, which was given up.
    pub(crate) job: JobStatus,
}

/// A processed report.
#[derive(Debug)]
pub(crate) struct Processed {
    /// Its id, which differs from the requested one if that is a later copy.
    pub(crate) id: CrashId,
    /// Its row.
    pub(crate) row: Option<Summary>,
    /// The part that may be shown.
    pub(crate) crash: Public,
}

/// Finds the processed report of a crash, and requests processing if it is not there yet. A later copy of a report that
/// was sent twice leads to the first.
///
/// # Errors
/// The database or the blob store failed.
pub(crate) async fn processed(app: &Webapp, asked: &CrashId) -> Result<Found, ApiError> {
    let (id, row) = first_copy(app, asked).await?;
    if row.as_ref().is_some_and(|row| row.state == State::Deleted) {
        return Ok(not_there(asked, id));
    }
    match output::load(&app.db, &app.blobs, &id).await {
        Ok(Stored::Valid(crash)) => {
            let crash = cpu::run(move || Public::of_processed(&crash)).await?;
            return Ok(Found::Processed(Box::new(Processed { id, row, crash })));
        }
        Ok(Stored::None | Stored::Lost) => {}
        Err(error) => return Err(store_failed(error)),
    }
    if let Some(row) = row {
        ask(app, &id).await;
        let job = queue::job_of(&app.db, id.as_str()).await?;
        return Ok(match job {
            Some(job) if job.state == JobState::Failed => Found::Failed(Failed {
                received: row.received,
                job,
            }),
            job => Found::Waiting(Waiting {
                row: Some(Box::new(row)),
                job,
            }),
        });
    }
    if report::load_raw(&app.blobs, &id).await.map_err(store_failed)?.is_some() {
        // Its row and job are still being written, which needs no request.
        return Ok(Found::Waiting(Waiting::default()));
    }
    Ok(not_there(asked, id))
}

fn not_there(asked: &CrashId, id: CrashId) -> Found {
    if id == *asked { Found::Nothing } else { Found::Gone(id) }
}

/// The public annotations of a report; `None` if there is no such report.
///
/// # Errors
/// The database or the blob store failed.
pub(crate) async fn annotations(app: &Webapp, asked: &CrashId) -> Result<Option<Public>, ApiError> {
    let (id, row) = first_copy(app, asked).await?;
    if row.is_some_and(|row| row.state == State::Deleted) {
        return Ok(None);
    }
    let raw = report::load_raw(&app.blobs, &id).await.map_err(store_failed)?;
    Ok(raw.as_ref().map(Public::of_raw))
}

async fn first_copy(app: &Webapp, id: &CrashId) -> Result<(CrashId, Option<Summary>), DbError> {
    let row = db::get(&app.db, id).await?;
    match row.as_ref().and_then(|row| row.duplicate_of.clone()) {
        None => Ok((id.clone(), row)),
        Some(first) => {
            let row = db::get(&app.db, &first).await?;
            Ok((first, row))
        }
    }
}

/// Moves a report to the front of the queue, unless that was done within the last minute.
async fn ask(app: &Webapp, id: &CrashId) {
    if !app.asked.entry(id.clone()).or_insert(()).is_fresh() {
        return;
    }
    match push(app, id).await {
        Ok(()) => app.wake.now(),
        Err(error) => {
            // The answer does not depend on it; the next request tries again.
            app.asked.invalidate(id);
            tracing::warn!(crash.id = %id, %error, "a report that somebody waits for could not be put in front");
        }
    }
}

async fn push(app: &Webapp, id: &CrashId) -> Result<(), DbError> {
    let mut tx = app.db.begin().await?;
    let now = clock::now_micros();
    queue::hasten(&mut tx, id.as_str(), now).await?;
    tx.commit().await
}

fn store_failed(error: StoreError) -> ApiError {
    match error {
        StoreError::Blob(error) => {
            tracing::warn!(%error, "a stored report cannot be read at the moment");
            ApiError::Unavailable(
                "The store of the reports does not answer at the moment. Nothing is lost: try again in some seconds."
                    .to_owned(),
            )
        }
        StoreError::Database(_) | StoreError::Damaged(_) => ApiError::Internal(error.into()),
    }
}
