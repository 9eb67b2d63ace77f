//! Heads: what the headers of a request, and those of a part, say. Pure.

use axum::http::{HeaderMap, header};
use encoding_rs::Encoding;

use crate::answer::Malformed;

/// The longest boundary that RFC 2046 allows.
const MAX_BOUNDARY: usize = 70;
/// The largest headers of one part, in bytes.
const MAX_PART_HEAD: usize = 8192;

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
    /// Annotations as one JSON object.
    Json,
    /// One annotation, in this charset.
    Text(String),
    /// A dump, of this type.
    Dump(String),
}

/// The headers of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartHead {
    /// Its name; a part without one is read and dropped.
    pub(crate) name: Option<String>,
    /// What it is.
    pub(crate) kind: Kind,
}

impl PartHead {
    /// Reads the headers of a part.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Malformed> {
        let size: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        if size > MAX_PART_HEAD {
            return Err(Malformed::PayloadStructure);
        }
        let exact = |name: &str| match headers.get(name) {
            None => Ok(None),
            Some(value) => std::str::from_utf8(value.as_bytes())
                .map(Some)
                .map_err(|_| Malformed::PayloadStructure),
        };
        if exact("content-transfer-encoding")?
            .is_some_and(|value| !value.trim().eq_ignore_ascii_case("binary"))
        {
            return Err(Malformed::PayloadStructure);
        }
        let (_, disposition) = parameters(exact("content-disposition")?.unwrap_or_default());
        let extended = find(&disposition, "filename*");
        if let Some(value) = extended {
            let charset = value.split('\'').next().unwrap_or_default();
            Encoding::for_label(charset.as_bytes()).ok_or(Malformed::PayloadStructure)?;
        }
        let is_file =
            extended.is_some() || find(&disposition, "filename").is_some_and(|f| !f.is_empty());
        let content_type = exact("content-type")?.unwrap_or("text/plain");
        let (kind, type_parameters) = parameters(content_type);
        let kind = if kind.starts_with("application/json") {
            Kind::Json
        } else if kind.starts_with("text/plain") && !is_file {
            Kind::Text(
                find(&type_parameters, "charset")
                    .unwrap_or("utf-8")
                    .to_owned(),
            )
        } else {
            Kind::Dump(content_type.to_owned())
        };
        Ok(Self {
            name: find(&disposition, "name")
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
            kind,
        })
    }
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
    let mut pieces = pieces.into_iter();
    let value = pieces.next().unwrap_or_default().to_ascii_lowercase();
    let parameters = pieces
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

    #[test]
    fn parts_are_told_apart_by_type_and_file_name() {
        let text = |charset: &str| Kind::Text(charset.to_owned());
        let dump = |kind: &str| Kind::Dump(kind.to_owned());
        let bad = Err(Malformed::PayloadStructure);
        for (disposition, kind, expected) in [
            ("form-data; name=Foo", "", Ok((Some("Foo"), text("utf-8")))),
            (
                "form-data; Name=\"a\\\"b;c\"",
                "",
                Ok((Some("a\"b;c"), text("utf-8"))),
            ),
            (
                "form-data; name=\"a\"",
                "text/plain; charset=latin1",
                Ok((Some("a"), text("latin1"))),
            ),
            (
                "form-data; name=\"a\"; filename=\"\"",
                "text/plain",
                Ok((Some("a"), text("utf-8"))),
            ),
            (
                "form-data; name=\"a\"; filename=\"x\"",
                "",
                Ok((Some("a"), dump("text/plain"))),
            ),
            (
                "form-data; name=\"a\"; filename*=utf-8''x",
                "",
                Ok((Some("a"), dump("text/plain"))),
            ),
            (
                "form-data; name=\"a\"; filename*=klingon''x",
                "",
                bad.clone(),
            ),
            (
                "form-data; name=\"a\"",
                "application/json",
                Ok((Some("a"), Kind::Json)),
            ),
            (
                "form-data; name=\"a\"; filename=\"x\"",
                "Application/JSON; charset=x",
                Ok((Some("a"), Kind::Json)),
            ),
            (
                "form-data; name=\"a\"",
                "application/octet-stream",
                Ok((Some("a"), dump("application/octet-stream"))),
            ),
            ("form-data; name=\"\"", "", Ok((None, text("utf-8")))),
            (
                "form-data; filename=\"name=b\"",
                "",
                Ok((None, dump("text/plain"))),
            ),
        ] {
            let mut list: Vec<(&str, &[u8])> =
                vec![("content-disposition", disposition.as_bytes())];
            if !kind.is_empty() {
                list.push(("content-type", kind.as_bytes()));
            }
            let head = PartHead::read(&headers(&list));
            let expected = expected.map(|(name, kind)| PartHead {
                name: name.map(str::to_owned),
                kind,
            });
            assert_eq!(head, expected, "{disposition} {kind}");
        }
    }

    #[test]
    fn parts_with_unreadable_headers_are_refused() {
        let long = [b'x'; MAX_PART_HEAD];
        for list in [
            &[("content-disposition", &b"form-data; name=\"\xff\""[..])][..],
            &[("content-type", &b"text/\xe9"[..])][..],
            &[("content-transfer-encoding", &b"base64"[..])][..],
            &[("x", &long[..])][..],
        ] {
            assert_eq!(
                PartHead::read(&headers(list)),
                Err(Malformed::PayloadStructure)
            );
        }
    }
}
