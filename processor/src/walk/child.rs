//! The walker: what the program does when a [`Pool`](super::Pool) starts it as a child.
//!
//! It sets its own limits, answers one request at a time on its standard output, and exits with its standard input or
//! its parent. Nothing is allocated before it is needed, so that an idle child costs only a few megabytes.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    os::fd::{AsFd, AsRawFd},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
};

use rustix::process::{Pid, Resource, Rlimit, getppid, setrlimit};

use super::{
    cache::SymbolCache,
    dump,
    job::DUMP_LIMIT,
    message::{self, Answer, Outcome, Request, Setup},
};

/// Serves the parent until it closes the pipe. Must be called before anything else is set up in the process: no
/// runtime, no other thread, nothing written to standard output.
pub fn run() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve() -> io::Result<()> {
    let mut input = io::stdin().lock();
    // Not `Stdout`, which scans everything for line ends.
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let Some((Request::Setup(setup), _)) = message::read(&mut input, 0)? else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    limit(&setup)?;
    let mut cache = SymbolCache::new(setup.symbol_roots, setup.symbol_cache_bytes);
    while let Some((request, dump)) = message::read(&mut input, DUMP_LIMIT)? {
        // At worst, a panic leaves an entry missing in the cache, so the warm symbols can be kept.
        let answered = catch_unwind(AssertUnwindSafe(|| answer(request, dump, &mut cache)));
        let (outcome, body) = match answered {
            Ok(answered) => answered?,
            Err(_) => (Outcome::Panicked, Vec::new()),
        };
        let head = Answer {
            outcome,
            rss_bytes: resident_bytes(),
        };
        output.write_all(&message::prefix(&head, body.len())?)?;
        output.write_all(&body)?;
    }
    Ok(())
}

/// Removes what a walker does not need: memory over the limit, core files (they would contain the dump), and a life
/// longer than its parent's.
fn limit(setup: &Setup) -> io::Result<()> {
    let at_most = |bytes| Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    setrlimit(Resource::Core, at_most(0))?;
    setrlimit(Resource::As, at_most(setup.memory_bytes))?;
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // The parent may have died before the line above.
    let parent = getppid().map(Pid::as_raw_nonzero);
    if parent.is_none_or(|parent| u32::try_from(parent.get()) != Ok(setup.parent)) {
        return Err(io::ErrorKind::NotConnected.into());
    }
    Ok(())
}

fn answer(request: Request, dump: Vec<u8>, cache: &mut SymbolCache) -> io::Result<(Outcome, Vec<u8>)> {
    match request {
        Request::Setup(_) => Err(io::ErrorKind::InvalidData.into()),
        Request::Modules => Ok((Outcome::Modules, serde_json::to_vec(&dump::modules(dump))?)),
        Request::Walk {
            hard,
            module_signatures,
            microcode,
            symbol_roots,
        } => {
            cache.also_read(symbol_roots);
            let evil = EvilJson::new(module_signatures, microcode)?;
            let path = evil.as_ref().map(EvilJson::path);
            let walk = dump::walk(dump, hard, path.as_deref(), cache);
            let outcome = Outcome::Walked {
                status: walk.status.to_owned(),
                cut: walk.cut,
                symbol_files_parsed: cache.take_parsed(),
            };
            Ok((outcome, walk.json.unwrap_or_default()))
        }
    }
}

/// The two annotations that the walker understands ("evil JSON"), in an unnamed file that disappears with the process,
/// however that ends.
struct EvilJson(File);

impl EvilJson {
    fn new(module_signatures: Option<String>, microcode: Option<String>) -> io::Result<Option<Self>> {
        let mut annotations = serde_json::Map::new();
        let named = [
            ("ModuleSignatureInfo", module_signatures),
            ("CPUMicrocodeVersion", microcode),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                annotations.insert(name.to_owned(), value.into());
            }
        }
        if annotations.is_empty() {
            return Ok(None);
        }
        let mut file = tempfile::tempfile()?;
        serde_json::to_writer(&mut file, &annotations)?;
        file.rewind()?;
        Ok(Some(Self(file)))
    }

    /// The walker needs a path, and each open descriptor has one.
    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/dev/fd/{}", self.0.as_raw_fd()))
    }
}

/// The resident memory of this process, or 0 if the system does not report it.
fn resident_bytes() -> u64 {
    let mut status = String::new();
    let read = File::open("/proc/self/status").and_then(|mut file| file.read_to_string(&mut status));
    if read.is_err() {
        return 0;
    }
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes * 1024)
}
