//! The folder of a week.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use foldhash::fast::FixedState;
use tantivy::directory::MmapDirectory;
use tantivy::directory::error::OpenReadError;
use tantivy::index::{SegmentComponent, SegmentId, SegmentMeta};
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};

use super::error::IndexError;
use super::schema::{ID_COLUMN, SCHEMA, document};
use super::segment::Segment;
use crate::position::Position;
use crate::row::Row;

/// The memory for rows that are not yet written, in bytes, of which a part is taken at once: where many are written,
/// and where few are.
const MUCH: usize = 64 << 20;
const LITTLE: usize = 15 << 20;
/// A week that is over has no more segments than this, and those that came after the first are small.
const MANY: usize = 8;
/// A week that is over is merged once in this time at most, whatever is written or deleted in it.
const AGAIN: Duration = Duration::from_secs(86_400);
/// A week that was not written to for so long is not written to any more, for now.
const IDLE: Duration = Duration::from_secs(30);
/// The files of a segment.
const FILES: [SegmentComponent; 7] = [
    SegmentComponent::Postings,
    SegmentComponent::Positions,
    SegmentComponent::FastFields,
    SegmentComponent::FieldNorms,
    SegmentComponent::Terms,
    SegmentComponent::Store,
    SegmentComponent::Delete,
];
/// How crash ids are hashed.
const HASHES: FixedState = FixedState::with_seed(0);
/// What tantivy says about a commit.
const META: &str = "meta.json";

/// The index of a week.
pub(super) struct OfWeek {
    folder: PathBuf,
    index: tantivy::Index,
    reader: IndexReader,
    writer: Option<IndexWriter<TantivyDocument>>,
    writes_many: bool,
    /// Whether anything was written since the last commit.
    is_changed: bool,
    /// Hashes of the crash ids of rows that were put since the last commit. Where two are equal, a row is deleted that
    /// is not there.
    written: HashSet<u64>,
    segments: Vec<Arc<Segment>>,
    /// The sizes of their files, in bytes.
    sizes: HashMap<PathBuf, u64>,
    meta: Vec<u8>,
    /// When it was written to.
    touched: Instant,
    merge: Option<Arc<AtomicU8>>,
    merged: Option<Instant>,
}

/// How a merge stands.
const RUNNING: u8 = 0;
const DONE: u8 = 1;
const FAILED: u8 = 2;

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
                writes_many: true,
                is_changed: false,
                written: HashSet::new(),
                segments: Vec::new(),
                sizes: HashMap::new(),
                meta,
                touched: Instant::now(),
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

    /// The same of a folder, without opening anything else.
    pub(super) fn position_in(folder: &Path) -> Option<Position> {
        guarded(|| {
            let files = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
            Ok(tantivy::Index::open(files)?.load_metas()?.payload)
        })
        .ok()
        .flatten()
        .and_then(|text| Position::read(&text))
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
        // To delete what is not there would take longer than to write the row.
        let is_new = self.written.insert(HASHES.hash_one(&row.id)) && !self.had(&row.id)?;
        let writer = self.writer()?;
        if !is_new {
            writer.delete_term(Term::from_field_text(*ID_COLUMN, &row.id));
        }
        writer.add_document(document(row))?;
        self.is_changed = true;
        self.touched = Instant::now();
        Ok(())
    }

    pub(super) fn remove(&mut self, id: &str) -> Result<(), IndexError> {
        self.writer()?.delete_term(Term::from_field_text(*ID_COLUMN, id));
        self.is_changed = true;
        self.touched = Instant::now();
        Ok(())
    }

    /// Makes what was written visible and durable, together with the position.
    pub(super) fn commit(&mut self, position: &str) -> Result<(), IndexError> {
        let mut prepared = self.writer()?.prepare_commit()?;
        prepared.set_payload(position);
        prepared.commit()?;
        self.is_changed = false;
        self.read_again()?;
        // From here on the segments have them.
        self.written = HashSet::new();
        Ok(())
    }

    /// Whether a row of the last commit has this crash id, or had it.
    fn had(&self, id: &str) -> Result<bool, IndexError> {
        guarded(|| {
            for segment in &self.segments {
                if segment.had(id)? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
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

    /// Gives back what writing needs, unless it was written to in the last seconds. Small merges that run are given up:
    /// a week that is over is merged as a whole.
    pub(super) fn rest(&mut self) {
        if !self.is_changed && !self.is_merging() && self.touched.elapsed() >= IDLE {
            self.writer = None;
        }
    }

    /// Says whether many rows will be written, as far as it matters for what is not begun yet.
    pub(super) fn expect_many(&mut self, many: bool) {
        if self.writes_many && !many && !self.is_changed && !self.is_merging() {
            self.writer = None;
        }
        self.writes_many = many;
    }

    /// Waits for merges that run, and gives back what writing needs.
    pub(super) fn settle(&mut self) -> Result<(), IndexError> {
        if let Some(writer) = self.writer.take() {
            writer.wait_merging_threads()?;
            self.read_again()?;
        }
        Ok(())
    }

    /// Whether its segments should become one: there are many, they were never merged, or rows of them are deleted.
    pub(super) fn wants_merge(&self) -> bool {
        let rows: u64 = self.segments.iter().map(|segment| u64::from(segment.rows())).sum();
        let largest = self.segments.iter().map(|segment| u64::from(segment.rows())).max();
        let is_in_pieces = self.segments.len() > MANY || largest.unwrap_or(0) * 5 < rows * 4;
        let is_due = self.merged.is_none_or(|then| then.elapsed() >= AGAIN);
        is_due && (is_in_pieces || rows > self.rows())
    }

    /// Begins to make one segment of all. Rows can be written meanwhile.
    pub(super) fn begin_merge(&mut self) -> Result<(), IndexError> {
        let segments: Vec<SegmentId> = self.index.searchable_segment_ids()?;
        let merge = self.writer()?.merge(&segments);
        let state = Arc::new(AtomicU8::new(RUNNING));
        self.merge = Some(state.clone());
        self.merged = Some(Instant::now());
        std::thread::spawn(move || {
            // Until it is done, and if it fails, the old segments are there.
            let is_done = merge.wait().is_ok();
            state.store(if is_done { DONE } else { FAILED }, Ordering::Release);
        });
        Ok(())
    }

    /// Whether a merge runs, or has ended and [`Self::end_merge`] did not see it yet.
    pub(super) fn is_merging(&self) -> bool {
        self.merge.is_some()
    }

    /// Takes what became of a merge that has ended: whether it failed. Shows what is merged.
    pub(super) fn end_merge(&mut self) -> Result<Option<bool>, IndexError> {
        match self.merge.as_ref().map(|state| state.load(Ordering::Acquire)) {
            None | Some(RUNNING) => Ok(None),
            Some(state) => {
                self.merge = None;
                self.read_again()?;
                Ok(Some(state == FAILED))
            }
        }
    }

    /// Whether every file is as it was written. Reads them all.
    pub(super) fn is_whole(folder: &Path) -> Result<bool, IndexError> {
        let checked = guarded(|| {
            let files = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
            let index = tantivy::Index::open(files)?;
            // Fails if a file is gone that is needed.
            let _: IndexReader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
            for segment in index.searchable_segment_metas()? {
                for component in FILES {
                    match index.directory().validate_checksum(&segment.relative_path(component)) {
                        // Not every segment has every file.
                        Ok(true) | Err(OpenReadError::FileDoesNotExist(_)) => {}
                        Ok(false) => return Ok(false),
                        Err(error) => return Err(tantivy::TantivyError::from(error).into()),
                    }
                }
            }
            Ok(true)
        });
        match checked {
            Err(error) if error.is_damage() => Ok(false),
            other => other,
        }
    }

    /// Whether the files of its last commit are there, as long as they were. Reads none of them but `meta.json`.
    pub(super) fn has_files(&self) -> bool {
        let Ok(segments) = self.index.searchable_segment_metas() else {
            return false;
        };
        files_of(&segments).all(|file| self.sizes.get(&file).is_none_or(|size| self.size(&file) == Some(*size)))
    }

    fn size(&self, file: &Path) -> Option<u64> {
        let described = std::fs::metadata(self.folder.join(file)).ok()?;
        Some(described.len())
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
        // What cannot be read now is found when it is looked for.
        let segments = self.index.searchable_segment_metas().unwrap_or_default();
        let sizes = files_of(&segments).filter_map(|file| Some((self.size(&file)?, file)));
        self.sizes = sizes.map(|(size, file)| (file, size)).collect();
    }

    fn writer(&mut self) -> Result<&mut IndexWriter<TantivyDocument>, IndexError> {
        match &mut self.writer {
            Some(writer) => Ok(writer),
            empty => {
                let memory = if self.writes_many { MUCH } else { LITTLE };
                Ok(empty.insert(self.index.writer_with_num_threads(1, memory)?))
            }
        }
    }
}

/// The names of the files that segments may have.
fn files_of(segments: &[SegmentMeta]) -> impl Iterator<Item = PathBuf> {
    let of = |segment: &SegmentMeta| FILES.map(|component| segment.relative_path(component));
    segments.iter().flat_map(of)
}

/// Damaged files can make their reader panic.
fn guarded<T>(work: impl FnOnce() -> Result<T, IndexError>) -> Result<T, IndexError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(IndexError::damaged("it cannot be read")))
}
