//! Reads JSON as crashing programs write it. Pure.
//!
//! Annotations can hold damaged memory, and the JSON of some clients' languages is laxer than the standard. What can be
//! kept is kept, with a note; the rest is refused.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use serde_json::{Map, Value};

use crate::answer::Malformed;

/// Reads one JSON object, and returns it with notes on what was changed. The last of equal keys wins; more than 127
/// levels of nesting are refused.
pub(crate) fn object(bytes: &[u8]) -> Result<(Map<String, Value>, Vec<&'static str>), Malformed> {
    let (text, is_damaged) = decode(bytes);
    // Clients in C send the terminating zero.
    let text = Cow::Borrowed(text.trim_end_matches('\0'));
    let (text, mut notes) = mend(&text);
    if is_damaged {
        notes.insert(0, DAMAGED);
    }
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Ok((object, notes)),
        Ok(_) => Err(Malformed::JsonValue),
        Err(_) => Err(Malformed::Json),
    }
}

/// Decodes UTF-8, or the encoding shown by a byte order mark or UTF-16's zero bytes. Also returns whether invalid
/// bytes, such as half a character at the end of a truncated text, were replaced by U+FFFD.
fn decode(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    let (encoding, skip) = match (Encoding::for_bom(bytes), bytes) {
        (Some(found), _) => found,
        (None, [0, ..]) => (UTF_16BE, 0),
        (None, [_, 0, ..]) => (UTF_16LE, 0),
        (None, _) => (UTF_8, 0),
    };
    // Half a unit at the end of UTF-16 would be trailing data after the object.
    let end = match encoding == UTF_8 {
        true => bytes.len(),
        false => skip + (bytes.len() - skip) / 2 * 2,
    };
    encoding.decode_without_bom_handling(bytes.get(skip..end).unwrap_or_default())
}

const DAMAGED: &str = "json: bytes that are no text were replaced by U+FFFD";
const CONTROLS: &str = "json: bare control characters were kept";
const SURROGATES: &str = "json: lone surrogates were replaced";
const NOT_FINITE: &str = "json: NaN or infinity was replaced by null";
const EXACT: &str = "json: numbers that would have been rounded were kept as text";

/// Replaces what a strict parser would refuse or round: lone surrogates by U+FFFD, control characters in strings by
/// their escapes, non-finite numbers by null. Integers of more than 64 bits, and decimals that would lose a digit
/// (`120.10` is a version), become strings of their digits.
fn mend(text: &str) -> (Cow<'_, str>, Vec<&'static str>) {
    let mut mended = String::new();
    // Everything before this position has been copied.
    let mut copied = 0;
    let mut notes: Vec<&'static str> = Vec::new();
    let mut at = 0;
    let mut in_string = false;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, change) = if in_string {
            string_token(rest, &mut in_string)
        } else {
            token(rest, &mut in_string)
        };
        if let Some((new, note)) = change {
            mended.push_str(text.get(copied..at).unwrap_or_default());
            mended.push_str(&new);
            copied = at + length;
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        at += length;
    }
    if copied == 0 && mended.is_empty() {
        return (Cow::Borrowed(text), notes);
    }
    mended.push_str(text.get(copied..).unwrap_or_default());
    (Cow::Owned(mended), notes)
}

type Change = Option<(Cow<'static, str>, &'static str)>;

/// The length of the next token inside a string, and its replacement.
fn string_token(rest: &str, in_string: &mut bool) -> (usize, Change) {
    let Some(special) = rest.find(|c: char| matches!(c, '"' | '\\' | '\0'..='\x1f')) else {
        return (rest.len(), None);
    };
    if special > 0 {
        return (special, None);
    }
    if rest.starts_with('"') {
        *in_string = false;
        return (1, None);
    }
    if let Some(control) = rest.chars().next().filter(|c| *c < ' ') {
        let escaped = format!("\\u{:04x}", u32::from(control));
        return (1, Some((Cow::Owned(escaped), CONTROLS)));
    }
    match escape(rest) {
        Some(0xD800..=0xDBFF) => match rest.get(6..).and_then(escape) {
            Some(0xDC00..=0xDFFF) => (12, None),
            _ => (6, Some((Cow::Borrowed("\\ufffd"), SURROGATES))),
        },
        Some(0xDC00..=0xDFFF) => (6, Some((Cow::Borrowed("\\ufffd"), SURROGATES))),
        Some(_) => (6, None),
        // The backslash and the character it escapes.
        None => (1 + rest.chars().nth(1).map_or(0, char::len_utf8), None),
    }
}

/// The code unit of a leading `\uXXXX`.
fn escape(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

/// The length of the next token outside strings, and its replacement.
fn token(rest: &str, in_string: &mut bool) -> (usize, Change) {
    for word in ["NaN", "Infinity", "-Infinity"] {
        if rest.starts_with(word) {
            return (word.len(), Some((Cow::Borrowed("null"), NOT_FINITE)));
        }
    }
    if rest.starts_with('"') {
        *in_string = true;
        return (1, None);
    }
    if rest.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        let length = rest
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        return (length, number(rest.get(..length).unwrap_or_default()));
    }
    let next = rest.find(|c: char| matches!(c, '"' | '-' | 'N' | 'I') || c.is_ascii_digit());
    let length = match next {
        // A character that does not start a word.
        Some(0) => 1,
        Some(length) => length,
        None => rest.len(),
    };
    (length, None)
}

/// Anything that is not a JSON number is left for the parser to refuse.
fn number(text: &str) -> Change {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let fits = text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok();
        return (!fits && !digits.is_empty() && !digits.starts_with('0'))
            .then(|| (Cow::Owned(format!("\"{text}\"")), EXACT));
    }
    let value: f64 = text.parse().ok()?;
    if value.is_infinite() {
        return Some((Cow::Borrowed("null"), NOT_FINITE));
    }
    let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && !digits.ends_with('.')
        && (!digits.starts_with('0') || digits.starts_with("0."));
    let is_kept = serde_json::Number::from_f64(value).is_some_and(|number| number.to_string() == text);
    (is_decimal && !is_kept).then(|| (Cow::Owned(format!("\"{text}\"")), EXACT))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(bytes: &[u8], expected: Result<(Value, &[&'static str]), Malformed>) {
        let found = object(bytes).map(|(map, notes)| (Value::Object(map), notes));
        let expected = expected.map(|(value, notes)| (value, notes.to_vec()));
        assert_eq!(found, expected, "{}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn what_can_be_kept_is_kept() {
        check(br#"{"a":"1","b":2,"a":null}"#, Ok((json!({"a": null, "b": 2}), &[])));
        check(
            br#"{"a":"\ud83d\ude00 NaN \"Infinity\\"}"#,
            Ok((json!({"a": "😀 NaN \"Infinity\\"}), &[])),
        );
        check(
            br#"{"a":"x\ud800y\udc00"}"#,
            Ok((json!({"a": "x\u{fffd}y\u{fffd}"}), &[SURROGATES])),
        );
        check(
            br#"{"a":"\ud800\ud83d\ude00"}"#,
            Ok((json!({"a": "\u{fffd}😀"}), &[SURROGATES])),
        );
        check(
            br#"{"a":[NaN,-Infinity,Infinity,1e999]}"#,
            Ok((json!({"a": [null, null, null, null]}), &[NOT_FINITE])),
        );
        check(
            br#"{"a":18446744073709551616,"b":18446744073709551615,"c":-9223372036854775809}"#,
            Ok((
                json!({"a": "18446744073709551616", "b": 18_446_744_073_709_551_615_u64, "c": "-9223372036854775809"}),
                &[EXACT],
            )),
        );
        check(
            br#"{"a":120.10,"b":128.5,"c":-0.25,"d":1.7e9,"e":0.1234567890123456789}"#,
            Ok((
                json!({"a": "120.10", "b": 128.5, "c": -0.25, "d": 1.7e9, "e": "0.1234567890123456789"}),
                &[EXACT],
            )),
        );
        check(
            b"{\"a\":\"caf\xc3\",\"b\xff\":\"x\"}",
            Ok((json!({"a": "caf\u{fffd}", "b\u{fffd}": "x"}), &[DAMAGED])),
        );
        check(
            b"{\"a\":\"x\ty\x1b\n\\n\0\"\n}",
            Ok((json!({"a": "x\ty\u{1b}\n\n\0"}), &[CONTROLS])),
        );
        check("\u{feff}{\"é\":\"ü\"}".as_bytes(), Ok((json!({"é": "ü"}), &[])));
        let wide: Vec<u8> = "{\"a\":\"é\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(&wide, Ok((json!({"a": "é"}), &[])));
        check(&[&wide[..], b"\n"].concat(), Ok((json!({"a": "é"}), &[])));
        check(b"{}\0\0", Ok((json!({}), &[])));
    }

    #[test]
    fn anything_but_an_object_is_refused() {
        for bytes in [&b"[]"[..], b"1", b"null", b"\"a\"", b"NaN"] {
            check(bytes, Err(Malformed::JsonValue));
        }
        for bytes in [
            &b""[..],
            b"{",
            b"{'a':1}",
            b"{} x",
            b"{\"a\":\"\\u12\"}",
            b"{\"a\":01}",
            b"{\"a\":01.5}",
            b"{\"a\":1.}",
            b"{\"a\":.5}",
            b"{\"a\":1.2.3}",
        ] {
            check(bytes, Err(Malformed::Json));
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
        check(deep.as_bytes(), Err(Malformed::Json));
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = object(&bytes);
        }

        #[test]
        fn sound_json_stays_as_it_is(map in prop::collection::btree_map(".*", ".*", 0..8)) {
            let text = serde_json::to_string(&map).unwrap();
            let (found, notes) = object(text.as_bytes()).unwrap();
            prop_assert_eq!(serde_json::to_value(&map).unwrap(), Value::Object(found));
            prop_assert!(notes.is_empty());
        }
    }
}
