//! What is shown of a channel: its lines and their newest builds.

use buildinfo::lookup::ChannelNewest;
use builds::catalog::LatestBuild;
use builds::{BuildId, Status};

use crate::words::{self, Word};
use crate::{format, links};

/// Maximum lines of a channel shown: the maintained ESR ones, and the one before.
const MAX_LINES: usize = 3;

/// A product's channel with its newest builds.
#[derive(Debug)]
pub(crate) struct ChannelView {
    pub(crate) product: &'static str,
    pub(crate) channel: String,
    pub(crate) list: String,
    pub(crate) ids: String,
    /// The newest lines, the newest first.
    pub(crate) lines: Vec<LineView>,
    /// How many older lines there are.
    pub(crate) older_lines: usize,
}

/// The newest builds of a line, in two senses.
#[derive(Debug)]
pub(crate) struct LineView {
    /// The major version of an ESR; empty for a channel's only line.
    pub(crate) name: String,
    /// The newest build offered to users.
    pub(crate) offered: Option<NewestView>,
    /// The newest known build, of any status.
    pub(crate) built: Option<NewestView>,
    /// Whether both are the same.
    pub(crate) same: bool,
}

/// A build as the newest of its line.
#[derive(Debug)]
pub(crate) struct NewestView {
    pub(crate) version: String,
    pub(crate) build_id: BuildId,
    pub(crate) built: String,
    pub(crate) page: String,
    pub(crate) status: Word,
}

impl ChannelView {
    /// What is shown of a channel.
    pub(crate) fn new(newest: &ChannelNewest) -> Self {
        let (product, channel) = (newest.product.as_str(), newest.channel.as_str());
        let lines = newest.lines.iter().rev().take(MAX_LINES);
        Self {
            product,
            list: links::channel(product, channel),
            ids: text::thousands(newest.ids),
            lines: lines.map(|line| LineView::new(product, channel, line)).collect(),
            older_lines: newest.lines.len().saturating_sub(MAX_LINES),
            channel: channel.to_owned(),
        }
    }
}

impl LineView {
    fn new(product: &str, channel: &str, newest: &builds::catalog::Newest) -> Self {
        let view = |found: &Option<LatestBuild>| {
            found.as_ref().map(|found| NewestView {
                version: name_of(product, found),
                build_id: found.build.build_id,
                built: format::time(found.build.build_id.micros()),
                page: links::build_page(product, channel, found.build.build_id),
                status: words::status(&found.build.status.to_string()),
            })
        };
        let line = newest.line.to_string();
        Self {
            name: if line == "main" { String::new() } else { line },
            offered: view(&newest.offered),
            built: view(&newest.newest_built),
            same: newest.is_offered(),
        }
    }
}

/// The name that a person uses for a build: builds of a version that did not ship are distinguished from the one that
/// did by their number.
fn name_of(product: &str, found: &LatestBuild) -> String {
    let version = words::version(product, found.version.as_str());
    let has_number = found.version.candidate().is_some();
    match found.build.build_number {
        Some(number) if found.build.status != Status::Shipped && !has_number => {
            format!("{version} build {number}")
        }
        _ => version,
    }
}
