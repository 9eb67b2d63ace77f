//! Answers as JSON.

use std::io::Write;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use platform::cpu;
use serde::Serialize;

use super::failure::Failure;
use super::sending::body;

/// After how many seconds it is worth while to ask again for a large answer.
const RETRY_AFTER: u64 = 5;
/// Maximum bytes of an answer that is made of many crashes.
const MAX_BYTES: usize = 256 << 20;

/// How JSON is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    /// Indented by two.
    Pretty,
}

impl Style {
    /// `pretty=print` asks for it.
    pub(super) fn of(given: &[(String, String)]) -> Self {
        let is_pretty = given.iter().any(|(name, value)| name == "pretty" && value == "print");
        if is_pretty { Self::Pretty } else { Self::Plain }
    }
}

/// A value as JSON, with status 200. It is written off the threads that serve requests: documents can be large.
///
/// # Errors
/// The answer is too long, or too many long ones are being sent.
pub(super) async fn json<T: Serialize + Send + 'static>(value: T, style: Style) -> Result<Response, Failure> {
    let text = cpu::run(move || write(&value, style, MAX_BYTES)).await?;
    let Some(text) = text else {
        let error = "the answer is longer than 256 MB: ask for less, for example with _facets_size";
        return Err(Failure::bad_argument(error));
    };
    let length = text.len();
    let Some(body) = body(text) else {
        let error = "too many large answers are being sent at the moment: ask again in 5 seconds, or for less";
        return Err(Failure::not_now(error, RETRY_AFTER));
    };
    let mut answer = body.into_response();
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Ok(answer)
}

/// The text of a value; `None` if it is longer than `most` bytes.
fn write<T: Serialize>(value: &T, style: Style, most: usize) -> Option<Vec<u8>> {
    let mut text = Text {
        bytes: Vec::new(),
        most,
    };
    let written = match style {
        Style::Plain => serde_json::to_writer(&mut text, value),
        Style::Pretty => serde_json::to_writer_pretty(&mut text, value),
    };
    written.ok().map(|()| text.bytes)
}

/// A text of limited length in which no `</` stands: in a page it would end a script. In JSON it stands only in
/// strings, where `<\/` is the same.
struct Text {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Text {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        for piece in part.split_inclusive(|byte| *byte == b'<') {
            if self.bytes.last() == Some(&b'<') && piece.first() == Some(&b'/') {
                self.bytes.push(b'\\');
            }
            self.bytes.extend_from_slice(piece);
        }
        if self.bytes.len() > self.most {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn no_answer_ends_a_script() {
        let value = json!({"a</b": ["</script>", "<", "/", "<</", "</", "a/b<c"]});
        for style in [Style::Plain, Style::Pretty] {
            let text = String::from_utf8(write(&value, style, 1000).unwrap()).unwrap();
            assert!(!text.contains("</"), "{text}");
            assert_eq!(text.matches("<\\/").count(), 4, "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }

    #[test]
    fn an_answer_has_an_end() {
        let value = json!(["x".repeat(100)]);
        assert_eq!(write(&value, Style::Plain, 104).map(|text| text.len()), Some(104));
        assert_eq!(write(&value, Style::Plain, 103), None);
    }
}
