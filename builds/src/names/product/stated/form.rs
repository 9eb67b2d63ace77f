//! What can be stated of a product, and rows in that form.

use serde::{Deserialize, Serialize};

use crate::names::channel::{Channel, Lines, Publisher, Versions};
use crate::names::product::rows::{Folder, Links, Row};

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
