//! One build as the index keeps it.

use std::num::NonZeroU32;

use chrono::NaiveDate;

use crate::build::{Certainty, Reason, Status};
use crate::index::sources::SourceSet;
use crate::names::product::Product;

/// One build: positions in the index's tables of texts, and plain numbers. The line follows from channel and version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Product and build id, see [`key_of`]: what rows are sorted by first.
    pub(super) key: u64,
    /// [`UNKNOWN_TIME`] if not known.
    pub(super) published_at: i64,
    pub(super) channel: u32,
    pub(super) version: u32,
    pub(super) platform: u32,
    pub(super) variant: u32,
    pub(super) offered_on: u32,
    /// Position of the empty text if not known, as in the next.
    pub(super) revision: u32,
    pub(super) repository: u32,
    /// Build numbers begin with 1.
    pub(super) build_number: Option<NonZeroU32>,
    /// The part of the URL that many builds share is among the texts, the rest among the URLs.
    pub(super) url_start: u32,
    pub(super) url_rest: u32,
    pub(super) evidence: u32,
    pub(super) shipped_on: Option<NaiveDate>,
    pub(super) url_length: u16,
    pub(super) evidence_count: u16,
    pub(super) sources: SourceSet,
    pub(super) product: Product,
    pub(super) status: Status,
    pub(super) certainty: Certainty,
    pub(super) reason: Reason,
}

/// The rows of a key. It tells their channel too, so that most look-ups are answered without touching the rows, which
/// lie anywhere in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) first: u32,
    /// [`MANY_ROWS`] stands for that many or more.
    pub(super) count: u16,
    /// Position among the channels; [`SEVERAL_CHANNELS`] if the rows follow more than one.
    pub(super) channel: u16,
}

/// From this count on, the rows of a key are counted by looking at them.
pub(super) const MANY_ROWS: u16 = u16::MAX;
/// Stands for more than one channel.
pub(super) const SEVERAL_CHANNELS: u16 = u16::MAX;

/// What nearly all URLs have in common ends with this.
pub(super) const SHARED_URL_END: &str = "/pub/";
/// Stands for "no time" in a row: far before any.
pub(super) const UNKNOWN_TIME: i64 = i64::MIN;

/// The number that rows are sorted by: product first, then build id.
pub(super) fn key_of(product: Product, id: u64) -> u64 {
    // 14 digits need 47 bits.
    (u64::from(product.position()) << 48) | id.min((1 << 48) - 1)
}
