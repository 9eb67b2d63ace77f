//! Runs work that keeps a processor busy for more than a few milliseconds: off the threads that serve requests, and no
//! more at once than there are processors.
//!
//! Callers wait as tasks, which costs nothing; nothing is queued on threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use tokio::sync::Semaphore;

/// Documents smaller than this are read and written within a few milliseconds: moving the work would cost more than it
/// saves. In bytes.
pub const SMALL: usize = 256 << 10;

/// The work panicked. The log says where. The panic message is not kept, since it may hold a client's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a computation panicked")]
pub struct Panicked;

/// One limit for the whole process: its parts share the processors.
fn room() -> &'static Semaphore {
    static ROOM: OnceLock<Semaphore> = OnceLock::new();
    ROOM.get_or_init(|| {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Semaphore::new(processors.max(2))
    })
}

/// Runs `work` on a separate thread once there is room. If the caller is dropped, the work goes on and keeps its room.
/// It must not wait for other such work.
///
/// # Errors
/// The work panicked.
pub async fn run<T, F>(work: F) -> Result<T, Panicked>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let permit = room().acquire().await.map_err(|_| Panicked)?;
    let span = tracing::Span::current();
    let work = move || {
        let _permit = permit;
        span.in_scope(work)
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| Panicked)
}

/// Runs `work` on a document of this size: through [`run`] if it has [`SMALL`] bytes or more, otherwise at once on this
/// thread.
///
/// # Errors
/// The work panicked.
pub async fn run_sized<T, F>(bytes: usize, work: F) -> Result<T, Panicked>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    if bytes < SMALL {
        catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked)
    } else {
        run(work).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_gives_its_room_back() {
        for size in [0, SMALL] {
            for _ in 0..100 {
                let work = || -> u8 { panic!("on purpose") };
                assert_eq!(run_sized(size, work).await, Err(Panicked));
            }
            assert_eq!(run_sized(size, || 7).await, Ok(7));
        }
    }

    #[tokio::test]
    async fn no_more_runs_at_once_than_there_are_processors_even_if_callers_are_dropped() {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let one = || {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            run(move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(20));
                running.fetch_sub(1, Ordering::SeqCst);
            })
        };
        let given_up = futures::future::join_all((0..20).map(|_| one()));
        let _ = tokio::time::timeout(Duration::from_millis(5), given_up).await;
        for done in futures::future::join_all((0..20).map(|_| one())).await {
            assert_eq!(done, Ok(()));
        }
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        assert!(most.load(Ordering::SeqCst) <= processors.max(2));
    }
}
