//! The contents of the lists of builds, made from plain builds.

use askama::Template;
use buildinfo::db::Generation;
use buildinfo::lookup::Silent;
use buildinfo::watch::importer::Importer;
use builds::index::BuildRef;
use builds::resolve;
use builds::{Build, BuildId, BuildIndex, Certainty, Product, Reason, Status, Version};

use crate::channel_view::{ChannelView, LineView};
use crate::words::{self, Word};
use crate::{format, links};

#[derive(Debug, Template)]
#[template(path = "builds.html")]
pub(super) struct IndexPage<'a> {
    generation: Generation,
    made: String,
    channels: &'a [ChannelView],
    alarms: usize,
    silent: Vec<Silent>,
    /// The warning that no process imports on its own, if none does.
    nobody: Option<String>,
    /// What to know where builds are not imported.
    handed_in: Option<String>,
}

impl<'a> IndexPage<'a> {
    /// `alarms` is the number of open alarms, `silent` the sources that do not answer, `importer` who imports.
    pub(super) fn new(
        generation: Generation,
        channels: &'a [ChannelView],
        alarms: usize,
        silent: Vec<Silent>,
        importer: &Importer,
    ) -> Self {
        Self {
            alarms,
            silent,
            generation,
            made: format::time(generation.created),
            channels,
            nobody: importer.warning(),
            handed_in: importer.note().map(words::sentence),
        }
    }
}

/// A build with an id requested without product and channel.
#[derive(Debug, PartialEq)]
pub(crate) struct Matching {
    pub(crate) name: String,
    pub(crate) channel: String,
    pub(crate) build_id: BuildId,
    pub(crate) page: String,
    pub(crate) status: Word,
}

impl Matching {
    /// One for each channel and version, but of products without pages.
    pub(crate) fn all(builds: &[Build]) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for build in builds.iter().filter(|build| links::has_pages(build.product)) {
            let matching = Self {
                name: format!(
                    "{} {}",
                    build.product,
                    words::version(build.product.as_str(), build.version.as_str())
                ),
                channel: build.channel.clone(),
                build_id: build.build_id,
                page: links::build_page(build.product.as_str(), &build.channel, build.build_id),
                status: words::status(&build.status.to_string()),
            };
            if !found.contains(&matching) {
                found.push(matching);
            }
        }
        found
    }
}

#[derive(Debug, Template)]
#[template(path = "builds_with_id.html")]
pub(super) struct MatchesPage {
    id: BuildId,
    built: String,
    pub(super) found: Vec<Matching>,
    crashes: String,
}

impl MatchesPage {
    pub(super) fn new(id: BuildId, found: Vec<Matching>) -> Self {
        Self {
            id,
            built: format::time(id.micros()),
            found,
            crashes: links::crashes(&[("build_id", &id.to_string())]),
        }
    }
}

/// The builds that share the requested property.
#[derive(Debug, Template)]
#[template(path = "builds_named.html")]
pub(super) struct NamedPage {
    what: &'static str,
    text: String,
    pub(super) found: Vec<Matching>,
    more: bool,
}

impl NamedPage {
    /// `text` is how the request is shown.
    pub(super) fn new(what: &'static str, text: &str, found: Vec<Matching>, more: bool) -> Self {
        Self {
            what,
            text: text::shortened(text, 100),
            found,
            more,
        }
    }
}

/// The builds of a channel that agree in everything except the platform.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) version: String,
    pub(super) build_id: BuildId,
    pub(super) page: String,
    pub(super) number: String,
    pub(super) status: Word,
    pub(super) inferred: bool,
    /// Whether only a table says so, not a source.
    pub(super) by_table: bool,
    pub(super) variant: String,
    pub(super) published: String,
    pub(super) platforms: Vec<String>,
    pub(super) revision: String,
    pub(super) revision_link: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "channel.html")]
pub(super) struct ChannelPage<'a> {
    product: &'static str,
    channel: String,
    feed: String,
    pub(super) rows: Vec<Row>,
    /// The newest builds; empty on pages of older builds.
    lines: &'a [LineView],
    newest: Option<String>,
    older: Option<String>,
}

impl<'a> ChannelPage<'a> {
    /// `index` holds the builds of the page, `view` the newest builds of the channel.
    pub(super) fn new(
        product: Product,
        channel: &str,
        beyond_newest: bool,
        index: &BuildIndex,
        more: bool,
        view: Option<&'a ChannelView>,
    ) -> Self {
        let list = links::channel(product.as_str(), channel);
        let rows = rows(product, channel, index);
        let older = rows
            .last()
            .filter(|_| more)
            .map(|last| format!("{list}?before={}", last.build_id));
        Self {
            product: product.as_str(),
            channel: channel.to_owned(),
            feed: format!("{list}/feed.atom"),
            newest: beyond_newest.then(|| list.clone()),
            lines: view
                .filter(|_| !beyond_newest)
                .map_or(&[], |view| view.lines.as_slice()),
            older,
            rows,
        }
    }
}

/// What the builds of a row agree in; rows are sorted by it, highest first.
type Same<'a> = (
    BuildId,
    &'a Version,
    &'a str,
    Status,
    Certainty,
    Option<u32>,
    Option<&'a str>,
);

fn same(build: BuildRef<'_>) -> Same<'_> {
    (
        build.build_id(),
        build.version(),
        build.variant(),
        build.status(),
        build.certainty(),
        build.build_number(),
        build.revision(),
    )
}

fn rows(product: Product, channel: &str, index: &BuildIndex) -> Vec<Row> {
    let mut builds: Vec<BuildRef<'_>> = index.builds().filter(|build| build.channel() == channel).collect();
    builds.sort_by(|a, b| same(*b).cmp(&same(*a)));
    builds
        .chunk_by(|a, b| same(*a) == same(*b))
        .filter_map(|builds| {
            let build = *builds.first()?;
            let mut platforms: Vec<String> = builds
                .iter()
                .map(|build| build.platform().to_owned())
                .filter(|name| !name.is_empty())
                .collect();
            platforms.sort();
            Some(Row {
                version: words::version(product.as_str(), build.version().as_str()),
                build_id: build.build_id(),
                page: links::build_page(product.as_str(), channel, build.build_id()),
                number: build
                    .build_number()
                    .map(|number| number.to_string())
                    .unwrap_or_default(),
                status: words::status(&build.status().to_string()),
                inferred: build.certainty() == Certainty::Inferred,
                by_table: build.reason() == Reason::InTable,
                variant: build.variant().to_owned(),
                published: builds
                    .iter()
                    .filter_map(|build| build.published_at())
                    .min()
                    .map(format::time)
                    .unwrap_or_default(),
                platforms,
                revision: build.revision().unwrap_or_default().to_owned(),
                revision_link: revision_link(build),
            })
        })
        .collect()
}

fn revision_link(build: BuildRef<'_>) -> Option<String> {
    links::changeset(
        &resolve::revision_url(build)?,
        build.product().as_str(),
        build.repository()?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::build;

    fn index(builds: &[builds::Build]) -> BuildIndex {
        BuildIndex::from_builds(1, builds).unwrap()
    }

    #[test]
    fn platforms_share_a_row_unless_they_differ_in_something_else() {
        let mut aborted = build("beta", "64.0b4", "20181025233934", "linux-x86_64");
        aborted.status = Status::Aborted;
        let index = index(&[
            build("beta", "64.0b4", "20181025233934", "win64"),
            build("beta", "64.0b4", "20181025233934", "macosx"),
            aborted,
            build("beta", "64.0b5", "20181029174105", "win64"),
            build("release", "64.0", "20181206201918", "win64"),
        ]);
        let rows = rows(Product::FIREFOX, "beta", &index);
        let found: Vec<(&str, &str, String)> = rows
            .iter()
            .map(|row| (row.version.as_str(), row.status.text, row.platforms.join(" ")))
            .collect();
        assert_eq!(
            found,
            [
                ("64.0b5", "shipped", "win64".to_owned()),
                ("64.0b4", "never shipped", "linux-x86_64".to_owned()),
                ("64.0b4", "shipped", "macosx win64".to_owned()),
            ]
        );
    }

    #[test]
    fn an_id_of_several_builds_gives_one_line_for_each() {
        let builds = [
            build("beta", "64.0b4", "20181025233934", "win64"),
            build("beta", "64.0b4", "20181025233934", "macosx"),
            build("aurora", "64.0b4", "20181025233934", "win64"),
        ];
        let found = Matching::all(&builds);
        let channels: Vec<&str> = found.iter().map(|build| build.channel.as_str()).collect();
        assert_eq!(channels, ["beta", "aurora"]);
    }
}
