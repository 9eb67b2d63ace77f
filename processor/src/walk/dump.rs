//! Walks one dump, within bounds.

use std::{
    collections::HashSet,
    io::{self, Write},
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
};

use minidump::{Minidump, MinidumpBreakpadInfo, MinidumpModuleList, Module};
use minidump_processor::{ProcessorOptions, process_minidump_with_options};
use minidump_unwind::{CallStack, CallStackInfo};

use super::{
    cache::SymbolCache,
    clip::{Level, clip},
    cut::Cut,
    document,
    job::ANSWER_LIMIT,
    names,
    session::{Session, key_of},
    unpack::unpack,
};
use crate::symbol_key::SymbolKey;

/// Maximum symbol questions of one walk. An ordinary crash with 100 threads needs some thousands; at 8 KB a frame this
/// is at most 400 MB.
const QUESTIONS: u32 = 50_000;

/// Maximum modules of a dump for which symbols are fetched. Firefox loads up to 300.
const MODULE_LIMIT: usize = 2_000;

/// The status of a dump whose stacks were too large even when cut to the top of the crashing thread.
const TOO_LARGE: &str = "StacksTooLarge";

/// The result of a walk.
pub(super) struct Walk {
    /// `OK`, or the name of the error.
    pub(super) status: &'static str,
    /// The document as JSON, if the status is `OK`.
    pub(super) json: Option<Vec<u8>>,
    /// What was left out.
    pub(super) cut: Cut,
}

enum Attempt {
    Walked(Vec<u8>),
    Refused(&'static str),
    TooLarge,
}

/// Walks `dump` after unpacking it and cutting it in place. `evil_json` is a file with the annotations that the walker
/// itself understands.
pub(super) fn walk(dump: Vec<u8>, hard: bool, evil_json: Option<&Path>, cache: &mut SymbolCache) -> Walk {
    let levels: &[Level] = if hard {
        &[Level::Hard, Level::CrashingThread]
    } else {
        &[Level::Normal, Level::Hard, Level::CrashingThread]
    };
    let (mut dump, packed) = unpack(dump);
    let mut cut = Cut {
        names: names::mend(&mut dump),
        packed,
        ..Cut::default()
    };
    let refused = |status| Walk {
        status,
        json: None,
        cut: Cut::default(),
    };
    for &level in levels {
        match clip(&mut dump, level) {
            Ok(clipped) => cut = cut.and(clipped),
            Err(why) => return refused(why.name()),
        }
        match attempt(&dump, cut.threads, evil_json, cache) {
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

/// Walks a dump from which `left_out` threads were cut.
fn attempt(dump: &[u8], left_out: u32, evil_json: Option<&Path>, cache: &mut SymbolCache) -> Attempt {
    let dump = match Minidump::read(dump) {
        Ok(dump) => dump,
        Err(error) => return Attempt::Refused(error.name()),
    };
    let session = Session::new(cache, QUESTIONS);
    let mut options = ProcessorOptions::default();
    options.evil_json = evil_json;
    // Nothing in a walk waits, so one poll completes it. It is pending only if the session has stopped answering.
    let walk = pin!(process_minidump_with_options(&dump, &session, options));
    let mut state = match walk.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => return Attempt::TooLarge,
        Poll::Ready(Err(error)) => return Attempt::Refused(error.name()),
        Poll::Ready(Ok(state)) => state,
    };
    if state.requesting_thread.is_none() {
        state.requesting_thread = asking_thread(&dump, &state.threads);
    }
    let mut json = Bounded(Vec::new());
    if state.print_json(&mut json, false).is_err() {
        return Attempt::TooLarge;
    }
    let json = document::mend(json.0, left_out, &session.modules());
    if json.len() > ANSWER_LIMIT {
        return Attempt::TooLarge;
    }
    Attempt::Walked(json)
}

/// The thread that requested the dump, as Breakpad recorded it. The walker ignores it if there is an exception, even
/// one of a thread that is not in the dump.
fn asking_thread(dump: &Minidump<'_, &[u8]>, threads: &[CallStack]) -> Option<usize> {
    let info = dump.get_stream::<MinidumpBreakpadInfo>().ok()?;
    let id = info.requesting_thread_id?;
    threads
        .iter()
        .position(|thread| thread.thread_id == id && thread.info != CallStackInfo::DumpThreadSkipped)
}

/// The keys of the symbols of the dump's modules, in the order of the dump, without duplicates; none if the dump cannot
/// be read.
pub(super) fn modules(dump: Vec<u8>) -> Vec<SymbolKey> {
    let (mut dump, _) = unpack(dump);
    names::mend(&mut dump);
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

/// A buffer that refuses to grow beyond [`ANSWER_LIMIT`].
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_over_the_limit_is_refused() {
        let mut buffer = Bounded(vec![0; ANSWER_LIMIT - 2]);
        assert!(buffer.write_all(b"12").is_ok());
        assert!(buffer.write_all(b"3").is_err());
    }
}
