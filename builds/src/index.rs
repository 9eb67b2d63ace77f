//! Every build in memory: what look-ups are answered from.
//!
//! An index never changes; a newer generation is another index. Texts are kept once each, rows are sorted by (product,
//! build id), and a look-up is one probe of a table of numbers that allocates nothing.

mod build_ref;
mod builder;
mod lines;
mod texts;

use std::collections::HashMap;
use std::num::NonZeroU32;

use chrono::NaiveDate;
use foldhash::fast::RandomState;

use crate::build::{Build, Certainty, Reason, Status};
use crate::names::build_id::BuildId;
use crate::names::product::Product;
use crate::names::version::Version;
use crate::said::observation::{Digest, SourceName};

use lines::Lines;
use texts::Texts;

pub use build_ref::BuildRef;
pub use builder::IndexBuilder;
pub use lines::{InLine, Place};

/// An immutable snapshot of the builds of one generation.
#[derive(Debug, Default)]
pub struct BuildIndex {
    generation: i64,
    /// Sorted by key, channel, version, platform and variant.
    rows: Vec<Row>,
    /// Where the rows of a key lie.
    spans: HashMap<u64, Span, RandomState>,
    /// The channels that spans name, as positions of texts.
    channels: Vec<u32>,
    texts: Texts,
    versions: Vec<Version>,
    urls: String,
    evidence: Vec<Digest>,
    lines: Lines,
}

/// One build: positions in the index's tables of texts, and plain numbers. The line follows from channel and version.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// Product and build id, see [`key_of`]: what rows are sorted by first.
    key: u64,
    /// [`UNKNOWN_TIME`] if not known.
    published_at: i64,
    channel: u32,
    version: u32,
    platform: u32,
    variant: u32,
    offered_on: u32,
    /// Position of the empty text if not known, as in the next.
    revision: u32,
    repository: u32,
    /// Build numbers begin with 1.
    build_number: Option<NonZeroU32>,
    /// The part of the URL that many builds share is among the texts, the rest among the URLs.
    url_start: u32,
    url_rest: u32,
    evidence: u32,
    shipped_on: Option<NaiveDate>,
    url_length: u16,
    evidence_count: u16,
    sources: u8,
    product: Product,
    status: Status,
    certainty: Certainty,
    reason: Reason,
}

/// The rows of a key. It tells their channel too, so that most look-ups are answered without touching the rows, which
/// lie anywhere in memory.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: u32,
    /// [`MANY_ROWS`] if there are so many, or more.
    count: u16,
    /// Position among the channels; [`SEVERAL_CHANNELS`] if the rows follow more than one.
    channel: u16,
}

/// So many rows, or more, have one key: they are counted by looking at them.
const MANY_ROWS: u16 = u16::MAX;
/// Stands for more than one channel.
const SEVERAL_CHANNELS: u16 = u16::MAX;

/// What nearly all URLs have in common ends with this.
const SHARED_URL_END: &str = "/pub/";
/// Stands for "no time" in a row: far before any.
const UNKNOWN_TIME: i64 = i64::MIN;

/// More builds, or longer texts, than the index can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the index is full")]
pub struct IndexFull;

impl BuildIndex {
    /// An index of `builds`.
    ///
    /// # Errors
    /// [`IndexFull`] beyond four thousand million bytes of texts.
    pub fn from_builds<'a>(generation: i64, builds: impl IntoIterator<Item = &'a Build>) -> Result<Self, IndexFull> {
        let mut builder = IndexBuilder::new(generation);
        for build in builds {
            builder.push(build)?;
        }
        Ok(builder.finish())
    }

    /// The generation that was loaded.
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// How many builds it holds; one for each platform.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether it holds any build of `product`.
    pub fn knows(&self, product: Product) -> bool {
        let first = self.rows.partition_point(|row| row.key < key_of(product, 0));
        self.rows.get(first).is_some_and(|row| row.product == product)
    }

    /// The builds with this id, sorted by channel, version, platform and variant.
    pub fn find(&self, product: Product, build_id: BuildId) -> impl Iterator<Item = BuildRef<'_>> + Clone {
        let rows = self.span(product, build_id).map_or(0..0, |span| self.rows_of(span));
        rows.map(|row| BuildRef { index: self, row })
    }

    fn span(&self, product: Product, build_id: BuildId) -> Option<Span> {
        let key = key_of(product, build_id.as_u64());
        self.spans.get(&key).copied()
    }

    fn rows_of(&self, span: Span) -> std::ops::Range<usize> {
        let first = span.first as usize;
        if span.count < MANY_ROWS {
            return first..first + usize::from(span.count);
        }
        let rows = self.rows.get(first..).unwrap_or_default();
        let key = rows.first().map(|row| row.key);
        first..first + rows.partition_point(|row| Some(row.key) <= key)
    }

    /// The builds with this id that can be asked for on this channel, in the order of [`Self::find`]: those that
    /// follow it, and on beta the release's files that are its candidates. Allocates nothing.
    pub fn find_on(
        &self,
        product: Product,
        channel: &str,
        build_id: BuildId,
    ) -> impl Iterator<Item = BuildRef<'_>> + Clone {
        let span = self.span(product, build_id);
        let common = span
            .and_then(|span| self.channels.get(usize::from(span.channel)))
            .map(|channel| self.texts.get(*channel));
        // The channel that all of them follow settles it, unless they may be candidates on beta.
        let all = common == Some(channel);
        let none = common.is_some() && !all && channel != "beta";
        let rows = span.filter(|_| !none).map_or(0..0, |span| self.rows_of(span));
        rows.map(|row| BuildRef { index: self, row })
            .filter(move |build| all || build.is_on(channel))
    }

    /// The builds whose ids, as numbers, lie in `ids`, sorted by id.
    pub fn find_range(
        &self,
        product: Product,
        ids: std::ops::Range<u64>,
    ) -> impl Iterator<Item = BuildRef<'_>> + Clone {
        let position = |id| self.rows.partition_point(|row| row.key < key_of(product, id));
        let first = position(ids.start);
        let end = position(ids.end).max(first);
        (first..end).map(|row| BuildRef { index: self, row })
    }

    /// Every build, sorted by product and build id.
    pub fn builds(&self) -> impl Iterator<Item = BuildRef<'_>> {
        (0..self.rows.len()).map(|row| BuildRef { index: self, row })
    }
}

fn key_of(product: Product, id: u64) -> u64 {
    // 14 digits need 47 bits.
    ((product as u64) << 48) | id.min((1 << 48) - 1)
}

fn bit_of(source: SourceName) -> u8 {
    1 << (source as u8)
}

#[cfg(test)]
mod tests;
