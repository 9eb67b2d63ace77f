//! The signature, and what changes because of it.

use crash::ProcessedCrash;
use serde_json::json;
use signature::CrashData;

use super::context::Context;
use super::notes::Note;
use super::{read, stacks};

/// The fields that notes about the signature complain of, by the beginning of the note.
const COMPLAINED_OF: [(&str, &str); 4] = [
    (
        "SignatureGenerationRule: JavaSignatureTool: stack trace ",
        "java_stack_trace",
    ),
    (
        "SignatureGenerationRule: JavaExceptionSignatureTool: value ",
        "java_exception",
    ),
    ("SignatureShutdownTimeout: Error parsing ", "async_shutdown_timeout"),
    ("SignatureShutdownTimeout: Rule failed: ", "async_shutdown_timeout"),
];

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
    for text in made.notes {
        context.note(note(text, &context.processed));
    }
}

/// A note about the signature. It is public, since a signature is made of public fields only.
fn note(text: String, processed: &ProcessedCrash) -> Note {
    let complained_of = COMPLAINED_OF.iter().find(|(start, _)| text.starts_with(start));
    let value = complained_of.and_then(|(_, field)| processed.0.get(*field));
    let note = Note::public(text);
    match value {
        Some(value) => note.with(value),
        None => note,
    }
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
