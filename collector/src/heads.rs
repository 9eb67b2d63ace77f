//! The heads of parts, mended as the body streams by. Pure.
//!
//! The multipart reader refuses a whole report for one line in the head of one part: a line that is
//! folded (MIME allows it), one that is no header, a header too many. So it gets heads of only what
//! is asked of a part, each on one line. Whatever is no head passes as it is.

use std::collections::VecDeque;

use axum::http::{HeaderName, header};
use bytes::{Bytes, BytesMut};
use memchr::memmem;

use crate::head::MAX_PART_HEAD;

/// A header that no client's has: how many lines of the head were none.
pub(crate) const ODD_LINES: &str = "x-datil-odd-lines";

/// White space behind a boundary is longer than this in no body.
const MAX_PADDING: usize = 1024;
/// A head that has not ended after so many bytes is left to the reader, which refuses it.
const MAX_HELD: usize = 64 << 10;

const CRLF: &[u8] = b"\r\n";

/// Mends the heads of the parts of one body.
#[derive(Debug)]
pub(crate) struct Heads {
    /// What ends the content of a part: a line end, two dashes and the boundary.
    delimiter: Vec<u8>,
    /// What came and cannot be told yet.
    held: BytesMut,
    place: Place,
}

/// Where in the body the held bytes begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the beginning, where a boundary needs no line end before it.
    Start,
    /// In the content of a part, or before the first.
    Content,
    /// Behind a boundary.
    Line,
    /// At the head of a part.
    Head,
    /// Behind the head of a part, which may have no content at all (RFC 2046, 5.1.1).
    Behind,
    /// Behind the last part.
    End,
}

impl Heads {
    /// For a body with this boundary.
    pub(crate) fn new(boundary: &str) -> Self {
        Self {
            delimiter: [CRLF, b"--", boundary.as_bytes()].concat(),
            held: BytesMut::new(),
            place: Place::Start,
        }
    }

    /// Takes the next piece of the body, and adds to `out` what may be read now.
    pub(crate) fn push(&mut self, piece: Bytes, out: &mut VecDeque<Bytes>) {
        let mut rest = if self.held.is_empty() {
            piece
        } else {
            self.held.extend_from_slice(&piece);
            self.held.split().freeze()
        };
        while !rest.is_empty() {
            let Some((next, length)) = self.step(&rest) else {
                self.held.extend_from_slice(&rest);
                return;
            };
            let done = rest.split_to(length);
            match (self.place, next) {
                (Place::Head, Place::Behind) => out.push_back(mended(&done)),
                (Place::Behind, Place::Line) => {
                    out.push_back(Bytes::from_static(CRLF));
                    out.push_back(done);
                }
                _ if done.is_empty() => {}
                _ => out.push_back(done),
            }
            if (self.place, next) == (Place::Content, Place::Content) {
                self.held.extend_from_slice(&rest);
                return;
            }
            self.place = next;
        }
    }

    /// What is left at the end of the body.
    pub(crate) fn finish(&mut self) -> Bytes {
        self.held.split().freeze()
    }

    /// How many of the bytes can be told, and what stands behind them; `None` if more are needed.
    fn step(&self, bytes: &[u8]) -> Option<(Place, usize)> {
        let boundary = self.delimiter.get(CRLF.len()..).unwrap_or_default();
        match self.place {
            Place::Start | Place::Behind => match bytes.starts_with(boundary) {
                true => Some((Place::Line, boundary.len())),
                false if boundary.starts_with(bytes) => None,
                false => Some((Place::Content, 0)),
            },
            Place::Content => Some(match memmem::find(bytes, &self.delimiter) {
                Some(at) => (Place::Line, at + self.delimiter.len()),
                None => (Place::Content, bytes.len() - self.begun(bytes)),
            }),
            Place::Line => after_boundary(bytes),
            Place::Head => {
                let end = match bytes.starts_with(CRLF) {
                    true => Some(CRLF.len()),
                    false => memmem::find(bytes, b"\r\n\r\n").map(|at| at + 2 * CRLF.len()),
                };
                match end {
                    Some(end) => Some((Place::Behind, end)),
                    None if bytes.len() > MAX_HELD => Some((Place::End, bytes.len())),
                    None => None,
                }
            }
            Place::End => Some((Place::End, bytes.len())),
        }
    }

    /// How many bytes at the end may be the beginning of a delimiter.
    fn begun(&self, bytes: &[u8]) -> usize {
        let most = bytes.len().min(self.delimiter.len() - 1);
        let tail = bytes.len() - most;
        (tail..bytes.len())
            .find(|at| {
                let end = bytes.get(*at..).unwrap_or_default();
                self.delimiter.starts_with(end)
            })
            .map_or(0, |at| bytes.len() - at)
    }
}

/// What stands behind a boundary: white space and a line end, then a head; or the body's end; or
/// it is none, but the beginning of another text.
fn after_boundary(bytes: &[u8]) -> Option<(Place, usize)> {
    if bytes.starts_with(b"--") {
        return Some((Place::End, 2));
    }
    let padding = bytes
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let line_end = bytes.get(padding..).unwrap_or_default();
    match line_end {
        [b'\r', b'\n', ..] => Some((Place::Head, padding + 2)),
        b"" | b"\r" if padding <= MAX_PADDING => None,
        b"-" if padding == 0 => None,
        _ => Some((Place::Content, 0)),
    }
}

/// The head with what is asked of a part alone, a line each. One that is too large stays as it is:
/// it is refused.
fn mended(head: &[u8]) -> Bytes {
    if head.len() > MAX_PART_HEAD {
        return Bytes::copy_from_slice(head);
    }
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut rest = head;
    while !rest.is_empty() {
        let end = memmem::find(rest, CRLF);
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.get(CRLF.len()..).unwrap_or_default();
        match lines.last_mut() {
            Some(last) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                last.extend_from_slice(line);
            }
            _ if line.is_empty() => {}
            _ => lines.push(line.to_vec()),
        }
    }
    let mut odd = 0;
    let mut asked = [
        (header::CONTENT_DISPOSITION, None),
        (header::CONTENT_TYPE, None),
        (HeaderName::from_static("content-transfer-encoding"), None),
    ];
    for line in lines {
        let colon = memchr::memchr(b':', &line).unwrap_or(0);
        let (name, value) = line.split_at(colon);
        let Ok(name) = HeaderName::from_bytes(name.trim_ascii()) else {
            odd += 1;
            continue;
        };
        let value = value.get(1..).unwrap_or_default().trim_ascii().to_vec();
        let place = asked.iter_mut().find(|(asked, _)| *asked == name);
        if let Some((_, place @ None)) = place {
            *place = Some(value);
        }
    }
    let mut out = BytesMut::new();
    for (name, value) in asked {
        let Some(value) = value else { continue };
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        // Control characters stand in no value.
        out.extend(value.iter().map(|byte| match byte {
            0..=0x1f | 0x7f => b' ',
            other => *other,
        }));
        out.extend_from_slice(CRLF);
    }
    // The reader wants a header at least.
    out.extend_from_slice(format!("{ODD_LINES}: {odd}\r\n\r\n").as_bytes());
    out.freeze()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The whole body, pushed in pieces of this size.
    fn pass(body: &[u8], piece: usize) -> Vec<u8> {
        let mut heads = Heads::new("b");
        let mut out = VecDeque::new();
        for piece in body.chunks(piece.max(1)) {
            heads.push(Bytes::copy_from_slice(piece), &mut out);
        }
        out.push_back(heads.finish());
        out.iter().flatten().copied().collect()
    }

    fn check(body: &str, expected: &str) {
        for piece in [1, 2, 3, 7, 1000] {
            let found = pass(body.as_bytes(), piece);
            assert_eq!(
                String::from_utf8_lossy(&found),
                expected,
                "{piece}: {body:?}"
            );
        }
    }

    #[test]
    fn odd_lines_of_heads_are_mended_and_counted() {
        let one = "--b\r\ncontent-disposition: form-data; name=a";
        for (head, expected) in [
            (
                "Content-Disposition: form-data;\r\n\tname=a\r\nX-Other: y",
                format!("--b\r\ncontent-disposition: form-data; name=a\r\n{ODD_LINES}: 0\r\n\r\n"),
            ),
            (
                "junk\r\nContent-Disposition : form-data; name=a\r\n: x",
                format!("{one}\r\n{ODD_LINES}: 2\r\n\r\n"),
            ),
            (
                "content-type:a\u{1}b\r\nCONTENT-TYPE: c\r\nContent-Disposition: form-data; name=a",
                format!("{one}\r\ncontent-type: a b\r\n{ODD_LINES}: 0\r\n\r\n"),
            ),
            ("X: y", format!("--b\r\n{ODD_LINES}: 0\r\n\r\n")),
        ] {
            let body = format!("--b\r\n{head}\r\n\r\nv\r\n--b--\r\n");
            check(&body, &format!("{expected}v\r\n--b--\r\n"));
        }
        let many: String = (0..99).map(|n| format!("X-{n}: y\r\n")).collect();
        let body = format!("--b\r\n{many}\r\nv\r\n--b--");
        check(&body, &format!("--b\r\n{ODD_LINES}: 0\r\n\r\nv\r\n--b--"));
    }

    #[test]
    fn a_part_of_a_head_alone_ends_before_the_next() {
        let head = format!("{ODD_LINES}: 0\r\n\r\n");
        check(
            "--b\r\nX: y\r\n\r\n--b\r\nX: y\r\n\r\n\r\n--b\r\n\r\n--b--",
            &format!("--b\r\n{head}\r\n--b\r\n{head}\r\n--b\r\n{head}\r\n--b--"),
        );
    }

    #[test]
    fn contents_pass_as_they_are() {
        let head = format!("{ODD_LINES}: 0\r\n\r\n");
        for content in [
            "",
            "\r\n-",
            "\r\n--",
            "\r\n--c",
            "--b",
            "\r\r\n\n",
            "a: b\r\n\r\n",
        ] {
            let body = format!("before\r\n--b \r\nX: y\r\n\r\nx{content}\r\n--b--\r\nX: y\r\n\r\n");
            let expected = format!("before\r\n--b \r\n{head}x{content}\r\n--b--\r\nX: y\r\n\r\n");
            check(&body, &expected);
        }
        for body in [
            "",
            "junk",
            "--",
            "--b",
            "--b\r",
            "--b\r\nX: y\r\n",
            "--b\nX: y\n\nv\n--b--",
        ] {
            check(body, body);
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            parts in prop::collection::vec(prop::sample::select(vec!["--b", "\r\n", "--", "-", "b", " ", ":", "X", "\r\n\r\n", "\r"]), 0..40),
            piece in 1_usize..9,
        ) {
            let body = parts.concat().into_bytes();
            prop_assert_eq!(pass(&body, piece), pass(&body, body.len()));
        }
    }
}
