//! The typed values of a stored search document.

use std::borrow::Cow;
use std::collections::HashSet;

use chrono::DateTime;
use crash::redact;
use crashstore::search::may_be_cut;
use serde_json::{Map, Value as Json};

use crate::fields::{FieldId, Kind};
use crate::query::{Condition, Query, Test};
use crate::row::{Row, Value};

/// Maximum values of a field; what comes behind them is dropped.
pub(crate) const MAX_VALUES: usize = 10_000;

/// Maximum characters of a text; longer ones are truncated.
const MAX_TEXT: usize = 10_000;

/// A crash from its id, when it came in (microseconds UTC) and its search document. What is not of its field's kind is
/// missing, and so is what is not a field.
pub fn row(id: &str, date: i64, document: &Map<String, Json>) -> Row {
    let mut values = Vec::new();
    for field in FieldId::all() {
        if matches!(field.name(), "uuid" | "date") {
            continue;
        }
        if let Some(stored) = stored(field, document) {
            values.extend(of_field(&stored, field.kind()).into_iter().map(|value| (field, value)));
        }
    }
    Row {
        id: id.to_owned(),
        date,
        values,
    }
}

/// What a document has for a field. Under a field that everyone may see stands what everyone may see of it.
pub(crate) fn stored(field: FieldId, document: &Map<String, Json>) -> Option<Cow<'_, Json>> {
    let stored = document.get(field.name())?;
    match field.cut_by() {
        None => Some(Cow::Borrowed(stored)),
        Some(described) => redact::public_value(stored, described).map(Cow::Owned),
    }
}

/// The different values of a field, in order.
fn of_field(stored: &Json, kind: Kind) -> Vec<Value> {
    match kind {
        Kind::Integer => integer(stored).map(Value::Integer).into_iter().collect(),
        Kind::Number => number(stored).map(Value::Number).into_iter().collect(),
        Kind::Boolean => boolean(stored).map(Value::Boolean).into_iter().collect(),
        Kind::Date => date(stored).map(Value::Integer).into_iter().collect(),
        Kind::Exact | Kind::Words => different(texts(stored).map(|text| text::cut(text, MAX_TEXT).to_owned())),
        Kind::Semicolons => different(texts(stored).flat_map(|text| parts(text::cut(text, MAX_TEXT)))),
    }
}

/// The parts of a semicolon field's value, as they are compared.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(';').map(|part| lower_case(part.trim()));
    parts.filter(|part| !part.is_empty())
}

/// Each letter in lower case, whatever stands beside it: part of a text is so part of it in lower case.
pub(crate) fn lower_case(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The first field that a query compares, other than with nothing, of which a document holds no more than the
/// beginning: whether such a crash matches is not known.
pub fn cut_field(document: &Map<String, Json>, query: &Query) -> Option<FieldId> {
    let compares = |condition: &&Condition| {
        let mut tests = condition.any.iter().chain(&condition.none);
        tests.any(|test| *test != Test::Missing)
    };
    let mut fields = query
        .conditions
        .iter()
        .filter(compares)
        .map(|condition| condition.field);
    fields.find(|field| {
        let value = document.get(field.name());
        let is_long = |value: &Json| value.as_array().is_some_and(|items| items.len() > MAX_VALUES);
        value.is_some_and(|value| is_long(value) || may_be_cut(field.name(), value))
    })
}

pub(crate) fn texts(stored: &Json) -> impl Iterator<Item = &str> {
    let items = match stored {
        Json::Array(items) => items.as_slice(),
        other => std::slice::from_ref(other),
    };
    items.iter().filter_map(Json::as_str)
}

fn different(texts: impl Iterator<Item = String>) -> Vec<Value> {
    let mut seen = HashSet::new();
    let new = texts.filter(|text| seen.insert(text.clone()));
    new.take(MAX_VALUES).map(Value::Text).collect()
}

/// Build ids are stored as texts of digits.
pub(crate) fn integer(stored: &Json) -> Option<i64> {
    match stored {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(crate) fn number(stored: &Json) -> Option<f64> {
    let number = match stored {
        Json::Number(number) => number.as_f64()?,
        Json::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    // Zero has one sign.
    number.is_finite().then_some(number + 0.0)
}

pub(crate) fn boolean(stored: &Json) -> Option<bool> {
    match stored {
        Json::Bool(boolean) => Some(*boolean),
        Json::Number(number) => match number.as_i64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        Json::String(text) => match text.as_str() {
            "0" | "false" => Some(false),
            "1" | "true" => Some(true),
            _ => None,
        },
        _ => None,
    }
}

fn date(stored: &Json) -> Option<i64> {
    match stored {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => {
            let date = DateTime::parse_from_rfc3339(text).ok()?;
            Some(date.timestamp_micros())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_of_their_fields_kind() {
        let texts = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| Value::Text((*text).to_owned()))
                .collect::<Vec<_>>()
        };
        for (kind, stored, expected) in [
            (
                Kind::Integer,
                json!("20260801093000"),
                vec![Value::Integer(20_260_801_093_000)],
            ),
            (Kind::Integer, json!(-5), vec![Value::Integer(-5)]),
            (Kind::Integer, json!(i64::MAX), vec![Value::Integer(i64::MAX)]),
            (Kind::Integer, json!(u64::MAX), vec![]),
            (Kind::Integer, json!("99999999999999999999"), vec![]),
            (Kind::Integer, json!(1.5), vec![]),
            (Kind::Integer, json!("x"), vec![]),
            (Kind::Integer, json!([1]), vec![]),
            (Kind::Number, json!(1.5), vec![Value::Number(1.5)]),
            (Kind::Number, json!("2"), vec![Value::Number(2.0)]),
            (Kind::Number, json!("NaN"), vec![]),
            (Kind::Number, json!("inf"), vec![]),
            (Kind::Boolean, json!(true), vec![Value::Boolean(true)]),
            (Kind::Boolean, json!(0), vec![Value::Boolean(false)]),
            (Kind::Boolean, json!("1"), vec![Value::Boolean(true)]),
            (Kind::Boolean, json!("false"), vec![Value::Boolean(false)]),
            (Kind::Boolean, json!("yes"), vec![]),
            (Kind::Boolean, json!(2), vec![]),
            (Kind::Boolean, json!(null), vec![]),
            (
                Kind::Date,
                json!("1970-01-01T00:00:01.5+00:00"),
                vec![Value::Integer(1_500_000)],
            ),
            (Kind::Date, json!("yesterday"), vec![]),
            (Kind::Exact, json!(""), texts(&[""])),
            (Kind::Exact, json!(["b", "a", "b", 3]), texts(&["b", "a"])),
            (Kind::Exact, json!(3), vec![]),
            (Kind::Exact, json!([]), vec![]),
            (Kind::Words, json!("a; B"), texts(&["a; B"])),
            (Kind::Semicolons, json!(" A.dll;b;;a.DLL "), texts(&["a.dll", "b"])),
            (Kind::Semicolons, json!(["X;y", "x"]), texts(&["x", "y"])),
            (Kind::Semicolons, json!(""), vec![]),
            (Kind::Semicolons, json!("ΑΣ;ΑΣΑ;İX"), texts(&["ασ", "ασα", "i\u{307}x"])),
        ] {
            assert_eq!(of_field(&stored, kind), expected, "{kind:?} {stored}");
        }
        let Value::Number(zero) = of_field(&json!(-0.0), Kind::Number)[0] else {
            panic!("a number");
        };
        assert!(zero.is_sign_positive());
    }

    #[test]
    fn a_row_has_the_fields_that_the_document_has() {
        let document = json!({"uuid": "x", "date": 3, "signature": "s", "uptime": 1, "unknown": 1, "build_id": "7"});
        let row = row("id", 9, document.as_object().unwrap());
        let named: Vec<_> = row
            .values
            .iter()
            .map(|(field, value)| (field.name(), value.clone()))
            .collect();
        assert_eq!((row.id.as_str(), row.date), ("id", 9));
        assert_eq!(
            named,
            [
                ("build_id", Value::Integer(7)),
                ("signature", Value::Text("s".to_owned())),
                ("uptime", Value::Integer(1)),
            ]
        );
    }

    #[test]
    fn values_are_bounded() {
        let many: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
        assert_eq!(of_field(&json!(many), Kind::Exact).len(), MAX_VALUES);
        let long = of_field(&json!("é".repeat(20_000)), Kind::Words);
        assert_eq!(long, [Value::Text("é".repeat(MAX_TEXT))]);
    }
    #[test]
    fn what_a_document_has_only_the_beginning_of_is_told() {
        let many: Vec<String> = (0..=MAX_VALUES).map(|number| number.to_string()).collect();
        let document = json!({
            "app_notes": "é".repeat(MAX_TEXT), "signature": "é".repeat(MAX_TEXT - 1), "addons": many, "version": "1",
            "frames": vec!["f"; 300], "modules_in_stack": "a;b", "proto_signature": "x",
        });
        let condition = |name: &str, any: Vec<Test>, none: Vec<Test>| Condition {
            field: FieldId::of(name).unwrap(),
            ranges: Vec::new(),
            any,
            none,
        };
        let wanted = || vec![Test::Contains("x".to_owned())];
        for (name, any, none, expected) in [
            ("app_notes", wanted(), vec![], true),
            ("app_notes", vec![], wanted(), true),
            ("app_notes", vec![Test::Missing], vec![Test::Missing], false),
            ("addons", vec![], wanted(), true),
            ("frames", vec![], wanted(), true),
            ("signature", wanted(), wanted(), false),
            ("modules_in_stack", vec![], wanted(), false),
            ("reason", vec![], wanted(), false),
        ] {
            let query = Query {
                conditions: vec![condition("version", wanted(), vec![]), condition(name, any, none)],
                ..Query::default()
            };
            let found = cut_field(document.as_object().unwrap(), &query);
            assert_eq!(found.map(|field| field.name()), expected.then_some(name));
        }
    }
}
