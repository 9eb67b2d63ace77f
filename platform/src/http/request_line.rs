//! Addresses as people write them: `/api/SuperSearch/?date=>=2026-11-01`.
//!
//! In an address `<`, `>` and `"` have to be written as `%3C`, `%3E` and `%22`. Browsers do that; `curl`, and Python's
//! `urllib`, send what they are given, and the server would refuse it with an empty answer. Here it is mended on its
//! way from the connection to the server, in the first line of each request and nowhere else. Where the next request
//! begins is told from a plain `content-length`; after a request with any other kind of body nothing more of that
//! connection is mended, because only the server knows where that ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The headers that tell of a body, in lower case; the server knows no others.
const LENGTH: &[u8] = b"content-length";
const ENCODING: &[u8] = b"transfer-encoding";
/// The length of the longer of these.
const LONGEST: usize = 17;
/// A length with more digits is not believed.
const DIGITS: usize = 15;

/// Where in a connection the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the empty lines before a request.
    Before,
    /// In the first line of a request.
    Address,
    /// In the name of a header: how it begins, in lower case, and how long it is so far.
    Name(Body, [u8; LONGEST], usize),
    /// In the rest of a header's line.
    Value(Body),
    /// In the length of the body, with so many digits so far.
    Length(u64, usize),
    /// Behind it, on the same line.
    AfterLength(u64),
    /// In a body, of which so many bytes are left.
    Inside(u64),
    /// Where nothing is mended any more.
    Through,
}

/// What is known of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    /// No header told of one.
    Nothing,
    /// It has so many bytes.
    Bytes(u64),
}

impl Body {
    /// Where the next byte stands behind the headers.
    fn begin(self) -> Place {
        match self {
            Self::Nothing | Self::Bytes(0) => Place::Before,
            Self::Bytes(length) => Place::Inside(length),
        }
    }
}

impl Place {
    /// At the beginning of a line of headers.
    fn line(body: Body) -> Self {
        Self::Name(body, [0; LONGEST], 0)
    }

    /// Where the byte after this one stands.
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Through, _) => Self::Through,
            (Self::Inside(left), _) => Body::Bytes(left - 1).begin(),
            (Self::Before, b'\r' | b'\n') => Self::Before,
            (Self::Before, _) => Self::Address,
            (Self::Address, b'\n') => Self::line(Body::Nothing),
            (Self::Address, _) => Self::Address,
            // The empty line after the headers.
            (Self::Name(body, _, 0), b'\n') => body.begin(),
            (Self::Name(_, _, 0), b'\r') => self,
            (Self::Name(body, ..) | Self::Value(body), b'\n') => Self::line(body),
            (Self::Name(body, name, length), b':') => match name.get(..length).unwrap_or_default() {
                LENGTH if body == Body::Nothing => Self::Length(0, 0),
                LENGTH | ENCODING => Self::Through,
                _ => Self::Value(body),
            },
            (Self::Name(body, mut name, length), byte) => match name.get_mut(length) {
                Some(place) => {
                    *place = byte.to_ascii_lowercase();
                    Self::Name(body, name, length + 1)
                }
                None => Self::Value(body),
            },
            (Self::Length(_, 0), b' ' | b'\t') => self,
            (Self::Length(length, digits), b'0'..=b'9') if digits < DIGITS => {
                Self::Length(length * 10 + u64::from(byte - b'0'), digits + 1)
            }
            (Self::Length(length, 1..) | Self::AfterLength(length), b'\n') => Self::line(Body::Bytes(length)),
            (Self::Length(length, 1..) | Self::AfterLength(length), b' ' | b'\t' | b'\r') => Self::AfterLength(length),
            (Self::Length(..) | Self::AfterLength(_), _) => Self::Through,
            (Self::Value(_), _) => self,
        }
    }
}

/// What stands in an address for a byte that may not.
fn written(byte: u8) -> Option<&'static [u8]> {
    match byte {
        b'"' => Some(b"%22"),
        b'<' => Some(b"%3C"),
        b'>' => Some(b"%3E"),
        _ => None,
    }
}

/// What the server is to read instead of these bytes of a connection: `None` if it is the same. Moves on behind them.
fn mend(place: &mut Place, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut mended: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        // Nothing within a body has to be looked at, nor in a header's value.
        let rest = &bytes[at..];
        let passed = match *place {
            Place::Through => rest.len(),
            Place::Inside(left) => usize::try_from(left).unwrap_or(usize::MAX).min(rest.len()),
            Place::Value(_) => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
            _ => 0,
        };
        if passed > 0 {
            if let Place::Inside(left) = *place {
                *place = Body::Bytes(left - passed as u64).begin();
            }
            if let Some(mended) = &mut mended {
                mended.extend_from_slice(&rest[..passed]);
            }
            at += passed;
            continue;
        }
        *place = place.after(byte);
        let instead = written(byte).filter(|_| *place == Place::Address);
        if mended.is_none() && instead.is_some() {
            mended = Some(bytes[..at].to_vec());
        }
        if let Some(mended) = &mut mended {
            mended.extend_from_slice(instead.unwrap_or(&[byte]));
        }
        at += 1;
    }
    mended
}

/// A connection whose addresses are mended as they are read.
#[derive(Debug)]
pub(super) struct Mended<S> {
    stream: S,
    place: Place,
    /// What was mended and is not read yet, and how much of it was read.
    ahead: (Vec<u8>, usize),
}

impl<S> Mended<S> {
    /// Mends what `stream` reads.
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            place: Place::Before,
            ahead: (Vec::new(), 0),
        }
    }

    /// Gives the reader as much as it takes of what is still to be read.
    fn give(&mut self, to: &mut ReadBuf<'_>) {
        let (bytes, from) = &mut self.ahead;
        let rest = &bytes[*from..];
        let some = &rest[..rest.len().min(to.remaining())];
        to.put_slice(some);
        *from += some.len();
        if *from == bytes.len() {
            self.ahead = (Vec::new(), 0);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Mended<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.ahead.0.is_empty() {
            this.give(to);
            return Poll::Ready(Ok(()));
        }
        let before = to.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, to);
        if let Some(mended) = mend(&mut this.place, &to.filled()[before..]) {
            to.set_filled(before);
            this.ahead = (mended, 0);
            this.give(to);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Mended<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
