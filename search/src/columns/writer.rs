//! The folders and what is written to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tantivy::directory::MmapDirectory;
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};

use super::codes::Codes;
use super::schema::{ID_COLUMN, SCHEMA, document};
use super::segment::Segment;
use super::week::Week;
use crate::row::Row;

/// The memory for rows that are not yet written, in bytes, while an index is followed.
const MEMORY: usize = 64 << 20;

/// What went wrong with an index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Its files are damaged, of another schema, or could not be read or written.
    #[error("the search index: {0}")]
    Files(#[from] tantivy::TantivyError),
    /// Its folder could not be read or written.
    #[error("the search index in {folder}: {error}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// An index: a folder for each week, and the codes of their texts.
pub struct Index {
    folder: PathBuf,
    weeks: BTreeMap<Week, OfWeek>,
    codes: Arc<Codes>,
}

struct OfWeek {
    index: tantivy::Index,
    reader: IndexReader,
    writer: Option<IndexWriter<TantivyDocument>>,
}

/// The segments of an index at a commit.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Those of the weeks that were asked for, the newest week last.
    pub segments: Vec<Arc<Segment>>,
    /// The codes of their texts.
    pub codes: Arc<Codes>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Index({})", self.folder.display())
    }
}

impl Index {
    /// Opens the index in a folder, which is made if it is missing.
    ///
    /// # Errors
    /// A week's folder is damaged or of another schema, or could not be read.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        let failed = |error| IndexError::Folder {
            folder: folder.to_owned(),
            error,
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut weeks = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if let Some(week) = entry.file_name().to_str().and_then(Week::from_name) {
                weeks.insert(week, OfWeek::open(&entry.path())?);
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            weeks,
            codes: Arc::new(Codes::new()),
        })
    }

    /// Writes a row in place of the one with the same id, from the next commit on.
    ///
    /// # Errors
    /// The files could not be written.
    pub fn put(&mut self, row: &Row) -> Result<(), IndexError> {
        let writer = self.writer(Week::of(row.date))?;
        writer.delete_term(Term::from_field_text(*ID_COLUMN, &row.id));
        writer.add_document(document(row))?;
        Ok(())
    }

    /// Removes the row of a crash that came in at `date`, from the next commit on.
    ///
    /// # Errors
    /// The files could not be written.
    pub fn remove(&mut self, id: &str, date: i64) -> Result<(), IndexError> {
        let writer = self.writer(Week::of(date))?;
        writer.delete_term(Term::from_field_text(*ID_COLUMN, id));
        Ok(())
    }

    /// Makes everything that was written visible and durable, together with the position.
    ///
    /// # Errors
    /// The files could not be written.
    pub fn commit(&mut self, position: i64) -> Result<(), IndexError> {
        for week in self.weeks.values_mut() {
            if let Some(writer) = &mut week.writer {
                let mut prepared = writer.prepare_commit()?;
                prepared.set_payload(&position.to_string());
                prepared.commit()?;
                week.reader.reload()?;
            }
        }
        self.forget_merged();
        Ok(())
    }

    /// Merges the segments of every week that is over at `now`, microseconds UTC, into one, so that each of its texts
    /// is there once. Returns how many weeks were merged.
    ///
    /// # Errors
    /// The files could not be written.
    pub fn merge(&mut self, now: i64) -> Result<usize, IndexError> {
        let over: Vec<Week> = self.weeks.keys().copied().filter(|week| week.span().1 <= now).collect();
        let mut merged = 0;
        for week in over {
            let segments = match self.weeks.get(&week) {
                Some(of_week) => of_week.index.searchable_segment_ids()?,
                None => continue,
            };
            if segments.len() < 2 {
                continue;
            }
            let writer = self.writer(week)?;
            writer.merge(&segments).wait()?;
            if let Some(of_week) = self.weeks.get_mut(&week)
                && let Some(writer) = of_week.writer.take()
            {
                writer.wait_merging_threads()?;
                of_week.reader.reload()?;
            }
            merged += 1;
        }
        self.forget_merged();
        Ok(merged)
    }

    /// Waits for merges that are under way, and gives back what writing needs.
    ///
    /// # Errors
    /// A merge failed.
    pub fn settle(&mut self) -> Result<(), IndexError> {
        for week in self.weeks.values_mut() {
            if let Some(writer) = week.writer.take() {
                writer.wait_merging_threads()?;
                week.reader.reload()?;
            }
        }
        Ok(())
    }

    /// The segments of the weeks that have days between these moments, microseconds UTC.
    pub fn snapshot(&self, from: i64, to: i64) -> Snapshot {
        let weeks = self.weeks.iter().filter(|(week, _)| {
            let (begin, end) = week.span();
            begin <= to && from < end
        });
        let segments = weeks.flat_map(|(_, week)| {
            let searcher = week.reader.searcher();
            let readers = searcher.segment_readers().to_vec();
            readers.into_iter().map(|reader| Arc::new(Segment::new(reader)))
        });
        Snapshot {
            segments: segments.collect(),
            codes: self.codes.clone(),
        }
    }

    /// Forgets the codes of segments that were merged away.
    fn forget_merged(&self) {
        let searchers = self.weeks.values().map(|week| week.reader.searcher());
        let ids = searchers.flat_map(|searcher| {
            let readers = searcher.segment_readers().iter();
            readers.map(|reader| reader.segment_id()).collect::<Vec<_>>()
        });
        self.codes.keep_only(&ids.collect());
    }

    /// All segments.
    pub fn segments(&self) -> Vec<Arc<Segment>> {
        self.snapshot(i64::MIN, i64::MAX).segments
    }

    fn writer(&mut self, week: Week) -> Result<&mut IndexWriter<TantivyDocument>, IndexError> {
        let of_week = match self.weeks.entry(week) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let folder = self.folder.join(week.to_string());
                std::fs::create_dir_all(&folder).map_err(|error| IndexError::Folder {
                    folder: folder.clone(),
                    error,
                })?;
                entry.insert(OfWeek::open(&folder)?)
            }
        };
        match &mut of_week.writer {
            Some(writer) => Ok(writer),
            empty => Ok(empty.insert(of_week.index.writer_with_num_threads(1, MEMORY)?)),
        }
    }
}

impl OfWeek {
    fn open(folder: &Path) -> Result<Self, IndexError> {
        let files = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
        let index = tantivy::Index::open_or_create(files, SCHEMA.clone())?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self {
            index,
            reader,
            writer: None,
        })
    }
}
