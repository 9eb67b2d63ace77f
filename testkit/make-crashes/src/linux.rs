//! Real crashes of the victim on Linux.

use anyhow::Result;

use crate::annotations;
use crate::sample::{Expect, MAIN_DUMP, Sample};
use crate::victim::Victim;
use crate::walk;

/// The dump of the browser's main process that accompanies the crash of another process.
const BROWSER_DUMP: &str = "upload_file_minidump_browser";

/// Crashes the victim in each way that has a sample.
///
/// # Errors
/// When the victim cannot be run or traced.
pub(crate) fn samples(victim: &Victim) -> Result<Vec<Sample>> {
    Ok(vec![
        null_write(victim)?,
        out_of_memory(victim)?,
        panic(victim)?,
        stack_overflow(victim)?,
        illegal_instruction(victim)?,
        bad_jump(victim)?,
        socket_thread(victim)?,
        many_threads(victim)?,
        content_process(victim)?,
    ])
}

fn null_write(victim: &Victim) -> Result<Sample> {
    Ok(Sample {
        name: "linux-null-write",
        os: "Linux",
        about: "The main thread writes to a field of a layer that has gone; the top of the stack is two inlined calls \
            in composite_layers.",
        annotations: annotations::linux(&[
            ("Comments", "It went away while I was reading my mail, please fix!"),
            ("ProcessType", "main"),
            ("SecondsSinceLastCrash", "186423"),
            ("URL", "https://example.org/inbox?user=jane"),
            ("UptimeTS", "1834.21"),
        ]),
        dumps: vec![(MAIN_DUMP, victim.crash("null-write")?)],
        expect: Some(Expect {
            reason: "SIGSEGV / SEGV_MAPERR",
            address: Some(0x18),
            thread: "victim",
            functions: &[
                "core::ptr::write_volatile",
                "core::ptr::mut_ptr::<impl *mut T>::write_volatile",
                "victim::render::set_opacity",
                "victim::render::fade_in",
                "victim::render::composite_layers",
                "victim::render::present_frame",
                "victim::main",
            ],
        }),
    })
}

fn out_of_memory(victim: &Victim) -> Result<Sample> {
    Ok(Sample {
        name: "linux-out-of-memory",
        os: "Linux",
        about: "An allocation of 1 GiB fails and the program aborts; the top of the stack is the C library.",
        annotations: annotations::linux(&[
            ("AvailablePhysicalMemory", "71303168"),
            ("MozCrashReason", "out of memory: 0x0000000040000000 bytes requested"),
            ("OOMAllocationSize", "1073741824"),
            ("ProcessType", "main"),
            ("URL", "https://example.org/very/long/document"),
            ("UptimeTS", "48211.7"),
        ]),
        dumps: vec![(MAIN_DUMP, victim.crash("out-of-memory")?)],
        expect: Some(Expect {
            reason: "SIGABRT / SI_TKILL",
            address: None,
            thread: "victim",
            functions: &[
                "pthread_key_delete",
                "gsignal",
                "abort",
                "std::sys::pal::unix::abort_internal",
                "std::process::abort",
                "victim::layout::handle_allocation_failure",
                "victim::layout::grow_node_arena",
                "victim::layout::build_node_tree",
                "victim::layout::load_document",
                "victim::main",
            ],
        }),
    })
}

fn panic(victim: &Victim) -> Result<Sample> {
    Ok(Sample {
        name: "linux-panic",
        os: "Linux",
        about: "A parser panics on a header without a colon; the library's panic machinery lies above parse_header on \
            the stack.",
        annotations: annotations::linux(&[
            ("Accessibility", "Active"),
            ("MozCrashReason", "header line without a colon"),
            ("ProcessType", "main"),
            ("URL", "https://example.org/broken-header"),
            ("UptimeTS", "12.5"),
            ("useragent_locale", "fr"),
        ]),
        dumps: vec![(MAIN_DUMP, victim.crash("panic")?)],
        expect: Some(Expect {
            reason: "SIGABRT / SI_TKILL",
            address: None,
            thread: "victim",
            functions: &[
                "pthread_key_delete",
                "gsignal",
                "abort",
                "std::sys::pal::unix::abort_internal",
                "std::process::abort",
                "__rustc::__rust_abort",
                "__rustc::__rust_start_panic",
                "__rustc::rust_panic",
                "std::panicking::panic_with_hook",
                "std::panicking::panic_handler::{closure#0}",
                "std::sys::backtrace::__rust_end_short_backtrace::<std::panicking::panic_handler::{closure#0}, !>",
                "__rustc::rust_begin_unwind",
                "core::panicking::panic_fmt",
                "victim::network::parse_header",
                "victim::network::read_response_head",
                "victim::network::load_page",
                "victim::main",
            ],
        }),
    })
}

fn stack_overflow(victim: &Victim) -> Result<Sample> {
    Ok(Sample {
        name: "linux-stack-overflow",
        os: "Linux",
        about: "A style thread with a small stack recurses until it touches the guard page: about 900 frames of \
            reflow_subtree, more than a report keeps.",
        annotations: annotations::linux(&[
            ("ProcessType", "main"),
            ("URL", "https://example.org/deeply/nested"),
            ("UptimeTS", "301.044"),
        ]),
        dumps: vec![(MAIN_DUMP, victim.crash("stack-overflow")?)],
        expect: Some(Expect {
            reason: "SIGSEGV / SEGV_ACCERR",
            address: None,
            thread: "StyleThread#1",
            functions: &[
                "victim::layout::reflow_subtree",
                "victim::layout::reflow_subtree",
                "victim::layout::reflow_subtree",
                "victim::layout::reflow_subtree",
            ],
        }),
    })
}

fn illegal_instruction(victim: &Victim) -> Result<Sample> {
    Ok(Sample {
        name: "linux-illegal-instruction",
        os: "Linux",
        about: "The main thread executes an instruction that no processor has; the address is that of the instruction.",
        annotations: annotations::linux(&[
            ("ProcessType", "main"),
            ("SafeMode", "1"),
            ("StartupCrash", "1"),
            ("UptimeTS", "0.8"),
        ]),
        dumps: vec![(MAIN_DUMP, victim.crash("illegal-instruction")?)],
        expect: Some(Expect {
            reason: "SIGILL / ILL_ILLOPN",
            address: None,
            thread: "victim",
            functions: &[
                "victim::render::trap_unreachable_mode",
                "victim::render::select_blend_mode",
                "victim::render::draw_unknown_shape",
                "victim::main",
            ],
        }),
    })
}

fn bad_jump(victim: &Victim) -> Result<Sample> {
    Ok(Sample {
        name: "linux-bad-jump",
        os: "Linux",
        about: "The main thread calls address 0x10: the first frame belongs to no module, and its caller is found all \
            the same.",
        annotations: annotations::linux(&[
            ("ProcessType", "main"),
            ("ShutdownProgress", "profile-before-change"),
            ("UptimeTS", "7290.003"),
        ]),
        dumps: vec![(MAIN_DUMP, victim.crash("bad-jump")?)],
        expect: Some(Expect {
            reason: "SIGSEGV / SEGV_MAPERR",
            address: Some(0x10),
            thread: "victim",
            functions: &[
                "victim::network::dispatch_event",
                "victim::network::run_callbacks",
                "victim::main",
            ],
        }),
    })
}

fn socket_thread(victim: &Victim) -> Result<Sample> {
    let dump = victim.crash("socket-thread")?;
    let threads = annotations::thread_names(&walk::thread_names(&dump)?);
    Ok(Sample {
        name: "linux-socket-thread",
        os: "Linux",
        about: "A thread named Socket Thread reads from a connection that has gone, while the main thread waits for \
            it.",
        annotations: annotations::linux(&[
            ("ProcessType", "main"),
            ("ThreadIdNameMapping", &threads),
            ("URL", "https://example.org/stream"),
            ("UptimeTS", "655.9"),
        ]),
        dumps: vec![(MAIN_DUMP, dump)],
        expect: Some(Expect {
            reason: "SIGSEGV / SEGV_MAPERR",
            address: Some(0x8),
            thread: "Socket Thread",
            functions: &[
                "core::ptr::read_volatile",
                "core::ptr::const_ptr::<impl *const T>::read_volatile",
                "victim::network::on_socket_ready",
                "victim::network::poll_sockets",
                "victim::network::poll_in_socket_thread::{{closure}}",
            ],
        }),
    })
}

fn many_threads(victim: &Victim) -> Result<Sample> {
    let dump = victim.crash("many-threads")?;
    let threads = annotations::thread_names(&walk::thread_names(&dump)?);
    Ok(Sample {
        name: "linux-many-threads",
        os: "Linux",
        about: "The main thread reads a node that has gone while eight threads, idle-0 to idle-7, are parked.",
        annotations: annotations::linux(&[
            ("ProcessType", "main"),
            ("ThreadIdNameMapping", &threads),
            ("UptimeTS", "90.25"),
            ("useragent_locale", "pt-BR"),
        ]),
        dumps: vec![(MAIN_DUMP, dump)],
        expect: Some(Expect {
            reason: "SIGSEGV / SEGV_MAPERR",
            address: Some(0x20),
            thread: "victim",
            functions: &[
                "core::ptr::read_volatile",
                "core::ptr::const_ptr::<impl *const T>::read_volatile",
                "victim::layout::measure_node",
                "victim::layout::flush_pending_reflow",
                "victim::layout::reflow_with_idle_workers",
                "victim::main",
            ],
        }),
    })
}

fn content_process(victim: &Victim) -> Result<Sample> {
    Ok(Sample {
        name: "linux-content-process",
        os: "Linux",
        about: "A content process writes to a layer that has gone; a second minidump shows the browser's main \
            process, which waits and has not crashed.",
        annotations: annotations::linux(&[
            ("ProcessType", "content"),
            ("RemoteType", "webIsolated=https://example.org"),
            ("URL", "https://example.org/account/settings"),
            ("UptimeTS", "220.4"),
            ("additional_minidumps", "browser"),
        ]),
        dumps: vec![
            (MAIN_DUMP, victim.crash("null-write")?),
            (BROWSER_DUMP, victim.snapshot()?),
        ],
        expect: Some(Expect {
            reason: "SIGSEGV / SEGV_MAPERR",
            address: Some(0x18),
            thread: "victim",
            functions: &[
                "core::ptr::write_volatile",
                "core::ptr::mut_ptr::<impl *mut T>::write_volatile",
                "victim::render::set_opacity",
                "victim::render::fade_in",
                "victim::render::composite_layers",
                "victim::render::present_frame",
                "victim::main",
            ],
        }),
    })
}
