//! What is known about the build, attached to a crash.
//!
//! This is a separate layer: when more becomes known about a build, it is attached again without reading the minidump.

use builds::{CrashTimes, Question};
use crash::{ProcessedCrash, RawCrash};

use crate::pipeline;
pub use crate::rules::build::{Builds, Found};
use crate::rules::build::{
    REPORTED_DIFFERS, differs_note, major, set_build_info, set_reported_version, set_version, unknown_note,
};
use crate::rules::crash_time;

/// The look-up question for a crash's build. `identity` is what [`pipeline::identity`] made of the raw crash;
/// `received` is when it was received, in microseconds UTC.
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

/// When the crash happened and when it was received.
pub fn times(raw: &RawCrash, received: i64) -> CrashTimes {
    let crash_time = crash_time(&raw.0);
    CrashTimes {
        submitted_at: received,
        crashed_at: crash_time.and_then(|seconds| seconds.checked_mul(1_000_000)),
    }
}

/// The version of a crash with this identity and answer.
pub fn version_of(identity: &ProcessedCrash, found: &Found) -> String {
    let mut identity = identity.clone();
    set_version(&mut identity, Builds::Found(found));
    identity.text("version").unwrap_or_default().to_owned()
}

/// Attaches an answer to an already processed crash, as if it had been known at the time. The notes about the version
/// say what is public and nothing else, so that `processor_details` stays as it is.
pub fn enrich_again(raw: &RawCrash, processed: &mut ProcessedCrash, found: &Found) {
    let mut reported = pipeline::identity(raw);
    let text = processed.text("processor_notes").unwrap_or_default();
    let mut notes: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let unknown = unknown_note(&reported);
    // A crash has at most one of these notes, and the rules that write them are adjacent: one replaces the other.
    let is_replaced = |note: &String| *note == unknown || note.starts_with(REPORTED_DIFFERS);
    let at = notes.iter().position(is_replaced);
    notes.retain(|note| !is_replaced(note));

    let mut added = Vec::from_iter(set_version(&mut reported, Builds::Found(found)));
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

#[cfg(test)]
mod tests;
