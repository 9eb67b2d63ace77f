//! Reports faults in hand-written TOML or JSON in our own words: where they are and what is expected, but never a value
//! that may be secret.

use figment::error::{Actual, Kind};
use figment::value::{Dict, Value};
use figment::{Error, Figment, Metadata, Source};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads TOML.
///
/// # Errors
/// Where the text is not TOML, or what is wrong in it.
pub fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let table: toml::Table = toml::from_str(text).map_err(|error| no_toml(text, &error))?;
    match toml::from_str(text) {
        Ok(read) => Ok(read),
        Err(_) if has_date(&toml::Value::Table(table.clone())) => Err(format!(
            "{}; dates and times stand in quotation marks, as texts do",
            wrong::<T>(&table)
        )),
        Err(_) => Err(wrong::<T>(&table)),
    }
}

/// Reads a part of a document that was read as TOML or JSON.
///
/// # Errors
/// What is wrong in it.
pub fn from_value<T: DeserializeOwned>(part: &impl Serialize) -> Result<T, String> {
    let value = Value::serialize(part).map_err(|error| sentence(&error, None))?;
    value.deserialize().map_err(|error: Error| sentence(&error, None))
}

/// Whether there is an unquoted date or time anywhere: none of the files read here takes one.
fn has_date(value: &toml::Value) -> bool {
    match value {
        toml::Value::Datetime(_) => true,
        toml::Value::Array(many) => many.iter().any(has_date),
        toml::Value::Table(table) => table.values().any(has_date),
        _ => false,
    }
}

/// Reads JSON.
///
/// # Errors
/// Where the text is not JSON, or what is wrong in it.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("line {line}, column {column}: this is no JSON")
    })?;
    match serde_json::from_str(text) {
        Ok(read) => Ok(read),
        Err(_) => Err(wrong::<T>(&value)),
    }
}

/// Explains why a document is not a `T`.
fn wrong<T: DeserializeOwned>(document: &impl Serialize) -> String {
    let error = match Value::serialize(document) {
        Ok(value) => value.deserialize::<T>().err(),
        Err(error) => Some(error),
    };
    error.map_or_else(|| "a name is there twice".to_owned(), |error| sentence(&error, None))
}

/// Reports where a text is not TOML.
pub(super) fn no_toml(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(
        "line {line}, column {column}: this is no TOML; a value is given as name = value below its [section], once, \
         and texts stand in quotation marks"
    )
}

/// Reports all unknown names in the settings, with the known ones.
pub(super) fn unknown_names(figment: &Figment, given: &Dict, known: &Dict, within: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in given {
        let path = join(within, name);
        match (value, known.get(name)) {
            (_, None) => {
                let known: Vec<&str> = known.keys().map(String::as_str).collect();
                let value = figment.find_value(&path).ok();
                let metadata = value.and_then(|value| figment.get_metadata(value.tag()));
                let place = metadata.map(|metadata| place(metadata, &path)).unwrap_or_default();
                found.push(format!("there is no {path}{place}; there are {}", known.join(", ")));
            }
            // A setting with free names has an empty default.
            (Value::Dict(_, given), Some(Value::Dict(_, known))) if !known.is_empty() => {
                found.extend(unknown_names(figment, given, known, &path));
            }
            _ => {}
        }
    }
    found
}

/// Describes an error; `metadata` gives the value's place if the error does not.
pub(super) fn sentence(error: &Error, metadata: Option<&Metadata>) -> String {
    let path = error.path.iter().fold(String::new(), |path, name| join(&path, name));
    let metadata = error.metadata.as_ref().or(metadata);
    let named = |name: &str| join(&path, name);
    let place = |path: &str| metadata.map(|metadata| place(metadata, path)).unwrap_or_default();
    let at = match path.as_str() {
        "" => "this".to_owned(),
        path => format!("{path}{}", place(path)),
    };
    match &error.kind {
        Kind::UnknownField(name, known) => {
            // The path ends at the name itself, or at its parent.
            let is_at = path.rsplit('.').next() == Some(name.as_str());
            let name = if is_at { path.clone() } else { named(name) };
            format!("there is no {name}{}; there are {}", place(&name), known.join(", "))
        }
        Kind::MissingField(name) => format!("{} is missing", named(name)),
        Kind::DuplicateField(name) => format!("{} is there twice", named(name)),
        Kind::UnknownVariant(_, known) => format!("{at} must be one of {}", known.join(", ")),
        Kind::InvalidType(actual, wanted) | Kind::InvalidValue(actual, wanted) => {
            format!("{at} must be {}, not {}", wanted_words(wanted), actual_words(actual))
        }
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => {
            format!("{at} is too large a number, or too small")
        }
        Kind::InvalidLength(..) => format!("{at} has too many members, or too few"),
        Kind::Message(text) if text.starts_with("data did not match") => {
            format!("{at} is of a form that is not known")
        }
        Kind::Message(text) => format!("{at}: {text}"),
        Kind::Unsupported(_) | Kind::UnsupportedKey(..) => format!("{at} cannot be read"),
    }
}

fn join(path: &str, name: &str) -> String {
    match (path, name.parse::<usize>()) {
        ("", _) => name.to_owned(),
        // The members of lists are counted from 1.
        (path, Ok(nth)) => format!("{path}[{}]", nth.saturating_add(1)),
        (path, Err(_)) => format!("{path}.{name}"),
    }
}

/// The file or variable that holds a setting.
fn place(metadata: &Metadata, path: &str) -> String {
    match &metadata.source {
        Some(Source::File(file)) => {
            let name = file.file_name().unwrap_or(file.as_os_str());
            format!(" (in {})", name.to_string_lossy())
        }
        _ if metadata.name.contains("environment") => {
            format!(
                " (DATIL__{} in the environment)",
                path.replace('.', "__").to_uppercase()
            )
        }
        _ => String::new(),
    }
}

/// The kind of value expected.
fn wanted_words(wanted: &str) -> &str {
    match wanted {
        "a string" | "a borrowed string" | "string" | "a character" => "a text",
        "path string" => "a path",
        "a boolean" => "true or false",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" | "u128" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" | "isize" | "i128" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "names with values",
        _ if wanted.starts_with("struct ") => "names with values",
        _ if wanted.starts_with("enum ") || wanted.contains("variant") => "one of its words",
        _ => wanted,
    }
}

/// The value found: numbers are repeated, texts are not.
fn actual_words(actual: &Actual) -> String {
    match actual {
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(value) => value.to_string(),
        Actual::Signed(value) => value.to_string(),
        Actual::Float(value) => value.to_string(),
        Actual::Char(_) | Actual::Str(_) | Actual::Bytes(_) => "a text".to_owned(),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "names with values".to_owned(),
        Actual::Unit | Actual::Option => "nothing".to_owned(),
        _ => "this".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Look {
        Plain,
        Fancy,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Part {
        count: u32,
        #[serde(default)]
        look: Option<Look>,
        #[serde(default)]
        on: bool,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Whole {
        part: Part,
        #[serde(default)]
        names: Vec<String>,
    }

    #[test]
    fn what_is_wrong_is_said_in_our_words() {
        for (text, expected) in [
            ("[part]\ncount = 7", ""),
            ("", "part is missing"),
            ("[part]", "part.count is missing"),
            (
                "[part]\ncount = \"secret\"",
                "part.count must be a whole number from 0 to 4294967295, not a text",
            ),
            (
                "[part]\ncount = -1",
                "part.count must be a whole number from 0 to 4294967295, not -1",
            ),
            ("[part]\ncount = 1\non = 1", "part.on must be true or false, not 1"),
            (
                "[part]\ncount = 1\nlook = \"odd\"",
                "part.look must be one of plain, fancy",
            ),
            (
                "[part]\ncount = 1\ncuont = 2",
                "there is no part.cuont; there are count, look, on",
            ),
            ("part = 7", "part must be names with values, not 7"),
            ("names = 7\n[part]\ncount = 1", "names must be a list, not 7"),
            (
                "names = 2026-08-01\n[part]\ncount = 1",
                "names must be a list, not names with values; dates and times stand in quotation marks",
            ),
            ("[part]\ncount = secret", "line 2, column 9: this is no TOML; "),
            ("[part\n", "line 1, column 6: this is no TOML; "),
            ("[part]\ncount = 1\ncount = 2", "line 3, column 1: this is no TOML; "),
        ] {
            match from_toml::<Whole>(text) {
                Ok(_) => assert_eq!(expected, "", "{text}"),
                Err(why) => {
                    assert!(!expected.is_empty() && why.starts_with(expected), "{text}: {why}");
                    assert!(!why.contains("secret"), "{why}");
                }
            }
        }
        for (text, expected) in [
            (r#"{"part": {"count": 7, "look": null}}"#, ""),
            (
                r#"{"part": {"count": null}}"#,
                "part.count must be a whole number from 0 to 4294967295, not nothing",
            ),
            (
                r#"{"part": {"count": 7}, "part": {"count": 7}}"#,
                "a name is there twice",
            ),
            ("[]", "this has too many members, or too few"),
            ("{\n  x", "line 2, column 3: this is no JSON"),
            ("7", "this must be names with values, not 7"),
        ] {
            match from_json::<Whole>(text) {
                Ok(_) => assert_eq!(expected, "", "{text}"),
                Err(why) => assert_eq!(why, expected, "{text}"),
            }
        }
    }
}
