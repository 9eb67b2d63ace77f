//! Versions and the build.

use builds::names::channel::Versions;
use builds::names::product::channel_of;
use serde_json::json;

use super::context::Context;
use super::notes::Note;
use super::{build, read};

/// Fenix nightlies of 2020 used the date as their version (bug 1624911).
pub(super) fn fenix_version(context: &mut Context<'_>) {
    if read::text(&context.processed.0, "product") != Some("Fenix") {
        return;
    }
    let Some(version) = read::text(&context.processed.0, "version") else {
        return;
    };
    if version.starts_with("Nightly ") {
        let note = format!("Changed version from '{version}' to 0.0a1");
        context.note(Note::about("Version", note));
        context.set("version", "0.0a1");
    }
}

/// ESR versions carry the suffix `esr`; most clients leave it out.
pub(super) fn esr_version(context: &mut Context<'_>) {
    let channel = read::text(&context.processed.0, "release_channel").unwrap_or_default();
    let product = read::text(&context.processed.0, "product").unwrap_or_default();
    if channel_of(product, channel).versions != Versions::Esrs {
        return;
    }
    match read::text(&context.processed.0, "version") {
        Some(version) if build::has_suffix(version) => {}
        Some(version) => {
            let version = format!("{version}esr");
            context.set("version", version);
        }
        None => context.note(Note::public("'version' missing from esr release processed_crash")),
    }
}

/// The number before the first dot of the version that the client reported; 0 if there is none.
pub(super) fn major_version(context: &mut Context<'_>) {
    let major = read::annotation(&context.raw, "Version").map_or(0, |version| build::major(&version));
    context.set("major_version", major);
}

/// The version that the client itself reported, which the build's version replaces.
pub(super) fn reported_version(context: &mut Context<'_>) {
    let reported = read::annotation(&context.raw, "Version").unwrap_or_default();
    build::set_reported_version(&mut context.processed, &reported);
}

/// The exact version of the build. Betas report the version without the beta number.
pub(super) fn exact_version(context: &mut Context<'_>) {
    let note = build::set_version(&mut context.processed, context.builds);
    context.notes.extend(note.map(Note::public));
}

/// Everything else that is known about the build.
pub(super) fn build_info(context: &mut Context<'_>) {
    if let Some(found) = context.builds.found() {
        build::set_build_info(&mut context.processed, found);
        let note = build::differs_note(&context.processed, found);
        context.notes.extend(note.map(Note::public));
        if let Some(version) = &found.version {
            context.set("major_version", json!(build::major(version)));
        }
    }
}
