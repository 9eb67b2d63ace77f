//! One child process, from the parent's side.

use std::{
    io,
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    sync::mpsc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    runtime::Handle,
    sync::oneshot,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    death::WalkDeath,
    job::ANSWER_LIMIT,
    message::{self, Answer, Request, Setup},
    settings::PoolSettings,
};

/// Maximum bytes kept from the end of a child's standard error. They show why it died. They may hold protected data (a
/// panic can quote what caused it) and are never logged.
const LAST_WORDS: usize = 4 << 10;

/// How long a child may take to exit after closing its output.
const END_LIMIT: Duration = Duration::from_secs(5);

/// The exit code of a program that panicked.
const PANIC_CODE: i32 = 101;

/// Starts children, all on one dedicated thread.
///
/// The kernel kills a child when the *thread* that started it ends, not the process. The threads of the runtime come
/// and go, so a child started on one of them could be killed in the middle of a walk. This thread ends when the spawner
/// is dropped, and takes the remaining children with it; a child also exits when its input is closed, whichever comes
/// first.
pub(super) struct Spawner {
    requests: mpsc::Sender<Started>,
}

/// Where to send the started child.
type Started = oneshot::Sender<io::Result<Child>>;

impl Spawner {
    /// Starts the thread. Children belong to the runtime in which this is called.
    pub(super) fn new(settings: PoolSettings) -> io::Result<Self> {
        let runtime = Handle::current();
        let (requests, incoming) = mpsc::channel::<Started>();
        std::thread::Builder::new()
            .name("walker-spawner".to_owned())
            .spawn(move || {
                let _entered = runtime.enter();
                for started in incoming {
                    // If the receiver is gone, the child is dropped and so killed.
                    let _ = started.send(command(&settings).spawn());
                }
            })?;
        Ok(Self { requests })
    }

    async fn spawn(&self) -> io::Result<Child> {
        let (started, child) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts walkers has ended");
        self.requests.send(started).map_err(|_| gone())?;
        child.await.map_err(|_| gone())?
    }
}

fn command(settings: &PoolSettings) -> Command {
    let mut command = Command::new(&settings.program);
    command
        .args(&settings.arguments)
        .env_clear()
        // One arena: the child has one thread, and each arena would take 64 MB of its address space.
        .env("MALLOC_ARENA_MAX", "1")
        .env("TMPDIR", std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C in a terminal is for the parent, which then ends its children in its own time.
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// A child that was alive when last heard from. Dropping it kills it.
pub(super) struct Walker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    last_words: AbortOnDropHandle<Vec<u8>>,
    /// Number of requests it has answered.
    pub(super) jobs: u32,
}

impl Walker {
    /// Starts a child and sends it its setup.
    pub(super) async fn start(spawner: &Spawner, settings: &PoolSettings) -> Result<Self, WalkDeath> {
        let mut child = spawner.spawn().await.map_err(WalkDeath::Spawn)?;
        let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(WalkDeath::Spawn(io::ErrorKind::BrokenPipe.into()));
        };
        let last_words = AbortOnDropHandle::new(tokio::spawn(listen(errors)));
        let mut walker = Self {
            child,
            input,
            output,
            last_words,
            jobs: 0,
        };
        let setup = Request::Setup(Setup {
            parent: std::process::id(),
            memory_bytes: settings.memory_bytes,
            symbol_roots: settings.symbol_roots.clone(),
            symbol_cache_bytes: settings.symbol_cache_bytes,
        });
        let told = walker.tell(&setup, &[]).await;
        told.map(|()| walker).map_err(WalkDeath::Spawn)
    }

    /// Whether the child has exited while idle.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a request and waits for the answer, without a time limit. After an error the child is unusable: see
    /// [`Walker::why`].
    pub(super) async fn ask(&mut self, request: &Request, dump: &[u8]) -> io::Result<(Answer, Vec<u8>)> {
        self.tell(request, dump).await?;
        let answer = message::receive(&mut self.output, ANSWER_LIMIT).await?;
        self.jobs += 1;
        Ok(answer)
    }

    /// Why the child gave no answer. Ends the child.
    pub(super) async fn why(self) -> WalkDeath {
        let Self {
            mut child,
            input,
            output,
            last_words,
            ..
        } = self;
        drop((input, output));
        let Ok(Ok(status)) = tokio::time::timeout(END_LIMIT, child.wait()).await else {
            return WalkDeath::Protocol;
        };
        let last_words = last_words.await.unwrap_or_default();
        diagnose(status, &last_words)
    }

    async fn tell(&mut self, request: &Request, body: &[u8]) -> io::Result<()> {
        let prefix = message::prefix(request, body.len())?;
        self.input.write_all(&prefix).await?;
        self.input.write_all(body).await?;
        self.input.flush().await
    }
}

/// Reads to the end and keeps the last bytes.
async fn listen(mut errors: ChildStderr) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(length @ 1..) = errors.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..length]);
        let surplus = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..surplus);
    }
    kept
}

/// The cause of a child's death. A failed allocation ends in `abort`, which alone cannot be told from a stack overflow;
/// the standard library's message can.
fn diagnose(status: ExitStatus, last_words: &[u8]) -> WalkDeath {
    let last_words = String::from_utf8_lossy(last_words);
    let out_of_memory = last_words.contains("memory allocation of ") && last_words.contains(" bytes failed");
    match (status.signal(), status.code()) {
        (Some(_), _) if out_of_memory => WalkDeath::OutOfMemory,
        (Some(signal), _) => WalkDeath::Signal(signal),
        (None, Some(PANIC_CODE)) => WalkDeath::Panic,
        (None, _) => WalkDeath::Protocol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_of_death_is_told_from_status_and_last_words() {
        const EXIT: i32 = 8;
        for (status, last_words, expected) in [
            (6, "memory allocation of 4294967296 bytes failed\n", "OutOfMemory"),
            (6, "\nthread 'main' (7) has overflowed its stack\n", "Signal(6)"),
            (6, "", "Signal(6)"),
            (9, "", "Signal(9)"),
            (101 << EXIT, "thread 'main' panicked at src/x.rs:1:1:\n", "Panic"),
            (1 << EXIT, "", "Protocol"),
            (0, "", "Protocol"),
        ] {
            let death = diagnose(ExitStatus::from_raw(status), last_words.as_bytes());
            assert_eq!(format!("{death:?}"), expected, "{status} {last_words}");
        }
    }
}
