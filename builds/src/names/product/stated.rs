//! Rows of products as a site states them in a file, and as they are shown: the same form for those that are built in.
//!
//! A stated row changes what it names of the row with that name, or is a product of the site's own. What nobody states
//! of an own product is absent: it has no links, no symbol servers, no packages, no folder in an archive.

mod check;
mod form;

use std::collections::BTreeMap;

use serde_json::Value;

use super::registry;
use super::rows::{self, BUILT_IN, Folder, Links, Nightlies, Product, Row};
use crate::names::channel::{Channel, Publisher, Versions};

pub use check::Wrong;
pub use form::{Stated, StatedChannel, StatedFolder, StatedLinks};

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
