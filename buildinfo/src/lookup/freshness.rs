//! How fresh an answer is: when the sources last answered, and which of them are silent.
//!
//! This accompanies an answer but is not part of it: it changes with time, while two answers that say the same must be
//! equal.

use std::fmt;

use platform::clock::rfc3339;
use serde::Serialize;

use crate::db::SourceState;

/// When the sources behind an answer last answered. It tells "not yet" from "does not exist".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// We know everything the sources held at this time, RFC 3339; none if no source ever answered.
    pub as_of: Option<String>,
    /// The sources that did not answer when they were last asked.
    pub silent: Vec<Silent>,
}

/// A source that did not answer when it was last asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Silent {
    /// Its name.
    pub source: String,
    /// When it last answered, RFC 3339; none if it never did.
    pub since: Option<String>,
    /// What it did instead.
    pub why: String,
}

/// Something with its freshness.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Dated<'a, T> {
    /// The thing itself.
    #[serde(flatten)]
    pub answer: &'a T,
    /// How fresh it is.
    #[serde(flatten)]
    pub freshness: &'a Freshness,
}

impl Freshness {
    /// What the states of the sources amount to. The oldest answer among the sources that answer
    /// counts; if none answers, the newest answer there ever was. What imports do not read, as tables
    /// of rows, counts for nothing.
    pub fn of(states: &[SourceState]) -> Self {
        let asked = states.iter().filter(|state| state.is_read());
        let (answering, silent): (Vec<_>, Vec<_>) =
            asked.partition(|state| state.trouble.is_none() && state.answered.is_some());
        let oldest = answering.iter().filter_map(|state| state.answered).min();
        let newest = silent.iter().filter_map(|state| state.answered).max();
        Self {
            as_of: oldest.or(newest).map(rfc3339),
            silent: silent.into_iter().map(Silent::from).collect(),
        }
    }

    /// The freshness of an earlier time (microseconds UTC): which sources were silent then is not known.
    pub fn at(time: i64) -> Self {
        Self {
            as_of: (time > 0).then(|| rfc3339(time)),
            silent: Vec::new(),
        }
    }

    /// `answer` with this freshness.
    pub fn date<'a, T>(&'a self, answer: &'a T) -> Dated<'a, T> {
        Dated {
            answer,
            freshness: self,
        }
    }

    /// A text that differs whenever the freshness does.
    pub(crate) fn tag(&self) -> String {
        let silent = self.silent.iter();
        let silent: Vec<String> = silent
            .map(|one| format!("{} {:?} {}", one.source, one.since, one.why))
            .collect();
        format!("{:?} {}", self.as_of, silent.join(", "))
    }
}

impl fmt::Display for Freshness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.as_of {
            Some(time) => write!(out, "All is known that the sources held at {time}.")?,
            None if self.silent.is_empty() => write!(
                out,
                "No source was ever asked: what is known was announced, or comes from tables of versions."
            )?,
            None => write!(out, "No source has answered yet.")?,
        }
        for silent in &self.silent {
            let since = silent.since.as_deref().unwrap_or("it was first asked");
            write!(
                out,
                "\n{} has not answered since {since}: {}",
                silent.source, silent.why
            )?;
        }
        Ok(())
    }
}

impl From<&SourceState> for Silent {
    fn from(state: &SourceState) -> Self {
        Self {
            source: state.source.clone(),
            since: state.answered.map(rfc3339),
            why: state.trouble.clone().unwrap_or_else(|| "it never answered".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Freshness, Silent};
    use crate::db::SourceState;

    fn state(source: &str, answered: Option<i64>, trouble: Option<&str>) -> SourceState {
        SourceState {
            source: source.to_owned(),
            tried: 90_000_000,
            answered,
            newest: None,
            trouble: trouble.map(str::to_owned),
        }
    }

    #[test]
    fn the_oldest_answer_of_those_that_answer_counts() {
        let (minute, hour) = (60_000_000, 3_600_000_000);
        let silent = |since: Option<&str>| Silent {
            source: "buildhub".to_owned(),
            since: since.map(str::to_owned),
            why: "timed out".to_owned(),
        };
        for (states, as_of, silent) in [
            (vec![], None, vec![]),
            (
                vec![
                    state("archive", Some(hour), None),
                    state("buildhub", Some(minute), None),
                    state("csv", Some(0), None),
                    state("of-another-release", Some(0), Some("timed out")),
                ],
                Some("1970-01-01T00:01:00Z"),
                vec![],
            ),
            (
                vec![
                    state("archive", Some(hour), None),
                    state("buildhub", Some(minute), Some("timed out")),
                ],
                Some("1970-01-01T01:00:00Z"),
                vec![silent(Some("1970-01-01T00:01:00Z"))],
            ),
            (
                vec![state("buildhub", Some(hour), Some("timed out"))],
                Some("1970-01-01T01:00:00Z"),
                vec![silent(Some("1970-01-01T01:00:00Z"))],
            ),
            (
                vec![state("buildhub", None, Some("timed out"))],
                None,
                vec![silent(None)],
            ),
        ] {
            let found = Freshness::of(&states);
            let expected = Freshness {
                as_of: as_of.map(str::to_owned),
                silent,
            };
            assert_eq!(found, expected, "{states:?}");
            let said = found.to_string();
            assert_eq!(
                said.starts_with("No source was ever asked"),
                states.is_empty(),
                "{said}"
            );
        }
    }
}
