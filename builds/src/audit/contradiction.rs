//! A conflict as it is told: who says what, which value is taken, and how to state the truth.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::derive::PLACE_FIELD;
use crate::derive::correction::{Field, Subject};
use crate::said::observation::{Digest, SourceName};

/// Characters, besides letters and digits, that are literal within a command's double quotes.
const PLAIN: &str = " ._:/+-";

/// Several values for one thing, of which one was chosen; or several build ids for one file, all of which are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Contradiction {
    /// What it is about.
    pub subject: String,
    /// Which member of it; `build_id` for several builds in one file.
    pub field: String,
    /// The value that was chosen.
    pub chosen: String,
    /// Every value, with the digests of the observations that say so.
    #[schema(value_type = Object)]
    pub values: BTreeMap<String, BTreeSet<Digest>>,
    /// Every value, with the sources that say so.
    #[schema(value_type = Object)]
    pub sources: BTreeMap<String, BTreeSet<SourceName>>,
}

impl Contradiction {
    /// Parses a stored conflict, without its sources; `None` for a body of another form.
    pub fn read(subject: String, field: String, body: &str) -> Option<Self> {
        let body: Value = serde_json::from_str(body).ok()?;
        Some(Self {
            chosen: body.get("chosen")?.as_str()?.to_owned(),
            values: serde_json::from_value(body.get("values")?.clone()).ok()?,
            sources: BTreeMap::new(),
            subject,
            field,
        })
    }

    /// Who says what and which value was chosen, as a sentence without its end.
    pub fn sentence(&self) -> String {
        let values: Vec<&str> = self.values.keys().map(String::as_str).collect();
        let values = values.join(", ");
        if self.field == PLACE_FIELD {
            return format!("one file is said to be of the builds {values}; each of them is known");
        }
        let says = |(value, sources): (&String, &BTreeSet<SourceName>)| {
            let says = if sources.len() == 1 { "says" } else { "say" };
            format!("{} {says} {value}", named(sources))
        };
        let said: Vec<String> = self.sources.iter().map(says).collect();
        if said.is_empty() {
            return format!("{} is taken; the sources say {values}", self.chosen);
        }
        format!("{}; {} is taken", said.join(", "), self.chosen)
    }

    /// The command that states the first value that was not chosen; none if it cannot be stated, or not in plain
    /// characters.
    pub fn command(&self) -> Option<String> {
        let field = [Field::Revision, Field::Repository, Field::BuildNumber]
            .into_iter()
            .find(|field| field.as_str() == self.field)?;
        let subject = self.subject.trim();
        subject.parse::<Subject>().ok()?;
        let other = self.values.keys().find(|value| **value != self.chosen)?;
        let why = match self.sources.get(other) {
            Some(sources) => format!("{} tells the truth", named(sources)),
            None => "the other source tells the truth".to_owned(),
        };
        let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || PLAIN.contains(c));
        (is_plain(subject) && is_plain(other)).then(|| {
            format!(
                "datil buildinfo correct add --subject \"{subject}\" --field {} --value \"{other}\" --reason \"{why}\"",
                field.as_str()
            )
        })
    }
}

fn named(sources: &BTreeSet<SourceName>) -> String {
    let names: Vec<String> = sources.iter().map(ToString::to_string).collect();
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contradiction_says_who_says_what_and_how_to_state_the_truth() {
        let of = |field: &str, other: &str| {
            let value = |text: &str| (text.to_owned(), BTreeSet::new());
            let says = |text: &str, name| (text.to_owned(), BTreeSet::from([name]));
            Contradiction {
                subject: "Firefox 20261127130130 win64-aarch64".to_owned(),
                field: field.to_owned(),
                chosen: "5b1deb".to_owned(),
                values: BTreeMap::from([value("5b1deb"), value(other)]),
                sources: BTreeMap::from([says("5b1deb", SourceName::BUILDHUB), says(other, SourceName::ARCHIVE)]),
            }
        };
        let found = of("revision", "e359b3");
        assert_eq!(
            found.sentence(),
            "buildhub says 5b1deb, archive says e359b3; 5b1deb is taken"
        );
        assert_eq!(
            found.command().unwrap(),
            "datil buildinfo correct add --subject \"Firefox 20261127130130 win64-aarch64\" --field revision --value \
             \"e359b3\" --reason \"archive tells the truth\""
        );
        // Nothing is offered for pasting that a shell would take for more than a word.
        for other in ["$(reboot)", "a\"b", "`x`", "a\\", "a!b", "a\nb"] {
            assert_eq!(of("revision", other).command(), None, "{other}");
        }
        assert_eq!(of("shipped_build_number", "2").command(), None);
        assert_eq!(of("build_id", "2").command(), None);
    }
}
