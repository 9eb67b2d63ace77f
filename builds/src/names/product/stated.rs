//! Rows of products as a site states them in a file, and as they are shown: the same form for those that are built in.
//!
//! A stated row changes what it names of the row with that name, or is a product of the site's own. What nobody states
//! of an own product is absent: it has no links, no symbol servers, no packages, no folder in an archive.

mod check;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::registry;
use super::rows::{self, BUILT_IN, Folder, Links, Nightlies, Product, Row};
use crate::names::channel::{Channel, Lines, Publisher, Versions};

pub use check::Wrong;

/// What is stated of a product; what is left out stays as it is built in, or is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The name, as crash reports have it.
    pub name: String,
    /// Other names, which crash reports, questions and sources may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aliases: Option<Vec<String>>,
    /// What people call it beside that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also_called: Option<Vec<String>>,
    /// Whether its builds are looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_up: Option<bool>,
    /// Whether its betas report their version without the number of the beta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbered_betas: Option<bool>,
    /// The product whose build ids its crash reports carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids_of: Option<String>,
    /// The branches that its nightlies are made of, as they stand in the names of the archive's folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nightly_branches: Option<Vec<String>>,
    /// Its Android packages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Vec<String>>,
    /// Whether throttling rules that take the reports of certain products only, and name none, take its.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported: Option<bool>,
    /// The servers that are asked for its symbols.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbols: Option<Vec<String>>,
    /// Where a bug about a crash is entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bugs: Option<String>,
    /// Its channels, in the order of lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<StatedChannel>>,
    /// Its folders in the archive, the main one first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folders: Option<Vec<StatedFolder>>,
    /// Where its source and its changes can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Vec<StatedLinks>>,
}

/// What is stated of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedChannel {
    /// Its name, in lower case.
    pub name: String,
    /// In which lines its builds follow one another: all in `one`, or those of each `major` version.
    #[serde(default = "one_line")]
    pub line: Lines,
    /// What its versions look like.
    #[serde(default = "any_versions")]
    pub versions: Versions,
    /// The channel whose candidates its users try out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<String>,
    /// Whether a release process publishes builds on it; `false` of local builds and the like.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub official: bool,
    /// Whether channels that go on after the name with `-` are the same; only of those that are not official.
    #[serde(default, skip_serializing_if = "is_no")]
    pub suffixes: bool,
}

/// What is stated of a folder in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedFolder {
    /// Its name under `/pub/`.
    pub name: String,
    /// The product's name in Buildhub; the folder's name if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_name: Option<String>,
    /// Further names that sources and clients use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What people call what lies in it; the product's name if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What people call it beside that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_called: Vec<String>,
    /// The product's name in tables of versions; its own name if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_name: Option<String>,
    /// The one channel of what lies in it, if it has only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_channel: Option<String>,
}

/// Templates of links about what lies in some repositories; see [`Links`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedLinks {
    /// What the addresses of these repositories begin with.
    pub repository: String,
    /// The folder that the source lay in when it was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_folder: Option<String>,
    /// A line of a source file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// A revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The changes between two revisions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<String>,
}

fn one_line() -> Lines {
    Lines::One
}

fn any_versions() -> Versions {
    Versions::Any
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_yes(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_no(value: &bool) -> bool {
    !*value
}

/// The rows that hold with what a site states: those that are built in, changed by what is stated of them, and its own
/// in the order in which they are stated.
///
/// # Errors
/// The first thing that cannot be.
pub fn with(stated: &[Stated]) -> Result<Vec<Row>, Wrong> {
    check::each(stated)?;
    let mut rows: Vec<Row> = BUILT_IN.to_vec();
    for one in stated {
        match rows.iter_mut().find(|row| row.name == one.name) {
            Some(row) => *row = changed(*row, one),
            None => rows.push(own(one)),
        }
    }
    check::together(stated, &rows)?;
    Ok(rows)
}

/// The rows in force, in the form of a file.
pub fn in_force() -> Vec<Stated> {
    registry::rows().iter().map(Stated::from).collect()
}

/// The products whose builds come out otherwise than by the rows that are built in, by name, each with
/// what makes them so: what is derived again when a file of products has changed.
pub fn peculiar() -> BTreeMap<&'static str, Value> {
    // What only shows or fetches something changes no build.
    let derives = |row: &Row| Stated {
        also_called: None,
        numbered_betas: None,
        packages: None,
        symbols: None,
        supported: None,
        bugs: None,
        links: None,
        ..Stated::from(row)
    };
    let mut usual = BUILT_IN.iter();
    let peculiar = registry::rows().iter().filter_map(|row| {
        let stated = derives(row);
        let is_usual = usual.next().is_some_and(|usual| derives(usual) == stated);
        // Plain data with text keys always has a JSON form.
        (!is_usual).then(|| (row.name, serde_json::to_value(&stated).unwrap_or_default()))
    });
    peculiar.collect()
}

/// A product of the site's own, of which all is absent that is not stated.
fn own(stated: &Stated) -> Row {
    let mut row = changed(rows::own(kept(&stated.name)), stated);
    let channels = stated.channels.as_deref().unwrap_or_default();
    row.folders = slice(row.folders.iter().map(|folder| {
        Folder {
            only_channel: match channels {
                [] => Some(rows::ONLY_CHANNEL),
                _ => folder
                    .only_channel
                    .filter(|only| channels.iter().any(|one| one.name == *only)),
            },
            ..*folder
        }
    }));
    if !row.look_up {
        row.folders = &[];
    }
    row
}

/// The row with what is stated in place of what it had.
fn changed(mut row: Row, stated: &Stated) -> Row {
    if let Some(channels) = stated.channels.as_ref().filter(|channels| !channels.is_empty()) {
        row.channels = slice(channels.iter().map(channel));
    }
    if let Some(folders) = stated.folders.as_ref().filter(|folders| !folders.is_empty()) {
        row.folders = slice(folders.iter().map(|folder| archive_folder(folder, row.name)));
    }
    let branches = stated.nightly_branches.as_deref().map(texts);
    if let Some(branches) = branches.filter(|branches| *branches != row.nightlies.branches) {
        let made = row.channels.iter().find(|channel| channel.versions == Versions::Alphas);
        row.nightlies = Nightlies {
            present: slice(made.map(|channel| (channel.name, branches))),
            branches,
            prefixes: &[],
        };
    }
    if let Some(links) = &stated.links {
        row.links = slice(links.iter().map(links_of));
    }
    if let Some(other) = &stated.ids_of {
        row.ids_of = position(other);
    }
    row.aliases = stated.aliases.as_deref().map_or(row.aliases, texts);
    row.also_called = stated.also_called.as_deref().map_or(row.also_called, texts);
    row.packages = stated.packages.as_deref().map_or(row.packages, texts);
    row.supported = stated.supported.unwrap_or(row.supported);
    row.symbols = stated.symbols.as_deref().map_or(row.symbols, texts);
    row.bugs = stated.bugs.as_deref().map(kept).or(row.bugs);
    let was_looked_up = row.look_up && !row.is_own;
    row.look_up = stated.look_up.unwrap_or(row.look_up);
    row.numbered_betas = stated.numbered_betas.unwrap_or(row.numbered_betas);
    if row.look_up && row.folders.is_empty() {
        row.folders = slice([rows::no_folder(row.name)]);
    }
    // Somebody or something will tell of its builds.
    row.has_source = row.look_up && (row.has_source || !was_looked_up);
    row
}

/// The built-in product of this name; the rows in force must not be read before there are any.
fn position(name: &str) -> Option<Product> {
    let position = BUILT_IN.iter().position(|row| row.name == name)?;
    Some(Product::at(u8::try_from(position).ok()?))
}

fn channel(stated: &StatedChannel) -> Channel {
    Channel {
        name: kept(&stated.name),
        publisher: match (stated.official, stated.suffixes) {
            (true, _) => Publisher::Process,
            (false, false) => Publisher::Nobody,
            (false, true) => Publisher::NobodyOnAnyWith,
        },
        lines: stated.line,
        versions: stated.versions,
        tries: stated.tries.as_deref().map(kept),
    }
}

fn archive_folder(stated: &StatedFolder, product: &'static str) -> Folder {
    let name = kept(&stated.name);
    Folder {
        name,
        source_name: stated.source_name.as_deref().map_or(name, kept),
        spellings: texts(&stated.aliases),
        spoken: stated.title.as_deref().map_or(product, kept),
        also_called: texts(&stated.also_called),
        table_name: stated.table_name.as_deref().map_or(product, kept),
        only_channel: stated.only_channel.as_deref().map(kept),
        in_archive: true,
    }
}

fn links_of(stated: &StatedLinks) -> Links {
    Links {
        repository: kept(&stated.repository),
        source_folder: stated.source_folder.as_deref().map(kept),
        source: stated.source.as_deref().map(kept),
        revision: stated.revision.as_deref().map(kept),
        changes: stated.changes.as_deref().map(kept),
    }
}

/// A text that stays for as long as the program runs, as rows do.
fn kept(text: &str) -> &'static str {
    text.to_owned().leak()
}

fn texts(texts: &[String]) -> &'static [&'static str] {
    slice(texts.iter().map(|text| kept(text)))
}

fn slice<T>(items: impl IntoIterator<Item = T>) -> &'static [T] {
    items.into_iter().collect::<Vec<T>>().leak()
}

impl From<&Row> for Stated {
    fn from(row: &Row) -> Self {
        let texts = |texts: &[&str]| Some(texts.iter().map(|&text| text.to_owned()).collect());
        let text = |text: Option<&str>| text.map(str::to_owned);
        let in_archive = row.folders.iter().filter(|folder| folder.in_archive);
        Self {
            name: row.name.to_owned(),
            aliases: texts(row.aliases),
            also_called: texts(row.also_called),
            look_up: Some(row.look_up),
            numbered_betas: Some(row.numbered_betas),
            ids_of: row.ids_of.map(|other| other.as_str().to_owned()),
            nightly_branches: texts(row.nightlies.branches),
            packages: texts(row.packages),
            supported: Some(row.supported),
            symbols: texts(row.symbols),
            bugs: text(row.bugs),
            channels: Some(row.channels.iter().map(StatedChannel::from).collect()),
            folders: Some(in_archive.map(|folder| StatedFolder::of(folder, row.name)).collect()),
            links: Some(row.links.iter().map(StatedLinks::from).collect()),
        }
    }
}

impl From<&Channel> for StatedChannel {
    fn from(channel: &Channel) -> Self {
        Self {
            name: channel.name.to_owned(),
            line: channel.lines,
            versions: channel.versions,
            tries: channel.tries.map(str::to_owned),
            official: channel.is_official(),
            suffixes: channel.publisher == Publisher::NobodyOnAnyWith,
        }
    }
}

impl StatedFolder {
    fn of(folder: &Folder, product: &str) -> Self {
        let unless = |text: &str, usual: &str| (text != usual).then(|| text.to_owned());
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Self {
            name: folder.name.to_owned(),
            source_name: unless(folder.source_name, folder.name),
            aliases: texts(folder.spellings),
            title: unless(folder.spoken, product),
            also_called: texts(folder.also_called),
            table_name: unless(folder.table_name, product),
            only_channel: folder.only_channel.map(str::to_owned),
        }
    }
}

impl From<&Links> for StatedLinks {
    fn from(links: &Links) -> Self {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Self {
            repository: links.repository.to_owned(),
            source_folder: text(links.source_folder),
            source: text(links.source),
            revision: text(links.revision),
            changes: text(links.changes),
        }
    }
}
