//! Every build in memory: what look-ups are answered from.
//!
//! An index never changes; a newer generation is another index. Texts are kept once each, rows are sorted by (product, build id), and a
//! look-up is one probe of a table of numbers that allocates nothing.

mod build_ref;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;

use chrono::{NaiveDate, NaiveTime};

use crate::build::{Build, Certainty, Reason, Status};
use crate::build_id::BuildId;
use crate::observation::{Digest, SourceName};
use crate::product::{Line, Product};
use crate::version::{Stage, Version};

pub use build_ref::BuildRef;

/// How many entries of one version are looked at to find one for the same platform.
const PLATFORM_SEARCH: usize = 64;

/// An immutable snapshot of the builds of one generation.
#[derive(Debug, Default)]
pub struct BuildIndex {
    generation: i64,
    /// Sorted by key, channel, version, platform and variant.
    rows: Vec<Row>,
    /// Where the rows of a key begin.
    starts: HashMap<u64, u32>,
    texts: Vec<Box<str>>,
    versions: Vec<Version>,
    urls: String,
    evidence: Vec<Digest>,
    lines: BTreeMap<(Product, Box<str>, Line), Vec<LineEntry>>,
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

/// What nearly all URLs have in common ends with this.
const SHARED_URL_END: &str = "/pub/";
/// Stands for "no time" in a row: far before any.
const UNKNOWN_TIME: i64 = i64::MIN;

/// One build in a line: all platforms with this version and id.
#[derive(Debug, Clone, Copy)]
struct LineEntry {
    /// Position in `versions`: the name on the line's channel.
    version: u32,
    /// One of the build's rows.
    row: u32,
    build_id: BuildId,
    /// When users of the channel could have it, in microseconds UTC.
    out_at: i64,
}

/// More builds, or longer texts, than the index can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the index is full")]
pub struct IndexFull;

impl BuildIndex {
    /// An index of `builds`.
    ///
    /// # Errors
    /// [`IndexFull`] beyond four thousand million bytes of texts.
    pub fn from_builds<'a>(
        generation: i64,
        builds: impl IntoIterator<Item = &'a Build>,
    ) -> Result<Self, IndexFull> {
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
        let first = self
            .rows
            .partition_point(|row| row.key < key_of(product, 0));
        self.rows
            .get(first)
            .is_some_and(|row| row.product == product)
    }

    /// The builds with this id, sorted by channel, version, platform and variant.
    pub fn find(
        &self,
        product: Product,
        build_id: BuildId,
    ) -> impl Iterator<Item = BuildRef<'_>> + Clone {
        let key = key_of(product, build_id.as_u64());
        let first = self
            .starts
            .get(&key)
            .map_or(self.rows.len(), |start| *start as usize);
        let rows = self.rows.get(first..).unwrap_or_default();
        let found = rows.iter().take_while(move |row| row.key == key);
        found.enumerate().map(move |(offset, _)| BuildRef {
            index: self,
            row: first + offset,
        })
    }

    /// The builds whose ids, as numbers, lie in `ids`, sorted by id.
    pub fn find_range(
        &self,
        product: Product,
        ids: std::ops::Range<u64>,
    ) -> impl Iterator<Item = BuildRef<'_>> + Clone {
        let position = |id| {
            self.rows
                .partition_point(|row| row.key < key_of(product, id))
        };
        let first = position(ids.start);
        let end = position(ids.end).max(first);
        (first..end).map(|row| BuildRef { index: self, row })
    }

    /// Every build, sorted by product and build id.
    pub fn builds(&self) -> impl Iterator<Item = BuildRef<'_>> {
        (0..self.rows.len()).map(|row| BuildRef { index: self, row })
    }

    /// The lines that have builds, sorted.
    pub fn lines(&self) -> impl Iterator<Item = (Product, &str, Line)> {
        self.lines
            .keys()
            .map(|(product, channel, line)| (*product, channel.as_ref(), *line))
    }

    /// The newest build of a line: on beta the one with the highest version, elsewhere the one with the highest build id.
    pub fn latest(&self, product: Product, channel: &str, line: Line) -> Option<InLine<'_>> {
        self.line(product, channel, line)
            .last()
            .map(|entry| self.in_line(entry))
    }

    /// The build that users of the line had before: the last of an earlier version, or for nightlies the one with the id before.
    /// A build for the platform of one of `like` is preferred.
    pub fn previous(&self, place: &Place<'_>, like: &[BuildRef<'_>]) -> Option<InLine<'_>> {
        let entries = self.line(place.product, place.channel, place.line);
        let before = entries.get(..self.position(entries, place))?;
        let first = before
            .iter()
            .rposition(|entry| place.differs_from(self.entry_version(entry), entry.build_id))?;
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

    /// How many newer versions of the line, or for nightlies how many newer builds, were out at `time` (microseconds UTC).
    /// `None` if the line has no builds at all.
    pub fn newer(&self, place: &Place<'_>, time: i64) -> Option<usize> {
        let entries = self.line(place.product, place.channel, place.line);
        if entries.is_empty() {
            return None;
        }
        let newer = entries.get(self.position(entries, place)..)?;
        let mut counted: Vec<(u32, Option<BuildId>)> = newer
            .iter()
            .filter(|entry| {
                entry.out_at <= time
                    && place.differs_from(self.entry_version(entry), entry.build_id)
            })
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
    pub fn in_order(
        &self,
        product: Product,
        channel: &str,
        line: Line,
    ) -> impl Iterator<Item = InLine<'_>> {
        self.line(product, channel, line)
            .iter()
            .rev()
            .map(|entry| self.in_line(entry))
    }

    fn line(&self, product: Product, channel: &str, line: Line) -> &[LineEntry] {
        self.lines
            .get(&(product, Box::from(channel), line))
            .map_or(&[], Vec::as_slice)
    }

    fn position(&self, entries: &[LineEntry], place: &Place<'_>) -> usize {
        let own = line_order(place.channel, place.version, place.build_id);
        entries.partition_point(|entry| {
            line_order(place.channel, self.entry_version(entry), entry.build_id) < own
        })
    }

    fn entry_version(&self, entry: &LineEntry) -> &Version {
        &self.versions[entry.version as usize]
    }

    fn in_line(&self, entry: &LineEntry) -> InLine<'_> {
        InLine {
            version: self.entry_version(entry),
            build: BuildRef {
                index: self,
                row: entry.row as usize,
            },
        }
    }
}

/// A build's place in a line.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The product.
    pub product: Product,
    /// The channel whose line it is.
    pub channel: &'a str,
    /// The line.
    pub line: Line,
    /// The build's name on that channel.
    pub version: &'a Version,
    /// Its id.
    pub build_id: BuildId,
}

impl Place<'_> {
    /// Nightlies differ by id. Elsewhere the builds of one version are one step, since their ids can differ by platform.
    fn differs_from(&self, version: &Version, build_id: BuildId) -> bool {
        if is_nightly(self.version) {
            build_id != self.build_id
        } else {
            version != self.version
        }
    }
}

fn is_nightly(version: &Version) -> bool {
    matches!(version.stage(), Stage::Alpha(_))
}

/// Beta is ordered by version first: the first beta of a version is built before the last candidates of the version before it.
fn line_order(channel: &str, version: &Version, build_id: BuildId) -> ([u32; 8], BuildId) {
    (
        if channel == "beta" {
            version.key()
        } else {
            [0; 8]
        },
        build_id,
    )
}

fn key_of(product: Product, id: u64) -> u64 {
    // 14 digits need 47 bits.
    ((product as u64) << 48) | id.min((1 << 48) - 1)
}

/// A build in a line, under its name there.
#[derive(Debug, Clone, Copy)]
pub struct InLine<'a> {
    /// The version on the line's channel.
    pub version: &'a Version,
    /// The build, for one of its platforms.
    pub build: BuildRef<'a>,
}

fn bit_of(source: SourceName) -> u8 {
    1 << (source as u8)
}

/// Takes builds one by one, in any order, so that a load needs no second copy of them.
#[derive(Debug)]
pub struct IndexBuilder {
    index: BuildIndex,
    texts: HashMap<Box<str>, u32>,
    versions: HashMap<Box<str>, u32>,
}

impl IndexBuilder {
    /// An empty index of `generation`.
    pub fn new(generation: i64) -> Self {
        let index = BuildIndex {
            generation,
            ..BuildIndex::default()
        };
        Self {
            index,
            texts: HashMap::new(),
            versions: HashMap::new(),
        }
    }

    /// Adds a build.
    ///
    /// # Errors
    /// [`IndexFull`] when a text or their sum is too long, or there are too many builds.
    pub fn push(&mut self, build: &Build) -> Result<(), IndexFull> {
        u32::try_from(self.index.rows.len()).map_err(|_| IndexFull)?;
        let url = build.archive_url.as_deref().unwrap_or_default();
        let (shared, rest) = url.split_at(
            url.find(SHARED_URL_END)
                .map_or(0, |at| at + SHARED_URL_END.len()),
        );
        let row = Row {
            key: key_of(build.product, build.build_id.as_u64()),
            published_at: build.published_at.unwrap_or(UNKNOWN_TIME),
            channel: self.text(&build.channel)?,
            version: self.version(&build.version)?,
            platform: self.text(&build.platform)?,
            variant: self.text(&build.variant)?,
            offered_on: self.text(&build.offered_on.join(","))?,
            revision: self.text(build.revision.as_deref().unwrap_or_default())?,
            repository: self.text(build.repository.as_deref().unwrap_or_default())?,
            build_number: build.build_number.and_then(NonZeroU32::new),
            url_start: self.text(shared)?,
            url_rest: u32::try_from(self.index.urls.len()).map_err(|_| IndexFull)?,
            evidence: u32::try_from(self.index.evidence.len()).map_err(|_| IndexFull)?,
            shipped_on: build.shipped_on,
            url_length: u16::try_from(rest.len()).map_err(|_| IndexFull)?,
            evidence_count: u16::try_from(build.evidence.len()).map_err(|_| IndexFull)?,
            sources: build
                .sources
                .iter()
                .fold(0, |set, source| set | bit_of(*source)),
            product: build.product,
            status: build.status,
            certainty: build.certainty,
            reason: build.reason,
        };
        self.index.urls.push_str(rest);
        self.index.evidence.extend_from_slice(&build.evidence);
        self.index.rows.push(row);
        Ok(())
    }

    /// Sorts what was added.
    pub fn finish(mut self) -> BuildIndex {
        let BuildIndex {
            rows,
            texts,
            versions,
            starts,
            ..
        } = &mut self.index;
        let name = |row: &Row| {
            (
                &texts[row.channel as usize],
                &versions[row.version as usize],
                &texts[row.platform as usize],
                &texts[row.variant as usize],
            )
        };
        rows.sort_unstable_by(|left, right| {
            left.key
                .cmp(&right.key)
                .then_with(|| name(left).cmp(&name(right)))
        });
        for (position, row) in (0..).zip(rows.iter()) {
            starts.entry(row.key).or_insert(position);
        }
        self.add_lines();
        self.index.rows.shrink_to_fit();
        self.index.urls.shrink_to_fit();
        self.index.evidence.shrink_to_fit();
        self.index
    }

    /// Every build stands in the line of each channel that got it.
    fn add_lines(&mut self) {
        let mut lines: BTreeMap<(Product, Box<str>, Line), Vec<LineEntry>> = BTreeMap::new();
        for row in 0..self.index.rows.len() {
            let build = BuildRef {
                index: &self.index,
                row,
            };
            if build.status() == Status::Variant || !build.variant().is_empty() {
                continue;
            }
            let (product, line, build_id, own_version) = (
                build.product(),
                build.line(),
                build.build_id(),
                build.get().version,
            );
            let uploaded = build.published_at().unwrap_or_else(|| build_id.micros());
            let shipped = build.shipped_on().map_or(uploaded, micros_of_day);
            let candidate = build.release_candidate();
            let channels: Vec<(Box<str>, bool)> = build
                .offered_on()
                .map(|channel| (Box::from(channel), channel == build.channel()))
                .collect();
            // The row count was checked to fit when the row was added.
            let row = u32::try_from(row).unwrap_or(u32::MAX);
            for (channel, is_own) in channels {
                let named = (!is_own && *channel == *"beta")
                    .then_some(candidate.as_ref())
                    .flatten();
                let Ok(version) = named.map_or(Ok(own_version), |version| self.version(version))
                else {
                    continue;
                };
                let out_at = if is_own { shipped } else { uploaded };
                lines
                    .entry((product, channel, line))
                    .or_default()
                    .push(LineEntry {
                        version,
                        row,
                        build_id,
                        out_at,
                    });
            }
        }
        for ((_, channel, _), entries) in &mut lines {
            let versions = &self.index.versions;
            entries.sort_by(|left, right| {
                let order = |entry: &LineEntry| {
                    line_order(channel, &versions[entry.version as usize], entry.build_id)
                };
                order(left)
                    .cmp(&order(right))
                    .then_with(|| left.out_at.cmp(&right.out_at))
            });
            // The first of equals stays: the platform that was out first.
            entries.dedup_by_key(|entry| (entry.version, entry.build_id));
            entries.shrink_to_fit();
        }
        self.index.lines = lines;
    }

    fn text(&mut self, text: &str) -> Result<u32, IndexFull> {
        if let Some(position) = self.texts.get(text) {
            return Ok(*position);
        }
        let position = u32::try_from(self.index.texts.len()).map_err(|_| IndexFull)?;
        self.index.texts.push(text.into());
        self.texts.insert(text.into(), position);
        Ok(position)
    }

    fn version(&mut self, version: &Version) -> Result<u32, IndexFull> {
        if let Some(position) = self.versions.get(version.as_str()) {
            return Ok(*position);
        }
        let position = u32::try_from(self.index.versions.len()).map_err(|_| IndexFull)?;
        self.index.versions.push(version.clone());
        self.versions.insert(version.as_str().into(), position);
        Ok(position)
    }
}

/// The beginning of the day, UTC: the sources name no hour.
fn micros_of_day(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp_micros()
}

#[cfg(test)]
mod tests;
