//! Large answers on their way: how many there may be at once, and how long they may take.

use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::AbortOnDropHandle;

/// An answer of more bytes is large.
const LARGE: usize = 1 << 20;
/// Maximum bytes of all large answers that wait in this process to be sent.
const AT_ONCE: usize = 512 << 20;
/// How long it may take to send one; then the connection is closed.
const PATIENCE: Duration = Duration::from_secs(300);
/// How many bytes are given to a connection at once. They are copied, so that one that takes nothing more holds nothing
/// more.
const PIECE: usize = 64 << 10;

/// Room for large answers, by kilobytes.
static ROOM: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE >> 10)));

/// The body of an answer; `None` if too many large ones are being sent.
pub(super) fn body(text: Vec<u8>) -> Option<Body> {
    if text.len() <= LARGE {
        return Some(Body::from(text));
    }
    large(text, &ROOM, PATIENCE)
}

/// What is left to be sent, with the room that it takes; `None` if that took too long.
type Left = Arc<Mutex<Option<(Vec<u8>, usize, OwnedSemaphorePermit)>>>;

fn large(text: Vec<u8>, room: &Arc<Semaphore>, patience: Duration) -> Option<Body> {
    let kilobytes = u32::try_from(text.len().div_ceil(1 << 10)).ok()?;
    let permit = room.clone().try_acquire_many_owned(kilobytes).ok()?;
    let left: Left = Arc::new(Mutex::new(Some((text, 0, permit))));
    let ended = Arc::downgrade(&left);
    let ends = AbortOnDropHandle::new(tokio::spawn(async move {
        tokio::time::sleep(patience).await;
        if let Some(left) = ended.upgrade() {
            *left.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }));
    let pieces = stream::unfold((left, ends), async |(left, ends)| {
        let piece = next(&left)?;
        Some((piece, (left, ends)))
    });
    Some(Body::from_stream(pieces))
}

fn next(left: &Left) -> Option<io::Result<Bytes>> {
    let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((text, sent, _)) = &mut *left else {
        return Some(Err(io::ErrorKind::TimedOut.into()));
    };
    let rest = text.get(*sent..).unwrap_or_default();
    let piece = &rest[..rest.len().min(PIECE)];
    *sent += piece.len();
    (!piece.is_empty()).then(|| Ok(Bytes::copy_from_slice(piece)))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn large_answers_take_room_until_they_are_sent() {
        let room = Arc::new(Semaphore::new(300));
        let text: Vec<u8> = (0_u32..200 << 10).map(|at| (at % 251) as u8).collect();
        let first = large(text.clone(), &room, PATIENCE).expect("there is room");
        assert_eq!(room.available_permits(), 100);
        assert!(large(text.clone(), &room, PATIENCE).is_none());
        let sent = first.collect().await.expect("it is sent").to_bytes();
        assert!(sent == text);
        assert_eq!(room.available_permits(), 300);
        // Nobody waits for it any more.
        drop(large(text, &room, PATIENCE).expect("there is room"));
        assert_eq!(room.available_permits(), 300);
    }

    #[tokio::test]
    async fn who_reads_too_slowly_gets_no_more() {
        let room = Arc::new(Semaphore::new(300));
        let mut slow = large(vec![7; 200 << 10], &room, Duration::ZERO).expect("there is room");
        // Returns when the room is free again.
        let all = room.clone().acquire_many_owned(300).await.expect("it is open");
        let piece = slow.frame().await.expect("it has not ended");
        assert!(piece.is_err());
        drop(all);
    }

    #[tokio::test]
    async fn small_answers_take_none() {
        let sent = body(b"x".to_vec()).expect("there is room").collect().await;
        assert_eq!(sent.expect("it is sent").to_bytes(), "x");
    }
}
