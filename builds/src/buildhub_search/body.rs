//! The parts of a search request, and the refusal of those not understood.

use serde_json::{Map, Value};

/// A search that is refused, with the reason for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub(super) String);

/// Refuses an object with members other than these.
pub(super) fn only(what: &str, members: &Map<String, Value>, known: &[&str]) -> Result<(), Refused> {
    match members.keys().find(|word| !known.contains(&word.as_str())) {
        Some(word) => {
            let what = format!("member of [{}]", short(what));
            Err(unsupported(&what, word, &known.join(", ")))
        }
        None => Ok(()),
    }
}

/// The members of `value`, which must be an object.
pub(super) fn object<'a>(what: &str, value: &'a Value) -> Result<&'a Map<String, Value>, Refused> {
    value
        .as_object()
        .ok_or_else(|| Refused(format!("[{}] must be an object", short(what))))
}

/// The one member of an object.
pub(super) fn single<'a>(what: &str, value: &'a Value) -> Result<(&'a str, &'a Value), Refused> {
    let members = object(what, value)?;
    match (members.len(), members.iter().next()) {
        (1, Some((name, value))) => Ok((name, value)),
        _ => Err(Refused(format!("[{}] must have exactly one member", short(what)))),
    }
}

/// The text of `value`, which must be a string.
pub(super) fn text_of<'a>(what: &str, value: &'a Value) -> Result<&'a str, Refused> {
    value
        .as_str()
        .ok_or_else(|| Refused(format!("[{}] must be a text", short(what))))
}

/// A count, written as a number or as digits.
pub(super) fn whole_number(what: &str, value: &Value) -> Result<usize, Refused> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    };
    number
        .and_then(|number| usize::try_from(number).ok())
        .ok_or_else(|| Refused(format!("[{}] must be a whole number", short(what))))
}

/// The refusal of an unsupported word; it names the supported ones.
pub(super) fn unsupported(what: &str, word: &str, known: &str) -> Refused {
    Refused(format!(
        "the {what} [{}] is not known here; known are {known}",
        short(word)
    ))
}

/// The part of a client's text that an answer repeats.
pub(super) fn short(text: &str) -> String {
    text::cut(text, 80).to_owned()
}
