//! The queries on an index: the builds with an id, and the order of a line's builds.

use crate::build::{Reason, Status};
use crate::index::build_ref::{BuildRef, InLine};
use crate::index::lines::{LineEntry, Place, is_nightly, line_order};
use crate::index::row::{MANY_ROWS, Span, key_of};
use crate::index::tables::Tables;
use crate::names::build_id::BuildId;
use crate::names::channel::Line;
use crate::names::product::Product;
use crate::names::version::Version;

/// Maximum entries of one version examined to find one for the same platform.
const PLATFORM_SEARCH: usize = 64;

/// An immutable snapshot of the builds of one generation.
#[derive(Debug, Default)]
pub struct BuildIndex {
    pub(super) generation: i64,
    pub(super) tables: Tables,
}

impl BuildIndex {
    /// The generation that was loaded.
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// The number of builds, counting each platform.
    pub fn len(&self) -> usize {
        self.tables.rows.len()
    }

    /// Whether it holds no builds.
    pub fn is_empty(&self) -> bool {
        self.tables.rows.is_empty()
    }

    /// Whether it holds any build of `product`.
    pub fn knows(&self, product: Product) -> bool {
        let first = self.tables.rows.partition_point(|row| row.key < key_of(product, 0));
        self.tables.rows.get(first).is_some_and(|row| row.product == product)
    }

    /// The builds with this id, sorted by channel, version, platform and variant.
    pub fn find(&self, product: Product, build_id: BuildId) -> impl Iterator<Item = BuildRef<'_>> + Clone {
        let rows = self.span(product, build_id).map_or(0..0, |span| self.rows_of(span));
        rows.map(|row| self.build(row))
    }

    fn span(&self, product: Product, build_id: BuildId) -> Option<Span> {
        let key = key_of(product, build_id.as_u64());
        self.tables.spans.get(&key).copied()
    }

    fn rows_of(&self, span: Span) -> std::ops::Range<usize> {
        let first = span.first as usize;
        if span.count < MANY_ROWS {
            return first..first + usize::from(span.count);
        }
        let rows = self.tables.rows.get(first..).unwrap_or_default();
        let key = rows.first().map(|row| row.key);
        first..first + rows.partition_point(|row| Some(row.key) <= key)
    }

    /// The builds with this id that can be requested on this channel, in the order of [`Self::find`]: the channel's
    /// own, and on beta the releases that are its candidates. Allocates nothing.
    pub fn find_on(
        &self,
        product: Product,
        channel: &str,
        build_id: BuildId,
    ) -> impl Iterator<Item = BuildRef<'_>> + Clone {
        let span = self.span(product, build_id);
        let common = span
            .and_then(|span| self.tables.channels.get(usize::from(span.channel)))
            .map(|channel| self.tables.texts.get(*channel));
        // A common channel decides for all rows, unless they may be candidates on beta.
        let all = common == Some(channel);
        let none = common.is_some() && !all && product.channel(channel).tries.is_none();
        let rows = span.filter(|_| !none).map_or(0..0, |span| self.rows_of(span));
        rows.map(|row| self.build(row))
            .filter(move |build| all || build.is_on(channel))
    }

    /// The builds whose numeric ids lie in `ids`, sorted by id.
    pub fn find_range(
        &self,
        product: Product,
        ids: std::ops::Range<u64>,
    ) -> impl Iterator<Item = BuildRef<'_>> + Clone {
        let position = |id| self.tables.rows.partition_point(|row| row.key < key_of(product, id));
        let first = position(ids.start);
        let end = position(ids.end).max(first);
        (first..end).map(|row| self.build(row))
    }

    /// Every build, sorted by product and build id.
    pub fn builds(&self) -> impl Iterator<Item = BuildRef<'_>> {
        (0..self.tables.rows.len()).map(|row| self.build(row))
    }

    /// The lines that have builds, sorted.
    pub fn lines(&self) -> impl Iterator<Item = (Product, &str, Line)> {
        self.tables.lines.names()
    }

    /// The newest build offered to users of a line: of the builds they got that were not withdrawn, the one with the
    /// highest version, and within a version the highest build id. None if they got none.
    pub fn offered(&self, product: Product, channel: &str, line: Line) -> Option<InLine<'_>> {
        self.tables
            .lines
            .entries(product, channel, line)
            .iter()
            .map(|entry| self.in_line(entry))
            .filter(|entry| {
                let lost = entry.build.reason() == Reason::OtherBuildShipped;
                !lost && !matches!(entry.build.status(), Status::Aborted | Status::Pulled)
            })
            .max_by_key(|entry| (entry.version.key(), entry.build.build_id()))
    }

    /// The newest known build on a line, whatever its status: the one with the highest build id. Builds for partners
    /// and tests do not count.
    pub fn newest_built(&self, product: Product, channel: &str, line: Line) -> Option<InLine<'_>> {
        let built = self.tables.lines.built(product, channel, line)?;
        Some(self.in_line(built))
    }

    /// The build that users of the line had before: the last of an earlier version that they were offered, or for
    /// nightlies the one with the previous id. For a finished version this is the candidate that shipped: no source
    /// says that users got the others. A build for the same platform as one of `like` is preferred.
    pub fn previous(&self, place: &Place<'_>, like: &[BuildRef<'_>]) -> Option<InLine<'_>> {
        let entries = self.tables.lines.entries(place.product, place.channel, place.line);
        let before = entries.get(..self.position(entries, place))?;
        let first = before.iter().rposition(|entry| {
            place.differs_from(self.entry_version(entry), entry.build_id) && self.was_offered_before(place, entry)
        })?;
        let candidates = before.get(..=first)?;
        let newest = candidates.last()?;
        let same_version = candidates
            .iter()
            .rev()
            .take(PLATFORM_SEARCH)
            .take_while(|entry| entry.version == newest.version);
        let shared = same_version.clone().find(|entry| {
            self.find(place.product, entry.build_id)
                .any(|build| like.iter().any(|own| own.platform() == build.platform()))
        });
        Some(self.in_line(shared.unwrap_or(newest)))
    }

    /// How many newer versions of the line (for nightlies, newer builds) were out at `time` (microseconds UTC). `None`
    /// if the line has no builds at all.
    pub fn newer(&self, place: &Place<'_>, time: i64) -> Option<usize> {
        let entries = self.tables.lines.entries(place.product, place.channel, place.line);
        if entries.is_empty() {
            return None;
        }
        let newer = entries.get(self.position(entries, place)..)?;
        let mut counted: Vec<(u32, Option<BuildId>)> = newer
            .iter()
            .filter(|entry| entry.out_at <= time && place.differs_from(self.entry_version(entry), entry.build_id))
            .map(|entry| {
                (
                    entry.version,
                    is_nightly(self.entry_version(entry)).then_some(entry.build_id),
                )
            })
            .collect();
        counted.sort_unstable();
        counted.dedup();
        Some(counted.len())
    }

    /// The builds of a line from the newest to the oldest.
    pub fn in_order(&self, product: Product, channel: &str, line: Line) -> impl Iterator<Item = InLine<'_>> {
        self.tables
            .lines
            .entries(product, channel, line)
            .iter()
            .rev()
            .map(|entry| self.in_line(entry))
    }

    /// Whether users of the line are taken to have had the build before they came to `place`.
    fn was_offered_before(&self, place: &Place<'_>, entry: &LineEntry) -> bool {
        let InLine { version, build } = self.in_line(entry);
        let is_other_version = version.number() != place.version.number();
        match build.status() {
            Status::Aborted | Status::Pulled => false,
            Status::Candidate => !(is_other_version && build.reason() == Reason::OtherBuildShipped),
            _ => true,
        }
    }

    fn position(&self, entries: &[LineEntry], place: &Place<'_>) -> usize {
        let channel = place.product.channel(place.channel);
        let own = line_order(channel, place.version, place.build_id);
        entries.partition_point(|entry| line_order(channel, self.entry_version(entry), entry.build_id) < own)
    }

    fn entry_version(&self, entry: &LineEntry) -> &Version {
        &self.tables.versions[entry.version as usize]
    }

    fn in_line(&self, entry: &LineEntry) -> InLine<'_> {
        InLine {
            version: self.entry_version(entry),
            build: self.build(entry.row as usize),
        }
    }

    fn build(&self, row: usize) -> BuildRef<'_> {
        BuildRef {
            tables: &self.tables,
            row,
        }
    }
}
