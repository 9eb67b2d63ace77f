//! The folder of a week.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tantivy::directory::MmapDirectory;
use tantivy::index::SegmentId;
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};

use super::error::IndexError;
use super::schema::{ID_COLUMN, SCHEMA, document};
use super::segment::Segment;
use crate::position::Position;
use crate::row::Row;

/// The memory for rows that are not yet written, in bytes.
const MEMORY: usize = 64 << 20;
/// A week that is over has no more segments than this, and those that came after the first are small.
const MANY: usize = 8;
/// Rows of a week that are deleted one after the other are left out of its files together, once in this time.
const AGAIN: Duration = Duration::from_secs(86_400);
/// What tantivy says about a commit.
const META: &str = "meta.json";

/// The index of a week.
pub(super) struct OfWeek {
    folder: PathBuf,
    index: tantivy::Index,
    reader: IndexReader,
    writer: Option<IndexWriter<TantivyDocument>>,
    /// Whether anything was written since the last commit.
    is_changed: bool,
    segments: Vec<Arc<Segment>>,
    meta: Vec<u8>,
    merge: Option<Arc<AtomicBool>>,
    merged: Option<Instant>,
}

impl OfWeek {
    /// Opens a folder, which is made if it is missing and `may_make`.
    pub(super) fn open(folder: &Path, may_make: bool) -> Result<Self, IndexError> {
        guarded(|| {
            let failed = |error| IndexError::folder(folder, error);
            if may_make {
                std::fs::create_dir_all(folder).map_err(failed)?;
            }
            let meta = std::fs::read(folder.join(META)).unwrap_or_default();
            let files = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
            let index = if may_make {
                tantivy::Index::open_or_create(files, SCHEMA.clone())?
            } else {
                tantivy::Index::open(files)?
            };
            if index.schema() != *SCHEMA {
                return Err(IndexError::damaged("it is of another schema"));
            }
            let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
            let mut opened = Self {
                folder: folder.to_owned(),
                index,
                reader,
                writer: None,
                is_changed: false,
                segments: Vec::new(),
                meta,
                merge: None,
                merged: None,
            };
            opened.look();
            Ok(opened)
        })
    }

    /// The position of its last commit: `None` before the first, or if it is of another form.
    pub(super) fn position(&self) -> Option<Position> {
        Position::read(&self.index.load_metas().ok()?.payload?)
    }

    pub(super) fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    pub(super) fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// How many rows it has that are not deleted, at the last commit.
    pub(super) fn rows(&self) -> u64 {
        self.segments
            .iter()
            .map(|segment| u64::from(segment.alive().count()))
            .sum()
    }

    pub(super) fn put(&mut self, row: &Row) -> Result<(), IndexError> {
        let writer = self.writer()?;
        writer.delete_term(Term::from_field_text(*ID_COLUMN, &row.id));
        writer.add_document(document(row))?;
        self.is_changed = true;
        Ok(())
    }

    pub(super) fn remove(&mut self, id: &str) -> Result<(), IndexError> {
        self.writer()?.delete_term(Term::from_field_text(*ID_COLUMN, id));
        self.is_changed = true;
        Ok(())
    }

    /// Makes what was written visible and durable, together with the position.
    pub(super) fn commit(&mut self, position: &str) -> Result<(), IndexError> {
        let mut prepared = self.writer()?.prepare_commit()?;
        prepared.set_payload(position);
        prepared.commit()?;
        self.is_changed = false;
        self.read_again()
    }

    /// Sees what another process committed. Returns whether that was anything new.
    pub(super) fn look_for_more(&mut self) -> Result<bool, IndexError> {
        let meta = std::fs::read(self.folder.join(META)).map_err(|error| IndexError::folder(&self.folder, error))?;
        if meta == self.meta {
            return Ok(false);
        }
        self.read_again()?;
        self.meta = meta;
        Ok(true)
    }

    /// Gives back what writing needs, unless there is something to commit.
    pub(super) fn rest(&mut self) -> Result<(), IndexError> {
        if self.is_changed || self.is_merging() {
            return Ok(());
        }
        if let Some(writer) = self.writer.take() {
            writer.wait_merging_threads()?;
            self.read_again()?;
        }
        self.merge = None;
        Ok(())
    }

    /// Whether its segments should become one: there are many, they were never merged, or rows of them are deleted.
    pub(super) fn wants_merge(&self) -> bool {
        let rows: u64 = self.segments.iter().map(|segment| u64::from(segment.rows())).sum();
        let largest = self.segments.iter().map(|segment| u64::from(segment.rows())).max();
        let is_in_pieces = self.segments.len() > MANY || largest.unwrap_or(0) * 5 < rows * 4;
        let is_due = self.merged.is_none_or(|then| then.elapsed() >= AGAIN);
        is_in_pieces || (rows > self.rows() && is_due)
    }

    /// Begins to make one segment of all. Rows can be written meanwhile.
    pub(super) fn begin_merge(&mut self) -> Result<(), IndexError> {
        let segments: Vec<SegmentId> = self.index.searchable_segment_ids()?;
        let merge = self.writer()?.merge(&segments);
        let is_done = Arc::new(AtomicBool::new(false));
        self.merge = Some(is_done.clone());
        self.merged = Some(Instant::now());
        std::thread::spawn(move || {
            // One that failed is begun again another time; until then the old segments are there.
            let _ = merge.wait();
            is_done.store(true, Ordering::Release);
        });
        Ok(())
    }

    pub(super) fn is_merging(&self) -> bool {
        self.merge.as_ref().is_some_and(|done| !done.load(Ordering::Acquire))
    }

    /// Whether every file is as it was written. Reads them all.
    pub(super) fn is_whole(folder: &Path) -> bool {
        let checked = guarded(|| {
            let files = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
            Ok(tantivy::Index::open(files)?.validate_checksum()?)
        });
        checked.is_ok_and(|damaged| damaged.is_empty())
    }

    fn read_again(&mut self) -> Result<(), IndexError> {
        let reader = &self.reader;
        guarded(|| Ok(reader.reload()?))?;
        self.look();
        Ok(())
    }

    fn look(&mut self) {
        let searcher = self.reader.searcher();
        let readers = searcher.segment_readers().iter().cloned();
        self.segments = readers.map(|reader| Arc::new(Segment::new(reader))).collect();
    }

    fn writer(&mut self) -> Result<&mut IndexWriter<TantivyDocument>, IndexError> {
        match &mut self.writer {
            Some(writer) => Ok(writer),
            empty => Ok(empty.insert(self.index.writer_with_num_threads(1, MEMORY)?)),
        }
    }
}

/// Damaged files can make their reader panic.
fn guarded<T>(work: impl FnOnce() -> Result<T, IndexError>) -> Result<T, IndexError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(IndexError::damaged("it cannot be read")))
}
