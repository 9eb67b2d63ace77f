//! Building an index.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZeroU32;

use foldhash::fast::RandomState;

use crate::build::{Build, Status};
use crate::index::build_index::BuildIndex;
use crate::index::build_ref::BuildRef;
use crate::index::lines::{LineEntry, micros_of_day};
use crate::index::row::{MANY_ROWS, Row, SEVERAL_CHANNELS, SHARED_URL_END, Span, UNKNOWN_TIME, key_of};
use crate::index::tables::Tables;
use crate::index::texts::{IndexFull, Positions};
use crate::names::channel::Line;
use crate::names::product::Product;
use crate::names::version::Version;

/// Maximum channels that spans can name.
const NAMED_CHANNELS: usize = 64;

/// The builds of one line while it is assembled.
#[derive(Debug, Default)]
struct LineBuilds {
    /// The builds that its users got.
    offered: Vec<LineEntry>,
    /// The newest build, with its status.
    newest: Option<(LineEntry, Status)>,
}

impl LineBuilds {
    /// Takes a build into account: of one id, the highest version is the newest; of one version, the best status.
    fn see(&mut self, entry: LineEntry, status: Status, versions: &[Version]) {
        let is_newer = self.newest.is_none_or(|(newest, its_status)| {
            let version = |entry: LineEntry| versions.get(entry.version as usize);
            entry
                .build_id
                .cmp(&newest.build_id)
                .then_with(|| version(entry).cmp(&version(newest)))
                .then_with(|| its_status.cmp(&status))
                .is_gt()
        });
        if is_newer {
            self.newest = Some((entry, status));
        }
    }
}

/// Takes builds one by one, in any order, so that loading needs no second copy of them.
#[derive(Debug)]
pub struct IndexBuilder {
    generation: i64,
    tables: Tables,
    texts: Positions,
    versions: Positions,
}

impl IndexBuilder {
    /// An empty index of `generation`.
    pub fn new(generation: i64) -> Self {
        Self {
            generation,
            tables: Tables::default(),
            texts: Positions::default(),
            versions: Positions::default(),
        }
    }

    /// Adds a build.
    ///
    /// # Errors
    /// [`IndexFull`] if a text or the sum of texts is too long, or there are too many builds.
    pub fn push(&mut self, build: &Build) -> Result<(), IndexFull> {
        u32::try_from(self.tables.rows.len()).map_err(|_| IndexFull)?;
        let url = build.archive_url.as_deref().unwrap_or_default();
        let (shared, rest) = url.split_at(url.find(SHARED_URL_END).map_or(0, |at| at + SHARED_URL_END.len()));
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
            url_rest: u32::try_from(self.tables.urls.len()).map_err(|_| IndexFull)?,
            evidence: u32::try_from(self.tables.evidence.len()).map_err(|_| IndexFull)?,
            shipped_on: build.shipped_on,
            url_length: u16::try_from(rest.len()).map_err(|_| IndexFull)?,
            evidence_count: u16::try_from(build.evidence.len()).map_err(|_| IndexFull)?,
            sources: self.tables.sources.set(&build.sources)?,
            product: build.product,
            status: build.status,
            certainty: build.certainty,
            reason: build.reason,
        };
        self.tables.urls.push_str(rest);
        self.tables.evidence.extend_from_slice(&build.evidence);
        self.tables.rows.push(row);
        Ok(())
    }

    /// Sorts the added builds into an index.
    pub fn finish(mut self) -> BuildIndex {
        let Tables {
            rows,
            texts,
            versions,
            spans,
            channels,
            ..
        } = &mut self.tables;
        let name = |row: &Row| {
            (
                texts.get(row.channel),
                &versions[row.version as usize],
                texts.get(row.platform),
                texts.get(row.variant),
            )
        };
        rows.sort_unstable_by(|left, right| left.key.cmp(&right.key).then_with(|| name(left).cmp(&name(right))));
        spans.reserve(rows.chunk_by(|left, right| left.key == right.key).count());
        // A source may report any number of channels; only this many are named.
        for row in rows.iter() {
            if channels.len() == NAMED_CHANNELS {
                break;
            }
            if !channels.contains(&row.channel) {
                channels.push(row.channel);
            }
        }
        let mut first = 0_u32;
        for same in rows.chunk_by(|left, right| left.key == right.key) {
            let Some(row) = same.first() else { continue };
            let channel = if same.iter().all(|other| other.channel == row.channel) {
                channels.iter().position(|channel| *channel == row.channel)
            } else {
                None
            };
            let span = Span {
                first,
                count: u16::try_from(same.len()).unwrap_or(MANY_ROWS),
                channel: channel
                    .and_then(|channel| u16::try_from(channel).ok())
                    .unwrap_or(SEVERAL_CHANNELS),
            };
            spans.insert(row.key, span);
            // The row count was checked to fit when the rows were added.
            first = first.saturating_add(u32::try_from(same.len()).unwrap_or(u32::MAX));
        }
        self.add_lines();
        self.tables.rows.shrink_to_fit();
        self.tables.texts.shrink_to_fit();
        self.tables.urls.shrink_to_fit();
        self.tables.evidence.shrink_to_fit();
        BuildIndex {
            generation: self.generation,
            tables: self.tables,
        }
    }

    /// Puts every build in the line of each channel that got it, and the newest build of each own channel in its line
    /// whatever its status.
    fn add_lines(&mut self) {
        let mut lines: HashMap<(Product, u32, Line), LineBuilds, RandomState> = HashMap::default();
        // The channels behind each text of `offered_on`.
        let mut offers: HashMap<u32, Vec<u32>, RandomState> = HashMap::default();
        for row in 0..self.tables.rows.len() {
            let build = BuildRef {
                tables: &self.tables,
                row,
            };
            if build.status() == Status::Variant || !build.variant().is_empty() {
                continue;
            }
            let Row {
                offered_on,
                channel: own_channel,
                version: own_version,
                ..
            } = *build.get();
            let (product, line, build_id) = (build.product(), build.line(), build.build_id());
            let uploaded = build.published_at().unwrap_or_else(|| build_id.micros());
            let shipped = build.shipped_on().map_or(uploaded, micros_of_day);
            let (candidate, status) = (build.release_candidate(), build.status());
            if let Entry::Vacant(offer) = offers.entry(offered_on) {
                let names: Vec<String> = build.offered_on().map(str::to_owned).collect();
                let channels = names.iter().filter_map(|name| self.text(name).ok());
                offer.insert(channels.collect());
            }
            // The row count was checked to fit when the row was added.
            let row = u32::try_from(row).unwrap_or(u32::MAX);
            let built = LineEntry {
                version: own_version,
                row,
                build_id,
                out_at: uploaded,
            };
            lines
                .entry((product, own_channel, line))
                .or_default()
                .see(built, status, &self.tables.versions);
            for channel in offers.get(&offered_on).into_iter().flatten().copied() {
                let is_own = channel == own_channel;
                let named = candidate
                    .as_ref()
                    .filter(|_| !is_own && product.channel(self.tables.texts.get(channel)).tries.is_some());
                let Ok(version) = named.map_or(Ok(own_version), |version| self.version(version)) else {
                    continue;
                };
                let out_at = if is_own { shipped } else { uploaded };
                let entry = LineEntry {
                    version,
                    row,
                    build_id,
                    out_at,
                };
                let builds = lines.entry((product, channel, line)).or_default();
                builds.offered.push(entry);
                if !is_own {
                    builds.see(entry, status, &self.tables.versions);
                }
            }
        }
        let Tables {
            texts,
            versions,
            lines: sorted,
            ..
        } = &mut self.tables;
        for ((product, channel, line), builds) in lines {
            let newest = builds.newest.map(|(entry, _)| entry);
            let name = (product, texts.get(channel), line);
            sorted.add(name, builds.offered, newest, versions);
        }
    }

    fn text(&mut self, text: &str) -> Result<u32, IndexFull> {
        let Self { tables, texts, .. } = self;
        texts.of(text, || tables.texts.push(text))
    }

    fn version(&mut self, version: &Version) -> Result<u32, IndexFull> {
        let Self { tables, versions, .. } = self;
        versions.of(version.as_str(), || {
            let position = u32::try_from(tables.versions.len()).map_err(|_| IndexFull)?;
            tables.versions.push(version.clone());
            Ok(position)
        })
    }
}

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
}
