//! The rows of some crashes: reads the objects, decides, and writes in one transaction.

use std::collections::HashMap;

use crash::{CrashId, ProcessedCrash, RawCrash};
use futures::{StreamExt, TryStreamExt};
use platform::blobs::Blobs;
use platform::clock;
use platform::db::{Db, DbError, Tx};

use super::decision::{self, PassedOver, Step, Unprocessed};
use super::facts::{self, Made};
use super::reading::{Read, Reader};
use super::{Counts, Problem, RebuildError};
use crate::column::Text;
use crate::db::{self, First, MOST_ROWS, State, StoredRows};
use crate::keys;
use crate::output::{self, Stored};
use crate::report::{MAX_PROCESSED, MAX_RAW, StoreError};

/// Maximum crashes in one batch, and so in one transaction.
pub(super) const BATCH: usize = 200;
const _: () = assert!(BATCH <= MOST_ROWS);
/// How many crashes are read at the same time.
const AT_ONCE: usize = 16;
/// How often a transaction is tried that another writer made fail.
const TRIES: usize = 3;

/// Makes rows.
pub(super) struct Maker<'a> {
    db: &'a Db,
    blobs: &'a Blobs,
    reader: Reader,
    lookup_name: fn(&str) -> String,
}

/// What was found out about a batch.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) counts: Counts,
    pub(super) problems: Vec<Problem>,
    /// Crashes without rows that are not processed. They are written when all of their day are known, since only the
    /// first of several copies counts.
    pub(super) waiting: Vec<Made>,
}

/// What was found out about a crash.
enum Looked {
    PassedOver(PassedOver),
    /// Its raw crash was removed meanwhile.
    Gone,
    /// It has no row, or keeps the one that it has.
    Unusable(Problem),
    /// Another process writes it.
    WrittenMeanwhile,
    Made {
        made: Box<Made>,
        problem: Option<Problem>,
    },
}

impl<'a> Maker<'a> {
    pub(super) fn new(db: &'a Db, blobs: &'a Blobs, lookup_name: fn(&str) -> String) -> Self {
        Self {
            db,
            blobs,
            reader: Reader::new(blobs.clone()),
            lookup_name,
        }
    }

    /// Makes the rows of at most [`BATCH`] crashes of a day. `unprocessed` says what becomes of those that have no row
    /// and are not processed.
    pub(super) async fn batch(&self, ids: &[CrashId], unprocessed: Unprocessed) -> Result<Batch, RebuildError> {
        let rows = db::stored_rows(self.db, ids, clock::now_micros()).await?;
        let looks = ids.iter().map(|id| self.look(id, rows.get(id.as_str())));
        let looked: Vec<Looked> = futures::stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        let mut batch = Batch::default();
        batch.counts.crashes = u64::try_from(ids.len()).unwrap_or(0);
        let (mut writes, mut firsts) = (Vec::new(), Vec::new());
        for looked in looked {
            match looked {
                Looked::Gone => {}
                Looked::PassedOver(PassedOver::Deleted) => batch.counts.deleted += 1,
                Looked::PassedOver(PassedOver::Duplicate) => batch.counts.unchanged += 1,
                Looked::PassedOver(PassedOver::Claimed) | Looked::WrittenMeanwhile => batch.counts.left_to_others += 1,
                Looked::Unusable(problem) => batch.problems.push(problem),
                Looked::Made { made, problem } => {
                    batch.problems.extend(problem);
                    firsts.extend(first_of(&made, rows.get(made.row.id.as_str())));
                    match decision::step(rows.get(made.row.id.as_str()), &made) {
                        Step::Nothing | Step::Lost => batch.counts.unchanged += 1,
                        Step::Insert if made.search.is_none() => match unprocessed {
                            Unprocessed::Listed => batch.waiting.push(*made),
                            Unprocessed::LeftToCollectors => batch.counts.left_to_collectors += 1,
                        },
                        step => writes.push((*made, step)),
                    }
                }
            }
        }
        self.write(&writes, &rows, &mut batch.counts).await?;
        self.note(firsts).await?;
        Ok(batch)
    }

    /// Writes the rows of crashes that are not processed and have none: those that came in first, first.
    pub(super) async fn insert_received(&self, waiting: &mut Vec<Made>) -> Result<Counts, RebuildError> {
        let mut counts = Counts::default();
        waiting.sort_by(|one, other| (one.row.received, &one.row.id).cmp(&(other.row.received, &other.row.id)));
        let writes: Vec<(Made, Step)> = waiting.drain(..).map(|made| (made, Step::Insert)).collect();
        for writes in writes.chunks(BATCH) {
            self.write(writes, &HashMap::new(), &mut counts).await?;
        }
        Ok(counts)
    }

    /// Notes what crashes say of their signatures, in a transaction of its own: it holds no row that a worker needs.
    async fn note(&self, firsts: Vec<First>) -> Result<(), RebuildError> {
        let firsts = db::unnoted(self.db, db::in_order(firsts)).await?;
        if firsts.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin_repeatable().await?;
        for first in &firsts {
            db::note_first(&mut tx, first).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn look(&self, id: &CrashId, rows: Option<&StoredRows>) -> Result<Looked, RebuildError> {
        if let Some(reason) = decision::passed_over(rows) {
            return Ok(Looked::PassedOver(reason));
        }
        let own = id.clone();
        let parse = move |bytes: &[u8]| Some(facts::of_raw(&own, &RawCrash::from_json(bytes).ok()?));
        let raw = match self.reader.read(&keys::raw_crash(id), MAX_RAW, parse).await? {
            Read::Whole(raw) => raw,
            Read::Missing => return Ok(Looked::Gone),
            Read::NotFetched => return Ok(Looked::Unusable(Problem::NotRead(id.clone()))),
            Read::Damaged => {
                let is_processed = self.blobs.exists(&keys::processed_crash(id)).await?;
                return Ok(Looked::Unusable(match is_processed {
                    true => Problem::RawOfProcessedDamaged(id.clone()),
                    false => Problem::RawDamaged(id.clone()),
                }));
            }
        };
        let key = match decision::output_of(rows) {
            Some(claim) => keys::output(id, claim),
            None => keys::processed_crash(id),
        };
        let lookup_name = self.lookup_name;
        let parse = move |bytes: &[u8]| Some(facts::of_processed(&ProcessedCrash::from_json(bytes)?, lookup_name));
        let (found, problem) = match self.reader.read(&key, MAX_PROCESSED, parse).await? {
            Read::Whole(found) => (Some(found), None),
            Read::Missing => (None, None),
            // What it says is not known, so it must not pass for a crash that is not processed.
            Read::NotFetched => return Ok(Looked::Unusable(Problem::NotRead(id.clone()))),
            Read::Damaged => (None, Some(Problem::ProcessedDamaged(id.clone()))),
        };
        let made = facts::made(raw, found);
        if problem.is_none() && decision::step(rows, &made) == Step::Lost {
            return self.lost(id).await;
        }
        Ok(Looked::Made {
            made: Box::new(made),
            problem,
        })
    }

    /// The row of a crash tells of a processed crash that was not found. It may have been written meanwhile.
    async fn lost(&self, id: &CrashId) -> Result<Looked, RebuildError> {
        Ok(match output::load(self.db, self.blobs, id).await {
            Ok(Stored::Lost) => Looked::Unusable(Problem::ProcessedLost(id.clone())),
            Ok(Stored::Valid(_) | Stored::None) => Looked::WrittenMeanwhile,
            Err(StoreError::Damaged(_) | StoreError::Blob(platform::blobs::BlobError::TooLarge { .. })) => {
                Looked::Unusable(Problem::ProcessedDamaged(id.clone()))
            }
            Err(StoreError::Blob(_)) => {
                self.reader.is_there().await?;
                Looked::Unusable(Problem::NotRead(id.clone()))
            }
            Err(StoreError::Database(error)) => return Err(error.into()),
        })
    }

    /// Writes rows in one transaction, which is tried again if another writer made it fail.
    async fn write(
        &self,
        writes: &[(Made, Step)],
        rows: &HashMap<String, StoredRows>,
        counts: &mut Counts,
    ) -> Result<(), RebuildError> {
        if writes.is_empty() {
            return Ok(());
        }
        let mut tried = 1;
        loop {
            let mut written = *counts;
            match self.write_once(writes, rows, &mut written).await {
                Ok(()) => {
                    *counts = written;
                    return Ok(());
                }
                Err(error) if tried == TRIES => return Err(error.into()),
                Err(_) => tried += 1,
            }
        }
    }

    async fn write_once(
        &self,
        writes: &[(Made, Step)],
        rows: &HashMap<String, StoredRows>,
        counts: &mut Counts,
    ) -> Result<(), DbError> {
        // What is lost with the power is made again: how far this has come is noted durably after it.
        let mut tx = self.db.begin_repeatable().await?;
        for (made, step) in writes {
            let stored = rows.get(made.row.id.as_str());
            write_one(&mut tx, made, *step, stored, counts).await?;
        }
        tx.commit().await
    }
}

/// What a processed crash says of its signature.
fn first_of(made: &Made, rows: Option<&StoredRows>) -> Option<First> {
    let columns = &made.row.columns;
    let is_processed = made.row.state == State::Processed;
    let signature = Text::of(&columns.signature);
    First::of(&signature, decision::date(rows, made), &columns.build_id).filter(|_| is_processed)
}

async fn write_one(
    tx: &mut Tx,
    made: &Made,
    step: Step,
    stored: Option<&StoredRows>,
    counts: &mut Counts,
) -> Result<(), DbError> {
    let (is_written, with_search) = match (step, stored) {
        (Step::Replace { search }, Some(stored)) => {
            let is_written = db::replace_made(tx, &stored.crash, &made.row).await?;
            counts.replaced += u64::from(is_written);
            (is_written, search)
        }
        _ => {
            let mut row = made.row.clone();
            if row.state == State::Received && !row.columns.content_hash.is_empty() {
                row.duplicate_of = db::first_copy_of(tx, &row).await?;
                if row.duplicate_of.is_some() {
                    row.state = State::Duplicate;
                }
            }
            let is_written = db::insert_made(tx, &row).await?;
            match row.state {
                State::Processed => counts.processed += u64::from(is_written),
                State::Duplicate => counts.duplicates += u64::from(is_written),
                State::Received | State::Deleted => counts.received += u64::from(is_written),
            }
            (is_written, true)
        }
    };
    if !is_written {
        counts.left_to_others += 1;
        return Ok(());
    }
    if let Some(doc) = made.search.as_ref().filter(|_| with_search) {
        let date = decision::date(stored, made);
        db::upsert_search_row(tx, &made.row.id, date, made.row.row_version, doc).await?;
        counts.search_rows += 1;
    }
    Ok(())
}
