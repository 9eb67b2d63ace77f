//! What is known about the build, and the fields that hold it.
//!
//! Written by the rules when a crash is processed, and by the enrichment when more becomes known.

use std::collections::BTreeMap;

use builds::names::product::{Directory, Product, channel_of, numbers_betas};
use builds::said::files::{BuildFile, file_for_machine, platform_of};
use builds::{Answer, CrashBuildInfo};
use crash::ProcessedCrash;
use crashstore::column::Name;
use crashstore::db::Attached;
use serde_json::Value;

use super::read;

/// Firefox builds on aurora newer than this are Developer Edition: the day that aurora ended.
const DEVELOPER_EDITION_SINCE: &str = "20170601";

/// Longer reported versions are cut. In characters.
const MAX_REPORTED: usize = 100;

/// The start of the public note that the client reports a version other than its build's.
pub(crate) const REPORTED_DIFFERS: &str = "the client reports version ";

/// An answer about a build, in the form in which it is attached.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The exact version, if it is known.
    pub version: Option<String>,
    /// The object `build_info`.
    pub build_info: Value,
    /// Whether no build of that version reports the version that the client does.
    pub(crate) reported_differs: bool,
    /// The locations of the build's files.
    pub(crate) files: Vec<BuildFile>,
    /// What is stored in the crash's row, except for the versions.
    attached: Attached,
}

/// Where the rules get their knowledge of builds.
#[derive(Debug, Clone, Copy)]
pub enum Builds<'a> {
    /// The crash's build was looked up.
    Found(&'a Found),
    /// A table from `product:channel:build id` to the version, for trying rules.
    Table(&'a BTreeMap<String, String>),
}

impl<'a> Builds<'a> {
    /// The full answer, if there is one.
    pub(crate) fn found(self) -> Option<&'a Found> {
        match self {
            Self::Found(found) => Some(found),
            Self::Table(_) => None,
        }
    }
}

impl Found {
    /// Combines an answer and the info attached because of it.
    pub fn new(answer: &Answer, info: &CrashBuildInfo) -> Self {
        // Plain data with text keys always has a JSON form.
        let build_info = serde_json::to_value(info).unwrap_or_default();
        let status = build_info.get("status").and_then(Value::as_str);
        let attached = Attached {
            version: Name::default(),
            version_reported: Name::default(),
            lookup_product: Name::of(&answer.product),
            lookup_build: Name::of(&answer.build_id),
            answer_digest: answer.digest().to_string(),
            status: Name::of(status.unwrap_or_default()),
            generation: answer.generation,
        };
        Self {
            version: answer.version.clone(),
            build_info,
            reported_differs: answer.reported_differs,
            files: answer.build.iter().flat_map(|build| build.files.clone()).collect(),
            attached,
        }
    }

    /// The digest of the answer without its moving parts.
    pub fn digest(&self) -> &str {
        &self.attached.answer_digest
    }

    /// The generation of the build data that gave the answer.
    pub fn generation(&self) -> i64 {
        self.attached.generation
    }

    /// What is stored in the row of a crash with this version; `reported` is the client's version, kept if it
    /// contradicts that.
    pub fn attached(&self, version: &str, reported: &str) -> Attached {
        let reported = if self.reported_differs { reported } else { "" };
        Attached {
            version: Name::of(version),
            version_reported: Name::of(&reported_line(reported)),
            ..self.attached.clone()
        }
    }
}

/// Sets the exact version. If it is unknown, betas of products with numbered betas get the suffix `b0`, so that they
/// are not taken for the release; other versions stay as reported, as do those that already have a suffix. Returns the
/// public note that such a beta's version is unknown.
pub(crate) fn set_version(processed: &mut ProcessedCrash, builds: Builds<'_>) -> Option<String> {
    let version = match builds {
        Builds::Found(found) => found.version.clone(),
        Builds::Table(_) if !is_numbered_beta(processed) => None,
        Builds::Table(table) => table_key(processed).and_then(|key| table.get(&key).cloned()),
    };
    match version {
        Some(version) => {
            processed.set("version", version);
            None
        }
        None if is_numbered_beta(processed) => {
            let note = unknown_note(processed);
            if let Some(version) = processed.text("version")
                && !has_suffix(version)
            {
                let version = format!("{version}b0");
                processed.set("version", version);
            }
            Some(note)
        }
        None => None,
    }
}

/// The version that a client reports, as one short line. Idempotent.
fn reported_line(text: &str) -> String {
    let is_blank = |character: char| character.is_whitespace() || character.is_control();
    let short = text::cut(text.trim_matches(is_blank), MAX_REPORTED);
    short.trim_end_matches(is_blank).replace(char::is_control, "\u{fffd}")
}

/// Sets the version that the client reported, as one short line; does nothing if it reported none.
pub(crate) fn set_reported_version(processed: &mut ProcessedCrash, reported: &str) {
    let reported = reported_line(reported);
    if reported.is_empty() {
        processed.0.remove("version_reported");
    } else {
        processed.set("version_reported", reported);
    }
}

/// The public note that a client reports a version other than its build's.
pub(crate) fn differs_note(processed: &ProcessedCrash, found: &Found) -> Option<String> {
    let version = found.version.as_deref().filter(|_| found.reported_differs)?;
    let reported = processed.text("version_reported")?;
    Some(format!(
        "{REPORTED_DIFFERS}{reported}, and its build id is the one of {version}"
    ))
}

/// Sets the build object, with the file for the machine that crashed: `platform` is the machine's, `archive_platform`
/// the file's, null for the folder of all platforms.
pub(crate) fn set_build_info(processed: &mut ProcessedCrash, found: &Found) {
    let mut info = found.build_info.clone();
    let text = |name: &str| processed.text(name).unwrap_or_default();
    let (os, cpu) = (text("os_name"), text("cpu_arch"));
    if let (Some(members), Some(file)) = (info.as_object_mut(), file_for_machine(&found.files, os, cpu)) {
        members.insert("platform".to_owned(), platform_of(os, cpu).into());
        members.insert("archive_url".to_owned(), file.url.into());
        members.insert("archive_platform".to_owned(), file.platform.into());
    }
    processed.set("build_info", info);
}

/// The number before the first dot of a version; 0 when there is none.
pub(crate) fn major(version: &str) -> i64 {
    let first = version.split('.').next().unwrap_or_default();
    read::integer_in(first).unwrap_or(0)
}

/// Whether the number of a version has a suffix: `b3`, `a2`, `esr`, `rc1`, `pre`. A text that does not start with a
/// number has none.
pub(crate) fn has_suffix(version: &str) -> bool {
    let version = version.trim();
    let rest = version.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
    rest.len() < version.len() && !rest.is_empty()
}

/// The public note that the version is unknown.
pub(crate) fn unknown_note(processed: &ProcessedCrash) -> String {
    let channel = processed.text("release_channel").unwrap_or_default();
    let channel = channel.to_lowercase();
    let kept = processed.text("version").is_some_and(has_suffix);
    let what = if kept {
        "the version number has a suffix already"
    } else {
        "added \"b0\" suffix to version number"
    };
    format!("release channel is {channel} but no version data was found - {what}")
}

fn is_numbered_beta(processed: &ProcessedCrash) -> bool {
    let product = processed.text("product").unwrap_or_default();
    let channel = processed.text("release_channel").unwrap_or_default();
    numbers_betas(product) && channel_of(product, &channel.to_lowercase()).versions.are_betas()
}

/// The key in a table of versions; `None` if part of it is missing.
fn table_key(processed: &ProcessedCrash) -> Option<String> {
    let product = processed.text("product")?;
    let channel = processed.text("release_channel")?.to_lowercase();
    let build = processed.text("build")?.trim();
    if build.is_empty() {
        return None;
    }
    let known = Product::of_name(product).filter(|_| build > DEVELOPER_EDITION_SINCE);
    let product = known.map_or(product, |known| Directory::of(known, &channel).row().table_name);
    Some(format!("{product}:{channel}:{build}"))
}
