//! The signature, and what changes because of it.

use serde_json::json;
use signature::CrashData;

use super::context::Context;
use super::{read, stacks};

/// Makes the signature.
pub(super) fn signature(context: &mut Context<'_>) {
    let Some(lists) = context.lists else {
        return;
    };
    let data = CrashData::from_processed(&context.processed);
    let made = signature::explain(&data, lists);
    let proto_signature = made.proto_signature();
    context.set("signature", made.signature);
    if !proto_signature.is_empty() {
        context.set("proto_signature", proto_signature);
    }
    let steps: Vec<String> = made.debug.iter().map(ToString::to_string).collect();
    context.set("signature_debug", steps.join("\n"));
    context.notes.extend(made.notes);
}

/// A watchdog thread kills a shutdown that hangs, but it is the main thread that hung (bug 2037932). Everything
/// recorded about the watchdog's thread is replaced with the main thread's.
pub(super) fn shutdown_hang(context: &mut Context<'_>) {
    let hung =
        read::text(&context.processed.0, "signature").is_some_and(|signature| signature.starts_with("shutdownhang"));
    if !hung {
        return;
    }
    context.set("crashing_thread", 0);
    let main = read::at(context.json_dump(), &["threads"]).and_then(|threads| threads.as_array()?.first());
    let Some(main) = main else {
        return;
    };
    let name = json!(main.get("thread_name"));
    let error = main.get("last_error_value").filter(|error| error.is_string()).cloned();
    context.set("crashing_thread_name", name);
    for field in ["last_error_value", "topmost_filenames", "modules_in_stack"] {
        context.processed.0.remove(field);
    }
    if let Some(error) = error {
        context.set("last_error_value", error);
    }
    stacks::topmost_files(context);
    stacks::modules_in_stack(context);
}
