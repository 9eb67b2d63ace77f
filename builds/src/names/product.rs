//! Products and the folders they are released under. What is particular to one stands in its [`Row`].

mod registry;
mod rows;
pub mod stated;

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use crate::names::channel::{self, Channel, Line, normalise_channel};
use crate::names::unknown_name::UnknownName;
use crate::names::version::{Stage, Version};

pub use registry::{Late, install, rows};
pub use rows::{Details, Folder, Links, Nightlies, Product, Row};
pub(crate) use rows::{GITHUB, MERCURIAL, MOZILLAS_LINKS};

/// Longer texts, in bytes, are no product's name.
const LONGEST_NAME: usize = 1024;

impl Product {
    /// Every product whose builds are looked up, in order.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        (0..=u8::MAX)
            .zip(rows())
            .filter(|(_, row)| row.look_up)
            .map(|(position, _)| Self::at(position))
    }

    /// The canonical name.
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The product of exactly this canonical name; other spellings are read by [`str::parse`].
    pub fn of_name(name: &str) -> Option<Self> {
        Self::all().find(|product| product.as_str() == name)
    }

    /// The canonical names of all products, for a sentence.
    pub fn names() -> String {
        let names: Vec<&str> = Self::all().map(Self::as_str).collect();
        names.join(", ")
    }

    /// The product whose canonical name, and a blank, a text begins with, and the rest of the text.
    pub fn at_start_of(text: &str) -> Option<(Self, &str)> {
        let begins = |product: Self| Some((product, text.strip_prefix(product.as_str())?.strip_prefix(' ')?));
        Self::all().filter_map(begins).min_by_key(|(_, rest)| rest.len())
    }

    /// Whether any source that we read knows build ids of this product.
    pub fn has_source(self) -> bool {
        self.row().has_source
    }

    /// What holds of its channel of this (normalised) name.
    pub fn channel(self, name: &str) -> &'static Channel {
        self.row().channel(name)
    }

    /// The line of `version` on its channel of this (normalised) name.
    pub fn line(self, channel: &str, version: &Version) -> Line {
        Line::of(self.channel(channel), version)
    }

    /// The channel whose users try out the candidates of `channel`.
    pub fn tried_on(self, channel: &str) -> Option<&'static str> {
        let row = self.row().channels.iter().find(|row| row.tries == Some(channel))?;
        Some(row.name)
    }

    /// The channel that a version goes to by its stage alone; empty if none of its channels has such versions.
    pub fn channel_of_stage(self, stage: Stage) -> &'static str {
        Channel::of_stage(self.row().channels, stage).map_or("", |channel| channel.name)
    }

    /// Whether an archive, and what is like Buildhub, has its builds.
    pub fn is_in_archive(self) -> bool {
        self.row().folders.iter().any(|folder| folder.in_archive)
    }

    /// Whether it has Mozilla's release process: product-details lists its releases, and what its versions, channels
    /// and candidates are called follows from that.
    pub fn has_release_process(self) -> bool {
        !self.row().details.releases.is_empty()
    }

    /// The folders that it is released under, the main one first.
    pub fn directories(self) -> impl Iterator<Item = Directory> + Clone {
        (0..=u8::MAX)
            .zip(self.row().folders)
            .map(move |(nth, _)| Directory { product: self, nth })
    }
}

impl fmt::Debug for Product {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Product {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Product {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Directory::from_str(text).map(Directory::product)
    }
}

impl Serialize for Product {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Product {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Name)
    }
}

/// Reads the canonical name of a product, as it is [stored](Product::stored).
struct Name;

impl Visitor<'_> for Name {
    type Value = Product;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a product")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Product, E> {
        Product::stored(text).map_err(E::custom)
    }
}

/// A product as release engineering names it: the folder under `/pub/` and the prefix in product-details.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Directory {
    product: Product,
    /// Which of its folders.
    nth: u8,
}

impl Directory {
    /// `firefox`
    pub const FIREFOX: Self = Self::main(Product::FIREFOX);
    /// `devedition`
    pub const DEVEDITION: Self = Self {
        product: Product::FIREFOX,
        nth: 1,
    };
    /// `thunderbird`
    pub const THUNDERBIRD: Self = Self::main(Product::THUNDERBIRD);
    /// `mobile`; `fennec` in product-details
    pub const FENNEC: Self = Self::main(Product::FENNEC);
    /// `fenix`
    pub const FENIX: Self = Self::main(Product::FENIX);
    /// `focus`
    pub const FOCUS: Self = Self::main(Product::FOCUS);

    /// The main folder of a product.
    pub const fn main(product: Product) -> Self {
        Self { product, nth: 0 }
    }

    /// Every folder that holds builds, in order.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        Product::all().flat_map(Product::directories)
    }

    /// What is particular to the folder.
    pub fn row(self) -> &'static Folder {
        &self.product.row().folders[usize::from(self.nth)]
    }

    /// The product that is released here.
    pub fn product(self) -> Product {
        self.product
    }

    /// The one channel of this folder's builds, if it has only one.
    pub fn only_channel(self) -> Option<&'static str> {
        self.row().only_channel
    }

    /// The channel to look in: the folder's only one, or else the one asked for as builds name it.
    pub fn channel(self, asked: Option<&str>) -> Option<String> {
        let only = self.only_channel().map(str::to_owned);
        only.or_else(|| asked.map(normalise_channel))
    }

    /// The folder's name under `/pub/`.
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The folder that a build of `product` on `channel` is released under, when nothing else tells. Aurora before
    /// Developer Edition (`a2`) was made of nightlies.
    pub fn of(product: Product, channel: &str) -> Self {
        product
            .directories()
            .find(|directory| directory.only_channel() == Some(channel))
            .unwrap_or(Self::main(product))
    }

    fn is_spelt(self, name: &str) -> bool {
        let mut of_product = self.product.row().spellings().filter(|_| self.nth == 0);
        self.row().is_spelt(name) || of_product.any(|spelling| is_same(spelling, name))
    }

    fn is_called(self, name: &str) -> bool {
        let row = self.row();
        std::iter::once(&row.spoken)
            .chain(row.also_called)
            .any(|called| is_same(called, name))
    }
}

/// Whether another spelling is of this name of a product: in any case.
fn is_same(one: &str, other: &str) -> bool {
    // No letter is more than three times as long in the other case; what is far longer is not looked at.
    let is_near = other.len() <= 3 * one.len();
    one.eq_ignore_ascii_case(other) || !one.is_ascii() && is_near && one.to_lowercase() == other.to_lowercase()
}

/// A text as a name, which it is without the blanks around it; empty, which no name is, if it is too long for one.
fn as_name(text: &str) -> &str {
    if text.len() <= LONGEST_NAME { text.trim() } else { "" }
}

impl fmt::Debug for Directory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.row().table_name)
    }
}

impl FromStr for Directory {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let name = as_name(text);
        Self::all()
            .find(|directory| directory.is_spelt(name))
            .ok_or_else(|| UnknownName {
                what: "product",
                text: text::cut(text.trim(), 80).to_owned(),
            })
    }
}

impl Folder {
    fn is_spelt(&self, name: &str) -> bool {
        let mut names = [self.name, self.source_name]
            .into_iter()
            .chain(self.spellings.iter().copied());
        names.any(|spelling| is_same(spelling, name))
    }
}

impl Row {
    /// What holds of the product's channel of this (normalised) name.
    pub fn channel(&self, name: &str) -> &'static Channel {
        Channel::among(self.channels, name)
    }

    fn is_called(&self, name: &str) -> bool {
        self.names().any(|called| is_same(called, name))
    }

    /// Whether sources and reports may mean it by this name.
    fn is_spelt(&self, name: &str) -> bool {
        let of_folder = |folder: &Folder| folder.is_spelt(name);
        self.is_called(name) || self.look_up && self.folders.iter().any(of_folder)
    }

    /// Whether its symbol servers are a site's choice: it is the site's own product, or its servers are not those that
    /// are built in.
    pub fn has_symbols_of_its_own(&self) -> bool {
        let built_in = rows::BUILT_IN.iter().find(|row| row.name == self.name);
        built_in.is_none_or(|built_in| built_in.symbols != self.symbols)
    }

    /// Its name, and the others that crash reports may have.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.spellings().chain(self.also_called.iter().copied())
    }
}

/// The row of a product that is known by its crashes only and carries the ids of another, in any spelling.
fn built_around_another(name: &str) -> Option<&'static Row> {
    let name = as_name(name);
    rows()
        .iter()
        .find(|row| !row.look_up && row.ids_of.is_some() && row.is_called(name))
}

/// The row of the product with this name, in any spelling that sources and reports use.
pub fn row_of(name: &str) -> Option<&'static Row> {
    row_among(rows(), name).map(|(_, row)| row)
}

/// The row of the product with this name among these, and its place, as [`row_of`].
pub fn row_among<'r>(rows: impl IntoIterator<Item = &'r Row>, name: &str) -> Option<(usize, &'r Row)> {
    let name = as_name(name);
    // No name means two products.
    rows.into_iter().enumerate().find(|(_, row)| row.is_spelt(name))
}

/// What holds of a channel, by its (normalised) name and any spelling of the product's. Products without a row are
/// taken to have the channels of Mozilla's.
pub fn channel_of(product: &str, channel: &str) -> &'static Channel {
    let channels = row_of(product).map_or(channel::MOZILLAS, |row| row.channels);
    Channel::among(channels, channel)
}

/// The channel of this name that any product has, the first one's; `None` if none has it.
pub fn any_channel(name: &str) -> Option<&'static Channel> {
    let mut all = rows().iter().flat_map(|row| row.channels);
    all.find(|channel| channel.has(name))
}

/// The name that answers have for a product, from any spelling of it; `None` where they repeat what was asked.
pub fn name_in_answers(text: &str) -> Option<&'static str> {
    match text.parse::<Product>() {
        Ok(product) => Some(product.as_str()),
        Err(_) => built_around_another(text).map(|row| row.name),
    }
}

/// The channel that versions of this stage go to, of the first product that has one; empty if none has.
pub fn any_channel_of_stage(stage: Stage) -> &'static str {
    let found = rows().iter().find_map(|row| Channel::of_stage(row.channels, stage));
    found.map_or("", |channel| channel.name)
}

/// The product with this name, in any spelling that sources, reports and people use, and the channel that may be all
/// it has.
pub fn named(text: &str) -> Option<(&'static str, &'static str)> {
    let text = as_name(text);
    let called = || Directory::all().find(|directory| directory.is_called(text));
    if let Some(directory) = text.parse().ok().or_else(called) {
        let product = directory.product();
        // The one channel of a whole product is nothing that crash reports name.
        let only = directory.only_channel().filter(|_| product.row().channels.len() > 1);
        return Some((product.as_str(), only.unwrap_or_default()));
    }
    rows().iter().find(|row| row.is_called(text)).map(|row| (row.name, ""))
}

/// The product whose build ids the crash reports of another one carry, by any known spelling of that one's name: both
/// are made of one Gecko.
pub fn ids_of(name: &str) -> Option<Product> {
    match name.parse::<Product>() {
        Ok(product) => product.row().ids_of,
        Err(_) => built_around_another(name)?.ids_of,
    }
}

/// The names of the answers about crashes under which a change of a product's build may concern crashes: its own, and
/// those of the products that carry its ids.
pub fn concerned_by(product: &str) -> impl Iterator<Item = &str> {
    let own = Product::of_name(product);
    let siblings = rows().iter().filter(move |row| own.is_some() && row.ids_of == own);
    // A product whose builds are looked up has one name in answers.
    let names = siblings.flat_map(|row| {
        let names = if row.look_up { 1 } else { usize::MAX };
        row.names().take(names)
    });
    std::iter::once(product).chain(names.map(|name: &str| name))
}

/// Whether betas of the product of exactly this name report their version without the number of the beta.
pub fn numbers_betas(name: &str) -> bool {
    Product::of_name(name).is_some_and(|product| product.row().numbered_betas)
}

/// Whether nightlies of any product are made of this branch, or once were.
pub fn is_nightly_branch(branch: &str) -> bool {
    rows().iter().map(|row| &row.nightlies).any(|nightlies| {
        nightlies.branches.contains(&branch) || nightlies.prefixes.iter().any(|start| branch.starts_with(start))
    })
}

#[cfg(test)]
mod tests;
