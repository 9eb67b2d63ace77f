//! The heads of parts, mended as the body streams by. Pure.
//!
//! The multipart reader refuses a whole report for one line in the head of one part: a line that is
//! folded (MIME allows it), one that is no header, a header too many. So it gets heads of only what
//! is asked of a part, each on one line. Whatever is no head passes as it is.

use axum::http::{HeaderName, header};
use bytes::{Bytes, BytesMut};
use memchr::memmem;

/// The largest headers of one part, in bytes.
pub(crate) const MAX_PART_HEAD: usize = 8192;

/// A header that no client's has: how many lines of the head were none.
pub(crate) const ODD_LINES: &str = "x-datil-odd-lines";

/// White space behind a boundary is longer than this in no body.
const MAX_PADDING: usize = 1024;

const CRLF: &[u8] = b"\r\n";

/// Mends the heads of the parts of one body.
#[derive(Debug)]
pub(crate) struct Heads {
    /// What ends the content of a part: a line end, two dashes and the boundary.
    delimiter: Vec<u8>,
    /// What came and has not been read.
    held: Bytes,
    /// How many of the held bytes were searched for the end of a head.
    searched: usize,
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
            held: Bytes::new(),
            searched: 0,
            place: Place::Start,
        }
    }

    /// Takes the next piece of the body, once nothing of the last one is ready any more.
    pub(crate) fn push(&mut self, piece: Bytes) {
        if self.held.is_empty() {
            self.held = piece;
            return;
        }
        // Without a copy of what is held, if it is the only one.
        let held = std::mem::take(&mut self.held);
        let mut held = held.try_into_mut().unwrap_or_else(|held| BytesMut::from(&held[..]));
        held.extend_from_slice(&piece);
        self.held = held.freeze();
    }

    /// What may be read now; `None` if more of the body is needed.
    pub(crate) fn next(&mut self) -> Option<Bytes> {
        while !self.held.is_empty() {
            let Some((next, length)) = self.step() else {
                self.searched = self.held.len();
                return None;
            };
            self.searched = 0;
            let place = std::mem::replace(&mut self.place, next);
            if length == 0 && (place, next) == (Place::Content, Place::Content) {
                return None;
            }
            let done = self.held.split_to(length);
            match (place, next) {
                (Place::Head, Place::Behind) => return Some(mended(&done)),
                (Place::Behind, Place::Line) => return Some([CRLF, &done[..]].concat().into()),
                _ if done.is_empty() => {}
                _ => return Some(done),
            }
        }
        None
    }

    /// What is left at the end of the body.
    pub(crate) fn finish(&mut self) -> Bytes {
        std::mem::take(&mut self.held)
    }

    /// How many of the bytes can be told, and what stands behind them; `None` if more are needed.
    fn step(&self) -> Option<(Place, usize)> {
        let bytes = &self.held[..];
        let boundary = self.delimiter.get(CRLF.len()..).unwrap_or_default();
        match self.place {
            Place::Start | Place::Behind => match bytes.strip_prefix(boundary) {
                Some(behind) => Some(match after_boundary(behind)? {
                    (Place::Content, _) => (Place::Content, 0),
                    _ => (Place::Line, boundary.len()),
                }),
                None if boundary.starts_with(bytes) => None,
                None => Some((Place::Content, 0)),
            },
            Place::Content => Some(match memmem::find(bytes, &self.delimiter) {
                Some(at) => (Place::Line, at + self.delimiter.len()),
                None => (Place::Content, bytes.len() - self.begun(bytes)),
            }),
            Place::Line => after_boundary(bytes),
            Place::Head => {
                let from = self.searched.saturating_sub(3);
                let end = match bytes.starts_with(CRLF) {
                    true => Some(CRLF.len()),
                    false => memmem::find(bytes.get(from..)?, b"\r\n\r\n").map(|at| from + at + 2 * CRLF.len()),
                };
                match end {
                    Some(end) => Some((Place::Behind, end)),
                    None if bytes.len() > MAX_PART_HEAD => Some((Place::End, bytes.len())),
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
    let padding = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
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
        let end = memchr::memchr(b'\n', rest);
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        rest = after.get(1..).unwrap_or_default();
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
    use futures::FutureExt;
    use proptest::prelude::*;

    use super::*;

    /// The whole body, pushed in pieces of this size.
    fn pass(body: &[u8], piece: usize) -> Vec<u8> {
        let mut heads = Heads::new("b");
        let mut out = Vec::new();
        for piece in body.chunks(piece.max(1)) {
            heads.push(Bytes::copy_from_slice(piece));
            while let Some(ready) = heads.next() {
                out.extend_from_slice(&ready);
            }
        }
        out.extend_from_slice(&heads.finish());
        out
    }

    fn check(body: &str, expected: &str) {
        for piece in [1, 2, 3, 7, 1000] {
            let found = pass(body.as_bytes(), piece);
            assert_eq!(String::from_utf8_lossy(&found), expected, "{piece}: {body:?}");
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
            (
                "Content-Disposition: form-data; name=a\nContent-Type: c\nX: y",
                format!("{one}\r\ncontent-type: c\r\n{ODD_LINES}: 0\r\n\r\n"),
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
        for content in ["", "\r\n-", "\r\n--", "\r\n--c", "--b", "\r\r\n\n", "a: b\r\n\r\n"] {
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

    /// Name, file name and content.
    type Part = (Option<String>, Option<String>, Bytes);

    /// The parts of a body as the reader finds them.
    fn parts(body: Vec<u8>) -> Option<Vec<Part>> {
        let reading = async {
            let stream = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(body))]);
            let mut reader = multer::Multipart::new(stream, "b");
            let mut parts = Vec::new();
            while let Some(part) = reader.next_field().await.ok()? {
                let name = part.name().map(str::to_owned);
                let file = part.file_name().map(str::to_owned);
                parts.push((name, file, part.bytes().await.ok()?));
            }
            Some(parts)
        };
        reading.now_or_never()?
    }

    proptest! {
        #[test]
        fn what_the_reader_could_read_it_reads_as_before(
            parts_of_body in prop::collection::vec((
                prop::sample::select(vec!["name=a", "name=\"b\"; filename=\"c d\"", "name=--b"]),
                prop::sample::select(vec!["", "\r\nContent-Type: text/plain", "\r\nX: y", "\nX-2:z"]),
                prop::collection::vec(
                    prop::sample::select(vec!["--", "b", "\r\n", "-", "x", "--bar", "\r\n--ba", "\r\n\r\n"]),
                    0..6,
                ),
            ), 0..5),
            piece in 1_usize..9,
        ) {
            let mut body = String::new();
            for (name, headers, content) in parts_of_body {
                let content = content.concat();
                // No content holds a boundary of its own.
                let lines = format!("\r\n{content}\r\n");
                let behind = lines.match_indices("\r\n--b").map(|(at, begun)| &lines.as_bytes()[at + begun.len()..]);
                prop_assume!(behind.into_iter().all(|behind| after_boundary(behind) == Some((Place::Content, 0))));
                body.push_str(&format!("--b\r\nContent-Disposition: form-data; {name}{headers}\r\n\r\n{content}\r\n"));
            }
            body.push_str("--b--\r\n");
            if let Some(before) = parts(body.clone().into_bytes()) {
                prop_assert_eq!(parts(pass(body.as_bytes(), piece)), Some(before), "{:?}", body);
            }
        }

        #[test]
        fn pieces_do_not_matter(
            parts in prop::collection::vec(
                prop::sample::select(vec!["--b", "\r\n", "--", "-", "b", " ", ":", "X", "\r\n\r\n", "\r"]),
                0..40,
            ),
            piece in 1_usize..9,
        ) {
            let body = parts.concat().into_bytes();
            prop_assert_eq!(pass(&body, piece), pass(&body, body.len()));
        }
    }
}
