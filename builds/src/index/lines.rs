//! The lines of an index: for each channel, the builds that its users got, in the order in which they got them, and
//! beside them the newest build that is known, whatever became of it.

use chrono::{NaiveDate, NaiveTime};

use super::{BuildIndex, BuildRef};
use crate::build::{Reason, Status};
use crate::names::build_id::BuildId;
use crate::names::product::{Line, Product};
use crate::names::version::{Stage, Version};

/// How many entries of one version are looked at to find one for the same platform.
const PLATFORM_SEARCH: usize = 64;

/// One build in a line: all platforms with this version and id.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineEntry {
    /// Position in `versions`: the name on the line's channel.
    pub(super) version: u32,
    /// One of the build's rows.
    pub(super) row: u32,
    pub(super) build_id: BuildId,
    /// When users of the channel could have it, in microseconds UTC.
    pub(super) out_at: i64,
}

/// The builds of every line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Sorted by product, channel and line.
    lines: Vec<OneLine>,
}

#[derive(Debug)]
struct OneLine {
    product: Product,
    channel: Box<str>,
    line: Line,
    entries: Vec<LineEntry>,
    /// The newest build of the line, offered or not.
    built: Option<LineEntry>,
}

impl OneLine {
    fn name(&self) -> (Product, &str, Line) {
        (self.product, &self.channel, self.line)
    }
}

impl Lines {
    /// Adds a line, with the builds that its users got in any order, and the newest one that is known.
    pub(super) fn add(
        &mut self,
        (product, channel, line): (Product, &str, Line),
        mut entries: Vec<LineEntry>,
        built: Option<LineEntry>,
        versions: &[Version],
    ) {
        let order = |entry: &LineEntry| line_order(channel, &versions[entry.version as usize], entry.build_id);
        entries.sort_by(|left, right| {
            order(left)
                .cmp(&order(right))
                .then_with(|| left.out_at.cmp(&right.out_at))
        });
        // The first of equals stays: the platform that was out first.
        entries.dedup_by_key(|entry| (entry.version, entry.build_id));
        entries.shrink_to_fit();
        let place = self
            .lines
            .partition_point(|other| other.name() < (product, channel, line));
        let channel = channel.into();
        let line = OneLine {
            product,
            channel,
            line,
            entries,
            built,
        };
        self.lines.insert(place, line);
    }

    fn names(&self) -> impl Iterator<Item = (Product, &str, Line)> {
        self.lines.iter().map(OneLine::name)
    }

    fn get(&self, product: Product, channel: &str, line: Line) -> Option<&OneLine> {
        self.lines
            .binary_search_by(|other| other.name().cmp(&(product, channel, line)))
            .ok()
            .and_then(|place| self.lines.get(place))
    }
}

impl BuildIndex {
    /// The lines that have builds, sorted.
    pub fn lines(&self) -> impl Iterator<Item = (Product, &str, Line)> {
        self.lines.names()
    }

    /// The newest build that users of a line are offered: of those that they got and that were not taken back, the one
    /// with the highest version, and of one version the one with the highest build id. None if they got none.
    pub fn offered(&self, product: Product, channel: &str, line: Line) -> Option<InLine<'_>> {
        self.line(product, channel, line)
            .iter()
            .map(|entry| self.in_line(entry))
            .filter(|entry| {
                let lost = entry.build.reason() == Reason::OtherBuildShipped;
                !lost && !matches!(entry.build.status(), Status::Aborted | Status::Pulled)
            })
            .max_by_key(|entry| (entry.version.key(), entry.build.build_id()))
    }

    /// The newest build that is known on a line, whatever became of it: the one with the highest build id. Builds for
    /// partners and tests do not count.
    pub fn newest_built(&self, product: Product, channel: &str, line: Line) -> Option<InLine<'_>> {
        let built = self.lines.get(product, channel, line)?.built.as_ref()?;
        Some(self.in_line(built))
    }

    /// The build that users of the line had before: the last of an earlier version that they were offered, or for
    /// nightlies the one with the id before. Of a version that is over, that is the candidate that shipped: of the
    /// others nobody says that users got them. A build for the platform of one of `like` is preferred.
    pub fn previous(&self, place: &Place<'_>, like: &[BuildRef<'_>]) -> Option<InLine<'_>> {
        let entries = self.line(place.product, place.channel, place.line);
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

    /// How many newer versions of the line, or for nightlies how many newer builds, were out at `time` (microseconds
    /// UTC). `None` if the line has no builds at all.
    pub fn newer(&self, place: &Place<'_>, time: i64) -> Option<usize> {
        let entries = self.line(place.product, place.channel, place.line);
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
        self.line(product, channel, line)
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

    fn line(&self, product: Product, channel: &str, line: Line) -> &[LineEntry] {
        self.lines
            .get(product, channel, line)
            .map_or(&[], |line| line.entries.as_slice())
    }

    fn position(&self, entries: &[LineEntry], place: &Place<'_>) -> usize {
        let own = line_order(place.channel, place.version, place.build_id);
        entries.partition_point(|entry| line_order(place.channel, self.entry_version(entry), entry.build_id) < own)
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
    /// Nightlies differ by id. Elsewhere the builds of one version are one step, since their ids can differ by
    /// platform.
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

/// Beta is ordered by version first: the first beta of a version is built before the last candidates of the version
/// before it.
fn line_order(channel: &str, version: &Version, build_id: BuildId) -> ([u32; 8], BuildId) {
    (if channel == "beta" { version.key() } else { [0; 8] }, build_id)
}

/// A build in a line, under its name there.
#[derive(Debug, Clone, Copy)]
pub struct InLine<'a> {
    /// The version on the line's channel.
    pub version: &'a Version,
    /// The build, for one of its platforms.
    pub build: BuildRef<'a>,
}

/// The beginning of the day, UTC: the sources name no hour.
pub(super) fn micros_of_day(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp_micros()
}
