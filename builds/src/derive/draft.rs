//! New corrections: a person's input is checked before it takes effect.

use serde::Deserialize;

use crate::build::Status;
use crate::derive::correction::{Correction, CorrectionKind, Field, Subject};
use crate::names::build_id::odd_part;
use crate::names::version::Version;

/// Maximum length of a correction's text in bytes.
const MAX_TEXT: usize = 2048;

/// A correction as a person writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Draft {
    /// What it does; left out, it states something.
    #[serde(default)]
    pub kind: Option<CorrectionKind>,
    /// What it is about, see [`Subject`]; of what is ignored, the subject or the digest of observations.
    #[serde(default)]
    pub subject: String,
    /// Which member of the build.
    #[serde(default)]
    pub field: Option<Field>,
    /// Its value.
    #[serde(default)]
    pub value: Option<String>,
    /// Who says so.
    #[serde(default)]
    pub author: String,
    /// Why, in a sentence.
    #[serde(default)]
    pub reason: String,
}

/// What is wrong with a correction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDraft {
    /// A part that every correction has is missing.
    #[error("a correction needs {0}")]
    Missing(&'static str),
    /// A part is too long.
    #[error("{0} is longer than {MAX_TEXT} bytes")]
    TooLong(&'static str),
    /// It names nothing that can be corrected.
    #[error(
        "{0:?} is no subject: give a product with a version (\"Firefox 125.0\") or with a build id and, if wanted, a \
         platform (\"Firefox 20181025233934 win64\")"
    )]
    Subject(String),
    /// Its build id is not a valid date.
    #[error("{subject:?} names no build: {digits} is no {part} (a build id is a date, YYYYMMDDhhmmss)")]
    Date {
        /// What was given.
        subject: String,
        /// The part of the date that the digits stand for.
        part: &'static str,
        /// The invalid digits.
        digits: String,
    },
    /// The value is not valid for the field.
    #[error("{value:?} is no {wanted}")]
    Value {
        /// What was given.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// An ignoring correction cannot have a value.
    #[error("what is ignored has no field and no value")]
    IgnoredValue,
}

impl Draft {
    /// The correction with the number `id`, if it can have an effect.
    ///
    /// # Errors
    /// See [`BadDraft`].
    pub fn check(self, id: i64) -> Result<Correction, BadDraft> {
        let value = self.value.as_deref().unwrap_or_default();
        for (name, text) in [
            ("a subject", self.subject.as_str()),
            ("an author", &self.author),
            ("a reason", &self.reason),
            ("a value", value),
        ] {
            if text.len() > MAX_TEXT {
                return Err(BadDraft::TooLong(name));
            }
            if text.trim().is_empty() && name != "a value" {
                return Err(BadDraft::Missing(name));
            }
        }
        let kind = self.kind.unwrap_or(CorrectionKind::State);
        match (kind, self.field) {
            (CorrectionKind::Ignore, None) if self.value.is_none() => {}
            (CorrectionKind::Ignore, _) => return Err(BadDraft::IgnoredValue),
            (CorrectionKind::State, None) => return Err(BadDraft::Missing("a field")),
            (CorrectionKind::State, Some(field)) => {
                if self.subject.parse::<Subject>().is_err() {
                    let odd = self.subject.split_whitespace().find_map(odd_part);
                    return Err(match odd {
                        Some((part, digits)) => BadDraft::Date {
                            part,
                            digits: digits.to_owned(),
                            subject: self.subject,
                        },
                        None => BadDraft::Subject(self.subject),
                    });
                }
                if self.value.is_none() {
                    return Err(BadDraft::Missing("a value"));
                }
                if let Some(wanted) = misfit(field, value) {
                    let value = value.to_owned();
                    return Err(BadDraft::Value { value, wanted });
                }
            }
        }
        Ok(Correction {
            id,
            kind,
            subject: self.subject,
            field: self.field,
            value: self.value,
            author: self.author,
            reason: self.reason,
        })
    }
}

/// What the value should be, if it is invalid.
fn misfit(field: Field, value: &str) -> Option<&'static str> {
    let (fits, wanted) = match field {
        Field::Version => (value.parse::<Version>().is_ok(), "version"),
        Field::Status => (
            value.parse::<Status>().is_ok(),
            "status: shipped, candidate, aborted, pulled, published, variant, unofficial or unknown",
        ),
        Field::BuildNumber => (value.parse::<u32>().is_ok_and(|number| number > 0), "build number"),
        // The list may be empty: perhaps no channel got it.
        Field::OfferedOn => (true, "list of channels"),
        Field::Channel => (!value.trim().is_empty(), "channel"),
        Field::Revision => (!value.trim().is_empty(), "revision"),
        Field::Repository => (!value.trim().is_empty(), "repository"),
    };
    (!fits).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{BadDraft, Draft};
    use crate::derive::correction::CorrectionKind;

    fn check(value: Value) -> Result<CorrectionKind, BadDraft> {
        let draft: Draft = serde_json::from_value(value).unwrap();
        draft.check(7).map(|correction| {
            assert_eq!(correction.id, 7);
            correction.kind
        })
    }

    #[test]
    fn a_correction_that_could_have_no_effect_is_refused_with_the_reason() {
        let state =
            json!({"subject": "Firefox 125.0", "field": "status", "value": "pulled", "author": "a", "reason": "b"});
        assert_eq!(check(state.clone()), Ok(CorrectionKind::State));
        let ignore = json!({"kind": "ignore", "subject": "firefox-125.0", "author": "a", "reason": "b"});
        assert_eq!(check(ignore.clone()), Ok(CorrectionKind::Ignore));
        for (base, member, value, expected) in [
            (&state, "reason", json!(" "), "a correction needs a reason"),
            (&state, "author", json!(""), "a correction needs an author"),
            (&state, "field", Value::Null, "a correction needs a field"),
            (&state, "value", Value::Null, "a correction needs a value"),
            (
                &state,
                "reason",
                json!("x".repeat(3000)),
                "a reason is longer than 2048 bytes",
            ),
            (
                &ignore,
                "value",
                json!("x"),
                "what is ignored has no field and no value",
            ),
            (
                &ignore,
                "field",
                json!("status"),
                "what is ignored has no field and no value",
            ),
            (&ignore, "subject", json!(""), "a correction needs a subject"),
        ] {
            let mut changed = base.clone();
            changed[member] = value;
            assert_eq!(check(changed).unwrap_err().to_string(), expected);
        }
        for subject in ["Waterfowl 1.0", "Firefox", "Firefox 125.0 win64", "Firefox x"] {
            let mut changed = state.clone();
            changed["subject"] = json!(subject);
            assert_eq!(check(changed), Err(BadDraft::Subject(subject.to_owned())), "{subject}");
        }
        for (subject, expected) in [
            ("20261127139999", "99 is no minute"),
            ("20260230000000", "30 is no day of that month"),
            ("20261301000000", "13 is no month"),
            ("20261127240000", "24 is no hour"),
            ("20261127235960", "60 is no second"),
            ("19701127235950", "1970 is no year of a build"),
        ] {
            let mut changed = state.clone();
            changed["subject"] = json!(format!("Firefox {subject} win64"));
            let told = check(changed).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
        for (field, value) in [
            ("status", "gone"),
            ("version", "N/A"),
            ("build_number", "0"),
            ("channel", " "),
        ] {
            let mut changed = state.clone();
            changed["field"] = json!(field);
            changed["value"] = json!(value);
            assert!(matches!(check(changed), Err(BadDraft::Value { .. })), "{field}");
        }
    }
}
