//! Walking one dump, within bounds.

use std::{
    collections::HashSet,
    io::{self, Write},
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
};

use minidump::{Minidump, MinidumpModuleList, Module};
use minidump_processor::{ProcessorOptions, process_minidump_with_options};
use serde_json::Value;

use super::{
    ANSWER_LIMIT,
    cache::SymbolCache,
    clip::{Level, clip},
    session::{Session, key_of},
};
use crate::symbols::SymbolKey;

/// What the walker may ask the symbols in one walk. An ordinary crash of 100 threads needs some
/// thousands; at 8 KB a frame this is 400 MB at the very most.
const QUESTIONS: u32 = 50_000;

/// The modules of a dump that symbols are fetched for. Firefox loads up to 300.
const MODULE_LIMIT: usize = 2_000;

/// The status of a dump whose stacks were too much even when cut to the crashing thread's top.
const TOO_LARGE: &str = "StacksTooLarge";

/// What came out of a walk.
pub(super) struct Walk {
    /// `OK`, or the name of the error.
    pub(super) status: &'static str,
    /// The document in JSON, if the status is `OK`.
    pub(super) json: Option<Vec<u8>>,
    /// Whether stacks were cut, or threads left out.
    pub(super) cut: bool,
}

enum Attempt {
    Walked(Vec<u8>),
    Refused(&'static str),
    TooLarge,
}

/// Walks `dump`, which is cut in place. `evil_json` is a file with the annotations that the walker
/// itself understands.
pub(super) fn walk(
    dump: &mut [u8],
    hard: bool,
    evil_json: Option<&Path>,
    cache: &mut SymbolCache,
) -> Walk {
    let levels: &[Level] = if hard {
        &[Level::Hard, Level::CrashingThread]
    } else {
        &[Level::Normal, Level::Hard, Level::CrashingThread]
    };
    let mut cut = false;
    let refused = |status| Walk {
        status,
        json: None,
        cut: false,
    };
    for &level in levels {
        match clip(dump, level) {
            Ok(clipped) => cut |= clipped,
            Err(why) => return refused(why.name()),
        }
        match attempt(dump, evil_json, cache) {
            Attempt::Walked(json) => {
                return Walk {
                    status: "OK",
                    json: Some(json),
                    cut,
                };
            }
            Attempt::Refused(status) => return refused(status),
            Attempt::TooLarge => {}
        }
    }
    refused(TOO_LARGE)
}

fn attempt(dump: &[u8], evil_json: Option<&Path>, cache: &mut SymbolCache) -> Attempt {
    let dump = match Minidump::read(dump) {
        Ok(dump) => dump,
        Err(error) => return Attempt::Refused(error.name()),
    };
    let session = Session::new(cache, QUESTIONS);
    let mut options = ProcessorOptions::default();
    options.evil_json = evil_json;
    // Nothing in a walk waits for anything, so that one poll finishes it. It is pending only when
    // the session has stopped answering.
    let walk = pin!(process_minidump_with_options(&dump, &session, options));
    let state = match walk.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => return Attempt::TooLarge,
        Poll::Ready(Err(error)) => return Attempt::Refused(error.name()),
        Poll::Ready(Ok(state)) => state,
    };
    let mut json = Bounded(Vec::new());
    match state.print_json(&mut json, false) {
        Ok(()) => Attempt::Walked(with_sorted_limits(json.0)),
        Err(_) => Attempt::TooLarge,
    }
}

/// What names the symbols of the dump's modules, in the order of the dump, without repetition; none
/// if the dump cannot be read.
pub(super) fn modules(dump: &[u8]) -> Vec<SymbolKey> {
    let Ok(dump) = Minidump::read(dump) else {
        return Vec::new();
    };
    let Ok(modules) = dump.get_stream::<MinidumpModuleList>() else {
        return Vec::new();
    };
    let mut seen = HashSet::new();
    modules
        .iter()
        .filter_map(|module| key_of(module as &dyn Module))
        .filter(|key| seen.insert(key.clone()))
        .take(MODULE_LIMIT)
        .collect()
}

/// A buffer that refuses to grow over [`ANSWER_LIMIT`].
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > ANSWER_LIMIT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sorts `proc_limits.limits` by name. The walker writes them in an order that changes from run to
/// run; the same dump must always give the same document.
fn with_sorted_limits(mut json: Vec<u8>) -> Vec<u8> {
    // Inside of a string the second quote would have a backslash before it, so this can only be the
    // key.
    const KEY: &[u8] = br#""proc_limits":"#;
    let Some(start) = json
        .windows(KEY.len())
        .position(|window| window == KEY)
        .map(|position| position + KEY.len())
    else {
        return json;
    };
    let mut values = serde_json::Deserializer::from_slice(&json[start..]).into_iter::<Value>();
    let Some(Ok(mut value)) = values.next() else {
        return json;
    };
    let end = start + values.byte_offset();
    if let Some(limits) = value.get_mut("limits").and_then(Value::as_array_mut) {
        limits.sort_by_cached_key(|limit| {
            let name = limit.get("name").and_then(Value::as_str);
            name.unwrap_or_default().to_owned()
        });
        json.splice(start..end, value.to_string().into_bytes());
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(json: &str) -> String {
        String::from_utf8(with_sorted_limits(json.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn limits_are_sorted_and_nothing_else_is_touched() {
        for (json, expected) in [
            (
                r#"{"pid":1,"proc_limits":{"limits":[{"name":"b"},{"name":"a"}]},"z":[2,1]}"#,
                r#"{"pid":1,"proc_limits":{"limits":[{"name":"a"},{"name":"b"}]},"z":[2,1]}"#,
            ),
            (
                r#"{"proc_limits":null,"z":1}"#,
                r#"{"proc_limits":null,"z":1}"#,
            ),
            (
                r#"{"a":"\"proc_limits\":{\"limits\":[2,1]}"}"#,
                r#"{"a":"\"proc_limits\":{\"limits\":[2,1]}"}"#,
            ),
            ("{}", "{}"),
        ] {
            assert_eq!(sorted(json), expected);
        }
    }

    #[test]
    fn an_answer_over_the_limit_is_refused() {
        let mut buffer = Bounded(vec![0; ANSWER_LIMIT - 2]);
        assert!(buffer.write_all(b"12").is_ok());
        assert!(buffer.write_all(b"3").is_err());
    }
}
