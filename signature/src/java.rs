//! Java crashes, identified by a stack trace or an exception object.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_automata::meta::Regex;
use serde_json::Value;

use crate::python;

/// Maximum length of a stack trace's signature that includes its description, in characters.
const LENGTH_LIMIT: usize = 255;

/// Returns the signature of a stack trace, from its first two lines: what was thrown, and where.
///
/// Notes are added to `notes`.
pub(crate) fn from_stack_trace(trace: &Value, notes: &mut Vec<&'static str>) -> String {
    let Value::String(trace) = trace else {
        notes.push("JavaSignatureTool: stack trace not in expected format");
        return "EMPTY: Java stack trace not in expected format".to_owned();
    };
    let mut lines = lines(trace).map(python::strip);
    let first = lines.next().unwrap_or_default();
    let (class, description) = match first.split_once(':') {
        Some((class, description)) => (python::strip(class), python::strip(description)),
        None => {
            // An exception without a message is just the name of its class.
            if !is_class(first) {
                notes.push("JavaSignatureTool: stack trace line 1 is not in the expected format");
            }
            (first, "")
        }
    };
    let description = mask_addresses(description);
    let method = match lines.next() {
        None => {
            notes.push("JavaSignatureTool: stack trace line 2 is missing");
            ""
        }
        Some("") => {
            notes.push("JavaSignatureTool: stack trace line 2 is empty");
            ""
        }
        Some(line) => line,
    };
    let method = without_line_number(method);
    let signature = if description.ends_with("<addr>") {
        joined(&[class, &description, &method], ": ")
    } else {
        joined(&[class, &joined(&[&description, &method], " ")], ": ")
    };
    if signature.chars().count() <= LENGTH_LIMIT {
        return signature;
    }
    notes.push("JavaSignatureTool: dropped Java exception description due to length");
    format!("{class}: {method}")
}

/// Returns whether a text can be a class name: names separated by dots.
fn is_class(text: &str) -> bool {
    text.split('.').all(|name| {
        name.starts_with(|first: char| !first.is_numeric())
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-'))
    })
}

/// Splits a text into lines at any of Unicode's line breaks.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text).filter(|text| !text.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let is_break = |c| {
            matches!(
                c,
                '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
            )
        };
        let Some(end) = text.find(is_break) else {
            rest = None;
            return Some(text);
        };
        let (line, after) = text.split_at(end);
        let width = match after.as_bytes() {
            [b'\r', b'\n', ..] => 2,
            _ => after.chars().next().map_or(0, char::len_utf8),
        };
        rest = Some(&after[width..]).filter(|text| !text.is_empty());
        Some(line)
    })
}

/// Masks the identity of an object, `@` and eight hexadecimal digits, which differs in every crash.
fn mask_addresses(description: &str) -> String {
    let mut out = String::with_capacity(description.len());
    let mut rest = description;
    while let Some(at) = rest.find('@') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let is_address = after
            .as_bytes()
            .get(1..9)
            .is_some_and(|digits| digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')));
        let width = if is_address {
            out.push_str("@<addr>");
            9
        } else {
            out.push('@');
            1
        };
        rest = &after[width..];
    }
    out.push_str(rest);
    out
}

/// Strips the `:7` from `at Herd.add(Herd.java:7)`.
fn without_line_number(method: &str) -> Cow<'_, str> {
    static LINE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\.java:\d+\)\z").expect("the expression for line numbers is well formed"));
    match LINE.find(method) {
        None => Cow::Borrowed(method),
        Some(found) => Cow::Owned(format!("{}.java)", &method[..found.start()])),
    }
}

fn joined(parts: &[&str], separator: &str) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join(separator)
}

/// Returns the signature of an exception object, from the first of its values: its class, and the frame that threw it.
/// An error says what is unusable.
pub(crate) fn from_exception(exception: &Value, notes: &mut Vec<&'static str>) -> Result<String, String> {
    let stack = exception
        .get("exception")
        .and_then(|exception| exception.get("values")?.get(0)?.get("stacktrace"))
        .filter(|stack| python::truthy(stack));
    let Some(stack) = stack else {
        notes.push("JavaExceptionSignatureTool: value not in expected format");
        return Ok("EMPTY: Java exception not in expected format".to_owned());
    };
    let Value::Object(stack) = stack else {
        return Err("the stack trace of a Java exception is not an object".to_owned());
    };
    let class_name = stack.get("type");
    let known = class_name.is_none_or(python::truthy);
    let class_name = class_name.map_or_else(|| "Unknown".to_owned(), python::text);
    let class = match stack.get("module").filter(|module| python::truthy(module)) {
        Some(module) if known => format!("{}.{class_name}", python::text(module)),
        _ => class_name,
    };
    let frames = match stack.get("frames").filter(|frames| python::truthy(frames)) {
        None => return Ok(class),
        Some(Value::Array(frames)) if frames.iter().all(Value::is_object) => frames,
        Some(_) => {
            return Err("the frames of a Java exception are not a list of objects".to_owned());
        }
    };
    let Some(frame) = frames.first() else {
        return Ok(class);
    };
    let text = |key: &str| match frame.get(key).filter(|value| python::truthy(value)) {
        None => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(_) => Err("a frame of a Java exception has a part that is not a text".to_owned()),
    };
    let mut place = joined(&[text("module")?, text("function")?], ".");
    let file = text("filename")?;
    if place.is_empty() {
        place.push_str("unknown");
    } else if !file.is_empty() {
        place = format!("{place}({file})");
    }
    Ok(format!("{class}: at {place}"))
}

#[cfg(test)]
mod tests;
