//! Makes crash and search rows again from the objects of a blob store: of this system, or of a bucket that Socorro
//! filled. Nothing is processed, and nothing put into the queue.
//!
//! Days are gone through from the oldest on. What is there already and as the objects tell is not written. Whoever
//! writes a crash meanwhile wins, and what was deleted stays deleted. How far it has come is kept in the database,
//! beside the rows: a run goes on where one before it was interrupted, and for a new database it begins anew.
//!
//! A report without a row may be one that a collector accepted while the database was away. Unless the database is new,
//! it is left to the collectors, who write its row and its job, as long as they have not gone through its day.

mod days;
mod decision;
mod facts;
mod orphans;
mod reading;
mod rows;

use chrono::NaiveDate;
use crash::CrashId;
use platform::blobs::{BlobError, Blobs};
use platform::db::{Db, DbError};
use tokio_util::sync::CancellationToken;

/// What rows are made of, and for which days.
#[derive(Debug, Clone)]
pub struct Rebuild {
    /// Where the rows go.
    pub db: Db,
    /// Where the objects are.
    pub blobs: Blobs,
    /// The address of that store: a run goes on where another one over the same store was interrupted.
    pub store: String,
    /// The first day, UTC; `None`: from the beginning.
    pub from: Option<NaiveDate>,
    /// The last day, UTC; `None`: to the end.
    pub to: Option<NaiveDate>,
    /// Whether it begins anew, even if an earlier run did not do all.
    pub anew: bool,
    /// The name under which the builds of a product are looked up.
    pub lookup_name: fn(&str) -> String,
}

/// What is told while rows are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// An earlier run was interrupted after this day, or could not read all of the next one.
    Resumed(NaiveDate),
    /// How far it has come.
    At(Progress),
    /// An object is damaged, missing, or could not be fetched.
    Problem(Problem),
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The day whose rows are being made; `None`: it looks for processed crashes without a raw crash.
    pub day: Option<NaiveDate>,
    /// Days done.
    pub days: u64,
    /// Days in all.
    pub of: u64,
    /// Raw crashes gone through.
    pub crashes: u64,
    /// Objects listed while it looks for processed crashes without a raw crash.
    pub listed: u64,
}

/// What is wrong with a crash. The display is one sentence, without anything that a report says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The raw crash cannot be read.
    #[error("{0}: the raw crash cannot be read, so it gets no row")]
    RawDamaged(CrashId),
    /// The same, and the crash was processed.
    #[error("{0}: the raw crash of this processed crash cannot be read, so it gets no row")]
    RawOfProcessedDamaged(CrashId),
    /// The processed crash cannot be read; the raw crash can.
    #[error("{0}: the processed crash cannot be read")]
    ProcessedDamaged(CrashId),
    /// There is a row of a processed crash, which is missing or older than the row. The row is left as it is.
    #[error("{0}: its row tells of a processed crash that is not in the store")]
    ProcessedLost(CrashId),
    /// There is a processed crash, and no raw crash.
    #[error("{0}: the raw crash of this processed crash is missing, so it gets no row")]
    WithoutRaw(CrashId),
    /// The store did not give out an object that it has. Rows are left as they are, and the next run reads it again.
    #[error("{0}: an object of this crash could not be fetched, so nothing is written of it now")]
    NotRead(CrashId),
}

/// How many crashes there were of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Days gone through.
    pub days: u64,
    /// Raw crashes gone through.
    pub crashes: u64,
    /// Crashes that got rows and are processed.
    pub processed: u64,
    /// Crashes that got a row and are not processed.
    pub received: u64,
    /// Crashes that got a row as later copies of others.
    pub duplicates: u64,
    /// Crashes whose rows differed and were written again.
    pub replaced: u64,
    /// Search rows written, for new crashes and for those whose rows differed.
    pub search_rows: u64,
    /// Crashes whose rows were as the objects tell.
    pub unchanged: u64,
    /// Crashes that were deleted, and stay so.
    pub deleted: u64,
    /// Crashes that others wrote meanwhile, or were at work on.
    pub left_to_others: u64,
    /// Crashes without a row that are not processed and of which collectors may have to write row and job.
    pub left_to_collectors: u64,
    /// Objects among the raw crashes whose name is no id of a crash of their day.
    pub foreign: u64,
    /// Objects that are damaged.
    pub damaged: u64,
    /// Objects that are missing.
    pub missing: u64,
    /// Crashes of which an object could not be fetched. The next run comes back to them.
    pub not_read: u64,
}

impl Counts {
    /// Crashes of which a row was written.
    pub fn written(&self) -> u64 {
        self.processed + self.received + self.duplicates + self.replaced
    }

    fn plus(&self, more: &Self) -> Self {
        Self {
            days: self.days + more.days,
            crashes: self.crashes + more.crashes,
            processed: self.processed + more.processed,
            received: self.received + more.received,
            duplicates: self.duplicates + more.duplicates,
            replaced: self.replaced + more.replaced,
            search_rows: self.search_rows + more.search_rows,
            unchanged: self.unchanged + more.unchanged,
            deleted: self.deleted + more.deleted,
            left_to_others: self.left_to_others + more.left_to_others,
            left_to_collectors: self.left_to_collectors + more.left_to_collectors,
            foreign: self.foreign + more.foreign,
            damaged: self.damaged + more.damaged,
            missing: self.missing + more.missing,
            not_read: self.not_read + more.not_read,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// What was done in this run.
    pub counts: Counts,
    /// The last day done by an earlier run that did not do all, after which this one went on.
    pub resumed_after: Option<NaiveDate>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
}

/// What ended it before its time. Everything written stays, and the next run goes on.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The blob store is away.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl Rebuild {
    /// Makes the rows, until `stop` is cancelled. What is told comes in the order in which it happens.
    ///
    /// # Errors
    /// A store is away. Damaged objects are no error, and neither is one that alone cannot be fetched.
    pub async fn run(&self, stop: &CancellationToken, tell: &mut dyn FnMut(Told)) -> Result<Rebuilt, RebuildError> {
        days::Run::new(self, tell).all(stop).await
    }
}

#[cfg(test)]
mod tests;
