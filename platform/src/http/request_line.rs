//! Addresses as people write them: `/api/SuperSearch/?date=>=2026-11-01`.
//!
//! In an address `<`, `>` and `"` have to be written as `%3C`, `%3E` and `%22`. Browsers do that; `curl`, and Python's
//! `urllib`, send what they are given, and the server would refuse it with an empty answer. Here it is mended on its
//! way from the connection to the server, in the first line of each request and nowhere else. Where a request may have
//! a body the mending ends for that connection, because only the server knows where the next request begins.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How the names of headers begin that tell of a body, in lower case.
const BODY: [&[u8]; 2] = [b"content-", b"transfer-"];
/// The longest of these.
const LONGEST: usize = 9;

/// Where in a connection the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the empty lines before a request.
    Before,
    /// In the first line of a request.
    Address,
    /// In the name of a header: how it begins in lower case, and how much of that there is.
    Name([u8; LONGEST], usize),
    /// In the rest of a header's line.
    Value,
    /// Where nothing is mended any more.
    Through,
}

impl Place {
    /// Where the byte after this one stands.
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Through, _) => Self::Through,
            (Self::Before, b'\r' | b'\n') => Self::Before,
            (Self::Before | Self::Address, byte) if byte != b'\n' => Self::Address,
            (Self::Name(_, 0), b'\r') => self,
            // The empty line after the headers.
            (Self::Name(_, 0), b'\n') => Self::Before,
            (_, b'\n') => Self::Name([0; LONGEST], 0),
            (Self::Name(mut begin, length), byte) => {
                if let Some(place) = begin.get_mut(length) {
                    *place = byte.to_ascii_lowercase();
                }
                let length = length + 1;
                let told = |name: &&[u8]| begin.get(..length.min(LONGEST)) == Some(*name);
                match BODY.iter().any(told) {
                    true => Self::Through,
                    false if length >= LONGEST => Self::Value,
                    false => Self::Name(begin, length),
                }
            }
            (place, _) => place,
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

/// Appends what the server is to read instead of `bytes`, if that is anything else, and moves on behind them.
fn mend(place: &mut Place, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut mended: Option<Vec<u8>> = None;
    for (at, &byte) in bytes.iter().enumerate() {
        if *place == Place::Through {
            if let Some(mended) = &mut mended {
                mended.extend_from_slice(&bytes[at..]);
            }
            break;
        }
        *place = place.after(byte);
        let instead = written(byte).filter(|_| *place == Place::Address);
        if mended.is_none() && instead.is_some() {
            mended = Some(bytes[..at].to_vec());
        }
        if let Some(mended) = &mut mended {
            mended.extend_from_slice(instead.unwrap_or(&[byte]));
        }
    }
    mended
}

/// A connection whose addresses are mended as they are read.
#[derive(Debug)]
pub(super) struct Mended<S> {
    stream: S,
    place: Place,
    /// What was mended and is still to be read, from the second of them on.
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
