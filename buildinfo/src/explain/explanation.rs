//! An answer with all that led to it, and as a text for people.

use std::fmt;

use builds::audit::Contradiction;
use builds::build::Reason;
use builds::derive::correction::Correction;
use builds::resolve::Answer;
use builds::said::observation::{Kind, SourceName};
use serde::Serialize;
use serde_json::Value;

use crate::db::Change;
use crate::sources::table::Table;

/// An answer with all that led to it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Explanation {
    /// The answer.
    pub answer: Answer,
    /// The rule that gave the answer, as a sentence.
    pub rule: &'static str,
    /// The rule that gave the build its status, where that is another one.
    pub status_rule: Option<&'static str>,
    /// What the sources said.
    pub observations: Vec<Evidence>,
    /// How many more observations there are than are shown.
    pub more_observations: usize,
    /// Where what the sources said about the build contradicts itself.
    pub conflicts: Vec<Contradiction>,
    /// The corrections in force that concern the build, oldest first.
    #[schema(value_type = Vec<Object>)]
    pub corrections: Vec<Correction>,
    /// How the conclusion came to be, generation by generation.
    pub history: Vec<HistoryEntry>,
    /// When the last complete import ended, as RFC 3339: what came later is not known yet.
    pub read_until: Option<String>,
    /// Whether sources were ever read.
    #[serde(skip)]
    pub is_imported: bool,
}

/// One observation behind an answer.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Evidence {
    /// Its name.
    pub digest: String,
    /// Who said it.
    #[schema(value_type = String)]
    pub source: SourceName,
    /// What kind of statement it is.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// What it is about.
    pub subject: String,
    /// Where it was read.
    pub url: String,
    /// The table of versions that it is a row of, and who loaded it; none if a source said it.
    pub table: Option<Table>,
    /// When it was read for the first time, as RFC 3339.
    pub first_seen: String,
    /// Whether the source still says so.
    pub still_said: bool,
    /// What was said, cut short.
    pub excerpt: String,
}

/// A change of what was concluded about a build id.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct HistoryEntry {
    /// The generation that made it.
    pub generation: i64,
    /// `new`, `changed` or `withdrawn`.
    pub reason: String,
    /// What was concluded before, for each build with this id.
    pub old: Value,
    /// What has been concluded since.
    pub new: Value,
    /// Of a change that is explained, what differs, a sentence for each member and its platforms; none if the builds
    /// before are not kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

impl From<Change> for HistoryEntry {
    fn from(change: Change) -> Self {
        // This program writes both as JSON arrays.
        let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        Self {
            generation: change.generation,
            old: json(&change.old),
            new: json(&change.new),
            reason: change.reason,
            differences: Vec::new(),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = &self.answer;
        let version = answer.version.as_deref().unwrap_or("unknown");
        let version = match answer.reason {
            Reason::SeveralFit => "several builds",
            _ => version,
        };
        let name = [&answer.product, &answer.channel, &answer.build_id];
        let name: Vec<&str> = name
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        writeln!(out, "{} is {version}", name.join(" "))?;
        writeln!(out, "  status   {} ({})", answer.status, answer.certainty)?;
        writeln!(out, "  because  {}", self.rule)?;
        if answer.reason == Reason::InTable {
            let mut tables = self.observations.iter().filter_map(|one| one.table.as_ref());
            if let Some(table) = tables.next() {
                writeln!(out, "           {table}")?;
            }
        }
        if let Some(rule) = self.status_rule {
            writeln!(out, "           the build itself: {rule}")?;
        }
        if let Some(reported) = answer.reported.as_ref().filter(|_| answer.reported_differs) {
            writeln!(
                out,
                "  but      {reported} is reported, and no build of {version} reports that of itself"
            )?;
        }
        if let Some(sibling) = &answer.sibling {
            writeln!(
                out,
                "  sibling  {} {} {} ({}), the same Gecko build id ({})",
                sibling.product, sibling.channel, sibling.version, sibling.status, sibling.certainty
            )?;
            if let Some(revision) = &sibling.revision {
                writeln!(out, "  source   {revision}")?;
            }
            if let Some(url) = &sibling.revision_url {
                writeln!(out, "  see      {url}")?;
            }
        }
        if let Some(time) = &answer.built_at {
            writeln!(out, "  built    {time}")?;
        }
        for other in &answer.alternatives {
            writeln!(
                out,
                "  fits     {} {} {} ({})",
                other.build_id, other.channel, other.version, other.status
            )?;
        }
        if answer.reason == Reason::SeveralFit {
            writeln!(out, "           say which with --channel")?;
        }
        if let Some(build) = &answer.build {
            writeln!(out, "  channel  {}, line {}", build.channel, build.line)?;
            if let Some(number) = build.build_number {
                writeln!(out, "  build    build{number}")?;
            }
            let platforms = match build.platforms.as_slice() {
                [] => "no source names its platforms".to_owned(),
                platforms => platforms.join(", "),
            };
            writeln!(out, "  for      {platforms}")?;
            let pages = [&build.revision_url, &build.archive_url, &build.changes_url];
            for url in pages.into_iter().flatten() {
                writeln!(out, "  see      {url}")?;
            }
        }
        writeln!(out, "  as of    generation {}", answer.generation)?;
        match &self.read_until {
            Some(time) => writeln!(out, "  sources  last read completely at {time}")?,
            None if !self.is_imported => {
                writeln!(
                    out,
                    "  sources  none was ever read: builds were announced, or come from tables"
                )?;
            }
            None => writeln!(out, "  sources  never read completely")?,
        }
        if !self.observations.is_empty() {
            writeln!(out, "\nWhat the sources said:")?;
        }
        for (seen, number) in self.observations.iter().zip(1..) {
            let now = if seen.still_said {
                "still said"
            } else {
                "not said any more"
            };
            writeln!(out, "{number:3}. {} {}: {}", seen.source, seen.kind, seen.subject)?;
            if let Some(table) = &seen.table {
                writeln!(out, "     a row of {table}")?;
            }
            writeln!(out, "     read at {}", seen.url)?;
            writeln!(out, "     first seen {}, {now}", seen.first_seen)?;
            writeln!(out, "     {}", seen.excerpt)?;
        }
        if self.more_observations > 0 {
            writeln!(out, "     and {} more", self.more_observations)?;
        }
        if !self.conflicts.is_empty() {
            writeln!(out, "\nContradictions:")?;
        }
        for conflict in &self.conflicts {
            let (subject, field) = (conflict.subject.trim(), &conflict.field);
            writeln!(out, "  {subject} {field}: {}", conflict.sentence())?;
            if let Some(command) = conflict.command() {
                writeln!(out, "     if that is wrong: {command}")?;
            }
        }
        if !self.corrections.is_empty() {
            writeln!(out, "\nCorrections:")?;
        }
        for correction in &self.corrections {
            let what = match (correction.field, &correction.value) {
                (Some(field), Some(value)) => format!("{} is {value}", field.as_str()),
                _ => "is passed over".to_owned(),
            };
            writeln!(
                out,
                "  {}: {} {what}, says {}: {}",
                correction.id, correction.subject, correction.author, correction.reason
            )?;
            if let (Some(_), Some(value)) = (correction.field, &correction.value) {
                writeln!(out, "     settled by this: {value} holds, whatever the sources say")?;
            }
        }
        if !self.history.is_empty() {
            writeln!(out, "\nHow it was concluded:")?;
        }
        for entry in &self.history {
            writeln!(out, "  generation {}: {}", entry.generation, entry.reason)?;
            if !entry.differences.is_empty() {
                for difference in &entry.differences {
                    writeln!(out, "     {difference}")?;
                }
                continue;
            }
            if entry.reason != "new" {
                writeln!(out, "     was {}", entry.old)?;
            }
            writeln!(out, "     is  {}", entry.new)?;
        }
        Ok(())
    }
}
