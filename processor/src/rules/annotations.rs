//! Cleans and copies the annotations.

use std::collections::BTreeSet;

use crash::collector;
use crash::fields::{self, Field, Kind};
use serde_json::{Map, Value, json};

use super::context::Context;
use super::java;
use super::notes::Note;
use super::read::{self, is_given};
use super::shape::{JAVA_EXCEPTION, Shape, TELEMETRY_ENVIRONMENT};

/// Longer annotation names are cut in the list of names.
const MAX_NAME: usize = 100;

/// Fields that are false, rather than absent, when the client did not send their annotation.
const FALSE_WHEN_MISSING: [&str; 2] = ["marionette", "remote_agent"];

/// Removes NUL characters from names and texts, since databases and tools truncate at them. If that makes two names
/// equal, the one that was clean wins. Other control characters are replaced at the end of the run.
pub(super) fn remove_nulls(context: &mut Context<'_>) {
    let clean = |text: String| {
        if text.contains('\0') {
            text.replace('\0', "")
        } else {
            text
        }
    };
    let raw = std::mem::take(&mut context.raw);
    let (dirty, whole): (Vec<_>, Vec<_>) = raw.into_iter().partition(|(name, _)| name.contains('\0'));
    for (name, value) in whole.into_iter().chain(dirty) {
        let value = match value {
            Value::String(text) => Value::String(clean(text)),
            other => other,
        };
        context.raw.entry(clean(name)).or_insert(value);
    }
}

/// Removes annotations without a value.
pub(super) fn remove_nones(context: &mut Context<'_>) {
    context.raw.retain(|_, value| !value.is_null());
}

/// Lists the names of the annotations and dumps, so that crashes can be searched by them.
pub(super) fn crash_report_keys(context: &mut Context<'_>) {
    let given: BTreeSet<&str> = context
        .raw
        .keys()
        .chain(context.dumps.keys())
        .map(String::as_str)
        .collect();
    let valid: BTreeSet<&str> = given
        .iter()
        .filter(|name| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        })
        .map(|name| text::cut(name, MAX_NAME))
        .collect();
    let invalid: Vec<&str> = given.difference(&valid).copied().collect();
    // No name that everyone may see is invalid.
    let note = (!invalid.is_empty())
        .then(|| Note::protected("invalidkeys: Crash report contains invalid keys").with(&json!(invalid)));
    let keys = json!(valid);
    context.processed.0.insert("crash_report_keys".to_owned(), keys);
    context.notes.extend(note);
}

/// Keeps the collector's metadata.
pub(super) fn collector_metadata(context: &mut Context<'_>) {
    let metadata = context.raw.get(collector::METADATA).cloned();
    context.set("collector_metadata", metadata.unwrap_or_else(|| json!({})));
}

/// Converts the annotation with the modules' signers to text when a client sent an object (bug 1607806).
pub(super) fn module_signature_info(context: &mut Context<'_>) {
    if let Some(value) = context.raw.get_mut("ModuleSignatureInfo")
        && !value.is_string()
    {
        *value = Value::String(read::json_text(value));
    }
}

/// Copies every annotation in the table of fields, each typed independently: an unreadable one leaves a note and
/// affects no other.
pub(super) fn copy_from_raw_crash(context: &mut Context<'_>) {
    for field in fields::all() {
        let Some(annotation) = field.annotation else {
            continue;
        };
        match context.raw.get(annotation) {
            None if FALSE_WHEN_MISSING.contains(&field.name) => context.set(field.name, false),
            None => {}
            Some(value) => match copied(field, value) {
                Ok(mut value) => {
                    if field.name == "java_exception" {
                        let left_out = java::keep_names(&mut value);
                        if !left_out.is_empty() {
                            let text = format!(
                                "JavaException: texts that are no names were left out: {}",
                                left_out.len()
                            );
                            context.note(Note::about(annotation, text).with(&json!(left_out)));
                        }
                    }
                    context.set(field.name, value);
                }
                Err(problem) => {
                    let text = format!("{annotation} {problem}");
                    context.note(Note::about(annotation, text).with(value));
                }
            },
        }
    }
}

/// The value of a field, or what is wrong with its annotation.
fn copied(field: &Field, value: &Value) -> Result<Value, String> {
    match field.kind {
        // This is JSON as text, but a client that sends JSON may send the object itself.
        Kind::Text if field.name == "async_shutdown_timeout" && value.is_object() => Ok(json!(read::json_text(value))),
        Kind::Text => read::text_of(value)
            .map(|text| json!(text))
            .ok_or_else(|| "has a non-text value".to_owned()),
        Kind::Integer => read::integer_value(value).ok_or_else(|| "has a non-int value".to_owned()),
        Kind::Number => read::number(value)
            .map(Value::from)
            .ok_or_else(|| "has a non-float value".to_owned()),
        Kind::Boolean => boolean(value)
            .map(Value::from)
            .ok_or_else(|| "has a non-boolean value".to_owned()),
        Kind::Object | Kind::List => object(field.name, value),
    }
}

/// The truth value that a value stands for.
pub(super) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.to_string().as_str() {
            "0" | "0.0" => Some(false),
            "1" | "1.0" => Some(true),
            _ => None,
        },
        Value::String(text) => match read::strip(text).to_lowercase().as_str() {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn object(name: &str, value: &Value) -> Result<Value, String> {
    let value = match value {
        Value::String(text) => serde_json::from_str(text).map_err(|_| "value is malformed json".to_owned())?,
        // A client that sends JSON may have sent the object itself.
        other => other.clone(),
    };
    let shape: &Shape = match name {
        "java_exception" => &JAVA_EXCEPTION,
        "telemetry_environment" => &TELEMETRY_ENVIRONMENT,
        _ => return Err(format!("value is malformed {name}")),
    };
    if shape.fits(&value) {
        Ok(value)
    } else {
        Err(format!("value is malformed {name}"))
    }
}

/// Sets whether the crash was submitted from the infobar (bug 1626048). Old clients used a separate annotation.
pub(super) fn submitted_from(context: &mut Context<'_>) {
    let (from, infobar) = match context.raw.get("SubmittedFromInfobar") {
        Some(value) => {
            let infobar = match value {
                Value::String(text) => matches!(read::strip(text), "1" | "true"),
                Value::Bool(flag) => *flag,
                Value::Number(number) => number.as_f64() == Some(1.0),
                _ => false,
            };
            (json!(if infobar { "Infobar" } else { "Unknown" }), infobar)
        }
        None => {
            let from = context.raw.get("SubmittedFrom");
            let from = match (from.and_then(read::text_of), from) {
                (Some(text), _) => json!(text),
                (None, other) => json!(other.map_or(&json!("Unknown"), |other| other)),
            };
            let infobar = from == "Infobar";
            (from, infobar)
        }
    };
    context.set("submitted_from", from);
    context.set("submitted_from_infobar", infobar);
}

/// The crash id, under both of its names.
pub(super) fn identifier(context: &mut Context<'_>) {
    if let Some(id) = context.raw.get(collector::ID).cloned() {
        context.set("crash_id", id.clone());
        context.set("uuid", id);
    }
}

/// The hash of the minidump, as the collector computed it.
pub(super) fn minidump_hash(context: &mut Context<'_>) {
    let path = [collector::CHECKSUMS, crash::MAIN_DUMP];
    let hash = read::at(context.raw.get(collector::METADATA), &path).cloned();
    context.set("minidump_sha256_hash", hash.unwrap_or_else(|| json!("")));
}

/// The plugin fields that a plugin process reports.
pub(super) fn plugin(context: &mut Context<'_>) {
    if read::annotation(&context.raw, "ProcessType").as_deref() != Some("plugin") {
        return;
    }
    for (field, annotation) in [
        ("plugin_filename", "PluginFilename"),
        ("plugin_name", "PluginName"),
        ("plugin_version", "PluginVersion"),
    ] {
        let value = context.raw.get(annotation);
        let value = match (value.and_then(read::text_of), value) {
            (Some(text), _) => json!(text),
            (None, other) => other.cloned().unwrap_or_else(|| json!("")),
        };
        context.set(field, value);
    }
}

/// The kind of process that crashed; `main` is another name for `parent` (bug 2021204).
pub(super) fn process_type(context: &mut Context<'_>) {
    let kind = context.raw.get("ProcessType");
    let kind = match (kind.and_then(read::text_of), kind) {
        (None, None) => json!("parent"),
        (Some(kind), _) if kind == "main" => json!("parent"),
        (Some(kind), _) => json!(kind),
        (None, Some(other)) => other.clone(),
    };
    context.set("process_type", kind);
}

/// Whether accessibility was in use.
pub(super) fn accessibility(context: &mut Context<'_>) {
    let active = read::annotation(&context.raw, "Accessibility").as_deref() == Some("Active");
    context.set("accessibility", active);
}

/// The actors of a utility process (bug 1788681).
pub(super) fn utility_actors_name(context: &mut Context<'_>) {
    let Some(value) = context.raw.get("UtilityActorsName").filter(|value| !value.is_null()) else {
        return;
    };
    match crash::text_of(value) {
        Some(text) => {
            let actors: Vec<&str> = text
                .split(',')
                .map(read::strip)
                .filter(|name| !name.is_empty())
                .collect();
            let actors = json!(actors);
            context.set("utility_actors_name", actors);
        }
        None => {
            let annotation = "UtilityActorsName";
            context.note(Note::about(annotation, "UtilityActorsName has a non-text value").with(value));
        }
    }
}

/// The distribution that the product came with: from its own annotation, else from the Telemetry environment. A product
/// without one is Mozilla's.
pub(super) fn distribution_id(context: &mut Context<'_>) {
    if let Some(id) = context.raw.get("DistributionID").filter(|id| is_given(id)) {
        let id = read::text_of(id).map_or_else(|| id.clone(), Value::from);
        context.set("distribution_id", id);
        return;
    }
    let found = match context.raw.get("TelemetryEnvironment") {
        Some(Value::String(text)) => serde_json::from_str::<Map<String, Value>>(text)
            .ok()
            .and_then(|environment| environment.get("partner")?.get("distributionId").cloned()),
        other => read::at(other, &["partner", "distributionId"]).cloned(),
    };
    let id = match found {
        None => json!("unknown"),
        Some(id) if is_given(&id) => id,
        Some(_) => json!("mozilla"),
    };
    context.set("distribution_id", id);
}
