//! Codes: each different text of a field has a number, the same in all segments, for as long as the process runs.
//!
//! They are extended when a segment is met for the first time. A segment never changes, so what its places mean is kept
//! until it is merged away.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use tantivy::index::SegmentId;

use super::segment::Segment;
use crate::fields::{self, FieldId};

/// The number of a text.
pub type Code = u32;
/// No text's number.
pub const NO_CODE: Code = Code::MAX;

/// How much text of a field is kept in one piece, in bytes.
const PIECE: usize = 4 << 20;
/// How much memory codes may take before those that were used longest ago are forgotten, in bytes.
const KEPT: usize = 1 << 30;

/// The codes of all fields.
#[derive(Debug)]
pub struct Codes {
    fields: Vec<Mutex<OfField>>,
    used: Mutex<Uses>,
}

#[derive(Debug, Default)]
struct Uses {
    now: u64,
    /// Of each field with codes: when it was used, and the bytes that it takes.
    of: HashMap<FieldId, (u64, usize)>,
}

#[derive(Debug, Default)]
struct OfField {
    table: HashTable<Code>,
    texts: Texts,
    segments: HashMap<SegmentId, Arc<Vec<Code>>>,
}

/// A part of the texts, in the order of their codes.
#[derive(Debug, Clone, Default)]
struct Piece {
    first: Code,
    bytes: Vec<u8>,
    /// Where each text ends in it.
    ends: Vec<u32>,
}

#[derive(Debug, Clone, Default)]
struct Texts {
    pieces: Vec<Arc<Piece>>,
    count: Code,
}

impl Texts {
    fn get(&self, code: Code) -> &[u8] {
        let at = self.pieces.partition_point(|piece| piece.first <= code);
        let Some(piece) = at.checked_sub(1).and_then(|at| self.pieces.get(at)) else {
            return &[];
        };
        let at = (code - piece.first) as usize;
        let from = at
            .checked_sub(1)
            .and_then(|before| piece.ends.get(before))
            .copied()
            .unwrap_or(0);
        let to = piece.ends.get(at).copied().unwrap_or(from);
        piece.bytes.get(from as usize..to as usize).unwrap_or_default()
    }

    fn push(&mut self, text: &[u8]) -> Code {
        let code = self.count;
        let is_full = self.pieces.last().is_none_or(|last| last.bytes.len() >= PIECE);
        if is_full {
            self.pieces.push(Arc::new(Piece {
                first: code,
                ..Piece::default()
            }));
        }
        if let Some(last) = self.pieces.last_mut() {
            let last = Arc::make_mut(last);
            last.bytes.extend_from_slice(text);
            last.ends.push(u32::try_from(last.bytes.len()).unwrap_or(u32::MAX));
        }
        self.count += 1;
        code
    }
}

impl OfField {
    /// What the places of a segment's dictionary mean.
    fn learn(&mut self, segment: &Segment, field: FieldId) -> io::Result<Arc<Vec<Code>>> {
        if let Some(known) = self.segments.get(&segment.id()) {
            return Ok(known.clone());
        }
        let mut codes = Vec::new();
        if let Some(column) = segment.texts(field)? {
            codes.reserve_exact(column.num_terms());
            let mut terms = column.dictionary().stream()?;
            while terms.advance() {
                let term = terms.key();
                let hash = hash(term);
                let Self { table, texts, .. } = self;
                let known = table.find(hash, |&code| texts.get(code) == term).copied();
                let code = known.unwrap_or_else(|| {
                    let code = texts.push(term);
                    table.insert_unique(hash, code, |&code| self::hash(texts.get(code)));
                    code
                });
                codes.push(code);
            }
        }
        let codes = Arc::new(codes);
        self.segments.insert(segment.id(), codes.clone());
        Ok(codes)
    }

    fn bytes(&self) -> usize {
        let texts: usize = self
            .texts
            .pieces
            .iter()
            .map(|piece| piece.bytes.capacity() + piece.ends.capacity() * 4)
            .sum();
        let places: usize = self.segments.values().map(|places| places.len() * 4).sum();
        texts + places + self.table.capacity() * 5
    }
}

fn hash(text: &[u8]) -> u64 {
    FixedState::default().hash_one(text)
}

/// The codes of a field, as they were when a query began.
#[derive(Debug, Clone)]
pub struct Coded {
    texts: Texts,
    places: Vec<Arc<Vec<Code>>>,
}

impl Coded {
    /// How many codes there are; each is below that.
    pub fn count(&self) -> usize {
        self.texts.count as usize
    }

    /// The text with this code; an empty one if there is none.
    pub fn text(&self, code: Code) -> &str {
        std::str::from_utf8(self.texts.get(code)).unwrap_or_default()
    }

    /// The codes of the places in the dictionary of the segment at this place of the snapshot.
    pub fn places(&self, segment: usize) -> &[Code] {
        self.places.get(segment).map_or(&[], |places| places)
    }
}

/// None yet.
impl Default for Codes {
    fn default() -> Self {
        Self::new()
    }
}

impl Codes {
    /// None yet.
    pub fn new() -> Self {
        Self {
            fields: fields::all().iter().map(|_| Mutex::default()).collect(),
            used: Mutex::default(),
        }
    }

    /// The codes of a field in these segments.
    ///
    /// # Errors
    /// The files are damaged.
    pub fn of(&self, field: FieldId, segments: &[Arc<Segment>]) -> io::Result<Coded> {
        let Some(of_field) = self.fields.get(field.index()) else {
            return Err(io::Error::other("codes of an unknown field"));
        };
        let (coded, bytes) = {
            let mut of_field = of_field.lock().unwrap_or_else(PoisonError::into_inner);
            let places = segments.iter().map(|segment| of_field.learn(segment, field));
            let places = places.collect::<io::Result<Vec<_>>>()?;
            let texts = of_field.texts.clone();
            (Coded { texts, places }, of_field.bytes())
        };
        self.forget_unused(field, bytes);
        Ok(coded)
    }

    /// Forgets the codes of other fields, those used longest ago first, until what is left takes no more memory than it
    /// may.
    fn forget_unused(&self, used: FieldId, bytes: usize) {
        let mut uses = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        uses.now += 1;
        let now = uses.now;
        uses.of.insert(used, (now, bytes));
        while uses.of.values().map(|(_, bytes)| bytes).sum::<usize>() > KEPT {
            let others = uses.of.iter().filter(|(field, _)| **field != used);
            let Some((&oldest, _)) = others.min_by_key(|(_, (when, _))| *when) else {
                return;
            };
            uses.of.remove(&oldest);
            if let Some(of_field) = self.fields.get(oldest.index()) {
                *of_field.lock().unwrap_or_else(PoisonError::into_inner) = OfField::default();
            }
        }
    }

    /// Forgets what the places of segments mean that are not among these any more.
    pub(super) fn keep_only(&self, left: &HashSet<SegmentId>) {
        for of_field in &self.fields {
            let mut of_field = of_field.lock().unwrap_or_else(PoisonError::into_inner);
            of_field.segments.retain(|id, _| left.contains(id));
        }
    }
}
