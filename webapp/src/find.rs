//! Finds what can be said about a crash id.

use crash::fields::PUBLIC_DUMPS;
use crash::{CrashId, ProcessedCrash, RawCrash, redact};
use crashstore::db::{self, State, Summary};
use crashstore::output::{self, Stored};
use crashstore::presence::Presence;
use crashstore::{StoreError, report};
use platform::access::{Action, Permission};
use platform::blobs::ByteStream;
use platform::db::DbError;
use platform::http::{ApiError, Caller};
use platform::queue::{self, JobState, JobStatus};
use platform::{clock, cpu};
use serde_json::{Map, Value};

use crate::state::Webapp;

/// As much of a document as its reader may see. Pages and answers are made only from this.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    document: Document,
    is_whole: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Document {
    Processed(ProcessedCrash),
    Raw(RawCrash),
}

impl Document {
    fn public(&self) -> Map<String, Value> {
        match self {
            Self::Processed(crash) => redact::public_processed(crash),
            Self::Raw(crash) => redact::public_raw(crash),
        }
    }
}

impl Seen {
    fn of_processed(crash: ProcessedCrash, is_whole: bool) -> Self {
        let document = if is_whole {
            crash
        } else {
            ProcessedCrash(redact::public_processed(&crash))
        };
        Self {
            document: Document::Processed(document),
            is_whole,
        }
    }

    fn of_raw(crash: RawCrash, is_whole: bool) -> Self {
        let document = if is_whole {
            crash
        } else {
            RawCrash(redact::public_raw(&crash))
        };
        Self {
            document: Document::Raw(document),
            is_whole,
        }
    }

    pub(crate) fn values(&self) -> &Map<String, Value> {
        match &self.document {
            Document::Processed(crash) => &crash.0,
            Document::Raw(crash) => &crash.0,
        }
    }

    /// If this is the whole document, with what is protected: the part of it that everybody sees.
    pub(crate) fn public_part(&self) -> Option<Map<String, Value>> {
        self.is_whole.then(|| self.document.public())
    }

    pub(crate) fn into_json(self) -> Value {
        Value::Object(match self.document {
            Document::Processed(crash) => crash.0,
            Document::Raw(crash) => crash.0,
        })
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
    pub(crate) crash: Seen,
}

/// Finds the processed report of a crash, and requests processing if it is not there yet. A later copy of a report that
/// was sent twice leads to the first. Who may see what is protected gets the whole document, once that is recorded as
/// `action`.
///
/// # Errors
/// The database or the blob store failed.
pub(crate) async fn processed(
    app: &Webapp,
    caller: &Caller,
    asked: &CrashId,
    action: Action,
) -> Result<Found, ApiError> {
    let is_whole = caller.may(Permission::ViewPii);
    let (id, row) = first_copy(app, asked).await?;
    if row.as_ref().is_some_and(|row| row.state == State::Deleted) {
        return Ok(not_there(asked, id));
    }
    match output::load(&app.db, &app.blobs, &id).await {
        Ok(Stored::Valid(crash)) => {
            if is_whole {
                record(app, caller, action, Some(&id), "").await?;
            }
            let crash = cpu::run(move || Seen::of_processed(*crash, is_whole)).await?;
            return Ok(Found::Processed(Box::new(Processed { id, row, crash })));
        }
        Ok(Stored::None | Stored::Lost) => {}
        Err(error) => return Err(store_failed(error)),
    }
    if let Some(row) = row {
        ask(app, &id, row.state).await;
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

/// The annotations of a report: all of them for those who may see what is protected, otherwise the public ones; `None`
/// if there is no such report. A whole document is recorded as `action`; a page that has recorded itself gives none.
///
/// # Errors
/// The database or the blob store failed.
pub(crate) async fn annotations(
    app: &Webapp,
    caller: &Caller,
    asked: &CrashId,
    action: Option<Action>,
) -> Result<Option<Seen>, ApiError> {
    let is_whole = caller.may(Permission::ViewPii);
    let Some(id) = existing(app, asked).await? else {
        return Ok(None);
    };
    let Some(raw) = report::load_raw(&app.blobs, &id).await.map_err(store_failed)? else {
        return Ok(None);
    };
    if let Some(action) = action.filter(|_| is_whole) {
        record(app, caller, action, Some(&id), "").await?;
    }
    Ok(Some(cpu::run(move || Seen::of_raw(raw, is_whole)).await?))
}

/// A file of a report.
pub(crate) struct Dump {
    /// The report's id.
    pub(crate) id: CrashId,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its content.
    pub(crate) content: ByteStream,
}

/// A file of a report, a minidump or an attachment, for those who may read such; recorded. `None` if there is none with
/// this name.
///
/// # Errors
/// The caller may not read files, and then nothing was looked at; or the database or the blob store failed.
pub(crate) async fn dump(app: &Webapp, caller: &Caller, asked: &CrashId, name: &str) -> Result<Option<Dump>, ApiError> {
    caller.require(Permission::ViewRawDump)?;
    let Some(id) = existing(app, asked).await? else {
        return Ok(None);
    };
    let names = report::dump_names(&app.blobs, &id).await.map_err(store_failed)?;
    if !names.iter().any(|known| known == name) {
        return Ok(None);
    }
    let found = report::stream_dump(&app.blobs, &id, name).await;
    let Some((size, content)) = found.map_err(file_failed)? else {
        return Ok(None);
    };
    // Whoever reads the audit log need not be allowed to see what clients call their files.
    let is_public = PUBLIC_DUMPS.contains(&name);
    let detail = if is_public { name } else { "another file" };
    record(app, caller, Action::ReadDump, Some(&id), detail).await?;
    Ok(Some(Dump { id, size, content }))
}

/// The names of a report's files, for those who may read them; none for others. That they were shown is recorded,
/// unless the page that shows them is already.
///
/// # Errors
/// The database or the blob store failed.
pub(crate) async fn dump_names(
    app: &Webapp,
    caller: &Caller,
    asked: &CrashId,
    is_recorded: bool,
) -> Result<Option<Vec<String>>, ApiError> {
    if !caller.may(Permission::ViewRawDump) {
        return Ok(None);
    }
    let Some(id) = existing(app, asked).await? else {
        return Ok(None);
    };
    let names = report::dump_names(&app.blobs, &id).await.map_err(store_failed)?;
    if !is_recorded {
        record(app, caller, Action::SeeReport, Some(&id), "its list of files").await?;
    }
    Ok(Some(names))
}

/// Records that somebody sees what is protected of a crash, or of many.
///
/// # Errors
/// It cannot be recorded; then nothing may be shown.
pub(crate) async fn record(
    app: &Webapp,
    caller: &Caller,
    action: Action,
    id: Option<&CrashId>,
    detail: &str,
) -> Result<(), ApiError> {
    let recorded = app.access.record(caller, action, id.map(CrashId::as_str), detail).await;
    recorded.map_err(|error| {
        tracing::error!(%error, "what is protected was not shown, since that could not be recorded");
        let sentence = "This is protected, and that you read it cannot be recorded at the moment, so it is not \
            shown. Try again later.";
        ApiError::Unavailable(sentence.to_owned())
    })
}

/// The id of the first copy of a report; `None` if that was deleted.
async fn existing(app: &Webapp, asked: &CrashId) -> Result<Option<CrashId>, DbError> {
    let (id, row) = first_copy(app, asked).await?;
    Ok(row.is_none_or(|row| row.state != State::Deleted).then_some(id))
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

/// Moves a report, which was in this state a moment ago, to the front of the queue, unless that was done within the
/// last minute.
pub(crate) async fn ask(app: &Webapp, id: &CrashId, state: State) {
    if !app.asked.entry(id.clone()).or_insert(()).is_fresh() {
        return;
    }
    match push(app, id, state).await {
        Ok(true) => app.wake.now(),
        Ok(false) => {}
        Err(error) => {
            // The answer does not depend on it; the next request tries again.
            app.asked.invalidate(id);
            tracing::warn!(crash.id = %id, %error, "a report that somebody waits for could not be put in front");
        }
    }
}

/// Whether the report was put in front: it may have been processed, or deleted, meanwhile.
async fn push(app: &Webapp, id: &CrashId, state: State) -> Result<bool, DbError> {
    let mut tx = app.db.begin().await?;
    if !db::hold_state(&mut tx, id, state).await? {
        return Ok(false);
    }
    let now = clock::now_micros();
    queue::hasten(&mut tx, id.as_str(), now).await?;
    tx.commit().await?;
    Ok(true)
}

/// Where a crash is stored; nothing of it is read.
pub(crate) async fn presence(app: &Webapp, id: &CrashId) -> Result<Presence, ApiError> {
    crashstore::presence::presence(&app.db, &app.blobs, id)
        .await
        .map_err(store_failed)
}

/// Like [`store_failed`], but the error names the file, which is protected.
fn file_failed(_: StoreError) -> ApiError {
    tracing::warn!("a file of a report cannot be read at the moment");
    ApiError::Unavailable(AWAY.to_owned())
}

const AWAY: &str =
    "The store of the reports does not answer at the moment. Nothing is lost: try again in some seconds.";

fn store_failed(error: StoreError) -> ApiError {
    match error {
        StoreError::Blob(error) => {
            tracing::warn!(%error, "a stored report cannot be read at the moment");
            ApiError::Unavailable(AWAY.to_owned())
        }
        StoreError::Database(_) | StoreError::Damaged(_) => ApiError::Internal(error.into()),
    }
}
