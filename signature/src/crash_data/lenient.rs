//! Reads values of any type, for documents that do not keep to the schema.
//!
//! Where Socorro gives an ill-typed value a meaning (it counts as true, it is written into the signature), so does this
//! module. Where Socorro's frame rule breaks, the thread gets a problem and the rule fails here too. Anything else is
//! left out with a note.

use std::borrow::Cow;

use serde_json::Value;

use super::data::{CrashData, FRAME_LIMIT, Frame, Inline, THREAD_LIMIT, Thread, UnloadedModule, position};
use crate::python;
use crate::scalar::Scalar;

/// Reads crash data through a function that looks up a key.
pub(super) fn read<'a>(get: impl Fn(&str) -> Option<&'a Value>) -> CrashData<'static> {
    let get = |key: &str| get(key).filter(|value| !value.is_null());
    let mut notes = Vec::new();
    let mut text = |key: &str| match get(key)? {
        Value::String(text) => Some(text.clone()),
        other => {
            // Falsy values mean the same as missing ones.
            if python::truthy(other) {
                notes.push(format!("CrashData: {key} is not a text, left out"));
            }
            None
        }
    };
    let reason = text("reason");
    let abort_message = text("abort_message");
    let async_shutdown_timeout = text("async_shutdown_timeout");
    let ipc_channel_error = text("ipc_channel_error");

    let crashing_thread = get("crashing_thread").map_or(0, whole);
    let threads = match get("threads") {
        Some(Value::Array(threads)) => self::threads(threads, crashing_thread),
        None => Vec::new(),
        Some(_) => {
            notes.push("CrashData: threads is not a list, left out".to_owned());
            Vec::new()
        }
    };
    let oom_allocation_size = get("oom_allocation_size").and_then(|value| {
        if matches!(value, Value::Array(_) | Value::Object(_)) {
            notes.push("CrashData: oom_allocation_size is not a number, left out".to_owned());
            return None;
        }
        Some(match value {
            Value::String(text) => Scalar::Text(text.clone().into()),
            other => Scalar::Integer(whole(other)),
        })
    });
    let additional_minidumps = match get("additional_minidumps") {
        Some(Value::Array(names)) => names.iter().filter_map(owned_text).collect(),
        // This used to be a comma-separated string.
        Some(Value::String(names)) => names.split(',').map(|name| name.trim().to_owned()).collect(),
        Some(_) => {
            notes.push("CrashData: additional_minidumps is not a list, left out".to_owned());
            Vec::new()
        }
        None => Vec::new(),
    };
    CrashData {
        crashing_thread,
        no_crashing_thread: false,
        threads,
        // These are only compared, and nothing but a string can match.
        os: get("os").and_then(owned_text),
        reason,
        java_stack_trace: get("java_stack_trace").cloned(),
        java_exception: get("java_exception").cloned(),
        oom_allocation_size,
        js_large_allocation_failure: get("js_large_allocation_failure").and_then(owned_text),
        abort_message,
        async_shutdown_timeout,
        ipc_channel_error,
        additional_minidumps,
        ipc_message_name: written(get("ipc_message_name")),
        mdsw_status_string: written(get("mdsw_status_string")),
        hang: get("hang").map(python::text),
        original: get("original_signature").and_then(owned_text),
        notes,
    }
}

/// Returns what a value becomes in a signature, if it is truthy.
fn written(value: Option<&Value>) -> Option<String> {
    value.filter(|value| python::truthy(value)).map(python::text)
}

fn owned_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Converts a number, boolean or string to an integer; 0 for anything else.
fn whole(value: &Value) -> i64 {
    match value {
        Value::Number(number) => python::whole(number),
        Value::Bool(truth) => i64::from(*truth),
        Value::String(text) => python::int(text).unwrap_or(0),
        _ => 0,
    }
}

/// Reads the threads: only the crashing and the first one.
fn threads(threads: &[Value], crashing: i64) -> Vec<Thread<'static>> {
    let threads = &threads[..threads.len().min(THREAD_LIMIT)];
    let crashing = position(crashing, threads.len());
    threads
        .iter()
        .enumerate()
        .map(|(i, value)| {
            if i != 0 && Some(i) != crashing {
                return Thread::default();
            }
            let last_error_value = value.get("last_error_value").and_then(owned_text);
            match frames(value) {
                Ok(frames) => Thread {
                    frames,
                    last_error_value,
                    problem: None,
                },
                Err(problem) => Thread {
                    frames: Vec::new(),
                    last_error_value,
                    problem: Some(problem.to_owned()),
                },
            }
        })
        .collect()
}

fn frames(thread: &Value) -> Result<Vec<Frame<'static>>, &'static str> {
    let Value::Object(thread) = thread else {
        return Err("a thread is not an object");
    };
    let list = match thread.get("frames") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(Value::Object(none)) if none.is_empty() => return Ok(Vec::new()),
        Some(Value::String(none)) if none.is_empty() => return Ok(Vec::new()),
        Some(_) => return Err("the frames are not a list"),
    };
    let mut frames = Vec::with_capacity(list.len().min(FRAME_LIMIT));
    let mut seen = 0;
    for value in list {
        if seen >= FRAME_LIMIT {
            break;
        }
        let frame = frame(value)?;
        seen += frame.inlines.len() + 1;
        frames.push(frame);
    }
    Ok(frames)
}

fn frame(value: &Value) -> Result<Frame<'static>, &'static str> {
    let Value::Object(frame) = value else {
        return Err("a frame is not an object");
    };
    let get = |key: &str| frame.get(key).filter(|value| python::truthy(value));
    let function = text_or(get("function"), "a function is not a text")?;
    let module = match get("module") {
        // It is ignored if something better is known.
        Some(Value::String(module)) => Some(Cow::Owned(module.clone())),
        None => None,
        Some(_) if function.is_some() => None,
        Some(_) => return Err("a module is not a text"),
    };
    let inlines = match get("inlines") {
        None => Vec::new(),
        Some(Value::Array(inlines)) => inlines.iter().take(FRAME_LIMIT).map(inline).collect::<Result<_, _>>()?,
        Some(_) => return Err("inlined functions are not a list"),
    };
    let unloaded_modules = match get("unloaded_modules") {
        None => Vec::new(),
        Some(_) if function.is_some() || module.is_some() => Vec::new(),
        Some(Value::Array(modules)) => match modules.first() {
            Some(Value::Object(first)) => vec![UnloadedModule {
                module: first.get("module").map(python::text),
            }],
            _ => return Err("an unloaded module is not an object"),
        },
        Some(_) => return Err("the unloaded modules are not a list"),
    };
    Ok(Frame {
        function,
        module,
        file: text_or(get("file"), "a file is not a text")?,
        line: frame.get("line").and_then(scalar),
        offset: frame.get("offset").and_then(scalar),
        inlines,
        unloaded_modules,
    })
}

fn inline(value: &Value) -> Result<Inline<'static>, &'static str> {
    let Value::Object(inline) = value else {
        return Err("an inlined function is not an object");
    };
    let get = |key: &str| inline.get(key).filter(|value| python::truthy(value));
    Ok(Inline {
        function: text_or(get("function"), "an inlined function is not a text")?,
        file: text_or(get("file"), "the file of an inlined function is not a text")?,
        line: inline.get("line").and_then(scalar),
    })
}

fn text_or(value: Option<&Value>, problem: &'static str) -> Result<Option<Cow<'static, str>>, &'static str> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(Cow::Owned(text.clone()))),
        Some(_) => Err(problem),
    }
}

/// Returns a number or string as it came, anything else as Python writes it.
fn scalar(value: &Value) -> Option<Scalar<'static>> {
    match value {
        Value::Number(number) if number.is_i64() => Some(Scalar::Integer(python::whole(number))),
        other if python::truthy(other) => Some(Scalar::Text(python::text(other).into())),
        _ => None,
    }
}
