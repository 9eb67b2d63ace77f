//! The rules, in order. Each examines the crash and the signature so far and may set another.

use std::borrow::Cow;

use crate::crash_data::{CrashData, Thread};
use crate::lists::Lists;
use crate::outcome::{Event, Log, Signature, Step};
use crate::scalar::Scalar;
use crate::walk::walk;
use crate::{frame, java, python, shutdown};

/// A rule. What it cannot use is returned as the error, and becomes a note.
struct Rule {
    /// The name of Socorro's class, which begins notes and debug log lines.
    name: &'static str,
    apply: fn(&mut Making<'_>) -> Result<(), Problem>,
}

type Problem = Cow<'static, str>;

const RULES: [Rule; 14] = [
    Rule {
        name: "SignatureGenerationRule",
        apply: frames,
    },
    Rule {
        name: "StackwalkerErrorSignatureRule",
        apply: stackwalker_error,
    },
    Rule {
        name: "BadHardware",
        apply: bad_hardware,
    },
    Rule {
        name: "OOMSignature",
        apply: out_of_memory,
    },
    Rule {
        name: "AbortSignature",
        apply: abort,
    },
    Rule {
        name: "SignatureShutdownTimeout",
        apply: shutdown_timeout,
    },
    Rule {
        name: "SignatureRunWatchDog",
        apply: shutdown_hang,
    },
    Rule {
        name: "SignatureIPCChannelError",
        apply: ipc_channel_error,
    },
    Rule {
        name: "SignatureIPCMessageName",
        apply: ipc_message_name,
    },
    Rule {
        name: "StackOverflowSignature",
        apply: stack_overflow,
    },
    Rule {
        name: "HungProcess",
        apply: hung_process,
    },
    Rule {
        name: "SigPrintableCharsOnly",
        apply: printable_characters,
    },
    Rule {
        name: "SigFixWhitespace",
        apply: white_space,
    },
    Rule {
        name: "SigTruncate",
        apply: truncate,
    },
];

/// Maximum length of a signature, in characters.
const LENGTH_LIMIT: usize = 255;

/// Maximum length of an abort message in a signature, in characters.
const ABORT_MESSAGE_LIMIT: usize = 80;

/// Maximum length of an IPC error in a signature, in characters.
const IPC_ERROR_LIMIT: usize = 100;

/// The largest allocation that counts as small, in bytes.
const SMALL_ALLOCATION: i64 = 262_144;

/// What marks a signature as that of a failed allocation.
const OOM_FRAGMENTS: [&str; 5] = [
    "NS_ABORT_OOM",
    "mozalloc_handle_oom",
    "CrashAtUnhandlableOOM",
    "AutoEnterOOMUnsafeRegion",
    "alloc::oom::oom",
];

/// The name of the browser process's minidump in a crash report.
const BROWSER_MINIDUMP: &str = "upload_file_minidump_browser";

/// Makes the signature of a crash, without recording the steps.
pub fn generate(crash: &CrashData<'_>, lists: &Lists) -> Signature {
    make(crash, lists, None)
}

/// Makes the signature of a crash, and records the steps.
pub fn explain(crash: &CrashData<'_>, lists: &Lists) -> Signature {
    make(crash, lists, Some(Vec::new()))
}

fn make(crash: &CrashData<'_>, lists: &Lists, steps: Option<Vec<Step>>) -> Signature {
    let mut making = Making {
        crash,
        lists,
        log: Log { rule: "", steps },
        made: Signature {
            notes: crash.notes.clone(),
            ..Signature::default()
        },
    };
    for rule in &RULES {
        making.log.rule = rule.name;
        if let Err(problem) = (rule.apply)(&mut making) {
            making.note(&format!("Rule failed: {problem}"));
        }
    }
    Signature {
        debug: making.log.steps.unwrap_or_default(),
        ..making.made
    }
}

/// Returns the names of the rules, in order.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.name)
}

/// A signature in progress.
struct Making<'a> {
    crash: &'a CrashData<'a>,
    lists: &'a Lists,
    log: Log,
    made: Signature,
}

impl Making<'_> {
    fn signature(&self) -> &str {
        &self.made.signature
    }

    fn set(&mut self, new: String) {
        let old = std::mem::replace(&mut self.made.signature, new);
        self.log.add(|| Event::Changed {
            old,
            new: self.made.signature.clone(),
        });
    }

    fn note(&mut self, text: &str) {
        self.made.notes.push(format!("{}: {text}", self.log.rule));
    }
}

/// Sets the signature of the stack: Java's if there is one, otherwise the crashing thread's.
fn frames(making: &mut Making<'_>) -> Result<(), Problem> {
    let crash = making.crash;
    stack(making, crash.crashing_thread, crash.crashed())
}

/// Sets the signature of a Java stack, or else of the stack of this thread at `index`.
fn stack(making: &mut Making<'_>, index: i64, thread: Option<&Thread<'_>>) -> Result<(), Problem> {
    let crash = making.crash;
    if let Some(trace) = crash.java_stack_trace.as_ref().filter(|v| python::truthy(v)) {
        making.log.add(|| Event::Tool("JavaSignatureTool"));
        let mut notes = Vec::new();
        let signature = java::from_stack_trace(trace, &mut notes);
        notes.iter().for_each(|note| making.note(note));
        making.set(signature);
        return Ok(());
    }
    if let Some(exception) = crash.java_exception.as_ref().filter(|v| python::truthy(v)) {
        making.log.add(|| Event::Tool("JavaExceptionSignatureTool"));
        let mut notes = Vec::new();
        let signature = java::from_exception(exception, &mut notes)?;
        notes.iter().for_each(|note| making.note(note));
        making.set(signature);
        return Ok(());
    }
    let lists = making.lists;
    making.log.add(|| Event::Tool("CSignatureTool"));
    making.log.add(|| match lists.folder() {
        Some(folder) => Event::ListsFrom(folder.to_owned()),
        None => Event::BuiltInLists,
    });
    if thread.is_none() && crash.no_crashing_thread {
        making.note("CSignatureTool: no crashing thread identified");
        making.set("EMPTY: no crashing thread identified".to_owned());
        return Ok(());
    }
    let frames = match thread {
        Some(thread) => frame::normalize(crash, thread, lists)?,
        None => Vec::new(),
    };
    let no_data = || format!("CSignatureTool: no frame data for crashing thread ({index})");
    if frames.is_empty() {
        making.note(&no_data());
        making.set("EMPTY: no frame data available".to_owned());
        return Ok(());
    }
    let walk = walk(&frames, lists, &mut making.log);
    let signature = match walk.signature {
        Some(signature) => signature,
        None => {
            making.note(&no_data());
            frames.get(walk.start).cloned().unwrap_or_default()
        }
    };
    making.made.normalized_frames = frames;
    // Frames without names leave the signature as it was.
    if !signature.is_empty() {
        making.set(signature);
    }
    Ok(())
}

/// Says why there is no stack.
fn stackwalker_error(making: &mut Making<'_>) -> Result<(), Problem> {
    let crash = making.crash;
    if let Some(status) = non_empty(&crash.mdsw_status_string)
        && making.signature().starts_with("EMPTY")
        // A successful walk does not explain why no thread is named.
        && !(crash.no_crashing_thread && status == "OK")
    {
        making.set(format!("{}; {status}", making.signature()));
    }
    Ok(())
}

/// Marks crashes caused by a disk or another device.
fn bad_hardware(making: &mut Making<'_>) -> Result<(), Problem> {
    if non_empty(&making.crash.reason).is_some_and(|r| r.contains("STATUS_DEVICE_DATA_ERROR")) {
        making.set(format!("bad hardware | {}", making.signature()));
    }
    Ok(())
}

/// Marks crashes for lack of memory, and groups those of small allocations.
fn out_of_memory(making: &mut Making<'_>) -> Result<(), Problem> {
    let crash = making.crash;
    let size = crash.oom_allocation_size.as_ref();
    let reporting = crash.js_large_allocation_failure.as_deref() == Some("Reporting");
    let last_error = || crash.crashed()?.last_error_value.as_deref();
    let applies = size.is_some_and(Scalar::is_truthy)
        || !making.signature().is_empty()
            && (reporting
                || OOM_FRAGMENTS.iter().any(|part| making.signature().contains(part))
                || matches!(last_error(), Some("ERROR_COMMITMENT_LIMIT" | "ERROR_NOT_ENOUGH_MEMORY"))
                || matches!(
                    crash.reason.as_deref(),
                    Some("STATUS_FATAL_MEMORY_EXHAUSTION" | "STATUS_NO_MEMORY")
                ));
    if !applies {
        return Ok(());
    }
    let size = match size {
        _ if reporting => Some(i64::MAX),
        None => None,
        Some(Scalar::Integer(size)) => Some(*size),
        Some(Scalar::Text(size)) => Some(python::int(size).ok_or("the size of the allocation is not a number")?),
    };
    making.set(match size {
        None => format!("OOM | unknown | {}", making.signature()),
        Some(size) if size <= SMALL_ALLOCATION => "OOM | small".to_owned(),
        Some(_) => format!("OOM | large | {}", making.signature()),
    });
    Ok(())
}

/// Prepends the abort message to the signature.
fn abort(making: &mut Making<'_>) -> Result<(), Problem> {
    let Some(message) = non_empty(&making.crash.abort_message) else {
        return Ok(());
    };
    if message.contains("###!!! ABORT: file ") {
        making.set(format!("Abort | {}", making.signature()));
        return Ok(());
    }
    let message = message.split_once("###!!! ABORT:").map_or(message, |(_, after)| after);
    let message = message.split_once(": file ").map_or(message, |(before, _)| before);
    let mut message = Cow::Borrowed(message);
    // Font names differ from machine to machine.
    if message.contains("unable to find a usable font")
        && let (Some(open), Some(close)) = (message.find('('), message.rfind(')'))
    {
        message = Cow::Owned(format!("{}{}", &message[..open], &message[close + 1..]));
    }
    let message: String = message.chars().filter(|c| is_printable(*c)).collect();
    let message = shortened(message.trim(), ABORT_MESSAGE_LIMIT);
    making.set(format!("Abort | {message} | {}", making.signature()));
    Ok(())
}

/// Names what blocked a shutdown, whatever the stack.
fn shutdown_timeout(making: &mut Making<'_>) -> Result<(), Problem> {
    let Some(report) = non_empty(&making.crash.async_shutdown_timeout) else {
        return Ok(());
    };
    let timeout = shutdown::timeout(report)?;
    if let Some(problem) = timeout.problem {
        making.note(&format!("Error parsing AsyncShutdownTimeout: {problem}"));
    }
    making.note(&format!(
        "Signature replaced with a Shutdown Timeout signature, was: \"{}\"",
        making.signature()
    ));
    making.set(timeout.signature);
    Ok(())
}

/// Uses the main thread's stack: the watchdog crashes on its behalf.
fn shutdown_hang(making: &mut Making<'_>) -> Result<(), Problem> {
    if !making.signature().contains("RunWatchdog") {
        return Ok(());
    }
    let name = std::mem::replace(&mut making.log.rule, RULES[0].name);
    let answer = stack(making, 0, making.crash.thread(0));
    making.log.rule = name;
    answer?;
    making.set(format!("shutdownhang | {}", making.signature()));
    Ok(())
}

/// Uses the error of an IPC channel, which says more than the stack.
fn ipc_channel_error(making: &mut Making<'_>) -> Result<(), Problem> {
    let Some(error) = non_empty(&making.crash.ipc_channel_error) else {
        return Ok(());
    };
    let browser = making
        .crash
        .additional_minidumps
        .iter()
        .any(|name| name == BROWSER_MINIDUMP);
    let process = if browser { "browser" } else { "content" };
    let error = text::cut(error, IPC_ERROR_LIMIT);
    making.set(format!("IPCError-{process} | {error}"));
    making.note("IPC Channel Error stomped on signature");
    Ok(())
}

fn ipc_message_name(making: &mut Making<'_>) -> Result<(), Problem> {
    if let Some(name) = non_empty(&making.crash.ipc_message_name) {
        making.set(format!("{} | IPC_Message_Name={name}", making.signature()));
    }
    Ok(())
}

fn stack_overflow(making: &mut Making<'_>) -> Result<(), Problem> {
    if making.crash.reason.as_deref() == Some("EXCEPTION_STACK_OVERFLOW") {
        making.set(format!("stackoverflow | {}", making.signature()));
    }
    Ok(())
}

fn hung_process(making: &mut Making<'_>) -> Result<(), Problem> {
    if let Some(hang) = &making.crash.hang {
        making.set(format!("hang: {hang} | {}", making.signature()));
    }
    Ok(())
}

/// Removes everything but printable ASCII.
fn printable_characters(making: &mut Making<'_>) -> Result<(), Problem> {
    let old = making.signature();
    let stripped = python::strip(old);
    // In chunks, so that many bytes are compared at once.
    let printable = stripped.as_bytes().chunks(64).all(|piece| {
        let printable = piece.iter().map(|byte| is_printable(char::from(*byte)));
        printable.fold(true, |all, one| all & one)
    });
    let new = if !printable {
        // No byte of a non-ASCII character is printable by itself.
        let bytes = stripped.bytes().map(char::from);
        let mut printable = String::with_capacity(stripped.len());
        printable.extend(bytes.filter(|c| is_printable(*c)));
        printable
    } else if stripped.len() < old.len() {
        stripped.to_owned()
    } else {
        return Ok(());
    };
    making.note("unprintable characters removed");
    making.set(new);
    Ok(())
}

/// Removes spaces at the ends, and repeated ones.
fn white_space(making: &mut Making<'_>) -> Result<(), Problem> {
    let old = making.signature();
    let stripped = old.trim_matches(' ');
    if stripped.len() == old.len() && !old.contains("  ") {
        return Ok(());
    }
    let mut new = String::with_capacity(stripped.len());
    let mut before = '-';
    new.extend(stripped.chars().filter(|c| {
        let repeated = *c == ' ' && before == ' ';
        before = *c;
        !repeated
    }));
    making.set(new);
    Ok(())
}

fn truncate(making: &mut Making<'_>) -> Result<(), Problem> {
    if let Cow::Owned(new) = shortened(making.signature(), LENGTH_LIMIT) {
        making.set(new);
        making.note("SigTrunc: signature truncated due to length");
    }
    Ok(())
}

fn non_empty(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~')
}

/// Returns the text, cut to the limit with three dots at the end if it has more characters than that.
fn shortened(text: &str, limit: usize) -> Cow<'_, str> {
    if text::cut(text, limit).len() == text.len() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("{}...", text::cut(text, limit - 3)))
    }
}

#[cfg(test)]
mod tests;
