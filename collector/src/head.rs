//! Heads: what the headers of a request, and those of a part, say. Pure.

use axum::http::{HeaderMap, header};
use crash::MAIN_DUMP;
use encoding_rs::Encoding;
use percent_encoding::percent_decode_str;

use crate::answer::Malformed;
use crate::heads::ODD_LINES;

/// The longest boundary that RFC 2046 allows.
const MAX_BOUNDARY: usize = 70;
/// The largest headers of one part, in bytes.
pub(crate) const MAX_PART_HEAD: usize = 8192;
/// The longest piece of a client's text in a note, in characters.
pub(crate) const MAX_QUOTED: usize = 100;

/// What the headers of a request say about its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// What separates the parts.
    pub(crate) boundary: String,
    /// Whether the body is gzip-compressed.
    pub(crate) compressed: bool,
    /// The size of the body, unless it comes in chunks.
    pub(crate) length: Option<u64>,
    /// The client's name for itself.
    pub(crate) user_agent: Option<String>,
}

impl Head {
    /// Reads the headers, in the order in which clients expect the complaints.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Malformed> {
        let content_type = text(headers, header::CONTENT_TYPE.as_str())
            .filter(|value| !value.trim().is_empty())
            .ok_or(Malformed::NoContentType)?;
        let (kind, parameters) = parameters(&content_type);
        if !["multipart/form-data", "multipart/mixed"].contains(&kind.as_str()) {
            return Err(Malformed::WrongContentType);
        }
        let boundary = find(&parameters, "boundary")
            .map(str::trim_end)
            .filter(|value| (1..=MAX_BOUNDARY).contains(&value.len()))
            .ok_or(Malformed::NoBoundary)?
            .to_owned();
        let length = if headers.contains_key(header::TRANSFER_ENCODING) {
            None
        } else {
            let length = text(headers, header::CONTENT_LENGTH.as_str())
                .and_then(|value| value.parse().ok())
                .filter(|length| *length > 0)
                .ok_or(Malformed::NoContentLength)?;
            Some(length)
        };
        let compressed = text(headers, header::CONTENT_ENCODING.as_str())
            .map(|value| value.trim().to_ascii_lowercase())
            .is_some_and(|value| value == "gzip" || value == "x-gzip");
        Ok(Self {
            boundary,
            compressed,
            length,
            user_agent: text(headers, header::USER_AGENT.as_str()),
        })
    }
}

/// What a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One annotation, in this charset.
    Text(String),
    /// A dump or another attachment, of this type.
    Dump(String),
}

/// How a part named `extra`, which holds annotations as one JSON object, says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extra {
    /// By its content type: it must be such an object.
    Declared,
    /// By its name alone: it is an ordinary part if it is none.
    Named,
}

/// The name of the part that holds annotations as one JSON object.
const EXTRA: &str = "extra";

/// The headers of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartHead {
    /// Its name; a part without one is read and dropped.
    pub(crate) name: Option<String>,
    /// Whether it holds the annotations, whatever it would be otherwise.
    pub(crate) extra: Option<Extra>,
    /// What it is.
    pub(crate) kind: Kind,
    /// What was odd, and did not matter.
    pub(crate) notes: Vec<String>,
}

impl PartHead {
    /// Reads the headers of a part. Only what decides what the part is, and what its bytes stand
    /// for, is judged; the rest is noted.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Malformed> {
        let size: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        if size > MAX_PART_HEAD {
            return Err(Malformed::PayloadStructure);
        }
        let disposition_text = text(headers, header::CONTENT_DISPOSITION.as_str());
        let (_, disposition) = parameters(disposition_text.as_deref().unwrap_or_default());
        let name = find(&disposition, "name")
            .map(str::to_owned)
            .or_else(|| extended(find(&disposition, "name*")?))
            .filter(|name| !name.is_empty());
        let shown: String = match &name {
            Some(name) => name.chars().take(MAX_QUOTED).collect(),
            None => "without a name".to_owned(),
        };
        let mut notes = Vec::new();
        for header in [header::CONTENT_DISPOSITION, header::CONTENT_TYPE] {
            let bytes = headers
                .get(&header)
                .map_or(&b""[..], |value| value.as_bytes());
            if str::from_utf8(bytes).is_err() {
                notes.push(format!("part {shown}: {header} is no UTF-8"));
            }
        }
        let odd_lines = text(headers, ODD_LINES).unwrap_or_else(|| "0".to_owned());
        let odd_lines: u32 = odd_lines.parse().map_err(|_| Malformed::PayloadStructure)?;
        if odd_lines > 0 {
            notes.push(format!("part {shown}: odd lines in its head: {odd_lines}"));
        }
        let mut is_encoded = false;
        if let Some(encoding) = text(headers, "content-transfer-encoding") {
            let name = encoding.split(';').next().unwrap_or_default().trim();
            match name.to_ascii_lowercase().as_str() {
                "" | "binary" | "8bit" | "7bit" | "identity" => {}
                "base64" | "quoted-printable" | "x-uuencode" | "uuencode" | "x-uue" | "gzip"
                | "x-gzip" | "deflate" => is_encoded = true,
                _ => notes.push(format!("part {shown}: unknown transfer encoding")),
            }
        }
        let extended_file = find(&disposition, "filename*");
        if let Some(charset) = extended_file.map(|value| value.split('\'').next())
            && Encoding::for_label(charset.unwrap_or_default().as_bytes()).is_none()
        {
            notes.push(format!("part {shown}: unknown charset of the file name"));
        }
        let is_file = extended_file.is_some()
            || find(&disposition, "filename").is_some_and(|file| !file.is_empty());
        let content_type = text(headers, header::CONTENT_TYPE.as_str())
            .filter(|value| !value.trim().is_empty())
            .unwrap_or_else(|| "text/plain".to_owned());
        let (kind, type_parameters) = parameters(&content_type);
        let is_json = kind.starts_with("application/json");
        // No annotation is called like a minidump, whatever else of the head is missing.
        let is_dump = name
            .as_ref()
            .is_some_and(|name| name.starts_with(MAIN_DUMP));
        let is_text = kind == "text" || kind.starts_with("text/");
        let kind = if !is_file && !is_dump && (is_json || is_text) {
            let charset = find(&type_parameters, "charset");
            Kind::Text(charset.unwrap_or("utf-8").to_owned())
        } else {
            Kind::Dump(content_type)
        };
        let extra = (name.as_deref() == Some(EXTRA)).then_some(if is_json {
            Extra::Declared
        } else {
            Extra::Named
        });
        // What was meant is not what these bytes are; of an attachment nothing depends on that.
        if is_encoded && (extra.is_some() || is_dump || matches!(kind, Kind::Text(_))) {
            return Err(Malformed::PayloadStructure);
        }
        if is_encoded {
            notes.push(format!(
                "part {shown}: its transfer encoding was not undone"
            ));
        }
        Ok(Self {
            name,
            extra,
            kind,
            notes,
        })
    }
}

/// What an extended parameter (RFC 5987: `charset'language'text%20in%20percents`) says, if its
/// charset is known.
fn extended(value: &str) -> Option<String> {
    let mut pieces = value.splitn(3, '\'');
    let (charset, _, text) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    let encoding = Encoding::for_label_no_replacement(charset.as_bytes())?;
    Some(encoding.decode_without_bom_handling(&bytes).0.into_owned())
}

/// The first header of this name as text; bytes that are no UTF-8 are replaced.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Splits `value; name=text; name="quoted \"text\""` into the value (lower case) and the
/// parameters, their names in lower case.
fn parameters(text: &str) -> (String, Vec<(String, String)>) {
    let mut rest = text;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let end = piece_end(rest);
        let (piece, after) = rest.split_at(end);
        pieces.push(piece.trim());
        rest = after.strip_prefix(';').unwrap_or(after);
    }
    let value = pieces.first().copied().unwrap_or_default();
    let value = value.to_ascii_lowercase();
    // The value may be missing.
    let parameters = pieces
        .into_iter()
        .filter_map(|piece| piece.split_once('='))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), unquote(value.trim())))
        .collect();
    (value, parameters)
}

/// Where the first `;` outside of quotes stands.
fn piece_end(text: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn unquote(text: &str) -> String {
    let Some(inner) = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return text.to_owned();
    };
    inner.replace("\\\\", "\\").replace("\\\"", "\"")
}

fn find<'p>(parameters: &'p [(String, String)], name: &str) -> Option<&'p str> {
    parameters
        .iter()
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(list: &[(&str, &[u8])]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                (
                    name.parse::<HeaderName>().unwrap(),
                    HeaderValue::from_bytes(value).unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn the_boundary_is_found_wherever_it_stands() {
        for (content_type, expected) in [
            ("multipart/form-data; boundary=X", Ok("X")),
            ("multipart/form-data;boundary=X", Ok("X")),
            ("multipart/mixed; boundary=\"X Y\"", Ok("X Y")),
            ("multipart/form-data; boundary=X; charset=utf-8", Ok("X")),
            ("Multipart/Form-Data; charset=utf-8; Boundary=X ", Ok("X")),
            ("multipart/form-data", Err(Malformed::NoBoundary)),
            ("multipart/form-data; boundary=", Err(Malformed::NoBoundary)),
            ("multipart/form-data; bound=X", Err(Malformed::NoBoundary)),
            ("text/plain; boundary=X", Err(Malformed::WrongContentType)),
            (
                "multipart/form-dataX; boundary=X",
                Err(Malformed::WrongContentType),
            ),
            ("", Err(Malformed::NoContentType)),
        ] {
            let head = Head::read(&headers(&[
                ("content-type", content_type.as_bytes()),
                ("content-length", b"10"),
            ]));
            assert_eq!(
                head.as_ref().map(|head| head.boundary.as_str()),
                expected.as_ref().map(|found| *found),
                "{content_type}"
            );
        }
        let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
        let head = Head::read(&headers(&[("content-type", long.as_bytes())]));
        assert_eq!(head, Err(Malformed::NoBoundary));
    }

    #[test]
    fn a_body_needs_a_length_or_chunks() {
        let kind: (&str, &[u8]) = ("content-type", b"multipart/form-data; boundary=X");
        for (extra, expected) in [
            (vec![], Err(Malformed::NoContentLength)),
            (
                vec![("content-length", &b"0"[..])],
                Err(Malformed::NoContentLength),
            ),
            (
                vec![("content-length", &b"foo"[..])],
                Err(Malformed::NoContentLength),
            ),
            (vec![("content-length", &b"7"[..])], Ok(Some(7))),
            (vec![("transfer-encoding", &b"chunked"[..])], Ok(None)),
        ] {
            let list: Vec<(&str, &[u8])> = extra.into_iter().chain([kind]).collect();
            assert_eq!(
                Head::read(&headers(&list)).map(|head| head.length),
                expected
            );
        }
    }

    fn part(disposition: &[u8], kind: &[u8]) -> Result<PartHead, Malformed> {
        let mut list = vec![("content-disposition", disposition)];
        if !kind.is_empty() {
            list.push(("content-type", kind));
        }
        PartHead::read(&headers(&list))
    }

    fn text_kind(charset: &str) -> Kind {
        Kind::Text(charset.to_owned())
    }

    fn dump_kind(kind: &str) -> Kind {
        Kind::Dump(kind.to_owned())
    }

    #[test]
    fn parts_are_told_apart_by_name_type_and_file_name() {
        let (text, dump) = (text_kind, dump_kind);
        for (disposition, kind, name, expected) in [
            ("form-data; name=Foo", "", Some("Foo"), text("utf-8")),
            (
                "form-data; Name=\"a\\\"b;c\"",
                "",
                Some("a\"b;c"),
                text("utf-8"),
            ),
            (
                "form-data; name=\"a\"",
                "text/plain; charset=latin1",
                Some("a"),
                text("latin1"),
            ),
            (
                "form-data; name=\"a\"; filename=\"\"",
                "text/plain",
                Some("a"),
                text("utf-8"),
            ),
            (
                "form-data; name=\"a\"; filename=\"x\"",
                "",
                Some("a"),
                dump("text/plain"),
            ),
            (
                "form-data; name=\"a\"; filename*=utf-8''x",
                "",
                Some("a"),
                dump("text/plain"),
            ),
            (
                "form-data; name=\"extra\"",
                "application/json",
                Some("extra"),
                text("utf-8"),
            ),
            (
                "form-data; name=\"extra\"; filename=\"x\"",
                "Application/JSON; charset=x",
                Some("extra"),
                dump("Application/JSON; charset=x"),
            ),
            (
                "form-data; name=\"extra\"; filename=\"extra.json\"",
                "application/octet-stream",
                Some("extra"),
                dump("application/octet-stream"),
            ),
            (
                "form-data; name=\"extra\"",
                "",
                Some("extra"),
                text("utf-8"),
            ),
            (
                "form-data; name=\"settings\"; filename=\"settings.json\"",
                "application/json",
                Some("settings"),
                dump("application/json"),
            ),
            (
                "form-data; name=\"a\"",
                "application/json",
                Some("a"),
                text("utf-8"),
            ),
            (
                "form-data; name=\"a\"",
                "application/octet-stream",
                Some("a"),
                dump("application/octet-stream"),
            ),
            (
                "form-data; name=\"upload_file_minidump\"",
                "",
                Some("upload_file_minidump"),
                dump("text/plain"),
            ),
            (
                "form-data; name=upload_file_minidump_browser",
                "text/plain; charset=utf-8",
                Some("upload_file_minidump_browser"),
                dump("text/plain; charset=utf-8"),
            ),
            ("name=\"a\"", "text/html", Some("a"), text("utf-8")),
            ("form-data; name=\"\"", "", None, text("utf-8")),
            (
                "form-data; filename=\"name=b\"",
                "",
                None,
                dump("text/plain"),
            ),
            (
                "form-data; name*=utf-8''%C3%9Cber%20alles",
                "",
                Some("Über alles"),
                text("utf-8"),
            ),
            ("form-data; name*=klingon''x", "", None, text("utf-8")),
            ("form-data; name*=x", "", None, text("utf-8")),
        ] {
            let head = part(disposition.as_bytes(), kind.as_bytes());
            let declared = kind.to_lowercase().contains("json");
            let expected = PartHead {
                name: name.map(str::to_owned),
                extra: (name == Some("extra")).then_some(if declared {
                    Extra::Declared
                } else {
                    Extra::Named
                }),
                kind: expected,
                notes: Vec::new(),
            };
            assert_eq!(head, Ok(expected), "{disposition} {kind}");
        }
    }

    #[test]
    fn a_harmless_header_is_noted_and_loses_nothing() {
        for (header, value, kind, notes) in [
            (
                "content-transfer-encoding",
                &b"binary"[..],
                text_kind("utf-8"),
                &[][..],
            ),
            (
                "content-transfer-encoding",
                b"8BIT",
                text_kind("utf-8"),
                &[],
            ),
            (
                "content-transfer-encoding",
                b"7bit ",
                text_kind("utf-8"),
                &[],
            ),
            ("content-transfer-encoding", b"", text_kind("utf-8"), &[]),
            (
                "content-transfer-encoding",
                b"UTF-8",
                text_kind("utf-8"),
                &["part a: unknown transfer encoding"],
            ),
            (
                "content-transfer-encoding",
                b"\xff",
                text_kind("utf-8"),
                &["part a: unknown transfer encoding"],
            ),
            (
                "content-type",
                b"text/\xe9",
                text_kind("utf-8"),
                &["part a: content-type is no UTF-8"],
            ),
            (
                "content-type",
                b"text/plain; charset=utf-8; name=\xe9",
                text_kind("utf-8"),
                &["part a: content-type is no UTF-8"],
            ),
            ("content-type", b" ", text_kind("utf-8"), &[]),
            ("x-anything", b"\xff", text_kind("utf-8"), &[]),
        ] {
            let list = [
                ("content-disposition", &b"form-data; name=a"[..]),
                (header, value),
            ];
            let expected = PartHead {
                name: Some("a".to_owned()),
                extra: None,
                kind,
                notes: notes.iter().map(|note| (*note).to_owned()).collect(),
            };
            let context = String::from_utf8_lossy(value);
            assert_eq!(
                PartHead::read(&headers(&list)),
                Ok(expected),
                "{header} {context}"
            );
        }
        for (disposition, name, note) in [
            (
                &b"form-data; name=\"d\"; filename=\"caf\xe9.dmp\""[..],
                "d",
                "part d: content-disposition is no UTF-8",
            ),
            (
                b"form-data; name=\"\xff\"; filename=x",
                "\u{fffd}",
                "part \u{fffd}: content-disposition is no UTF-8",
            ),
            (
                b"form-data; name=\"d\"; filename*=klingon''x",
                "d",
                "part d: unknown charset of the file name",
            ),
        ] {
            let expected = PartHead {
                name: Some(name.to_owned()),
                extra: None,
                kind: dump_kind("application/octet-stream"),
                notes: vec![note.to_owned()],
            };
            assert_eq!(part(disposition, b"application/octet-stream"), Ok(expected));
        }
    }

    #[test]
    fn parts_whose_bytes_mean_something_else_are_refused() {
        let long = [b'x'; MAX_PART_HEAD];
        for list in [
            &[("content-transfer-encoding", &b"base64"[..])][..],
            &[("content-transfer-encoding", &b"Quoted-Printable"[..])][..],
            &[
                ("content-transfer-encoding", &b"base64"[..]),
                (
                    "content-disposition",
                    b"form-data; name=upload_file_minidump; filename=x",
                ),
            ][..],
            &[
                ("content-transfer-encoding", &b"base64"[..]),
                ("content-disposition", b"form-data; name=extra; filename=x"),
            ][..],
            &[("x", &long[..])][..],
        ] {
            assert_eq!(
                PartHead::read(&headers(list)),
                Err(Malformed::PayloadStructure)
            );
        }
    }

    #[test]
    fn the_encoding_of_an_attachment_decides_nothing() {
        let head = PartHead::read(&headers(&[
            ("content-transfer-encoding", b"base64"),
            ("content-disposition", b"form-data; name=log; filename=x"),
        ]));
        let head = head.unwrap();
        assert_eq!(head.kind, dump_kind("text/plain"));
        assert_eq!(
            head.notes,
            ["part log: its transfer encoding was not undone"]
        );
    }
}
