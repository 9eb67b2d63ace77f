//! The result: the signature, and how it came about.

use std::fmt;
use std::sync::Arc;

use crate::lists::Entry;

/// A signature and how it came about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signature {
    /// The signature: printable ASCII, at most 255 characters.
    pub signature: String,
    /// Notes about it, `<rule>: <text>`, in the order of the rules.
    pub notes: Vec<String>,
    /// The normalised frames before any was left out, at most [`crate::FRAME_LIMIT`]; none for Java.
    pub normalized_frames: Vec<String>,
    /// What happened, in order, with the list entry that decided each step. Empty unless requested with
    /// [`crate::explain`].
    pub debug: Vec<Step>,
}

impl Signature {
    /// Returns the normalised frames joined by ` | `.
    pub fn proto_signature(&self) -> String {
        self.normalized_frames.join(" | ")
    }

    /// Returns the lines of Socorro's debug log: every step except those it does not log.
    pub fn debug_log(&self) -> impl Iterator<Item = String> {
        self.debug
            .iter()
            .filter(|step| !matches!(step.event, Event::RepeatedLibrary { .. }))
            .map(ToString::to_string)
    }
}

/// One step on the way to a signature. Displays as a line of the debug log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The rule that took it.
    pub rule: &'static str,
    /// What happened.
    pub event: Event,
}

/// What happened in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A signature tool was chosen: `CSignatureTool`, `JavaSignatureTool` or `JavaExceptionSignatureTool`.
    Tool(&'static str),
    /// The built-in lists are used.
    BuiltInLists,
    /// The lists of a folder are used.
    ListsFrom(String),
    /// Frames before a sentinel were dropped.
    Sentinel {
        /// The frame.
        frame: String,
        /// Its index among the normalised frames.
        index: usize,
        /// The entry that it equals.
        entry: Arc<Entry>,
    },
    /// A frame was left out because nothing is known about it.
    Empty,
    /// A frame was left out because an entry makes it irrelevant.
    Irrelevant {
        /// The frame.
        frame: String,
        /// The entry that it matches.
        entry: Arc<Entry>,
    },
    /// A library appeared twice in a row and the second was left out. Socorro does not log this.
    RepeatedLibrary {
        /// The frame.
        frame: String,
    },
    /// A frame was taken, and the walk goes on.
    Prefix {
        /// The frame.
        frame: String,
        /// The entry that it matches.
        entry: Arc<Entry>,
    },
    /// A frame was taken and ended the walk.
    NotPrefix {
        /// The frame.
        frame: String,
    },
    /// The signature was set, possibly to the same value.
    Changed {
        /// The previous value.
        old: String,
        /// The new value.
        new: String,
    },
}

/// The steps of a signature in progress, kept on request.
#[derive(Debug)]
pub(crate) struct Log {
    /// The rule that takes the next steps.
    pub(crate) rule: &'static str,
    /// The steps so far, if they are kept.
    pub(crate) steps: Option<Vec<Step>>,
}

impl Log {
    pub(crate) fn add(&mut self, event: impl FnOnce() -> Event) {
        if let Some(steps) = &mut self.steps {
            steps.push(Step {
                rule: self.rule,
                event: event(),
            });
        }
    }
}

impl Step {
    /// Returns the list entry that decided.
    pub fn entry(&self) -> Option<&Entry> {
        match &self.event {
            Event::Sentinel { entry, .. } | Event::Irrelevant { entry, .. } | Event::Prefix { entry, .. } => {
                Some(entry)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.event)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Tool(tool) => write!(f, "using {tool}"),
            Event::BuiltInLists => f.write_str("using included signature lists"),
            Event::ListsFrom(folder) => write!(f, "using signature lists from {folder}"),
            Event::Sentinel { frame, index, .. } => {
                write!(f, "sentinel; starting at \"{frame}\" index {index}")
            }
            Event::Empty => f.write_str("empty string; ignoring: \"\""),
            Event::Irrelevant { frame, .. } => write!(f, "irrelevant; ignoring: \"{frame}\""),
            Event::RepeatedLibrary { frame } => {
                write!(f, "repeated library; ignoring: \"{frame}\"")
            }
            Event::Prefix { frame, .. } => write!(f, "prefix; continue iterating: \"{frame}\""),
            Event::NotPrefix { frame } => write!(f, "not a prefix; stop: \"{frame}\""),
            Event::Changed { old, new } => {
                write!(f, "change signature: \"{old}\" -> \"{new}\"")
            }
        }
    }
}
