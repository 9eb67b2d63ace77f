//! Reads values of uncertain type: annotations, and the stackwalker's document.
//!
//! Clients and tools were written against a lenient reader (surrounding blanks, `_` between digits, numbers as JSON
//! numbers or as texts), and the resulting fields are searched and counted; so the same texts must read as the same
//! numbers here. Rejected on purpose: non-ASCII digits, integers that do not fit in 64 bits, and numbers that are not
//! finite.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Why a value is not an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotInteger {
    /// It is not an integer.
    Malformed,
    /// It does not fit.
    TooLarge,
}

/// Whether a character is a blank: Unicode's white space and the four ASCII separators.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// The text without leading and trailing blanks.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Whether a value counts as given: not null, false, zero or empty.
pub(super) fn is_given(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// The integer in a text, if it fits in 64 bits with sign: an optional sign, then digits with single `_` between them;
/// surrounding blanks are allowed.
pub(super) fn integer_in(text: &str) -> Result<i64, NotInteger> {
    wide_integer_in(text).and_then(narrow)
}

fn narrow(wide: i128) -> Result<i64, NotInteger> {
    i64::try_from(wide).map_err(|_| NotInteger::TooLarge)
}

fn wide_integer_in(text: &str) -> Result<i128, NotInteger> {
    let text = strip(text);
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let digits = without_separators(digits).ok_or(NotInteger::Malformed)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotInteger::Malformed);
    }
    let sign = if negative { "-" } else { "" };
    // Only digits are left, so this can only fail because of size.
    format!("{sign}{digits}").parse().map_err(|_| NotInteger::TooLarge)
}

/// The integer that a value represents, if it fits in 64 bits with sign.
pub(super) fn integer(value: &Value) -> Result<i64, NotInteger> {
    wide_integer(value).and_then(narrow)
}

/// The integer that a value represents, as a field's value: memory sizes may need all 64 bits, without sign.
pub(super) fn integer_value(value: &Value) -> Option<Value> {
    let wide = wide_integer(value).ok()?;
    i64::try_from(wide)
        .map(Value::from)
        .or_else(|_| u64::try_from(wide).map(Value::from))
        .ok()
}

/// The integer that a value represents: a text, a JSON number truncated toward zero, or a boolean.
pub(super) fn wide_integer(value: &Value) -> Result<i128, NotInteger> {
    match value {
        Value::String(text) => wide_integer_in(text),
        Value::Bool(flag) => Ok(i128::from(*flag)),
        Value::Number(number) => match (number.as_i128(), number.as_f64()) {
            (Some(integer), _) => Ok(integer),
            // The decimal form of a whole number has no fraction, and parsing checks the range.
            (None, Some(float)) => format!("{:.0}", float.trunc())
                .parse()
                .map_err(|_| NotInteger::TooLarge),
            (None, None) => Err(NotInteger::Malformed),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => Err(NotInteger::Malformed),
    }
}

/// The finite number that a value represents.
pub(super) fn number(value: &Value) -> Option<f64> {
    let float = match value {
        Value::String(text) => {
            let text = without_separators(strip(text))?;
            let plain = text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            if !plain {
                return None;
            }
            text.parse().ok()?
        }
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        Value::Number(number) => number.as_f64()?,
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    float.is_finite().then_some(float)
}

/// The text without the `_` between its digits; `None` if there is one elsewhere.
fn without_separators(text: &str) -> Option<String> {
    if !text.contains('_') {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let between = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(at, _)| is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1)));
    between.then(|| text.replace('_', ""))
}

/// The value at a path of keys below a value, even if it is null. A missing or null step, or one of another type, ends
/// the search.
pub(super) fn at<'a>(value: Option<&'a Value>, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value?, |value, key| value.get(*key))
}

/// The text of a member of an object.
pub(super) fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.get(name).and_then(Value::as_str)
}

/// The text of an annotation without trailing blanks; numbers are read like texts. Android's last annotation ends with
/// a line end (bug 1906021).
pub(super) fn annotation<'a>(raw: &'a Map<String, Value>, name: &str) -> Option<Cow<'a, str>> {
    raw.get(name).and_then(text_of)
}

/// The text that an annotation represents, without trailing blanks.
pub(super) fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    Some(match crash::text_of(value)? {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches(is_blank)),
        Cow::Owned(text) => Cow::Owned(text),
    })
}

/// The index in a value: a non-negative integer. (Negative ones once counted from the end, and gave the stack of a
/// thread that had nothing to do with the crash.)
pub(super) fn index(value: Option<&Value>) -> Option<usize> {
    value
        .and_then(Value::as_u64)
        .and_then(|index| usize::try_from(index).ok())
}

/// The lines of a text, without their ends. Any of the usual line ends counts: CR, LF, both, and the vertical and
/// Unicode ones.
pub(super) fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some((at, end)) = rest.char_indices().find(|(_, c)| ends_line(*c)) else {
            lines.push(rest);
            break;
        };
        let (line, tail) = rest.split_at(at);
        lines.push(line);
        rest = match tail.strip_prefix("\r\n") {
            Some(rest) => rest,
            None => tail.get(end.len_utf8()..).unwrap_or_default(),
        };
    }
    lines
}

fn ends_line(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// The value as JSON text in ASCII, with `", "` and `": "` and sorted keys.
pub(super) fn json_text(value: &Value) -> String {
    let mut out = String::new();
    write_json(value, &mut out);
    out
}

fn write_json(value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push_str(", ");
                }
                write_json(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| a.0.cmp(b.0));
            out.push('{');
            for (n, (name, item)) in members.into_iter().enumerate() {
                if n > 0 {
                    out.push_str(", ");
                }
                write_text(name, out);
                out.push_str(": ");
                write_json(item, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    let quoted = Value::String(text.to_owned()).to_string();
    for c in quoted.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn integers_are_read_as_clients_have_always_written_them() {
        for (value, expected) in [
            (json!("12"), Ok(12)),
            (json!(" +0012\n"), Ok(12)),
            (json!("-1_000"), Ok(-1000)),
            (json!(12.9), Ok(12)),
            (json!(-12.9), Ok(-12)),
            (json!(true), Ok(1)),
            (json!("12.0"), Err(NotInteger::Malformed)),
            (json!("1e3"), Err(NotInteger::Malformed)),
            (json!("0x10"), Err(NotInteger::Malformed)),
            (json!("1__0"), Err(NotInteger::Malformed)),
            (json!("_1"), Err(NotInteger::Malformed)),
            (json!("- 1"), Err(NotInteger::Malformed)),
            (json!(""), Err(NotInteger::Malformed)),
            (json!("٣"), Err(NotInteger::Malformed)),
            (json!(null), Err(NotInteger::Malformed)),
            (json!([1]), Err(NotInteger::Malformed)),
            (json!("9223372036854775807"), Ok(i64::MAX)),
            (json!("9223372036854775808"), Err(NotInteger::TooLarge)),
            (json!(u64::MAX), Err(NotInteger::TooLarge)),
            (json!(1e300), Err(NotInteger::TooLarge)),
        ] {
            assert_eq!(integer(&value), expected, "{value}");
        }
    }

    #[test]
    fn numbers_are_finite() {
        for (value, expected) in [
            (json!("5."), Some(5.0)),
            (json!(" .5 "), Some(0.5)),
            (json!("1_0e-1"), Some(1.0)),
            (json!(7), Some(7.0)),
            (json!("nan"), None),
            (json!("inf"), None),
            (json!("1e999"), None),
            (json!(""), None),
            (json!({}), None),
        ] {
            assert_eq!(number(&value), expected, "{value}");
        }
    }

    #[test]
    fn lines_end_at_every_kind_of_line_end() {
        assert_eq!(lines("a\r\nb\rc\n\nd\u{2028}e\x0b"), ["a", "b", "c", "", "d", "e"]);
        assert_eq!(lines(""), Vec::<&str>::new());
    }

    #[test]
    fn json_text_is_ascii_with_sorted_keys() {
        assert_eq!(
            json_text(&json!({"b": [1, null], "a": "ü💥\n"})),
            r#"{"a": "\u00fc\ud83d\udca5\n", "b": [1, null]}"#
        );
    }
}
