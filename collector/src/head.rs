//! Heads: the headers of a request and of a part, parsed. Pure.

use axum::http::{HeaderMap, header};
use crash::MAIN_DUMP;
use encoding_rs::Encoding;
use percent_encoding::percent_decode_str;

use crate::answer::Malformed;
use crate::heads::{MAX_PART_HEAD, ODD_LINES};

/// The longest boundary that RFC 2046 allows.
const MAX_BOUNDARY: usize = 70;
/// The most of a client's text quoted in a note, in characters.
pub(crate) const MAX_QUOTED: usize = 100;

/// What the headers of a request say about its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// The separator of the parts.
    pub(crate) boundary: String,
    /// Whether the body is gzip-compressed.
    pub(crate) compressed: bool,
    /// The size of the body, unless it is chunked.
    pub(crate) length: Option<u64>,
    /// The client's `User-Agent`.
    pub(crate) user_agent: Option<String>,
}

impl Head {
    /// Reads the headers, checking in the order in which clients expect the complaints.
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

/// The kind of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One annotation, in this charset.
    Text(String),
    /// A dump or another attachment, of this type.
    Dump(String),
}

/// How a part named `extra` declares that it holds annotations as one JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extra {
    /// By its content type: it must be a JSON object.
    Declared,
    /// By its name alone: if it is not a JSON object, it is an ordinary part.
    Named,
}

/// The name of the part that holds annotations as one JSON object.
const EXTRA: &str = "extra";

/// The headers of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartHead {
    /// Its name; a part without one is read and dropped.
    pub(crate) name: Option<String>,
    /// Set if it is named `extra`: it may hold the annotations, whatever its `kind`.
    pub(crate) extra: Option<Extra>,
    /// Its kind.
    pub(crate) kind: Kind,
    /// Oddities that did not matter.
    pub(crate) notes: Vec<String>,
}

impl PartHead {
    /// Reads the headers of a part. Only faults that affect what the part is, or what its bytes mean, are refused;
    /// others are noted.
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
        let shown = name
            .as_deref()
            .map_or("without a name", |name| text::cut(name, MAX_QUOTED));
        let mut notes = Vec::new();
        for header in [header::CONTENT_DISPOSITION, header::CONTENT_TYPE] {
            let bytes = headers.get(&header).map_or(&b""[..], |value| value.as_bytes());
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
                "base64" | "quoted-printable" | "x-uuencode" | "uuencode" | "x-uue" | "gzip" | "x-gzip" | "deflate" => {
                    is_encoded = true;
                }
                _ => notes.push(format!("part {shown}: unknown transfer encoding")),
            }
        }
        let extended_file = find(&disposition, "filename*");
        if let Some(charset) = extended_file.map(|value| value.split('\'').next())
            && Encoding::for_label(charset.unwrap_or_default().as_bytes()).is_none()
        {
            notes.push(format!("part {shown}: unknown charset of the file name"));
        }
        let is_file = extended_file.is_some() || find(&disposition, "filename").is_some_and(|file| !file.is_empty());
        let content_type = text(headers, header::CONTENT_TYPE.as_str())
            .filter(|value| !value.trim().is_empty())
            .unwrap_or_else(|| "text/plain".to_owned());
        let (kind, type_parameters) = parameters(&content_type);
        let is_json = kind.starts_with("application/json");
        // No annotation has a minidump's name, whatever else is missing from the head.
        let is_dump = name.as_ref().is_some_and(|name| name.starts_with(MAIN_DUMP));
        let is_text = kind == "text" || kind.starts_with("text/");
        let kind = if !is_file && !is_dump && (is_json || is_text) {
            let charset = find(&type_parameters, "charset");
            Kind::Text(charset.unwrap_or("utf-8").to_owned())
        } else {
            Kind::Dump(content_type)
        };
        let extra = (name.as_deref() == Some(EXTRA)).then_some(if is_json { Extra::Declared } else { Extra::Named });
        // These bytes are not the intended content. For an attachment, nothing depends on that.
        if is_encoded && (extra.is_some() || is_dump || matches!(kind, Kind::Text(_))) {
            return Err(Malformed::PayloadStructure);
        }
        if is_encoded {
            notes.push(format!("part {shown}: its transfer encoding was not undone"));
        }
        Ok(Self {
            name,
            extra,
            kind,
            notes,
        })
    }
}

/// Decodes an extended parameter (RFC 5987: `charset'language'text%20in%20percents`) if its charset is known.
fn extended(value: &str) -> Option<String> {
    let mut pieces = value.splitn(3, '\'');
    let (charset, _, text) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    let encoding = Encoding::for_label_no_replacement(charset.as_bytes())?;
    Some(encoding.decode_without_bom_handling(&bytes).0.into_owned())
}

/// The first header with this name as text; invalid UTF-8 is replaced.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Splits `value; name=text; name="quoted \"text\""` into the value and the parameters. The value and the names become
/// lower case.
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

/// The position of the first `;` outside quotes, or the end.
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
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
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
mod tests;
