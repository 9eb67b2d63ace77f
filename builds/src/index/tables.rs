//! What an index holds.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::index::lines::Lines;
use crate::index::row::{Row, Span};
use crate::index::sources::Sources;
use crate::index::texts::Texts;
use crate::names::version::Version;
use crate::said::observation::Digest;

/// The rows of an index, and the tables that they point into.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Sorted by key, channel, version, platform and variant.
    pub(super) rows: Vec<Row>,
    /// Where the rows of a key lie.
    pub(super) spans: HashMap<u64, Span, RandomState>,
    /// The channels that spans name, as positions of texts.
    pub(super) channels: Vec<u32>,
    pub(super) texts: Texts,
    pub(super) versions: Vec<Version>,
    pub(super) urls: String,
    pub(super) evidence: Vec<Digest>,
    pub(super) lines: Lines,
    /// Those that the rows rest on.
    pub(super) sources: Sources,
}
