//! Connections: panics, calls to nowhere, and crashes outside the main thread.

use std::hint::black_box;
use std::io::{Read, Write};
use std::thread;

/// Loads a page whose answer has a broken header: panics.
#[inline(never)]
pub(crate) fn load_page() {
    let length = read_response_head(black_box("HTTP/1.1 200 OK\r\nContent-Length 42\r\n"));
    black_box(length);
}

#[inline(never)]
fn read_response_head(head: &str) -> usize {
    let mut length = 0;
    for line in head.lines().skip(1) {
        length += parse_header(line).len();
    }
    black_box(length)
}

#[inline(never)]
fn parse_header(line: &str) -> &str {
    #[expect(clippy::panic, reason = "the panic is the crash asked for")]
    let Some((_, value)) = black_box(line).split_once(": ") else {
        panic!("header line without a colon");
    };
    black_box(value)
}

/// Runs a callback whose owner is gone: calls the address 0x10.
#[inline(never)]
pub(crate) fn run_callbacks() {
    let ran = dispatch_event(black_box(0x10));
    black_box(ran);
}

#[inline(never)]
fn dispatch_event(callback: usize) -> u32 {
    // SAFETY: none. There is no function at this address, and calling it is the crash asked for.
    let callback = unsafe { std::mem::transmute::<usize, extern "C" fn() -> u32>(callback) };
    black_box(callback())
}

/// Polls connections in a thread named "Socket Thread", one of which is gone: reads 0x8.
#[inline(never)]
pub(crate) fn poll_in_socket_thread() {
    let polled = thread::Builder::new()
        .name("Socket Thread".to_owned())
        .stack_size(256 << 10)
        .spawn(|| black_box(poll_sockets()));
    if let Ok(polled) = polled {
        black_box(polled.join().is_ok());
    }
}

#[inline(never)]
fn poll_sockets() -> u64 {
    let connections = [black_box(std::ptr::without_provenance(0x8))];
    let mut read = 0;
    for connection in connections {
        read += on_socket_ready(connection);
    }
    black_box(read)
}

#[inline(never)]
fn on_socket_ready(bytes_read: *const u64) -> u64 {
    // SAFETY: none. The address belongs to nothing, and reading it is the crash asked for.
    black_box(unsafe { bytes_read.read_volatile() })
}

/// What the browser does while a page is in another process: waits. It does not crash; it signals that it waits with
/// one byte on stdout.
#[inline(never)]
pub(crate) fn wait_for_content() {
    let mut message = [0_u8; 1];
    let told = std::io::stdout()
        .write_all(b"w")
        .and_then(|()| std::io::stdout().flush());
    let received = receive_message(&mut message);
    black_box((told.is_ok(), received));
}

#[inline(never)]
fn receive_message(message: &mut [u8]) -> bool {
    let received = std::io::stdin().read_exact(message).is_ok();
    black_box(received)
}
