//! Reads the parts of a report one after another as the body arrives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use crash::MAIN_DUMP;
use futures::future::poll_fn;
use futures::{Stream, StreamExt, stream};
use multer::{Field, Multipart};
use platform::cpu;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::answer::{Malformed, Refusal};
use crate::body::Body;
use crate::head::{Extra, Kind, PartHead};
use crate::heads::Heads;
use crate::json;
use crate::report::Gathered;
use crate::settings::Settings;

/// Maximum bytes before the first part, or in the headers of one part.
const MAX_BETWEEN: u64 = 64 << 10;

/// Reads the whole body. Faults in its transport (gzip, size, time) take precedence over faults in its parts.
pub(crate) async fn gather(body: &mut Body<'_>, boundary: &str, limits: &Settings) -> Result<Gathered, Refusal> {
    let gathered = gather_parts(body, boundary, limits).await;
    if matches!(gathered, Ok(_) | Err(Refusal::Malformed(_))) {
        body.finish().await?;
    }
    gathered
}

async fn gather_parts(body: &mut Body<'_>, boundary: &str, limits: &Settings) -> Result<Gathered, Refusal> {
    let gate = Arc::new(Gate::default());
    let chunks = chunks(body, Heads::new(boundary));
    let mut parts = Multipart::new(gated(chunks, Arc::clone(&gate)), boundary);
    let mut gathered = Gathered::default();
    let mut count = 0;
    loop {
        gate.fed.store(0, Ordering::Relaxed);
        let next = poll_fn(|cx| gate.poll(cx, |cx| parts.poll_next_field(cx), MAX_BETWEEN)).await?;
        let Some(mut part) = next.map_err(refusal)? else {
            return Ok(gathered);
        };
        count += 1;
        if count > limits.max_parts {
            return Err(Malformed::PayloadStructure.into());
        }
        let head = PartHead::read(part.headers())?;
        add(&mut gathered, head, &mut part, &gate, limits).await?;
    }
}

async fn add(
    gathered: &mut Gathered,
    head: PartHead,
    part: &mut Field<'_>,
    gate: &Gate,
    limits: &Settings,
) -> Result<(), Refusal> {
    let is_dump = matches!(head.kind, Kind::Dump(_));
    let limit = match &head.name {
        None => 0,
        Some(_) if is_dump => usize::MAX,
        Some(_) => limits.max_annotation,
    };
    let content = read(part, gate, limit, is_dump).await?;
    for note in head.notes {
        gathered.note(note);
    }
    let Some(name) = head.name else {
        gathered.note("a part without a name was left out".to_owned());
        return Ok(());
    };
    if let Some(extra) = head.extra {
        match (object(&content, limits).await?, extra) {
            (Ok((annotations, notes)), _) => {
                gathered.add_object(annotations, &notes);
                if extra == Extra::Named {
                    gathered.note(format!("{name} is JSON, which its content type does not say"));
                }
                return Ok(());
            }
            (Err(malformed), Extra::Declared) => return Err(malformed.into()),
            (Err(_), Extra::Named) => {}
        }
    }
    match head.kind {
        Kind::Dump(kind) if !name.starts_with(MAIN_DUMP) => {
            let bytes = content.bytes.unwrap_or_default();
            gathered.add_attachment(&name, &kind, bytes, content.sha256, limits.max_dumps)?;
        }
        Kind::Dump(kind) => {
            if gathered.dump_count() >= limits.max_dumps {
                return Err(Malformed::PayloadStructure.into());
            }
            let bytes = content.bytes.unwrap_or_default();
            gathered.add_dump(&name, &kind, bytes, content.sha256)?;
        }
        Kind::Text(charset) => gathered.add_text(&name, content.bytes.as_deref(), &charset),
    }
    Ok(())
}

type Object = (Map<String, Value>, Vec<&'static str>);

/// The annotations in a part, if they are one JSON object within the limit.
async fn object(content: &Content, limits: &Settings) -> Result<Result<Object, Malformed>, Refusal> {
    let bytes = content.bytes.clone();
    let Some(bytes) = bytes.filter(|bytes| bytes.len() <= limits.max_annotation) else {
        return Ok(Err(Malformed::Json));
    };
    cpu::run_sized(bytes.len(), move || json::object(&bytes))
        .await
        .map_err(|_| Refusal::Unavailable)
}

struct Content {
    /// `None` if there were more than the limit.
    bytes: Option<Bytes>,
    /// In hexadecimal; meaningful only if requested.
    sha256: String,
}

async fn read(part: &mut Field<'_>, gate: &Gate, limit: usize, hashed: bool) -> Result<Content, Refusal> {
    let mut bytes = Some(BytesMut::new());
    let mut hash = Sha256::new();
    while let Some(chunk) = poll_fn(|cx| gate.poll(cx, |cx| part.poll_next_unpin(cx), u64::MAX)).await? {
        let chunk = chunk.map_err(refusal)?;
        if hashed {
            hash.update(&chunk);
        }
        match &mut bytes {
            Some(kept) if kept.len().saturating_add(chunk.len()) > limit => bytes = None,
            Some(kept) => kept.extend_from_slice(&chunk),
            None => {}
        }
    }
    Ok(Content {
        bytes: bytes.map(BytesMut::freeze),
        sha256: hex::encode(hash.finalize()),
    })
}

/// Lets chunks into the multipart reader one by one. The reader takes all it can get on every poll, and would hold the
/// whole body as well as its parts; the gate gives it the next chunk only when it cannot go on without.
#[derive(Debug, Default)]
struct Gate {
    /// Whether the next chunk may pass.
    open: AtomicBool,
    /// Whether the last chunk has passed.
    ended: AtomicBool,
    /// Bytes passed since the count was last set to 0.
    fed: AtomicU64,
}

impl Gate {
    /// Polls the reader, and feeds it as long as it needs more, up to `limit` bytes plus one chunk.
    fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        mut ask: impl FnMut(&mut Context<'_>) -> Poll<T>,
        limit: u64,
    ) -> Poll<Result<T, Refusal>> {
        loop {
            if let Poll::Ready(answer) = ask(cx) {
                return Poll::Ready(Ok(answer));
            }
            if self.ended.load(Ordering::Relaxed) || self.fed.load(Ordering::Relaxed) > limit {
                return Poll::Ready(Err(Malformed::PayloadStructure.into()));
            }
            // If it was open already, the body has nothing yet and will wake this task.
            if self.open.swap(true, Ordering::Relaxed) {
                return Poll::Pending;
            }
        }
    }
}

/// The pieces of the body, with the heads of its parts normalized.
fn chunks<'c>(body: &'c mut Body<'_>, heads: Heads) -> impl Stream<Item = Result<Bytes, Refusal>> + Send + 'c {
    stream::unfold((Some(body), heads), |(mut body, mut heads)| async move {
        loop {
            if let Some(piece) = heads.next() {
                return Some((Ok(piece), (body, heads)));
            }
            match body.as_mut()?.chunk().await {
                Ok(Some(piece)) => heads.push(piece),
                Ok(None) => return Some((Ok(heads.finish()), (None, heads))),
                Err(refusal) => return Some((Err(refusal), (None, heads))),
            }
        }
    })
}

fn gated<'c>(
    chunks: impl Stream<Item = Result<Bytes, Refusal>> + Send + 'c,
    gate: Arc<Gate>,
) -> impl Stream<Item = Result<Bytes, Refusal>> + Send + 'c {
    let mut chunks = Box::pin(chunks.fuse());
    stream::poll_fn(move |cx| {
        if !gate.open.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        let next = chunks.poll_next_unpin(cx);
        match &next {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(chunk))) => {
                gate.fed.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                gate.open.store(false, Ordering::Relaxed);
            }
            Poll::Ready(_) => gate.ended.store(true, Ordering::Relaxed),
        }
        next
    })
}

/// The refusal inside an error of the body; other errors come from the structure.
fn refusal(error: multer::Error) -> Refusal {
    match error {
        multer::Error::StreamReadFailed(inner) => inner
            .downcast::<Refusal>()
            .map_or(Malformed::PayloadStructure.into(), |refusal| *refusal),
        _ => Malformed::PayloadStructure.into(),
    }
}
