//! One folder of the archive, in the formats of both listing services: the former one (Go) and its replacement (Flask).

use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, NaiveDateTime, Utc};
use percent_encoding::percent_decode_str;
use scraper::{ElementRef, Html, Selector};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Maximum folders, and maximum files, of one JSON listing.
const MAX_ENTRIES: usize = 1_000_000;
/// Maximum length of a name in bytes.
const MAX_NAME: usize = 1024;
/// Maximum tags of an HTML listing: each row has 12.
const MAX_TAGS: usize = 600_000;
/// Maximum tags of an HTML listing outside rows. Parsing time can grow with the square of the nesting depth, and rows
/// do not nest.
const MAX_OTHER_TAGS: usize = 200;
/// The headings of the table's four columns.
const HEADINGS: [&str; 4] = ["Type", "Name", "Size", "Last Modified"];

/// What lies directly in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Names of folders, without a slash.
    pub folders: Vec<String>,
    /// Files, without the nameless entry that can stand for the folder itself.
    pub files: Vec<FileEntry>,
    /// The number of entries omitted because their names cannot be part of an address.
    pub unusable: usize,
}

/// A file in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its name, without the folder.
    pub name: String,
    /// Its exact size in bytes; none where the listing rounds it.
    pub size: Option<u64>,
    /// When the object was last written. Moving the archive to another store rewrote many of these, so it does not date
    /// a build.
    pub last_modified: Option<DateTime<Utc>>,
}

/// Why an answer is not a listing. Such an answer never counts as an empty folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAListing {
    /// The answer is empty.
    #[error("an empty answer")]
    Empty,
    /// JSON that does not parse, or has other members.
    #[error("no JSON listing: {problem} at line {line}, column {column}")]
    Json {
        /// The kind of fault: syntax or data.
        problem: &'static str,
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault.
        column: usize,
    },
    /// JSON without folders and files.
    #[error("a JSON document that lists neither folders nor files")]
    OtherJson,
    /// Bytes that are not UTF-8.
    #[error("neither JSON nor text")]
    NotText,
    /// A page without the listing's table.
    #[error("a page that is no listing: {0}")]
    OtherPage(&'static str),
    /// An inconsistent row of the table.
    #[error("row {row} of the listing: {problem}")]
    Row {
        /// Which row, from 1.
        row: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Listing {
    /// Parses the listing of the folder at `folder_path` (absolute, ending in a slash) in either format.
    ///
    /// # Errors
    /// See [`NotAListing`].
    pub fn parse(bytes: &[u8], folder_path: &str) -> Result<Self, NotAListing> {
        match bytes.trim_ascii_start().first() {
            None => Err(NotAListing::Empty),
            Some(b'{') => Self::parse_json(bytes),
            Some(_) => {
                let page = std::str::from_utf8(bytes).map_err(|_| NotAListing::NotText)?;
                Self::parse_html(page, folder_path)
            }
        }
    }

    /// Parses the answer to `Accept: application/json`.
    ///
    /// # Errors
    /// See [`NotAListing`].
    pub fn parse_json(bytes: &[u8]) -> Result<Self, NotAListing> {
        let document: Document = serde_json::from_slice(bytes).map_err(|error| NotAListing::Json {
            problem: match error.classify() {
                serde_json::error::Category::Data => "unexpected data",
                serde_json::error::Category::Eof => "it is cut off",
                serde_json::error::Category::Syntax | serde_json::error::Category::Io => "not JSON",
            },
            line: error.line(),
            column: error.column(),
        })?;
        if document.prefixes.is_none() && document.files.is_none() {
            return Err(NotAListing::OtherJson);
        }
        let mut listing = Self::default();
        for prefix in document.prefixes.map_or_else(Vec::new, |list| list.0) {
            listing.add_folder(base_name(&prefix));
        }
        for file in document.files.map_or_else(Vec::new, |list| list.0) {
            let last_modified = file
                .last_modified
                .as_str()
                .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
                .map(|time| time.to_utc());
            listing.add_file(&file.name, file.size.as_u64(), last_modified);
        }
        Ok(listing)
    }

    /// Parses the HTML page.
    ///
    /// # Errors
    /// See [`NotAListing`].
    pub fn parse_html(page: &str, folder_path: &str) -> Result<Self, NotAListing> {
        check_tags(page)?;
        let document = Html::parse_document(page);
        let table = document
            .select(&selector("table"))
            .find(|table| {
                let headings: Vec<String> = table.select(&selector("th")).map(text_of).collect();
                headings == HEADINGS
            })
            .ok_or(NotAListing::OtherPage("it has no table of files"))?;
        let (cell, link) = (selector("td"), selector("a[href]"));
        let mut listing = Self::default();
        for (position, row) in table.select(&selector("tr")).enumerate() {
            let cells: Vec<ElementRef<'_>> = row.select(&cell).collect();
            if cells.is_empty() {
                continue;
            }
            let wrong = |problem| NotAListing::Row { row: position, problem };
            let [kind, name, size, modified] = cells.as_slice() else {
                return Err(wrong("it has not four cells"));
            };
            let anchor = name.select(&link).next().ok_or_else(|| wrong("it links to nothing"))?;
            let name = anchor.text().collect::<String>();
            if name == ".." {
                continue;
            }
            let address = anchor.attr("href").unwrap_or_default();
            if !leads_to(address, &name, folder_path) {
                return Err(wrong("its link leads to something else than its name"));
            }
            match text_of(*kind).as_str() {
                "Dir" => listing.add_folder(name.strip_suffix('/').unwrap_or(&name)),
                "File" => {
                    let modified = NaiveDateTime::parse_from_str(&text_of(*modified), "%d-%b-%Y %H:%M");
                    let size = text_of(*size).parse().ok();
                    listing.add_file(&name, size, modified.ok().map(|time| time.and_utc()));
                }
                _ => return Err(wrong("it is neither of a folder nor of a file")),
            }
        }
        Ok(listing)
    }

    fn add_folder(&mut self, name: &str) {
        if is_name(name) {
            self.folders.push(name.to_owned());
        } else {
            self.unusable += 1;
        }
    }

    fn add_file(&mut self, name: &str, size: Option<u64>, last_modified: Option<DateTime<Utc>>) {
        if is_name(name) {
            self.files.push(FileEntry {
                name: name.to_owned(),
                size,
                last_modified,
            });
        } else if !name.is_empty() {
            self.unusable += 1;
        }
    }
}

/// Whether `name` can be one segment of an address.
fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && name.len() <= MAX_NAME && !name.chars().any(|c| c == '/' || c.is_control())
}

/// The last segment of a path, whether or not it ends in a slash.
fn base_name(path: &str) -> &str {
    let path = path.strip_suffix('/').unwrap_or(path);
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Whether `address` is that of `name` in the folder. Services differ in what they escape with `%`, so both are
/// compared unescaped. Anything before the folder's own name is ignored: a mirror can have its own prefix.
fn leads_to(address: &str, name: &str, folder_path: &str) -> bool {
    let plain = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let (address, name) = (plain(address), plain(name));
    let Some(folder) = address.strip_suffix(name.as_slice()) else {
        return false;
    };
    folder.is_empty() || {
        let own = plain(base_name(folder_path));
        let above = folder.strip_suffix(b"/");
        above
            .and_then(|above| above.strip_suffix(own.as_slice()))
            .is_some_and(|above| above.is_empty() || above.ends_with(b"/"))
    }
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("a constant that is a selector")
}

fn text_of(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().trim().to_owned()
}

/// Refuses a page that would be costly to parse. No real listing is: it consists of rows, without unbounded nesting.
fn check_tags(page: &str) -> Result<(), NotAListing> {
    let mut tags = 0;
    let mut others = 0;
    for tag in page.split('<').skip(1) {
        tags += 1;
        let tag = tag.strip_prefix('/').unwrap_or(tag);
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
        let tag = tag[..end].to_ascii_lowercase();
        match tag.as_str() {
            "tr" | "td" | "a" => {}
            // The empty name is that of the doctype and of comments.
            "" | "html" | "head" | "meta" | "title" | "link" | "style" | "body" | "h1" | "hr" | "table" | "thead"
            | "tbody" | "th" => others += 1,
            _ => return Err(NotAListing::OtherPage("it has tags that no listing has")),
        }
        if tags > MAX_TAGS || others > MAX_OTHER_TAGS {
            return Err(NotAListing::OtherPage("it has too many tags"));
        }
    }
    Ok(())
}

/// The JSON form. Other members are not needed.
#[derive(Deserialize)]
struct Document {
    prefixes: Option<Bounded<String>>,
    files: Option<Bounded<File>>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    /// A number; from 1,024 on rounded to text such as `18K`.
    #[serde(default)]
    size: Value,
    #[serde(default)]
    last_modified: Value,
}

/// A list of at most [`MAX_ENTRIES`].
struct Bounded<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Bounded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(BoundedVisitor(PhantomData))
    }
}

struct BoundedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for BoundedVisitor<T> {
    type Value = Bounded<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of at most {MAX_ENTRIES} entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            if list.len() == MAX_ENTRIES {
                return Err(serde::de::Error::invalid_length(MAX_ENTRIES + 1, &self));
            }
            list.push(entry);
        }
        Ok(Bounded(list))
    }
}

#[cfg(test)]
mod tests;
