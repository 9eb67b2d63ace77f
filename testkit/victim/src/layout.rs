//! Documents: running out of memory or stack, and crashing among many threads.

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

/// Bytes of stack for threads that must stay small in the dump.
const SMALL_STACK: usize = 256 << 10;

/// Loads a document that is too large: aborts as a product does when an allocation fails.
#[inline(never)]
pub(crate) fn load_document() {
    let nodes = build_node_tree(black_box(1 << 24));
    black_box(nodes);
}

#[inline(never)]
fn build_node_tree(nodes: usize) -> usize {
    let bytes = grow_node_arena(nodes * 64);
    black_box(bytes)
}

#[inline(never)]
fn grow_node_arena(bytes: usize) -> usize {
    if bytes > 1 << 20 {
        handle_allocation_failure(bytes);
    }
    black_box(bytes)
}

#[inline(never)]
fn handle_allocation_failure(bytes: usize) {
    black_box(bytes);
    std::process::abort();
}

/// Styles an endlessly nested document in a thread with a small stack: overflows it.
#[inline(never)]
pub(crate) fn style_deep_document() {
    let styled = thread::Builder::new()
        .name("StyleThread#1".to_owned())
        .stack_size(SMALL_STACK)
        .spawn(|| black_box(reflow_subtree(black_box(1))));
    if let Ok(styled) = styled {
        black_box(styled.join().is_ok());
    }
}

#[expect(unconditional_recursion, reason = "the overflow is the crash asked for")]
#[inline(never)]
fn reflow_subtree(depth: u64) -> u64 {
    // Locals, as a real frame has; the small stack holds hundreds of such frames.
    let margins = [depth; 32];
    black_box(&margins);
    let height = reflow_subtree(black_box(depth + 1));
    black_box(height + margins[7])
}

/// Reflows while eight workers wait for work, and meets a node that is gone: reads 0x20.
#[inline(never)]
pub(crate) fn reflow_with_idle_workers() {
    const WORKERS: usize = 8;
    let ready = Arc::new(Barrier::new(WORKERS + 1));
    for number in 0..WORKERS {
        let ready = Arc::clone(&ready);
        let started = thread::Builder::new()
            .name(format!("idle-{number}"))
            .stack_size(SMALL_STACK)
            .spawn(move || wait_for_task(&ready));
        black_box(started.is_ok());
    }
    ready.wait();
    // The workers have passed the barrier; this gives them the time to park.
    thread::sleep(Duration::from_millis(100));
    let height = flush_pending_reflow(black_box(std::ptr::without_provenance(0x20)));
    black_box(height);
}

#[inline(never)]
fn wait_for_task(ready: &Barrier) {
    ready.wait();
    loop {
        thread::park();
    }
}

#[inline(never)]
fn flush_pending_reflow(height: *const u32) -> u32 {
    let height = measure_node(height);
    black_box(height)
}

#[inline(never)]
fn measure_node(height: *const u32) -> u32 {
    // SAFETY: none. The address belongs to nothing, and reading it is the crash asked for.
    black_box(unsafe { height.read_volatile() })
}
