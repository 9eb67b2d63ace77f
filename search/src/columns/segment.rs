//! A segment: rows that were written together and never change; some may be deleted.

use std::io;

use tantivy::SegmentReader;
use tantivy::columnar::{Column, ColumnIndex, ColumnType, StrColumn};
use tantivy::index::SegmentId;

use super::bits::Bits;
use super::schema::{ID, ID_COLUMN};
use crate::fields::{FieldId, Kind};

/// How many values are read at once.
const BLOCK: usize = 1024;

/// The numbers of a segment's rows in a column: of texts their places in the segment's dictionary, of numbers something
/// that has their order.
pub type Numbers = Column<u64>;

/// The texts of a segment's rows: a dictionary in the order of the texts, and the place in it of each value.
pub type Texts = StrColumn;

/// A segment as it was at a commit.
pub struct Segment {
    reader: SegmentReader,
    alive: Bits,
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Segment({:?})", self.id())
    }
}

impl Segment {
    pub(super) fn new(reader: SegmentReader) -> Self {
        let mut alive = Bits::all(reader.max_doc());
        if let Some(left) = reader.alive_bitset() {
            for row in 0..reader.max_doc() {
                if left.is_deleted(row) {
                    alive.remove(row);
                }
            }
        }
        Self { reader, alive }
    }

    /// Its name; another segment never has it.
    pub fn id(&self) -> SegmentId {
        self.reader.segment_id()
    }

    /// How many rows it has, with those that are deleted.
    pub fn rows(&self) -> u32 {
        self.reader.max_doc()
    }

    /// The size of its files, in bytes; 0 if they are gone.
    pub fn bytes(&self) -> u64 {
        self.reader.space_usage().map_or(0, |usage| usage.total().get_bytes())
    }

    /// The rows that are not deleted.
    pub fn alive(&self) -> &Bits {
        &self.alive
    }

    /// Whether one of its rows has this crash id, deleted or not.
    pub(super) fn had(&self, id: &str) -> tantivy::Result<bool> {
        let ids = self.reader.inverted_index(*ID_COLUMN)?;
        Ok(ids.terms().term_ord(id)?.is_some())
    }

    /// The texts of a field: `None` if no row has any.
    ///
    /// # Errors
    /// The files are damaged.
    pub fn texts(&self, field: FieldId) -> io::Result<Option<Texts>> {
        self.reader.fast_fields().str(field.column()).map_err(io::Error::other)
    }

    /// The values of a field that is not a text, in a form that has their order: `None` if no row has any.
    ///
    /// # Errors
    /// The files are damaged.
    pub fn numbers(&self, field: FieldId) -> io::Result<Option<Numbers>> {
        let stored = match field.kind() {
            Kind::Integer | Kind::Date => ColumnType::I64,
            Kind::Number => ColumnType::F64,
            Kind::Boolean => ColumnType::Bool,
            Kind::Exact | Kind::Words | Kind::Semicolons => return Ok(None),
        };
        let found = self
            .reader
            .fast_fields()
            .u64_lenient_for_type(Some(&[stored]), field.column());
        Ok(found.map_err(io::Error::other)?.map(|(column, _)| column))
    }

    /// The column of crash ids.
    ///
    /// # Errors
    /// The files are damaged.
    pub fn ids(&self) -> io::Result<Option<Texts>> {
        self.reader.fast_fields().str(ID).map_err(io::Error::other)
    }

    /// Calls `each` with the values of these rows, in the order of the rows, block by block: rows and values side by
    /// side. A row with several values comes several times, one without values not at all. `go_on` is asked before each
    /// block.
    ///
    /// # Errors
    /// `go_on` said why to stop.
    pub fn scan<E>(
        column: &Numbers,
        rows: &Bits,
        mut go_on: impl FnMut() -> Result<(), E>,
        mut each: impl FnMut(&[u32], &[u64]),
    ) -> Result<(), E> {
        let is_full = is_full(column);
        let mut values = vec![0_u64; BLOCK];
        let mut block = Vec::with_capacity(BLOCK);
        let (mut with, mut places) = (Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK));
        for (at, words) in (0_u32..).zip(rows.words().chunks(BLOCK / 64)) {
            let first = at * BLOCK as u32;
            block.clear();
            for (word_at, &word) in (0_u32..).zip(words) {
                let mut left = word;
                while left != 0 {
                    block.push(first + word_at * 64 + left.trailing_zeros());
                    left &= left - 1;
                }
            }
            let (Some(&least), Some(&greatest)) = (block.first(), block.last()) else {
                continue;
            };
            go_on()?;
            if is_full {
                let span = (greatest - least + 1) as usize;
                if span <= block.len() * 4 {
                    // Reading a span is so much faster than reading single values that gaps do not matter.
                    column.values.get_range(u64::from(least), &mut values[..span]);
                    for (to, row) in block.iter().enumerate() {
                        values[to] = values[(row - least) as usize];
                    }
                } else {
                    column.values.get_vals(&block, &mut values[..block.len()]);
                }
                each(&block, &values[..block.len()]);
                continue;
            }
            with.clear();
            places.clear();
            column.row_ids_for_docs(&block, &mut with, &mut places);
            if values.len() < places.len() {
                values.resize(places.len(), 0);
            }
            let span = match (places.first(), places.last()) {
                (Some(first), Some(last)) => (last - first + 1) as usize,
                _ => continue,
            };
            if span == places.len() {
                column.values.get_range(u64::from(places[0]), &mut values[..span]);
            } else {
                column.values.get_vals(&places, &mut values[..places.len()]);
            }
            each(&with, &values[..places.len()]);
        }
        Ok(())
    }
}

/// Whether every row has exactly one value.
pub fn is_full(column: &Numbers) -> bool {
    matches!(column.index, ColumnIndex::Full)
}

/// A number that has the order of an integer.
pub fn order_of_integer(value: i64) -> u64 {
    value.cast_unsigned() ^ (1 << 63)
}

/// The integer with this order.
pub fn integer_of(order: u64) -> i64 {
    (order ^ (1 << 63)).cast_signed()
}

/// A number that has the order of a finite number.
pub fn order_of_number(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 0 { bits ^ (1 << 63) } else { !bits }
}

/// The finite number with this order.
pub fn number_of(order: u64) -> f64 {
    f64::from_bits(if order >> 63 == 1 { order ^ (1 << 63) } else { !order })
}
