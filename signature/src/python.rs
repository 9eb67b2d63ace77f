//! The few notions of Python that signatures depend on: what is white space, what is truthy, and how values are written
//! as text and read as numbers.

use serde_json::Value;

/// Equals Python's `str.isspace`: Unicode white space and the four ASCII separators.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// Strips white space from both ends, like `str.strip`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Returns whether a value is truthy: neither null, false, zero nor empty.
pub(crate) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(a) => !a.is_empty(),
        Value::Object(o) => !o.is_empty(),
    }
}

/// Returns the value as `str()` writes it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => {
            let mut out = String::new();
            represent(other, &mut out);
            out
        }
    }
}

fn represent(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(n) => match (n.as_i64(), n.as_u64(), n.as_f64()) {
            (None, None, Some(float)) => out.push_str(&float_text(float)),
            _ => out.push_str(&n.to_string()),
        },
        Value::String(s) => represent_text(s, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                represent(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (i, (key, item)) in map.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                represent_text(key, out);
                out.push_str(": ");
                represent(item, out);
            }
            out.push('}');
        }
    }
}

fn represent_text(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// Returns a float as Python writes it: `1.0`, `1e+16`, `1e-05`.
fn float_text(float: f64) -> String {
    let text = format!("{float:?}");
    match text.split_once('e') {
        None => text,
        Some((mantissa, exponent)) => match exponent.strip_prefix('-') {
            Some(digits) => format!("{mantissa}e-{digits:0>2}"),
            None => format!("{mantissa}e+{exponent:0>2}"),
        },
    }
}

/// Returns the digits of an integer as Python's `int(text, base)` reads it, and whether it is negative. Allows white
/// space around it, a sign, single underscores between digits; with base 16 an optional `0x`.
fn digits(text: &str, base: u32) -> Option<(bool, String)> {
    let text = strip(text);
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let text = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(rest) if base == 16 => rest.strip_prefix('_').unwrap_or(rest),
        _ => text,
    };
    let mut digits = String::with_capacity(text.len());
    let mut after_digit = false;
    for c in text.chars() {
        if c.is_digit(base) {
            digits.push(c.to_ascii_lowercase());
            after_digit = true;
        } else if c == '_' && after_digit {
            after_digit = false;
        } else {
            return None;
        }
    }
    after_digit.then_some((negative, digits))
}

/// Parses a decimal integer, clamped to signed 64 bits; `None` if it is not one.
pub(crate) fn int(text: &str) -> Option<i64> {
    let (negative, digits) = digits(text, 10)?;
    let number = digits.parse::<i128>().unwrap_or(i128::MAX);
    let number = if negative { -number } else { number };
    Some(clamp(number))
}

/// Parses a hexadecimal integer of any size, as `0x…` without leading zeros; `None` if it is not one.
pub(crate) fn hex(text: &str) -> Option<String> {
    let (negative, digits) = digits(text, 16)?;
    let digits = digits.trim_start_matches('0');
    Some(match (negative, digits) {
        (_, "") => "0x0".to_owned(),
        (true, digits) => format!("-0x{digits}"),
        (false, digits) => format!("0x{digits}"),
    })
}

/// Truncates a number to an integer, clamped to signed 64 bits.
pub(crate) fn whole(number: &serde_json::Number) -> i64 {
    number
        .as_i64()
        .or_else(|| number.as_f64().map(|float| float as i64))
        .unwrap_or(0)
}

/// Reads JSON as Python's parser does, which also accepts `NaN`, `Infinity` and escapes of half a surrogate pair. They
/// become the strings `nan`, `inf`, `-inf` and U+FFFD.
pub(crate) fn json(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text).or_else(|error| {
        standard_json(text)
            .and_then(|standard| serde_json::from_str(&standard).ok())
            .ok_or(error)
    })
}

/// Replaces Python's extensions; `None` if there are none.
fn standard_json(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut in_text = false;
    let mut changed = false;
    while let Some(c) = rest.chars().next() {
        let extension = match c {
            'N' | 'I' | '-' if !in_text => EXTENSIONS
                .iter()
                .find(|(word, _)| rest.starts_with(word))
                .map(|(word, replacement)| (word.len(), *replacement)),
            '\\' if in_text => lone_surrogate(rest).then_some((6, "\\ufffd")),
            _ => None,
        };
        let length = match extension {
            Some((length, replacement)) => {
                out.push_str(replacement);
                changed = true;
                length
            }
            None => {
                in_text ^= c == '"';
                let length = match c {
                    // In a string, a surrogate that is not alone is the first of a pair.
                    '\\' if in_text && surrogate(rest).is_some() => 12,
                    '\\' if in_text => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
                    _ => c.len_utf8(),
                };
                out.push_str(&rest[..length]);
                length
            }
        };
        rest = &rest[length..];
    }
    changed.then_some(out)
}

const EXTENSIONS: [(&str, &str); 3] = [("NaN", "\"nan\""), ("Infinity", "\"inf\""), ("-Infinity", "\"-inf\"")];

/// Returns the kind of the surrogate whose escape the text starts with.
fn surrogate(text: &str) -> Option<Surrogate> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Surrogate::High),
        0xdc00..=0xdfff => Some(Surrogate::Low),
        _ => None,
    }
}

#[derive(PartialEq)]
enum Surrogate {
    High,
    Low,
}

/// Returns whether the text starts with the escape of a surrogate that is not part of a pair.
fn lone_surrogate(text: &str) -> bool {
    match surrogate(text) {
        None => false,
        Some(Surrogate::Low) => true,
        Some(Surrogate::High) => text.get(6..).and_then(surrogate) != Some(Surrogate::Low),
    }
}

fn clamp(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_like_python() {
        let cases = [
            (json!(null), "None"),
            (json!(true), "True"),
            (json!(5), "5"),
            (json!(-0.0), "-0.0"),
            (json!(1.0), "1.0"),
            (json!(1e100), "1e+100"),
            (json!(1e-5), "1e-05"),
            (json!("a'b"), "a'b"),
            (json!(["a", 1, [null]]), "['a', 1, [None]]"),
            (json!({"a": "b'c"}), "{'a': \"b'c\"}"),
            (json!(["'\"\n"]), "['\\'\"\\n']"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(&value), expected);
        }
    }

    #[test]
    fn whole_numbers_are_read_like_python() {
        let cases = [
            ("5", Some(5)),
            (" +1_000 ", Some(1000)),
            ("-3", Some(-3)),
            ("007", Some(7)),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("", None),
            ("1.5", None),
            ("0x10", None),
            ("99999999999999999999999999999999999999999999", Some(i64::MAX)),
        ];
        for (text, expected) in cases {
            assert_eq!(int(text), expected, "{text}");
        }
    }

    #[test]
    fn escapes_outside_strings_are_not_json() {
        for text in ["\\ud800", "{\\ud800", "[\"a\", \\ud83e]", "\\", "NaN\\u", "\\\u{e9}NaN"] {
            assert!(super::json(text).is_err(), "{text}");
        }
        let cases = [
            ("\"\\ud800\"", json!("\u{fffd}")),
            ("[NaN, -Infinity, \"\\\"NaN\"]", json!(["nan", "-inf", "\"NaN"])),
            ("[NaN, \"\\ud83e\\udd93\\udd93\"]", json!(["nan", "\u{1f993}\u{fffd}"])),
        ];
        for (text, expected) in cases {
            assert_eq!(super::json(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn hexadecimal_numbers_lose_leading_zeros() {
        let cases = [
            ("0x00FF", Some("0xff")),
            ("40", Some("0x40")),
            ("0x0", Some("0x0")),
            ("-0X1", Some("-0x1")),
            ("0x", None),
            ("zz", None),
            (
                "0xffffffffffffffffffffffffffffffffff",
                Some("0xffffffffffffffffffffffffffffffffff"),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(hex(text).as_deref(), expected, "{text}");
        }
    }
}
