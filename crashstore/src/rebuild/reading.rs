//! Reads objects, many at a time, within a limit on the memory that they take together.

use std::time::Duration;

use bytes::BytesMut;
use futures::TryStreamExt;
use platform::blobs::{BlobError, Blobs};
use platform::{clock, cpu};
use tokio::sync::Semaphore;

use crate::keys::RAW_CRASHES;
use crate::report::MAX_PROCESSED;

/// Maximum bytes of the objects that are in memory at once, in KiB. The largest object must fit.
const ROOM: u32 = 256 << 10;
const _: () = assert!(MAX_PROCESSED < (ROOM as u64) << 10);
/// The pauses before an object that could not be fetched is tried again. The store's own client has tried it often.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(900),
];

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read<T> {
    /// What was read from it.
    Whole(T),
    /// There is none.
    Missing,
    /// It is too large, or not what it should be.
    Damaged,
    /// The store is there, and does not give it out now.
    NotFetched,
}

/// Reads objects of one store.
#[derive(Debug)]
pub(super) struct Reader {
    blobs: Blobs,
    room: Semaphore,
}

impl Reader {
    pub(super) fn new(blobs: Blobs) -> Self {
        Self {
            blobs,
            room: Semaphore::new(usize::try_from(ROOM).unwrap_or(usize::MAX)),
        }
    }

    /// Reads an object of at most `limit` bytes. `parse` makes of it what is kept; `None` means that it is damaged.
    ///
    /// # Errors
    /// The store is away.
    pub(super) async fn read<T, F>(&self, key: &str, limit: u64, parse: F) -> Result<Read<T>, BlobError>
    where
        T: Send + 'static,
        F: FnOnce(&[u8]) -> Option<T> + Send + 'static,
    {
        let mut tried = self.bytes(key, limit).await;
        for pause in PAUSES {
            if tried.is_ok() {
                break;
            }
            clock::sleep(pause).await;
            tried = self.bytes(key, limit).await;
        }
        let (bytes, _permit) = match tried {
            Ok(Read::Whole(read)) => read,
            Ok(Read::Missing) => return Ok(Read::Missing),
            Ok(Read::Damaged) => return Ok(Read::Damaged),
            Ok(Read::NotFetched) => return Ok(Read::NotFetched),
            Err(_) => {
                self.is_there().await?;
                return Ok(Read::NotFetched);
            }
        };
        Ok(match cpu::run(move || parse(&bytes)).await {
            Ok(Some(made)) => Read::Whole(made),
            Ok(None) | Err(cpu::Panicked) => Read::Damaged,
        })
    }

    /// Tells an object that cannot be fetched from a store that is away.
    ///
    /// # Errors
    /// The store is away.
    pub(super) async fn is_there(&self) -> Result<(), BlobError> {
        self.blobs.names(RAW_CRASHES, true).await?;
        Ok(())
    }

    async fn bytes(
        &self,
        key: &str,
        limit: u64,
    ) -> Result<Read<(BytesMut, tokio::sync::SemaphorePermit<'_>)>, BlobError> {
        let Some((size, mut stream)) = self.blobs.stream(key).await? else {
            return Ok(Read::Missing);
        };
        // What waits here holds nothing, so that all go on.
        let room = u32::try_from(size / 1024).unwrap_or(ROOM).saturating_add(1);
        if size > limit || room > ROOM {
            return Ok(Read::Damaged);
        }
        let Ok(permit) = self.room.acquire_many(room).await else {
            return Ok(Read::Damaged);
        };
        let mut bytes = BytesMut::with_capacity(usize::try_from(size).unwrap_or(0));
        while let Some(part) = stream.try_next().await? {
            if bytes.len() as u64 + part.len() as u64 > limit {
                return Ok(Read::Damaged);
            }
            bytes.extend_from_slice(&part);
        }
        Ok(Read::Whole((bytes, permit)))
    }
}
