//! What may be stated of products.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::form::{Stated, StatedChannel, StatedFolder, StatedLinks};
use crate::names::build_id::BuildId;
use crate::names::channel::normalise_channel;
use crate::names::product::rows::{self, BUILT_IN, Row};
use crate::names::version::Version;

/// Maximum products in a file: positions of all rows fit in a byte.
const MOST_PRODUCTS: usize = 200;
/// Maximum members of a list.
const MOST: usize = 64;
/// Maximum folders of a product.
const MOST_FOLDERS: usize = 2;
/// Maximum characters of a name.
const LONGEST_NAME: usize = 64;
/// Maximum bytes of an address or a template.
const LONGEST_ADDRESS: usize = 2000;
/// What names may have beside letters and digits.
const IN_NAMES: &str = " -_.+'()&:!,";
/// What addresses of pages about builds have where others have the name of a product.
const PAGES: [&str; 3] = ["audit", "runs", "unknown"];
/// What templates about a repository may have filled in, beside what is particular to one.
const OF_REPOSITORY: &[&str] = &["repository", "tree"];

/// A stated row that cannot be: which one, what of it, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("product {nth} ({name:?}), {key}: {why}")]
pub struct Wrong {
    /// Which of the stated products, from 1.
    pub nth: usize,
    /// Its name, cut.
    pub name: String,
    /// The key, as `channels[2].line`.
    pub key: String,
    /// What is wrong with its value, and what is wanted.
    pub why: String,
}

/// What is wrong with a key.
type Fault = (String, String);

fn fault<T>(key: impl Into<String>, why: impl Into<String>) -> Result<T, Fault> {
    Err((key.into(), why.into()))
}

fn wrong(nth: usize, stated: &Stated, (key, why): Fault) -> Wrong {
    Wrong {
        nth: nth + 1,
        name: text::cut(&stated.name, LONGEST_NAME).to_owned(),
        key,
        why,
    }
}

/// Checks each row, with no more than the names of all channels from the others.
pub(super) fn each(stated: &[Stated]) -> Result<(), Wrong> {
    let built_in = BUILT_IN.iter().flat_map(|row| row.channels).map(|channel| channel.name);
    let own = stated.iter().filter_map(|one| one.channels.as_deref()).flatten();
    let own = own.map(|channel| channel.name.as_str());
    let channels: BTreeSet<&str> = built_in.chain(own).chain([rows::ONLY_CHANNEL]).collect();
    for (nth, one) in stated.iter().enumerate() {
        let sound = if nth < MOST_PRODUCTS {
            row(one).and_then(|()| names_nothing_else(one, &channels))
        } else {
            fault("name", format!("a file has at most {MOST_PRODUCTS} products"))
        };
        sound.map_err(|fault| wrong(nth, one, fault))?;
    }
    Ok(())
}

/// Checks that each name means one product.
pub(super) fn together(stated: &[Stated], rows: &[Row]) -> Result<(), Wrong> {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    let is_stated = |row: &&Row| stated.iter().any(|one| one.name == row.name);
    // Those that are built in came first, so that the fault is found in what the file states.
    let (ours, others): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(is_stated);
    for row in others {
        for (_, name) in names(row) {
            owners.insert(name.to_lowercase(), row.name);
        }
    }
    for row in ours {
        for (key, name) in names(row) {
            let owner = *owners.entry(name.to_lowercase()).or_insert(row.name);
            if owner != row.name {
                let nth = stated.iter().position(|one| one.name == row.name).unwrap_or(0);
                let mut why = format!("{name:?} is {owner}'s already");
                if rows::folder_name(row.name) == rows::folder_name(owner) {
                    why += "; in names of products a blank and '-' are the same";
                }
                let fault = (key.to_owned(), why);
                return Err(wrong(nth, &stated[nth], fault));
            }
        }
    }
    for (nth, one) in stated.iter().enumerate() {
        if stated.iter().take(nth).any(|before| before.name == one.name) {
            let fault = ("name".to_owned(), "another product of the file has it".to_owned());
            return Err(wrong(nth, one, fault));
        }
    }
    Ok(())
}

/// Every name that means the product, with the key that states it.
fn names(row: &Row) -> impl Iterator<Item = (&'static str, &'static str)> {
    let of = |key: &'static str| move |name: &&'static str| (key, *name);
    let own = std::iter::once(("name", row.name));
    let own = own.chain(row.aliases.iter().map(of("aliases")));
    let own = own.chain(row.also_called.iter().map(of("also_called")));
    own.chain(row.folders.iter().flat_map(move |folder| {
        let names = [folder.name, folder.source_name, folder.spoken].into_iter();
        let more = folder.spellings.iter().chain(folder.also_called).copied();
        // A folder that nobody stated is called after the product.
        let key = if folder.in_archive { "folders" } else { "name" };
        names.chain(more).map(move |name| (key, name))
    }))
}

fn row(stated: &Stated) -> Result<(), Fault> {
    name("name", &stated.name)?;
    let first = stated.name.split(' ').next().unwrap_or_default();
    if first.eq_ignore_ascii_case("file") {
        return fault("name", "it must not begin with the word \"file\"");
    }
    let built_in = BUILT_IN.iter().find(|row| row.name == stated.name);
    for (key, names) in [("aliases", &stated.aliases), ("also_called", &stated.also_called)] {
        each_text(key, names.as_deref(), name)?;
    }
    each_text("nightly_branches", stated.nightly_branches.as_deref(), plain)?;
    each_text("packages", stated.packages.as_deref(), plain)?;
    each_text("symbols", stated.symbols.as_deref(), symbols)?;
    if let Some(other) = &stated.ids_of
        && !BUILT_IN.iter().any(|row| row.look_up && row.name == other)
    {
        return fault("ids_of", "it must be the name of a product that is built in");
    }
    if let Some(bugs) = &stated.bugs {
        template("bugs", bugs, &["product", "version", "signature", "crash_id"])?;
    }
    if let Some(channels) = &stated.channels {
        if channels.is_empty() && built_in.is_some() {
            return fault("channels", "name at least one, or leave it out");
        }
        each_of("channels", Some(channels), |key, one| channel(key, one, channels))?;
    }
    if stated
        .folders
        .as_ref()
        .is_some_and(|folders| folders.len() > MOST_FOLDERS)
    {
        return fault("folders", format!("there can be at most {MOST_FOLDERS}"));
    }
    each_of("folders", stated.folders.as_deref(), |key, one| {
        folder(key, one, stated)
    })?;
    if built_in.is_some_and(|row| row.look_up) && stated.folders.as_ref().is_some_and(Vec::is_empty) {
        return fault("folders", "name at least one, or leave it out");
    }
    each_of("links", stated.links.as_deref(), links)
}

/// Checks that no name of a product is what else can stand where names of products do.
fn names_nothing_else(stated: &Stated, channels: &BTreeSet<&str>) -> Result<(), Fault> {
    let check = |key: &str, name: &str| {
        let lower = name.to_lowercase();
        let why = if PAGES.contains(&lower.as_str()) {
            format!("/builds/{lower} is the address of another page")
        } else if channels.contains(lower.as_str()) {
            format!("{name:?} is the name of a channel")
        } else if name.parse::<BuildId>().is_ok() {
            format!("{name:?} reads like the id of a build")
        } else if name.parse::<Version>().is_ok() {
            format!("{name:?} reads like a version")
        } else {
            return Ok(());
        };
        fault(key, format!("{why}, so no product can be called so"))
    };
    check("name", &stated.name)?;
    each_text("aliases", stated.aliases.as_deref(), check)?;
    each_text("also_called", stated.also_called.as_deref(), check)
}

/// Checks a list and each of its members, which are counted from 1.
fn each_of<T>(key: &str, members: Option<&[T]>, check: impl Fn(&str, &T) -> Result<(), Fault>) -> Result<(), Fault> {
    let members = members.unwrap_or_default();
    if members.len() > MOST {
        return fault(key, format!("there can be at most {MOST}"));
    }
    for (nth, member) in members.iter().enumerate() {
        check(&format!("{key}[{}]", nth + 1), member)?;
    }
    Ok(())
}

/// [`each_of`], for texts.
fn each_text(
    key: &str,
    members: Option<&[String]>,
    check: impl Fn(&str, &str) -> Result<(), Fault>,
) -> Result<(), Fault> {
    each_of(key, members, |key, text| check(key, text))
}

fn name(key: &str, text: &str) -> Result<(), Fault> {
    let of_its_kind = |character: char| character.is_alphanumeric() || IN_NAMES.contains(character);
    let sound = !text.is_empty()
        && text.chars().count() <= LONGEST_NAME
        && text.trim() == text
        && !text.contains("  ")
        // There, a question for crashes has the sign that turns it round.
        && !text.starts_with('!')
        && text.chars().all(of_its_kind)
        && text.chars().any(char::is_alphanumeric);
    if sound {
        return Ok(());
    }
    fault(
        key,
        format!(
            "a name has 1 to {LONGEST_NAME} letters, digits, single blanks and any of -_.+'()&:!, with no blank at its \
             ends and no ! at its beginning"
        ),
    )
}

/// A name of small letters, digits, `.`, `_` and `-`, as folders have it.
fn folder_name(key: &str, text: &str) -> Result<(), Fault> {
    let of_its_kind = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    let begins = text
        .as_bytes()
        .first()
        .is_some_and(|first| first.is_ascii_alphanumeric());
    if begins && text.len() <= LONGEST_NAME && text.bytes().all(of_its_kind) {
        return Ok(());
    }
    fault(
        key,
        format!(
            "it has 1 to {LONGEST_NAME} small letters, digits, '.', '_' and '-', and begins with one of the first two"
        ),
    )
}

/// A text in one line, without blanks.
fn plain(key: &str, text: &str) -> Result<(), Fault> {
    let sound = !text.is_empty() && text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if sound {
        return Ok(());
    }
    fault(key, "it has 1 to 200 visible ASCII characters, and no blanks")
}

fn channel(key: &str, stated: &StatedChannel, all: &[StatedChannel]) -> Result<(), Fault> {
    let name = stated.name.as_str();
    folder_name(&format!("{key}.name"), name)?;
    if normalise_channel(name) != name {
        return fault(
            format!("{key}.name"),
            "what partners append to channels is no part of a channel's name",
        );
    }
    if all.iter().filter(|other| other.name == name).count() > 1 {
        return fault(format!("{key}.name"), "another channel of the product has it");
    }
    if let Some(tries) = &stated.tries
        && (tries == name || !all.iter().any(|other| other.name == *tries))
    {
        return fault(format!("{key}.tries"), "it must be another channel of the product");
    }
    if stated.official && stated.suffixes {
        return fault(
            format!("{key}.suffixes"),
            "only a channel that is not official can have suffixes",
        );
    }
    Ok(())
}

fn folder(key: &str, stated: &StatedFolder, product: &Stated) -> Result<(), Fault> {
    folder_name(&format!("{key}.name"), &stated.name)?;
    if let Some(source_name) = &stated.source_name {
        folder_name(&format!("{key}.source_name"), source_name)?;
    }
    each_text(&format!("{key}.aliases"), Some(&stated.aliases), name)?;
    each_text(&format!("{key}.also_called"), Some(&stated.also_called), name)?;
    for (member, text) in [("title", &stated.title), ("table_name", &stated.table_name)] {
        if let Some(text) = text {
            name(&format!("{key}.{member}"), text)?;
        }
    }
    if let Some(only) = &stated.only_channel {
        let channels = channels_of(product);
        if !channels.contains(&only.as_str()) {
            let why = format!("it must be a channel of the product: {}", channels.join(", "));
            return fault(format!("{key}.only_channel"), why);
        }
    }
    Ok(())
}

/// The names of the channels that a product will have.
fn channels_of(product: &Stated) -> Vec<&str> {
    let built_in = BUILT_IN.iter().find(|row| row.name == product.name);
    match (product.channels.as_deref(), built_in) {
        (Some(stated @ [_, ..]), _) => stated.iter().map(|channel| channel.name.as_str()).collect(),
        (_, Some(row)) => row.channels.iter().map(|channel| channel.name).collect(),
        (_, None) => vec![rows::ONLY_CHANNEL],
    }
}

fn links(key: &str, stated: &StatedLinks) -> Result<(), Fault> {
    let key_of = |member: &str| format!("{key}.{member}");
    address(&key_of("repository"), &stated.repository)?;
    if let Some(folder) = &stated.source_folder
        && (folder.is_empty() || folder.len() > LONGEST_ADDRESS || folder.contains(char::is_control))
    {
        return fault(key_of("source_folder"), "it must be the path of a folder");
    }
    for (member, text, filled) in [
        ("source", &stated.source, &["revision", "path", "line"][..]),
        ("revision", &stated.revision, &["revision"]),
        ("changes", &stated.changes, &["from", "to"]),
    ] {
        if let Some(text) = text {
            let filled: Vec<&str> = OF_REPOSITORY.iter().chain(filled).copied().collect();
            template(&key_of(member), text, &filled)?;
        }
    }
    Ok(())
}

fn web_address(text: &str) -> bool {
    let url = Url::parse(text).ok();
    let is_web = |url: Url| matches!(url.scheme(), "http" | "https") && url.username().is_empty();
    text.len() <= LONGEST_ADDRESS && text.bytes().all(|byte| byte.is_ascii_graphic()) && url.is_some_and(is_web)
}

fn address(key: &str, text: &str) -> Result<(), Fault> {
    if web_address(text) {
        return Ok(());
    }
    fault(key, "it must be a web address: https://…, without blanks and users")
}

fn symbols(key: &str, text: &str) -> Result<(), Fault> {
    let is_folder = || Url::parse(text).is_ok_and(|url| url.scheme() == "file" && url.to_file_path().is_ok());
    if web_address(text) || is_folder() {
        return Ok(());
    }
    fault(
        key,
        "it must be https://server, http://server within your own network, or file:///folder, without blanks and users",
    )
}

/// Checks a template: an address in which these names stand in braces.
fn template(key: &str, text: &str, names: &[&str]) -> Result<(), Fault> {
    let with = |value: &str| {
        names.iter().fold(text.to_owned(), |filled, name| {
            let is_address = *name == "repository";
            let value = if is_address { "https://a.example/b" } else { value };
            filled.replace(&format!("{{{name}}}"), value)
        })
    };
    let filled = with("0");
    if filled.contains(['{', '}']) {
        let known: Vec<String> = names.iter().map(|name| format!("{{{name}}}")).collect();
        return fault(key, format!("in braces can stand {}", known.join(", ")));
    }
    address(key, &filled)?;
    let server = |address: &str| Url::parse(address).ok().map(|url| url.origin());
    if server(&filled) != server(&with("1")) {
        return fault(key, "what is filled in cannot be a part of the server's name");
    }
    Ok(())
}
