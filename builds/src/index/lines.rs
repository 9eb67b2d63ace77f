//! The lines of an index: for each channel, the builds that its users got, in that order, and beside them the newest
//! known build, whatever its status.

use chrono::{NaiveDate, NaiveTime};

use crate::names::build_id::BuildId;
use crate::names::channel::{Channel, Line};
use crate::names::product::Product;
use crate::names::version::{Stage, Version};

/// One build in a line: all platforms with this version and id.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineEntry {
    /// Position in `versions`: the name on the line's channel.
    pub(super) version: u32,
    /// One of the build's rows.
    pub(super) row: u32,
    pub(super) build_id: BuildId,
    /// When users of the channel could get it, in microseconds UTC.
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
    /// Adds a line, with the builds that its users got in any order, and the newest known one.
    pub(super) fn add(
        &mut self,
        (product, channel, line): (Product, &str, Line),
        mut entries: Vec<LineEntry>,
        built: Option<LineEntry>,
        versions: &[Version],
    ) {
        let on = product.channel(channel);
        let order = |entry: &LineEntry| line_order(on, &versions[entry.version as usize], entry.build_id);
        entries.sort_by(|left, right| {
            order(left)
                .cmp(&order(right))
                .then_with(|| left.out_at.cmp(&right.out_at))
        });
        // The first of equals stays: the platform released first.
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

    /// The lines, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = (Product, &str, Line)> {
        self.lines.iter().map(OneLine::name)
    }

    /// The builds that users of a line got, in that order; none if there is no such line.
    pub(super) fn entries(&self, product: Product, channel: &str, line: Line) -> &[LineEntry] {
        self.get(product, channel, line)
            .map_or(&[], |line| line.entries.as_slice())
    }

    /// The newest known build of a line, offered or not.
    pub(super) fn built(&self, product: Product, channel: &str, line: Line) -> Option<&LineEntry> {
        self.get(product, channel, line)?.built.as_ref()
    }

    fn get(&self, product: Product, channel: &str, line: Line) -> Option<&OneLine> {
        self.lines
            .binary_search_by(|other| other.name().cmp(&(product, channel, line)))
            .ok()
            .and_then(|place| self.lines.get(place))
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
    /// Whether this is another step of the line. Nightlies differ by id. Elsewhere the builds of one version are one
    /// step, since their ids can differ by platform.
    pub(super) fn differs_from(&self, version: &Version, build_id: BuildId) -> bool {
        if is_nightly(self.version) {
            build_id != self.build_id
        } else {
            version != self.version
        }
    }
}

/// Whether each build of this version is its own step in its line.
pub(super) fn is_nightly(version: &Version) -> bool {
    matches!(version.stage(), Stage::Alpha(_))
}

/// Beta, which tries candidates out, is ordered by version first: the first beta of a version is built before the last
/// candidates of the version before it.
pub(super) fn line_order(channel: &Channel, version: &Version, build_id: BuildId) -> ([u32; 8], BuildId) {
    let by_version = channel.tries.is_some();
    (if by_version { version.key() } else { [0; 8] }, build_id)
}

/// The beginning of the day, UTC: the sources give no hour.
pub(super) fn micros_of_day(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp_micros()
}
