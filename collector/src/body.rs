//! The body of a request: its bytes as they arrive, inflated, within every limit.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_compression::tokio::bufread::GzipDecoder;
use axum::body::BodyDataStream;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use tokio::io::{AsyncBufReadExt, AsyncReadExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::io::StreamReader;

use crate::answer::{Malformed, Refusal};
use crate::meters;
use crate::settings::Settings;

/// Maximum inflated bytes passed on at a time.
const CHUNK: usize = 64 << 10;
/// The first byte of a gzip member.
const GZIP_MAGIC: u8 = 0x1f;

/// The bytes of reports held in memory, over all requests.
#[derive(Debug, Clone)]
pub(crate) struct InFlight {
    held: Arc<AtomicU64>,
    limit: u64,
}

impl InFlight {
    /// Starts with nothing held.
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            held: Arc::default(),
            limit,
        }
    }

    /// The share of one request, released when dropped.
    pub(crate) fn share(&self) -> Share {
        Share {
            all: self.clone(),
            own: 0,
        }
    }
}

/// The bytes one request holds in memory.
#[derive(Debug)]
pub(crate) struct Share {
    all: InFlight,
    own: u64,
}

impl Share {
    fn grow(&mut self, by: u64) -> Result<(), Refusal> {
        let before = self.all.held.fetch_add(by, Ordering::Relaxed);
        self.own += by;
        let held = before.saturating_add(by);
        meters::IN_FLIGHT.set(held as f64);
        if held > self.all.limit {
            return Err(Refusal::Unavailable);
        }
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let before = self.all.held.fetch_sub(self.own, Ordering::Relaxed);
        meters::IN_FLIGHT.set(before.saturating_sub(self.own) as f64);
    }
}

type Wire<'b> = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send + 'b>>;
type Buffered<'b> = StreamReader<Wire<'b>, Bytes>;

enum Source<'b> {
    Plain(Wire<'b>),
    Gzip(Box<GzipDecoder<Buffered<'b>>>),
    /// Whatever follows the last gzip member: read and ignored.
    Rest(Buffered<'b>),
    Ended,
}

/// A body being read.
pub(crate) struct Body<'b> {
    source: Source<'b>,
    wire: Arc<AtomicU64>,
    inflated: u64,
    compressed: bool,
    share: Option<&'b mut Share>,
    limits: &'b Settings,
}

impl<'b> Body<'b> {
    /// Reads `body` within the limits and charges the bytes to `share`. The client must have sent everything by
    /// `deadline`.
    pub(crate) fn new(
        body: &'b mut BodyDataStream,
        compressed: bool,
        limits: &'b Settings,
        deadline: Instant,
        share: &'b mut Share,
    ) -> Self {
        let wire = Arc::new(AtomicU64::new(0));
        let stream = wire_stream(body, Arc::clone(&wire), limits, deadline);
        let source = if compressed {
            Source::Gzip(Box::new(GzipDecoder::new(StreamReader::new(stream))))
        } else {
            Source::Plain(stream)
        };
        Self {
            source,
            wire,
            inflated: 0,
            compressed,
            share: Some(share),
            limits,
        }
    }

    /// Bytes received over the wire so far.
    pub(crate) fn wire_size(&self) -> u64 {
        self.wire.load(Ordering::Relaxed)
    }

    /// Bytes inflated so far.
    pub(crate) fn size(&self) -> u64 {
        self.inflated
    }

    /// Returns the next bytes, `None` at the end. Nothing may be read after an error.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Refusal> {
        let Some(chunk) = self.inflate().await.map_err(refusal)? else {
            return if self.wire_size() == 0 {
                Err(Malformed::NoContentLength.into())
            } else {
                Ok(None)
            };
        };
        // A usize always fits.
        let size = chunk.len() as u64;
        self.inflated = self.inflated.saturating_add(size);
        if self.compressed {
            let by_ratio = self.wire_size().saturating_mul(self.limits.max_ratio);
            let allowed = self.limits.max_inflated.min(self.limits.max_payload.max(by_ratio));
            if self.inflated > allowed {
                return Err(Refusal::TooLarge);
            }
        }
        if let Some(share) = &mut self.share {
            share.grow(size)?;
        }
        Ok(Some(chunk))
    }

    /// Reads the rest and discards it: only then is the body known to be sound.
    pub(crate) async fn finish(&mut self) -> Result<(), Refusal> {
        self.share = None;
        while self.chunk().await?.is_some() {}
        Ok(())
    }

    async fn inflate(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match &mut self.source {
                Source::Plain(wire) => return wire.next().await.transpose(),
                Source::Gzip(decoder) => {
                    let mut buffer = BytesMut::with_capacity(CHUNK);
                    if decoder.read_buf(&mut buffer).await? > 0 {
                        return Ok(Some(buffer.freeze()));
                    }
                }
                Source::Rest(rest) => {
                    let length = rest.fill_buf().await?.len();
                    if length == 0 {
                        self.source = Source::Ended;
                    }
                    rest_consume(&mut self.source, length);
                    continue;
                }
                Source::Ended => return Ok(None),
            }
            // A gzip member has ended. Another may follow; anything else is padding.
            if let Source::Gzip(decoder) = std::mem::replace(&mut self.source, Source::Ended) {
                let mut rest = decoder.into_inner();
                let next = rest.fill_buf().await?.first().copied();
                self.source = if next == Some(GZIP_MAGIC) {
                    Source::Gzip(Box::new(GzipDecoder::new(rest)))
                } else {
                    Source::Rest(rest)
                };
            }
        }
    }
}

fn rest_consume(source: &mut Source<'_>, length: usize) {
    if let Source::Rest(rest) = source {
        rest.consume(length);
    }
}

/// The bytes as they arrive, counted and timed. The stream ends after its first error.
fn wire_stream<'b>(
    body: &'b mut BodyDataStream,
    wire: Arc<AtomicU64>,
    limits: &'b Settings,
    deadline: Instant,
) -> Wire<'b> {
    let idle = Duration::from_secs(limits.idle_seconds);
    let chunks = stream::unfold(Some(body), move |body| {
        let wire = Arc::clone(&wire);
        async move {
            let body = body?;
            let next = timeout_at(deadline, timeout(idle, body.next())).await;
            let problem = match next {
                Ok(Ok(None)) => return None,
                Ok(Ok(Some(Ok(chunk)))) => {
                    let size = chunk.len() as u64;
                    let total = wire.fetch_add(size, Ordering::Relaxed).saturating_add(size);
                    if total <= limits.max_payload {
                        return Some((Ok(chunk), Some(body)));
                    }
                    Refusal::TooLarge
                }
                Ok(Ok(Some(Err(_)))) => Malformed::PayloadStructure.into(),
                Ok(Err(_)) | Err(_) => Refusal::TooSlow,
            };
            Some((Err(io::Error::other(problem)), None))
        }
    });
    // Readers poll again after the end.
    Box::pin(chunks.fuse())
}

/// The refusal inside an error of [`wire_stream`]; other errors come from inflating.
fn refusal(error: io::Error) -> Refusal {
    error
        .into_inner()
        .and_then(|inner| inner.downcast::<Refusal>().ok())
        .map_or(Malformed::BadGzip.into(), |refusal| *refusal)
}

/// Reads what a refused client is still sending, within bounds: a client whose connection closes while it sends never
/// sees the answer.
pub(crate) async fn drain(body: &mut BodyDataStream, limits: &Settings) {
    const LIMIT: Duration = Duration::from_secs(10);
    /// Full dumps of 100 MB and more are a common mistake, and the sender must see why.
    const AT_LEAST: u64 = 256 << 20;
    let reading = async {
        let mut size = 0_u64;
        while let Some(Ok(chunk)) = body.next().await {
            size = size.saturating_add(chunk.len() as u64);
            if size > limits.max_payload.saturating_mul(2).max(AT_LEAST) {
                break;
            }
        }
    };
    // A slower client is cut off.
    let _ = timeout(LIMIT, reading).await;
}
