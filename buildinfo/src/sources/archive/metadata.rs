//! The metadata files of the archive, read into observations.

use builds::names::build_id::BuildId;
use builds::names::product::Directory;
use builds::said::location::{Area, Location, normalise_platform};
use builds::said::observation::{Observation, SourceName, Why};
use serde_json::{Map, Value};
use url::Url;

use super::names::{FileKind, info_platform, package_file};

/// Maximum file size in bytes: a metadata file has a few kilobytes.
const MAX_FILE: usize = 1 << 20;
/// Maximum length of a text taken over, in bytes.
const MAX_TEXT: usize = 2048;
/// Maximum lines read of a text file.
const MAX_LINES: usize = 100;
/// Maximum characters of a file quoted in an error.
const MAX_QUOTE: usize = 80;

/// Why a metadata file says nothing about its build. It is recorded as one error, and the next file is tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFile {
    /// The name is not a metadata file's.
    #[error("not a metadata file")]
    Unnamed,
    /// Only whitespace (bug 963431).
    #[error("the file is empty")]
    Empty,
    /// Much larger than such a file should be.
    #[error("the file is too large: {0} bytes")]
    TooLarge(usize),
    /// An HTML page, usually an error.
    #[error("HTML instead of data")]
    Html,
    /// Bytes that are not UTF-8.
    #[error("not text")]
    NotText,
    /// Broken JSON (bug 1261164).
    #[error("not JSON: a fault at line {line}, column {column}")]
    NotJson {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault.
        column: usize,
    },
    /// A member that is null (bug 1065071).
    #[error("member {0} is null")]
    Null(&'static str),
    /// A member that the file must have is missing or has another type.
    #[error("member {0} is missing or has the wrong type")]
    Malformed(&'static str),
    /// Text without a build id.
    #[error("no build id")]
    NoBuildId,
    /// An invalid build id where one should be.
    #[error("not a build id: {0:?}")]
    NotABuildId(String),
    /// The file is about another build than the one at its place.
    #[error("its {what} is {found:?}, but it lies at that of {expected:?}")]
    Elsewhere {
        /// What differs.
        what: &'static str,
        /// What the file says.
        found: String,
        /// What its place implies.
        expected: String,
    },
}

/// Reads the metadata file fetched from `url`. `public_url` is its address on the public host: the last segment gives
/// the kind of file, and the path gives the build.
///
/// # Errors
/// See [`BadFile`].
pub fn read(url: &str, public_url: &str, bytes: &[u8]) -> Result<Observation, BadFile> {
    let name = file_name(public_url).ok_or(BadFile::Unnamed)?;
    let (kind, _) = FileKind::of(&name).ok_or(BadFile::Unnamed)?;
    let text = text(bytes)?;
    let body = match kind {
        FileKind::Buildhub => return buildhub(url, public_url, &name, json(text)?),
        FileKind::Flat => flat(&json(text)?)?,
        FileKind::Info | FileKind::Text => plain(text)?,
    };
    Ok(Observation::archive_file(url, public_url, with_name(body, &name)))
}

fn file_name(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let last = url.path_segments()?.next_back()?;
    let name = percent_encoding::percent_decode_str(last).decode_utf8();
    name.ok().map(|name| name.into_owned())
}

/// The file as text, if it can be data.
fn text(bytes: &[u8]) -> Result<&str, BadFile> {
    if bytes.len() > MAX_FILE {
        return Err(BadFile::TooLarge(bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| BadFile::NotText)?;
    match text.trim_start_matches('\u{feff}').trim() {
        "" => Err(BadFile::Empty),
        page if page.starts_with('<') => Err(BadFile::Html),
        text => Ok(text),
    }
}

fn json(text: &str) -> Result<Value, BadFile> {
    serde_json::from_str(text).map_err(|error| BadFile::NotJson {
        line: error.line(),
        column: error.column(),
    })
}

/// A text member, which may be absent but not null.
fn member<'a>(value: &'a Value, pointer: &'static str) -> Result<Option<&'a str>, BadFile> {
    match value.pointer(pointer) {
        None => Ok(None),
        Some(Value::Null) => Err(BadFile::Null(pointer)),
        Some(Value::String(text)) if text.len() <= MAX_TEXT => Ok(Some(text)),
        Some(_) => Err(BadFile::Malformed(pointer)),
    }
}

fn required<'a>(value: &'a Value, pointer: &'static str) -> Result<&'a str, BadFile> {
    member(value, pointer)?.ok_or(BadFile::Malformed(pointer))
}

fn build_id(text: &str) -> Result<String, BadFile> {
    text.parse()
        .map(|id: BuildId| id.to_string())
        .map_err(|_| BadFile::NotABuildId(quote(text)))
}

fn quote(text: &str) -> String {
    text::cut(text, MAX_QUOTE).to_owned()
}

fn buildhub(url: &str, public_url: &str, name: &str, record: Value) -> Result<Observation, BadFile> {
    build_id(required(&record, "/build/id")?)?;
    required(&record, "/target/version")?;
    let product = required(&record, "/source/product")?;
    let platform = required(&record, "/target/platform")?;
    let download = required(&record, "/download/url")?;
    let place = Location::parse(public_url);
    if let Some(place) = &place {
        let expected = place.directory.product();
        if product.parse().map(Directory::product) != Ok(expected) {
            return Err(elsewhere("product", product, expected.as_str()));
        }
    }
    let at = package_file(name)
        .map(|(_, _, platform)| platform)
        .or_else(|| place.as_ref()?.platform.clone());
    if let Some(expected) = at
        && !is_same_platform(platform, &expected)
    {
        return Err(elsewhere("platform", platform, &expected));
    }
    // The record's download determines its place, so it must lie beside the file.
    if let Some(Area::Candidates(..)) = place.as_ref().map(|place| &place.area)
        && let Some(target) = Location::parse(download)
        && let Area::Candidates(..) = target.area
        && place.as_ref().map(|place| &place.area) != Some(&target.area)
    {
        return Err(elsewhere("download", download, public_url));
    }
    Observation::buildhub_record(SourceName::ARCHIVE, url, record).map_err(|why| match why {
        Why::Malformed(member) => BadFile::Malformed(member),
        _ => BadFile::Malformed("/"),
    })
}

fn elsewhere(what: &'static str, found: &str, expected: &str) -> BadFile {
    BadFile::Elsewhere {
        what,
        found: quote(found),
        expected: quote(expected),
    }
}

/// Whether a record's platform matches its place. Android folders and files are named after the system's API level
/// (`android-api-16`) or the processor (`android-arm`).
fn is_same_platform(stated: &str, expected: &str) -> bool {
    let stated = normalise_platform(stated).0;
    stated == expected || stated.starts_with("android-") && expected.starts_with("android-")
}

/// The flat JSON file. Its version never includes a beta number: for a candidate the path decides.
fn flat(value: &Value) -> Result<Map<String, Value>, BadFile> {
    let mut body = Map::new();
    let mut add = |name: &str, text: Option<&str>| {
        if let Some(text) = text {
            body.insert(name.to_owned(), Value::from(text));
        }
    };
    add("build_id", Some(&build_id(required(value, "/buildid")?)?));
    add("channel", member(value, "/moz_update_channel")?);
    add("version", member(value, "/moz_app_version")?);
    add("platform", member(value, "/moz_pkg_platform")?);
    let repository = member(value, "/moz_source_repo")?;
    add("repository", repository.and_then(repository_url));
    let stamp = value.pointer("/moz_source_stamp").and_then(Value::as_str);
    add("revision", stamp.and_then(revision));
    Ok(body)
}

/// `_info.txt` and the dialects of `.txt`: lines `KEY=value`; or the build id, followed on the same or the next line by
/// the revision, either alone or as an address in its repository. A further line (Android's own repository) says
/// nothing about the Gecko build.
fn plain(text: &str) -> Result<Map<String, Value>, BadFile> {
    let mut body = Map::new();
    let mut add = |name: &str, text: &str| {
        body.entry(name.to_owned()).or_insert_with(|| Value::from(text));
    };
    let words = text.lines().take(MAX_LINES).flat_map(str::split_whitespace);
    if text.contains('=') {
        for (key, value) in words.filter_map(|word| word.split_once('=')) {
            match key.to_ascii_lowercase().as_str() {
                "buildid" => add("build_id", &build_id(value)?),
                "moz_source_stamp" => {
                    if let Some(revision) = revision(value) {
                        add("revision", revision);
                    }
                }
                "moz_source_repo" => {
                    if let Some(repository) = repository_url(value) {
                        add("repository", repository);
                    }
                }
                _ => {}
            }
        }
    } else {
        let mut words = words;
        add("build_id", &build_id(words.next().unwrap_or_default())?);
        if let Some(word) = words.next() {
            let (repository, stamp) = match word.rsplit_once("/rev/") {
                Some((repository, stamp)) => (repository_url(repository), stamp),
                None => (None, word),
            };
            if let Some(repository) = repository {
                add("repository", repository);
            }
            if let Some(revision) = revision(stamp) {
                add("revision", revision);
            }
        }
    }
    if body.contains_key("build_id") {
        Ok(body)
    } else {
        Err(BadFile::NoBuildId)
    }
}

/// Adds what the file's name gives and its content does not: a nightly's version and the platform.
fn with_name(mut body: Map<String, Value>, name: &str) -> Value {
    let mut add = |member: &str, text: String| {
        body.entry(member.to_owned()).or_insert_with(|| Value::from(text));
    };
    if let Some((_, version, platform)) = package_file(name) {
        add("version", version.to_string());
        add("platform", platform);
    } else if let Some((platform, variant)) = info_platform(name) {
        let variant = variant.map(|variant| format!("-{variant}"));
        add("platform", platform + variant.as_deref().unwrap_or(""));
    }
    Value::Object(body)
}

/// A whole changeset id, or hg's short form of 12 digits. Other lengths are truncated ids.
fn revision(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_whole = matches!(text.len(), 12 | 40) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_whole.then_some(text)
}

/// The address of a repository, without the variable name that old files put before it.
fn repository_url(text: &str) -> Option<&str> {
    let text = text.trim().trim_start_matches("MOZ_SOURCE_REPO=");
    (text.starts_with("https://") || text.starts_with("http://")).then_some(text)
}

#[cfg(test)]
mod tests;
