//! Reads stored JSON, also as other systems wrote it. Python writes what is no JSON: `NaN`, `Infinity` and halves of
//! surrogate pairs. Our own objects never hold these.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

/// What a half of a surrogate pair becomes.
const REPLACED: &[u8] = br"\ufffd";

/// Reads a document. If that fails, numbers that are not finite are read as null, and lone surrogates as U+FFFD.
///
/// # Errors
/// It is no JSON even so, or something else.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(bytes).or_else(|error| match mend(bytes) {
        Cow::Borrowed(_) => Err(error),
        Cow::Owned(mended) => serde_json::from_slice(&mended),
    })
}

/// The document with everything replaced that Python alone writes.
fn mend(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = Vec::new();
    // Everything before this position has been copied.
    let (mut copied, mut at) = (0, 0);
    let mut in_string = false;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, new) = if in_string {
            string_part(rest)
        } else {
            (number_part(rest), &b"null"[..])
        };
        match length {
            Some(length) => {
                mended.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
                mended.extend_from_slice(new);
                at += length;
                copied = at;
            }
            None => {
                let is_escape = in_string && rest.starts_with(b"\\");
                in_string ^= rest.starts_with(b"\"");
                at += match is_escape {
                    true if pair(rest) => 12,
                    true => 2,
                    false => 1,
                };
            }
        }
    }
    if mended.is_empty() {
        return Cow::Borrowed(bytes);
    }
    mended.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    Cow::Owned(mended)
}

/// The length of what a string begins with, if it must be replaced, and by what.
fn string_part(rest: &[u8]) -> (Option<usize>, &'static [u8]) {
    let is_lone = unit(rest).is_some_and(|unit| (0xd800..0xe000).contains(&unit)) && !pair(rest);
    (is_lone.then_some(6), REPLACED)
}

/// The length of the number that is not finite with which this begins.
fn number_part(rest: &[u8]) -> Option<usize> {
    let words = [&b"NaN"[..], b"Infinity", b"-Infinity"];
    words.iter().find(|word| rest.starts_with(word)).map(|word| word.len())
}

/// Whether this begins with both halves of a surrogate pair.
fn pair(rest: &[u8]) -> bool {
    let low = rest.get(6..).and_then(unit);
    unit(rest).is_some_and(|high| (0xd800..0xdc00).contains(&high))
        && low.is_some_and(|low| (0xdc00..0xe000).contains(&low))
}

/// The number of the escape `\uXXXX` with which this begins.
fn unit(rest: &[u8]) -> Option<u16> {
    let digits = rest.strip_prefix(br"\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::read;

    #[test]
    fn what_python_writes_is_read() {
        for (text, expected) in [
            (
                r#"{"a": NaN, "b": [Infinity, -Infinity, 1]}"#,
                json!({"a": null, "b": [null, null, 1]}),
            ),
            (
                r#"{"NaN": "Infinity \" NaN", "b": NaN}"#,
                json!({"NaN": "Infinity \" NaN", "b": null}),
            ),
            (
                r#"["\ud83d", "\ude00x", "\ud83d\ud83d\ude00"]"#,
                json!(["\u{fffd}", "\u{fffd}x", "\u{fffd}😀"]),
            ),
            (r#"["\\ud83d", "\\", NaN]"#, json!(["\\ud83d", "\\", null])),
            (
                r#"[123456789012345678901234567890]"#,
                json!([1.234_567_890_123_456_8e29]),
            ),
        ] {
            assert_eq!(read::<Value>(text.as_bytes()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_damaged_stays_so() {
        for text in [
            "",
            "{",
            "{\"a\": Na}",
            "{\"a\": NaN",
            "\"\\u12\"",
            "\"\\ud83d",
            "\u{0}",
            "[1e999]",
        ] {
            assert!(read::<Value>(text.as_bytes()).is_err(), "{text}");
        }
    }
}
