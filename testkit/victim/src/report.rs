//! The last act of a crashed product: telling the process that watches it.

use crash_handler::{CrashContext, CrashEvent, CrashEventResult, CrashHandler, Error};

/// Installs the crash handler, which is removed when the result is dropped.
///
/// # Errors
/// When the system refuses the signal handlers.
pub(crate) fn attach() -> Result<CrashHandler, Error> {
    CrashHandler::attach(Box::new(Notify))
}

struct Notify;

// SAFETY: `on_crash` runs inside a signal handler; it allocates nothing and calls only `write` and `read`.
unsafe impl CrashEvent for Notify {
    fn on_crash(&self, context: &CrashContext) -> CrashEventResult {
        let bytes = context.as_bytes();
        let mut sent = 0;
        while sent < bytes.len() {
            let rest = &bytes[sent..];
            // SAFETY: the pointer and the length describe `rest`, which outlives the call.
            let written = unsafe { libc::write(1, rest.as_ptr().cast(), rest.len()) };
            let Ok(written @ 1..) = usize::try_from(written) else {
                return CrashEventResult::Handled(false);
            };
            sent += written;
        }
        let mut end = 0_u8;
        // The process stays here until its parent has written the dump and kills it, or is gone.
        // SAFETY: the buffer is one byte long and outlives the call.
        unsafe { libc::read(0, (&raw mut end).cast(), 1) };
        CrashEventResult::Handled(false)
    }
}
