//! What the program itself reports about its end.

use serde_json::{Value, json};

use super::context::Context;
use super::java;
use super::notes::Note;
use super::read::{self, is_given};
use super::shape::BREADCRUMBS;

/// Reasons with these prefixes continue with the user's paths, texts or addresses.
const PRIVATE_REASONS: [&str; 3] = [
    "Failed to load module",
    "byte index",
    "do not use eval with system privileges",
];

/// Parts of reasons that quote the user's text, as the errors of Rust's `str` do (`core/str/mod.rs`; the wording has
/// changed over the years).
const QUOTING_REASONS: [&str; 4] = ["byte index ", "when slicing `", "char boundary", "character boundary"];

/// Whether a reason may contain user data.
fn is_private(reason: &str) -> bool {
    let reason = read::strip(reason);
    PRIVATE_REASONS.iter().any(|start| reason.starts_with(start))
        || QUOTING_REASONS.iter().any(|part| reason.contains(part))
        || reason.contains(" and/or ") && reason.contains(" in `")
}

/// Splits the reason of a deliberate crash into a public and a protected field.
pub(super) fn moz_crash_reason(context: &mut Context<'_>) {
    let Some(reason) = context.raw.get("MozCrashReason").filter(|value| is_given(value)) else {
        return;
    };
    let reason = reason.clone();
    context.set("moz_crash_reason_raw", reason.clone());
    let Some(text) = crash::text_of(&reason) else {
        context.note(Note::about("MozCrashReason", "MozCrashReason has a non-text value").with(&reason));
        return;
    };
    if is_private(&text) {
        context.set("moz_crash_reason", "sanitized--see moz_crash_reason_raw");
    } else {
        context.set("moz_crash_reason", text);
    }
}

/// Splits a Java stack trace into a public and a protected field.
pub(super) fn java_stack_trace(context: &mut Context<'_>) {
    let Some(trace) = context.raw.get("JavaStackTrace").filter(|value| is_given(value)) else {
        return;
    };
    let trace = trace.clone();
    context.set("java_stack_trace_raw", trace.clone());
    match trace.as_str().and_then(java::public_stack) {
        Some(stack) => {
            context.set("java_stack_trace", stack.text);
            if !stack.left_out.is_empty() {
                let text = format!(
                    "JavaStackTrace: lines that are no frames were left out: {}",
                    stack.left_out.len()
                );
                context.note(Note::about("JavaStackTrace", text).with(&json!(stack.left_out)));
            }
        }
        None => {
            context.set("java_stack_trace", "malformed");
            context.note(Note::about("JavaStackTrace", "JavaStackTrace: malformed JavaStackTrace").with(&trace));
        }
    }
}

/// What the probabilistic heap checker recorded about the bad memory access. The stacks are addresses (bug 1523278).
pub(super) fn heap_checker(context: &mut Context<'_>) {
    let Some(kind) = context.raw.get("PHCKind").cloned() else {
        return;
    };
    context.set("phc_kind", kind);
    if let Some(Ok(address)) = context.raw.get("PHCBaseAddress").map(read::wide_integer)
        && u64::try_from(address.unsigned_abs()).is_ok()
    {
        let sign = if address < 0 { "-" } else { "" };
        context.set("phc_base_address", format!("{sign}{:#x}", address.unsigned_abs()));
    }
    if let Some(size) = context.raw.get("PHCUsableSize").and_then(read::integer_value) {
        context.set("phc_usable_size", size);
    }
    for (field, annotation) in [("phc_alloc_stack", "PHCAllocStack"), ("phc_free_stack", "PHCFreeStack")] {
        if let Some(stack) = context.raw.get(annotation).cloned() {
            context.set(field, stack);
        }
    }
}

/// What the program did before it crashed.
pub(super) fn breadcrumbs(context: &mut Context<'_>) {
    let Some(value) = context.raw.get("Breadcrumbs").filter(|value| is_given(value)) else {
        return;
    };
    match breadcrumbs_in(value) {
        Ok(crumbs) => context.set("breadcrumbs", crumbs),
        Err(problem) => {
            let text = format!("Breadcrumbs: malformed: {problem}");
            context.note(Note::about("Breadcrumbs", text).with(value));
        }
    }
}

/// The list in the annotation, or what is wrong with it.
fn breadcrumbs_in(value: &Value) -> Result<Value, &'static str> {
    let crumbs = match value {
        Value::String(text) => serde_json::from_str(text).map_err(|_| "not valid json")?,
        // A client that sends JSON may have sent the list itself.
        other => other.clone(),
    };
    let crumbs = match crumbs {
        Value::Object(mut members) => members.remove("values").unwrap_or_else(|| json!({})),
        other => other,
    };
    if BREADCRUMBS.fits(&crumbs) {
        Ok(crumbs)
    } else {
        Err("not a list of breadcrumbs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_quote_the_user_are_private() {
        for (reason, expected) in [
            ("MOZ_RELEASE_ASSERT(aIndex < mLength)", false),
            ("ElementAt(aIndex = 5, aLength = 5)", false),
            ("no GPU and/or driver", false),
            ("Failed to load module \"SECRET\"", true),
            ("  Failed to load module \"SECRET\"", true),
            ("byte index 3 is out of bounds of `SECRET`", true),
            (
                "start byte index 3 is not a char boundary; it is inside 'é' (bytes 2..4) of `SECRET`",
                true,
            ),
            ("end byte index 99 is out of bounds of `SECRET`", true),
            ("begin > end (4 > 2) when slicing `SECRET`", true),
            ("begin <= end (4 <= 2) when slicing `SECRET`", true),
            ("index 42 and/or 43 in `SECRET` do not lie on character boundary", true),
            ("index 42 and/or 43 in `SECRET", true),
        ] {
            assert_eq!(is_private(reason), expected, "{reason}");
        }
    }
}
