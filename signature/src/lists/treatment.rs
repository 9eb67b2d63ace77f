//! What lists do to a frame.

use std::fmt;

use super::compiled::{Lists, Verdict};
use super::entry::Entry;

/// What the walk does with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// It is left out.
    Irrelevant,
    /// It is taken, and the walk goes on.
    Prefix,
    /// It is taken, and the walk stops: no entry matches it.
    Stop,
}

impl Class {
    /// `irrelevant`, `prefix` or `stop`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Irrelevant => "irrelevant",
            Self::Prefix => "prefix",
            Self::Stop => "stop",
        }
    }
}

/// What lists do to a frame, and the entries responsible. Displays as `prefix`, `sentinel, stop`, `stop, line number`.
#[derive(Debug, Clone)]
pub struct Treatment<'l> {
    /// What the walk does with it.
    pub class: Class,
    /// Whether a signature starts at it.
    pub sentinel: bool,
    /// Whether it gets its line number, if it is a function.
    pub line_number: bool,
    /// The deciding entries: for the sentinel, the class and the line number, at most one each.
    pub decided_by: Vec<&'l Entry>,
}

impl Treatment<'_> {
    /// Returns whether both do the same to the frame, by whichever entries.
    pub fn same(&self, other: &Treatment<'_>) -> bool {
        (self.class, self.sentinel, self.line_number) == (other.class, other.sentinel, other.line_number)
    }
}

impl fmt::Display for Treatment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sentinel {
            f.write_str("sentinel, ")?;
        }
        f.write_str(self.class.name())?;
        if self.line_number {
            f.write_str(", line number")?;
        }
        Ok(())
    }
}

impl Lists {
    /// Returns the treatment of a normalised frame.
    pub fn treatment(&self, frame: &str) -> Treatment<'_> {
        let sentinel = self.sentinel(frame);
        let (class, verdict) = match self.verdict(frame) {
            Some(Verdict::Irrelevant(entry)) => (Class::Irrelevant, Some(entry)),
            Some(Verdict::Prefix(entry)) => (Class::Prefix, Some(entry)),
            None => (Class::Stop, None),
        };
        let line_number = self.with_line_number(frame);
        Treatment {
            class,
            sentinel: sentinel.is_some(),
            line_number: line_number.is_some(),
            decided_by: [sentinel, verdict, line_number]
                .into_iter()
                .flatten()
                .map(AsRef::as_ref)
                .collect(),
        }
    }
}
