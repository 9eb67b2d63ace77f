//! Runs the victim and takes its minidump, as an out-of-process crash reporter does.

use std::io::{Cursor, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use crash_handler::CrashContext;
use minidump::{Minidump, MinidumpThreadList};
use minidump_writer::CrashContextExt;
use minidump_writer::minidump_writer::MinidumpWriterConfig;

const IS_PTRACE_ALLOWED: &str =
    "is ptrace allowed? See /proc/sys/kernel/yama/ptrace_scope and the seccomp profile of the container";

/// The victim, copied to a folder whose name may appear in a dump: a dump holds the path of each module.
pub(crate) struct Victim {
    program: PathBuf,
}

impl Victim {
    /// Copies the victim built beside this program into `folder`.
    ///
    /// # Errors
    /// When the victim is not built or cannot be copied.
    pub(crate) fn install(folder: &Path) -> Result<Self> {
        let here = std::env::current_exe().context("finding this program")?;
        let built = here.with_file_name("victim");
        if !built.is_file() {
            bail!("{} does not exist: build the whole workspace first", built.display());
        }
        let program = folder.join("victim");
        std::fs::copy(&built, &program)
            .with_context(|| format!("copying {} to {}", built.display(), program.display()))?;
        Ok(Self { program })
    }

    /// Returns the copied program.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Crashes the victim in the way named and returns the minidump of the crash.
    ///
    /// # Errors
    /// When it does not start, does not crash, or may not be traced.
    pub(crate) fn crash(&self, way: &str) -> Result<Vec<u8>> {
        let mut running = self.start(way)?;
        let mut bytes = vec![0; size_of::<CrashContext>()];
        running
            .read(&mut bytes)
            .with_context(|| format!("the victim ended without a crash ({way})"))?;
        let Some(mut context) = CrashContext::from_bytes(&bytes) else {
            bail!("the victim sent no crash context ({way})");
        };
        restore_address(&mut context);
        let mut writer = MinidumpWriterConfig::new(context.pid, context.tid);
        writer.set_crash_context(CrashContextExt { inner: context });
        write(writer).with_context(|| format!("dumping the victim ({way})"))
    }

    /// Returns a minidump of the waiting victim: nothing has crashed in it.
    ///
    /// # Errors
    /// When it does not start or may not be traced.
    pub(crate) fn snapshot(&self) -> Result<Vec<u8>> {
        let mut running = self.start("wait")?;
        running.read(&mut [0]).context("the victim does not wait")?;
        running.await_sleep().context("waiting for the victim to wait")?;
        let process = i32::try_from(running.0.id()).context("the victim's process id")?;
        write(MinidumpWriterConfig::new(process, process)).context("dumping the waiting victim")
    }

    fn start(&self, way: &str) -> Result<Running> {
        let mut command = Command::new(&self.program);
        command
            .arg(way)
            // The dump's stacks hold the environment, and its modules the working folder.
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // SAFETY: only one system call is made between fork and exec.
        unsafe {
            command.pre_exec(|| {
                // The same addresses in each run, so that remade dumps differ little. Where this is forbidden, they
                // differ more.
                libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong);
                Ok(())
            });
        }
        let child = command
            .spawn()
            .with_context(|| format!("starting {}", self.program.display()))?;
        Ok(Running(child))
    }
}

/// A running victim, killed on drop.
struct Running(Child);

impl Running {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<()> {
        match self.0.stdout.as_mut() {
            Some(stdout) => stdout.read_exact(bytes),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Returns once the process sleeps: it has said that it waits, and now it does.
    fn await_sleep(&self) -> std::io::Result<()> {
        const TRIES: u32 = 1_000;
        let path = format!("/proc/{}/stat", self.0.id());
        for _ in 0..TRIES {
            std::thread::sleep(Duration::from_millis(2));
            // The state follows the name, which is in parentheses.
            let status = std::fs::read_to_string(&path)?;
            if status.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S')) {
                return Ok(());
            }
        }
        Err(std::io::ErrorKind::TimedOut.into())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if the victim has already ended, which is their purpose.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn write(writer: MinidumpWriterConfig) -> Result<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    writer.write(&mut file).context(IS_PTRACE_ALLOWED)?;
    let dump = Minidump::read(file.get_ref().as_slice()).context("reading the minidump")?;
    let threads: MinidumpThreadList<'_> = dump.get_stream().context("reading the thread list")?;
    // Where no thread may be traced, the writer leaves all of them out and reports success.
    ensure!(
        !threads.threads.is_empty(),
        "no thread could be stopped; {IS_PTRACE_ALLOWED}"
    );
    Ok(file.into_inner())
}

/// Restores the address that could not be accessed.
///
/// crash-handler copies the bytes of a `siginfo_t` into a `signalfd_siginfo`. The two differ, so `ssi_addr` is 0 and
/// the address is where `ssi_uid` and `ssi_fd` are (its issue 49).
fn restore_address(context: &mut CrashContext) {
    let info = &mut context.siginfo;
    let faults = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP];
    let is_fault = info.ssi_code > 0
        && faults
            .iter()
            .any(|&signal| i64::from(signal) == i64::from(info.ssi_signo));
    info.ssi_addr = if is_fault {
        u64::from(info.ssi_uid) | (u64::from(info.ssi_fd.cast_unsigned()) << 32)
    } else {
        0
    };
}
