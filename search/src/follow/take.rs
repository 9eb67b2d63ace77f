//! Takes search rows into an index.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crashstore::db::SearchRow;
use crashstore::search::read_document;

use crate::columns::{Index, IndexError};
use crate::document;
use crate::meters;
use crate::row::Row;

/// What became of some rows.
#[derive(Debug, Default)]
pub(super) struct Taken {
    put: u64,
    removed: u64,
    unreadable: u64,
}

impl Taken {
    /// Writes a row, or removes that of a deleted crash.
    pub(super) fn add(&mut self, index: &mut Index, row: &SearchRow) -> Result<(), IndexError> {
        if row.deleted {
            self.removed += 1;
            return index.remove(&row.crash_id, row.date);
        }
        self.put += 1;
        index.put(&self.typed(row))
    }

    /// Counts them in the metrics, and says what could not be read.
    pub(super) fn count(&self) {
        meters::TAKEN.add_with(self.put, ["put"]);
        meters::TAKEN.add_with(self.removed, ["removed"]);
        if self.unreadable > 0 {
            tracing::warn!(
                rows = self.unreadable,
                "search rows cannot be read; of these crashes only id and date can be searched until they are \
                 processed again"
            );
        }
    }

    /// A row that cannot be read has nothing but its id and date: the crash is there, and the rest of it is unknown.
    fn typed(&mut self, row: &SearchRow) -> Row {
        let typed = catch_unwind(AssertUnwindSafe(|| {
            Some(document::row(&row.crash_id, row.date, &read_document(&row.doc)?))
        }));
        typed.ok().flatten().unwrap_or_else(|| {
            self.unreadable += 1;
            Row {
                id: row.crash_id.clone(),
                date: row.date,
                values: Vec::new(),
            }
        })
    }
}
