//! Answers as JSON for programs, as text, and as CSV and Markdown for tables and bug reports.
//!
//! Whatever a crash contains, an answer in text or Markdown has no control characters except line ends.

use std::fmt::Write as _;
use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;
use signature::{Lists, Signature};

use super::answer::Answer;

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One object a line
    Json,
    /// A paragraph for each crash
    Text,
    /// One row for each crash, after a row of names
    Csv,
    /// A paragraph for each crash, to be pasted into a bug report
    Markdown,
}

/// Writes answers.
pub(super) struct Writer<'a> {
    pub(super) format: Format,
    /// The lists whose steps are shown, if any.
    pub(super) explain: Option<&'a Lists>,
}

/// The names of the columns of CSV.
const COLUMNS: [&str; 7] = [
    "input",
    "crash_id",
    "original_signature",
    "signature",
    "changed",
    "notes",
    "error",
];

impl Writer<'_> {
    /// What comes before the first answer.
    pub(super) fn head(&self) -> Vec<u8> {
        match self.format {
            Format::Csv => csv_row(COLUMNS),
            Format::Json | Format::Text | Format::Markdown => Vec::new(),
        }
    }

    /// Writes one answer. `identify`: JSON also says which crash it is about, as other forms always do.
    ///
    /// # Errors
    /// Those of the output.
    pub(super) fn write(&self, answer: &Answer, identify: bool, out: &mut impl Write) -> io::Result<()> {
        match self.format {
            Format::Json => self.json(answer, identify, out),
            Format::Text => out.write_all(self.text(answer).as_bytes()),
            Format::Csv => out.write_all(&csv(answer)),
            Format::Markdown => out.write_all(self.markdown(answer).as_bytes()),
        }
    }

    fn json(&self, answer: &Answer, identify: bool, out: &mut impl Write) -> io::Result<()> {
        let made = answer.made.as_ref();
        let object = Object {
            input: identify.then_some(&answer.input),
            crash_id: answer.crash_id.as_deref().filter(|_| identify),
            original_signature: answer.original.as_deref().filter(|_| identify),
            made: made.ok().map(Made::of),
            explained: self.explain.and_then(|lists| Some(Explained::of(made.ok()?, lists))),
            error: made.err(),
        };
        serde_json::to_writer(&mut *out, &object)?;
        out.write_all(b"\n")
    }

    fn text(&self, answer: &Answer) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{name:10} {}", printable(value));
        };
        line("input", &answer.input);
        if let Some(id) = &answer.crash_id {
            line("crash", id);
        }
        if let Some(original) = &answer.original {
            line("original", original);
        }
        match &answer.made {
            Ok(made) => {
                line("signature", &made.signature);
                if let Some(changed) = answer.changed() {
                    line("changed", if changed { "yes" } else { "no" });
                }
                for note in &made.notes {
                    line("note", note);
                }
                if let Some(lists) = self.explain {
                    out.push_str(&explanation(made, lists));
                }
            }
            Err(error) => line("error", error),
        }
        out.push('\n');
        out
    }

    fn markdown(&self, answer: &Answer) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(out, "* **{name}:** {}", code(value));
        };
        line("Crash", answer.crash_id.as_deref().unwrap_or(&answer.input));
        match &answer.made {
            Ok(made) => {
                if let Some(original) = &answer.original {
                    line("Original signature", original);
                }
                let name = match answer.changed() {
                    Some(true) => "New signature",
                    Some(false) => "Signature (the same)",
                    None => "Signature",
                };
                line(name, &made.signature);
                for note in &made.notes {
                    line("Note", note);
                }
                if let Some(lists) = self.explain {
                    for line in explanation(made, lists).lines() {
                        let _ = writeln!(out, "\n      {line}");
                    }
                }
            }
            Err(error) => line("Error", error),
        }
        out.push('\n');
        out
    }
}

#[derive(Serialize)]
struct Object<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crash_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_signature: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    made: Option<Made<'a>>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    explained: Option<Explained<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a String>,
}

#[derive(Serialize)]
struct Made<'a> {
    signature: &'a str,
    notes: &'a [String],
    proto_signature: String,
}

impl<'a> Made<'a> {
    fn of(made: &'a Signature) -> Self {
        Self {
            signature: &made.signature,
            notes: &made.notes,
            proto_signature: made.proto_signature(),
        }
    }
}

/// How a signature was made.
#[derive(Serialize)]
struct Explained<'a> {
    normalized_frames: &'a [String],
    steps: Vec<ExplainedStep<'a>>,
    debug_log: Vec<String>,
    lists: UsedLists<'a>,
}

#[derive(Serialize)]
struct ExplainedStep<'a> {
    rule: &'a str,
    event: String,
    /// The entry of a list that decided.
    entry: Option<ShownEntry<'a>>,
}

#[derive(Serialize)]
struct ShownEntry<'a> {
    file: &'a str,
    line: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct UsedLists<'a> {
    folder: Option<&'a str>,
    version: &'a str,
}

impl<'a> Explained<'a> {
    fn of(made: &'a Signature, lists: &'a Lists) -> Self {
        let steps = made.debug.iter().map(|step| ExplainedStep {
            rule: step.rule,
            event: step.event.to_string(),
            entry: step.entry().map(|entry| ShownEntry {
                file: entry.file,
                line: entry.line,
                text: &entry.text,
            }),
        });
        Self {
            normalized_frames: &made.normalized_frames,
            steps: steps.collect(),
            debug_log: made.debug_log().collect(),
            lists: UsedLists {
                folder: lists.folder(),
                version: lists.sha256(),
            },
        }
    }
}

/// The frames and steps, one per line, each step followed by the entries that decided it.
fn explanation(made: &Signature, lists: &Lists) -> String {
    let mut out = format!(
        "lists      {} (SHA-256 {})\n",
        printable(lists.folder().unwrap_or("built in")),
        lists.sha256()
    );
    for (index, frame) in made.normalized_frames.iter().enumerate() {
        let _ = writeln!(out, "frame {index:<4} {}", printable(frame));
    }
    for step in &made.debug {
        let _ = writeln!(out, "step       {}", printable(&step.to_string()));
        if let Some(entry) = step.entry() {
            let _ = writeln!(out, "           by {}", printable(&entry.to_string()));
        }
    }
    out
}

fn csv(answer: &Answer) -> Vec<u8> {
    let made = answer.made.as_ref();
    // A list of strings always has a JSON form.
    let notes = made.ok().and_then(|made| serde_json::to_string(&made.notes).ok());
    let notes = notes.unwrap_or_default();
    csv_row([
        &answer.input,
        answer.crash_id.as_deref().unwrap_or_default(),
        answer.original.as_deref().unwrap_or_default(),
        made.map_or("", |made| &made.signature),
        match answer.changed() {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        },
        &notes,
        made.err().map_or("", String::as_str),
    ])
}

fn csv_row(fields: [&str; COLUMNS.len()]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::new());
    // Writing to memory cannot fail, and all rows have the same number of fields.
    let _ = writer.write_record(fields);
    writer.into_inner().unwrap_or_default()
}

/// The text with control characters escaped, so that it stays on its line and cannot affect a terminal.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Not only control characters, but also those that change the direction of text.
        if c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// The text as Markdown code: between more backticks than it has in a row.
fn code(text: &str) -> String {
    let text = printable(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // Spaces separate the fence from a backtick at an end; Markdown removes them again.
    if text.starts_with('`') || text.ends_with('`') || text.is_empty() {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

#[cfg(test)]
mod tests;
