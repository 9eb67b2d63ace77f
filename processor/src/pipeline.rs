//! From a raw crash to a processed one: runs the rules in order, each isolated, and does the bookkeeping around them.
//!
//! A processed crash is rebuilt from scratch every time; only the public notes of earlier ones survive, in the history.
//! Depends only on its arguments: no clock, no I/O.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use crash::{ProcessedCrash, RawCrash};
use serde_json::{Map, Value, json};
use signature::Lists;

use crate::rules::build::Builds;
use crate::rules::context::Context;
pub use crate::rules::context::{DumpWalk, WalkOutcome};
use crate::rules::notes;
pub use crate::rules::notes::Note;
pub use crate::rules::{RULES, Rule};
use crate::walk::document;

/// Maximum number of earlier rounds whose notes are kept.
const MAX_HISTORY: usize = 20;

/// The signature until the signature rule has run.
const NO_SIGNATURE: &str = "EMPTY: crash failed to process";

/// The rules that identify the build: the input of a build look-up.
const IDENTITY: [&str; 6] = [
    "DeNullRule",
    "DeNoneRule",
    "CopyFromRawCrashRule",
    "FenixVersionRewriteRule",
    "ESRVersionRewrite",
    "DatesAndTimesRule",
];

/// The rules that make the signature, and what follows from it.
const SIGNATURE: [&str; 2] = ["SignatureGeneratorRule", "ShutDownHangCrashingThreadRule"];

/// How the note begins that says when the signature was made again.
const SIGNED_AGAIN: &str = ">>> Signature made again: ";

/// The input of a run of the rules.
#[derive(Debug)]
pub struct Input<'a> {
    /// The annotations and the collector's metadata.
    pub raw: &'a RawCrash,
    /// The dumps by name.
    pub dumps: &'a BTreeMap<String, Bytes>,
    /// The results of walking the minidumps.
    pub walks: &'a [DumpWalk],
    /// What is known about builds.
    pub builds: Builds<'a>,
    /// The lists used to make signatures.
    pub lists: &'a Lists,
    /// The result of processing the crash before.
    pub previous: Option<&'a ProcessedCrash>,
    /// Notes about what happened before the rules ran.
    pub notes: Vec<Note>,
    /// When the work started.
    pub started: DateTime<Utc>,
}

/// Processes a crash.
pub fn run(input: Input<'_>) -> ProcessedCrash {
    let started = date_text(input.started);
    let mut notes = vec![Note::public(format!(
        ">>> Start processing: {started} (datil {})",
        env!("CARGO_PKG_VERSION")
    ))];
    notes.extend(input.notes);
    let mut context = Context {
        raw: input.raw.0.clone(),
        processed: ProcessedCrash::default(),
        dumps: input.dumps,
        walks: input.walks,
        builds: input.builds,
        lists: Some(input.lists),
        notes,
    };
    context.set("success", false);
    context.set("started_datetime", started);
    context.set("signature", NO_SIGNATURE);
    context.set("signature_lists", input.lists.sha256());
    for rule in RULES {
        apply(rule, &mut context);
    }
    let mut processed = context.processed;
    processed.set("success", true);
    processed.set("processor_history", history(input.previous));
    notes::write(&context.notes, &mut processed);
    clean(&mut processed);
    processed
}

/// Makes the signature of a processed crash again, with these lists, as processing it again would from the same walks.
/// Its notes are replaced, with one that says so before them; those that it had before are in the history.
pub fn sign_again(processed: ProcessedCrash, lists: &Lists, now: DateTime<Utc>) -> ProcessedCrash {
    let (dumps, table) = (BTreeMap::new(), BTreeMap::new());
    let history = history(Some(&processed));
    let version = env!("CARGO_PKG_VERSION");
    let mut context = Context {
        raw: Map::new(),
        processed,
        dumps: &dumps,
        walks: &[],
        builds: Builds::Table(&table),
        lists: Some(lists),
        notes: vec![Note::public(format!(
            "{SIGNED_AGAIN}{} (datil {version})",
            date_text(now)
        ))],
    };
    context.processed.0.remove("proto_signature");
    context.set("signature_lists", lists.sha256());
    for rule in RULES.iter().filter(|rule| SIGNATURE.contains(&rule.name)) {
        apply(rule, &mut context);
    }
    let mut processed = context.processed;
    processed.set("processor_history", history);
    notes::replace(&mut processed, is_of_signature, &context.notes);
    clean(&mut processed);
    processed
}

/// Whether a note is about the signature, or says that it was made again.
fn is_of_signature(note: &str) -> bool {
    let maker = note.split_once(": ").map_or("", |(maker, _)| maker);
    note.starts_with(SIGNED_AGAIN) || maker == "CrashData" || signature::rule_names().any(|name| name == maker)
}

/// Replaces control characters.
fn clean(processed: &mut ProcessedCrash) {
    for (name, value) in &mut processed.0 {
        // The walks' documents, which are large, were cleaned when they were read.
        let is_walk = name == "json_dump" || name.starts_with(crash::MAIN_DUMP);
        if !is_walk {
            document::replace_controls(value);
        }
    }
}

/// Records when the work on a crash ended.
pub fn complete(processed: &mut ProcessedCrash, completed: DateTime<Utc>) {
    processed.set("completed_datetime", date_text(completed));
}

/// The public notes of earlier rounds, the newest first.
fn history(previous: Option<&ProcessedCrash>) -> Vec<Value> {
    let Some(previous) = previous else {
        return Vec::new();
    };
    let last = previous.0.get("processor_notes").cloned();
    let older = previous.0.get("processor_history").and_then(Value::as_array);
    last.into_iter()
        .chain(older.into_iter().flatten().cloned())
        .take(MAX_HISTORY)
        .collect()
}

fn date_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, false)
}

/// Applies one rule. A rule that panics loses only what it has not written yet.
fn apply(rule: &Rule, context: &mut Context<'_>) {
    if catch_unwind(AssertUnwindSafe(|| (rule.apply)(context))).is_err() {
        let text = format!("ruleset 'default' rule '{}' failed: panic", rule.name);
        // Which rule it was may tell that something protected is there.
        context.note(Note::protected(text));
        crate::meters::RULE_FAILURES.add_with(1, [rule.name]);
    }
}

/// The build as the client reports it, in the processed crash's fields: `product`, `release_channel`, `build`,
/// `version` (with the rewrites that need no look-up) and `crash_time`.
pub fn identity(raw: &RawCrash) -> ProcessedCrash {
    let (dumps, table) = (BTreeMap::new(), BTreeMap::new());
    let mut context = Context {
        raw: raw.0.clone(),
        processed: ProcessedCrash::default(),
        dumps: &dumps,
        walks: &[],
        builds: Builds::Table(&table),
        lists: None,
        notes: Vec::new(),
    };
    for rule in RULES.iter().filter(|rule| IDENTITY.contains(&rule.name)) {
        apply(rule, &mut context);
    }
    context.processed
}

/// Why [`run_one`] cannot use its input.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no rule with this name.
    #[error("there is no rule {0:?}")]
    NoSuchRule(String),
    /// The input is malformed.
    #[error("the input must be an object with the objects raw, processed, dumps and lookup: {0}")]
    Input(&'static str),
}

/// Runs one rule, or all of them in order for `*`, on
/// `{"raw": …, "dumps": {name: text or {"base64": …}}, "processed": …, "lookup": {…}}`, and returns
/// `{"raw": …, "processed": …, "notes": […]}`. Every part is optional. `lookup` answers build look-ups:
/// `product:channel:build id` → version. Minidumps are not walked: put what a walk would find in `processed`.
///
/// # Errors
/// There is no such rule, or the input is malformed.
pub fn run_one(name: &str, input: &Value, lists: &Lists) -> Result<Value, RunError> {
    let part = |name: &'static str| match input.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members.clone()),
        Some(_) => Err(RunError::Input(name)),
    };
    let dumps = part("dumps")?
        .into_iter()
        .map(|(name, dump)| Ok((name, dump_bytes(&dump)?)))
        .collect::<Result<BTreeMap<String, Bytes>, RunError>>()?;
    let lookup: BTreeMap<String, String> = part("lookup")?
        .into_iter()
        .filter_map(|(key, version)| Some((key, version.as_str()?.to_owned())))
        .collect();
    let walks: Vec<DumpWalk> = dumps
        .iter()
        .filter(|(name, dump)| name.starts_with(crash::MAIN_DUMP) && dump.is_empty())
        .map(|(name, _)| DumpWalk {
            name: name.clone(),
            outcome: WalkOutcome::Empty,
        })
        .collect();
    let mut context = Context {
        raw: part("raw")?,
        processed: ProcessedCrash(part("processed")?),
        dumps: &dumps,
        walks: &walks,
        builds: Builds::Table(&lookup),
        lists: Some(lists),
        notes: Vec::new(),
    };
    let mut found = false;
    for rule in RULES.iter().filter(|rule| name == "*" || rule.name == name) {
        found = true;
        apply(rule, &mut context);
    }
    if !found {
        return Err(RunError::NoSuchRule(name.to_owned()));
    }
    Ok(json!({
        "raw": context.raw,
        "processed": context.processed,
        "notes": context.notes.iter().map(Note::text).collect::<Vec<_>>(),
    }))
}

fn dump_bytes(dump: &Value) -> Result<Bytes, RunError> {
    match (dump, dump.get("base64")) {
        (Value::String(text), _) => Ok(Bytes::copy_from_slice(text.as_bytes())),
        (_, Some(Value::String(text))) => STANDARD
            .decode(text)
            .map(Bytes::from)
            .map_err(|_| RunError::Input("a dump is not base64")),
        _ => Err(RunError::Input("a dump is neither a text nor base64")),
    }
}

#[cfg(test)]
mod tests;
