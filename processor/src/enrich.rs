//! What is known of the build, attached to a crash.
//!
//! This is a layer of its own: when more becomes known of a build, it is attached again without
//! looking at the minidump.

use std::collections::BTreeMap;

use builds::said::files::{BuildFile, file_for_machine, platform_of};
use builds::{Answer, CrashBuildInfo, CrashTimes, Question};
use crash::{ProcessedCrash, RawCrash};
use crashstore::column::Name;
use crashstore::db::Attached;
use serde_json::Value;

use crate::pipeline;

/// Products whose betas report their version without the beta's number.
const NUMBERED_BETAS: [&str; 2] = ["Firefox", "Thunderbird"];

/// Builds of Firefox on aurora that are newer than this are Developer Edition: the day that
/// aurora ended.
const DEVELOPER_EDITION_SINCE: &str = "20170601";

/// Longer reported versions are cut, in characters.
const MAX_REPORTED: usize = 100;

/// How the note begins that a client reports another version than the one of its build.
const REPORTED_DIFFERS: &str = "the client reports version ";

/// An answer about a build in the form in which it is attached.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The exact version, if it is known.
    pub version: Option<String>,
    /// The object `build_info`.
    pub build_info: Value,
    /// Whether no build of that version reports what the client does.
    reported_differs: bool,
    /// Where the build's files lie.
    files: Vec<BuildFile>,
    /// What the crash's row keeps, but for the versions.
    attached: Attached,
}

/// Where the rules learn of builds.
#[derive(Debug, Clone, Copy)]
pub enum Builds<'a> {
    /// The crash's build was looked up.
    Found(&'a Found),
    /// A table from `product:channel:build id` to the version, for trying rules.
    Table(&'a BTreeMap<String, String>),
}

impl<'a> Builds<'a> {
    /// The answer, if there is a whole one.
    pub(crate) fn found(self) -> Option<&'a Found> {
        match self {
            Self::Found(found) => Some(found),
            Self::Table(_) => None,
        }
    }
}

impl Found {
    /// An answer and what is attached because of it.
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

    /// Digest of the answer without its moving parts.
    pub fn digest(&self) -> &str {
        &self.attached.answer_digest
    }

    /// The generation of the builds that answered.
    pub fn generation(&self) -> i64 {
        self.attached.generation
    }

    /// What the row of a crash with this version keeps; `reported` is what the client said, which is kept where it
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

/// The question about a crash's build. `identity` is what [`pipeline::identity`] made of the raw
/// crash; `received` is when it came in, microseconds UTC.
pub fn question(identity: &ProcessedCrash, received: i64) -> Question {
    let text = |name: &str| identity.text(name).unwrap_or_default().to_owned();
    Question {
        product: text("product"),
        channel: text("release_channel"),
        build_id: text("build"),
        version: identity.text("version").map(str::to_owned),
        asked_at: Some(received),
    }
}

/// When the crash happened and came in.
pub fn times(raw: &RawCrash, received: i64) -> CrashTimes {
    let crash_time = crate::rules::crash_time(&raw.0);
    CrashTimes {
        submitted_at: received,
        crashed_at: crash_time.and_then(|seconds| seconds.checked_mul(1_000_000)),
    }
}

/// The version of a crash with this identity and answer.
pub fn version_of(identity: &ProcessedCrash, found: &Found) -> String {
    let mut identity = identity.clone();
    set_version(&mut identity, &mut Vec::new(), Builds::Found(found));
    identity.text("version").unwrap_or_default().to_owned()
}

/// Attaches an answer to a crash that was processed before, as if it had been there then.
pub fn enrich_again(raw: &RawCrash, processed: &mut ProcessedCrash, found: &Found) {
    let mut reported = pipeline::identity(raw);
    let text = processed.text("processor_notes").unwrap_or_default();
    let mut notes: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let unknown = unknown_note(&reported);
    // A crash has one of these notes at most, and they come from rules that follow each other: one takes the place of
    // the other.
    let is_replaced = |note: &String| *note == unknown || note.starts_with(REPORTED_DIFFERS);
    let at = notes.iter().position(is_replaced);
    notes.retain(|note| !is_replaced(note));

    let mut added = Vec::new();
    set_version(&mut reported, &mut added, Builds::Found(found));
    let reported_version = raw.annotation("Version").unwrap_or_default();
    set_reported_version(processed, &reported_version);
    added.extend(differs_note(processed, found));
    let at = at.unwrap_or(notes.len()).min(notes.len());
    notes.splice(at..at, added);
    processed.set("processor_notes", notes.join("\n"));

    match reported.0.remove("version") {
        Some(version) => processed.set("version", version),
        None => drop(processed.0.remove("version")),
    }
    let version = found.version.as_deref().unwrap_or(&reported_version);
    processed.set("major_version", major(version));
    set_build_info(processed, found);
}

/// Sets the exact version. Where it is not known, betas of products that number them are marked
/// with `b0`, so that they are not taken for the release; other versions stay as reported, and so
/// does one that has a suffix already.
pub(crate) fn set_version(processed: &mut ProcessedCrash, notes: &mut Vec<String>, builds: Builds<'_>) {
    let version = match builds {
        Builds::Found(found) => found.version.clone(),
        Builds::Table(_) if !is_numbered_beta(processed) => None,
        Builds::Table(table) => table_key(processed).and_then(|key| table.get(&key).cloned()),
    };
    match version {
        Some(version) => processed.set("version", version),
        None if is_numbered_beta(processed) => {
            notes.push(unknown_note(processed));
            if let Some(version) = processed.text("version")
                && !has_suffix(version)
            {
                let version = format!("{version}b0");
                processed.set("version", version);
            }
        }
        None => {}
    }
}

/// What a client says its version is, as one short line; the same again for such a line.
fn reported_line(text: &str) -> String {
    let is_blank = |character: char| character.is_whitespace() || character.is_control();
    let text = text.trim_matches(is_blank);
    let short: String = text.chars().take(MAX_REPORTED).collect();
    short.trim_end_matches(is_blank).replace(char::is_control, "\u{fffd}")
}

/// Sets what the client said its version is, as one short line; nothing where it said nothing.
pub(crate) fn set_reported_version(processed: &mut ProcessedCrash, reported: &str) {
    let reported = reported_line(reported);
    if reported.is_empty() {
        processed.0.remove("version_reported");
    } else {
        processed.set("version_reported", reported);
    }
}

/// The note about a client that reports another version than the one of its build.
pub(crate) fn differs_note(processed: &ProcessedCrash, found: &Found) -> Option<String> {
    let version = found.version.as_deref().filter(|_| found.reported_differs)?;
    let reported = processed.text("version_reported")?;
    Some(format!(
        "{REPORTED_DIFFERS}{reported}, and its build id is the one of {version}"
    ))
}

/// Sets the object about the build, with the file for the machine that crashed: `platform` is the machine's,
/// `archive_platform` the one of the file, null for the folder of all of them.
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
    crate::rules::integer_in(first).unwrap_or(0)
}

/// Whether something follows the number of a version: `b3`, `a2`, `esr`, `rc1`, `pre`. A text that begins with no
/// number has none.
pub(crate) fn has_suffix(version: &str) -> bool {
    let version = version.trim();
    let rest = version.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
    rest.len() < version.len() && !rest.is_empty()
}

fn unknown_note(processed: &ProcessedCrash) -> String {
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
    NUMBERED_BETAS.contains(&product) && matches!(channel.to_lowercase().as_str(), "beta" | "aurora")
}

/// The key in a table of versions; `None` when a part of it is missing.
fn table_key(processed: &ProcessedCrash) -> Option<String> {
    let product = processed.text("product")?;
    let channel = processed.text("release_channel")?.to_lowercase();
    let build = processed.text("build")?.trim();
    if build.is_empty() {
        return None;
    }
    let developer = product == "Firefox" && channel == "aurora" && build > DEVELOPER_EDITION_SINCE;
    let product = if developer { "DevEdition" } else { product };
    Some(format!("{product}:{channel}:{build}"))
}

#[cfg(test)]
mod tests;
