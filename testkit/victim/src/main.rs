//! A program that crashes on purpose, in the way named by its first argument.
//!
//! It stands in for a shipped product: named threads, named functions, inlined calls, and a crash handler that tells
//! another process about the crash. It writes no minidump, because a process cannot trace itself: on the crash it
//! writes its crash context to stdout and waits for its parent to dump and kill it.

mod layout;
mod network;
mod render;
mod report;

use std::process::ExitCode;

/// A way to crash: its name on the command line and the function that does it.
type Way = (&'static str, fn());

const WAYS: &[Way] = &[
    ("null-write", render::present_frame),
    ("illegal-instruction", render::draw_unknown_shape),
    ("out-of-memory", layout::load_document),
    ("stack-overflow", layout::style_deep_document),
    ("many-threads", layout::reflow_with_idle_workers),
    ("panic", network::load_page),
    ("bad-jump", network::run_callbacks),
    ("socket-thread", network::poll_in_socket_thread),
    ("wait", network::wait_for_content),
];

fn main() -> ExitCode {
    let asked = std::env::args().nth(1).unwrap_or_default();
    let Some((_, crash)) = WAYS.iter().find(|(name, _)| *name == asked) else {
        let names: Vec<&str> = WAYS.iter().map(|(name, _)| *name).collect();
        eprintln!("usage: victim {}", names.join("|"));
        return ExitCode::from(2);
    };
    let handler = match report::attach() {
        Ok(handler) => handler,
        Err(error) => {
            eprintln!("cannot attach the crash handler: {error}");
            return ExitCode::FAILURE;
        }
    };
    crash();
    drop(handler);
    ExitCode::SUCCESS
}
