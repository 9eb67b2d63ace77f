//! What is wrong with the data, how bad it is, and what to do about it; and how good each source is.
//!
//! Here are the rules, as functions of what was read: no clock, so "late" is measured against the
//! newest data seen. [`read`] reads it, page by page, and never all builds at once.

mod cache;
mod place;
mod platforms;
pub mod read;
mod score;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use platform::clock::rfc3339;
use serde::Serialize;

use crate::build::Certainty;
use crate::db::{Alarm, ReportedVersion, SourceState};
use crate::facts::Facts;
use crate::importer::{Importer, Who};
use crate::product::Directory;
use crate::unknown::alarm::plan_of;
use crate::version::Version;

pub use cache::{Audits, Overview};
pub use place::Place;
pub use platforms::{OnPlatform, late_platforms};
pub use score::{Score, Scores};

/// What shipped within so many days of the newest data matters; the rest is history.
const RECENT_DAYS: i64 = 60;

/// Most characters of a client's text in a finding.
const MOST_OF_CLIENT: usize = 32;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Answers are wrong or missing because of it.
    Bad,
    /// They may be.
    Warning,
    /// Good to know.
    Note,
}

/// What was checked.
#[derive(Debug, Hash, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// No process imports by itself.
    NoImporter,
    /// A source did not answer when it was last asked.
    SilentSource,
    /// Several installs crash with a build that no source knows.
    OpenAlarm,
    /// Several installs report another version than the one of their build.
    ReportedVersion,
    /// A version shipped, and no source has listed a build of it.
    ShippedWithoutBuild,
    /// Builds lack a platform that the builds around them have.
    LatePlatform,
    /// Sources contradict each other.
    Conflict,
    /// A file of the archive cannot be read.
    BadFile,
    /// A record cannot be interpreted.
    UnreadableRecord,
}

impl Check {
    /// Every check, in the order in which findings are listed.
    pub const ALL: [Self; 9] = [
        Self::NoImporter,
        Self::SilentSource,
        Self::OpenAlarm,
        Self::ReportedVersion,
        Self::ShippedWithoutBuild,
        Self::LatePlatform,
        Self::Conflict,
        Self::BadFile,
        Self::UnreadableRecord,
    ];

    /// The name as it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoImporter => "no_importer",
            Self::SilentSource => "silent_source",
            Self::OpenAlarm => "open_alarm",
            Self::ReportedVersion => "reported_version",
            Self::ShippedWithoutBuild => "shipped_without_build",
            Self::LatePlatform => "late_platform",
            Self::Conflict => "conflict",
            Self::BadFile => "bad_file",
            Self::UnreadableRecord => "unreadable_record",
        }
    }

    /// The check with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.as_str() == name)
    }

    /// What to do about a finding, in one sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoImporter => {
                "set buildinfo.schedule for \"datil up\" or \"datil buildinfo serve\", or run \"datil buildinfo \
                 import\" at intervals"
            }
            Self::SilentSource => {
                "look whether its address in the settings answers from this machine; the other sources fill in what \
                 they hold"
            }
            Self::OpenAlarm => {
                "look for the build where the plan says; if no source will ever list it, add it with \"datil \
                 buildinfo load-csv\""
            }
            Self::ReportedVersion => {
                "see with \"datil buildinfo explain\" who says what the build is; if that is wrong, state the truth \
                 with \"datil buildinfo correct add\"; if it is right, the crashes are of programs that were changed \
                 after they were built, and are counted under the build's version"
            }
            Self::ShippedWithoutBuild => {
                "read everything again with \"datil buildinfo import --full\"; if no source holds the build any more, \
                 add it with \"datil buildinfo load-csv\""
            }
            Self::LatePlatform => {
                "look whether the platform was dropped on purpose; if not, ask release engineering for the builds"
            }
            Self::Conflict => {
                "see who says what with \"datil buildinfo explain\"; if the chosen value is wrong, state the truth \
                 with \"datil buildinfo correct add\""
            }
            Self::BadFile => "look at the file; nothing needs to be done if another source lists the build",
            Self::UnreadableRecord => {
                "report it to the source, or pass it over with \"datil buildinfo correct add\" if it will stay as it is"
            }
        }
    }
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// By which check it was found.
    pub check: Check,
    /// What it is about.
    pub subject: String,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub advice: &'static str,
    /// The command that does it if the finding is right in its plainest form; none if there is none to paste.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl Finding {
    fn new(severity: Severity, check: Check, subject: String, found: String) -> Self {
        Self {
            severity,
            check,
            subject,
            found,
            advice: check.advice(),
            command: None,
        }
    }
}

/// The sources that did not answer when they were last asked.
pub fn silent_sources(states: &[SourceState]) -> Vec<Finding> {
    let silent = states.iter().filter_map(|state| {
        let trouble = state.trouble.as_ref()?;
        let since = match state.answered {
            Some(answered) => format!("it last answered at {}", rfc3339(answered)),
            None => "it never answered".to_owned(),
        };
        Some(Finding::new(
            Severity::Bad,
            Check::SilentSource,
            state.source.clone(),
            format!("{trouble}; {since}"),
        ))
    });
    silent.collect()
}

/// That no process imports by itself: worth a note while imports are made by hand, bad when nobody makes them.
pub fn no_importer(importer: &Importer) -> Option<Finding> {
    let severity = match importer.who {
        Who::Scheduled => return None,
        Who::ByHand => Severity::Note,
        Who::Nobody => Severity::Bad,
    };
    let since = match importer.last {
        Some(last) => format!("the last import began {}", rfc3339(last)),
        None => "nothing was ever imported".to_owned(),
    };
    Some(Finding::new(
        severity,
        Check::NoImporter,
        "importing".to_owned(),
        format!("no process imports by itself; {since}"),
    ))
}

/// The alarms that are on; `importer` is who looks for their builds.
pub fn alarms(open: &[Alarm], importer: &Importer) -> Vec<Finding> {
    let findings = open.iter().map(|alarm| {
        let tried = match &alarm.outcome {
            Some(outcome) => outcome.clone(),
            None => format!("not looked for yet: {}", importer.promise()),
        };
        let places = plan_of(alarm).map(|plan| plan.archive.join(" "));
        Finding::new(
            Severity::Bad,
            Check::OpenAlarm,
            format!("{} {} {}", alarm.product, alarm.channel, alarm.build_id),
            format!(
                "crashes of {} installs since {}; {tried}; it would lie in {}",
                alarm.installs,
                rfc3339(alarm.raised),
                places.unwrap_or_default()
            ),
        )
    });
    findings.collect()
}

/// A build of which several installs report another version; `others` are how many more versions several installs
/// report. `version` is what the build is, and `certainty` on what that rests.
pub fn reported_version(seen: &ReportedVersion, others: i64, version: &str, certainty: Certainty) -> Finding {
    let others = match others {
        ..=0 => String::new(),
        1 => ", and 1 other version is reported".to_owned(),
        others => format!(", and {others} other versions are reported"),
    };
    Finding::new(
        Severity::Warning,
        Check::ReportedVersion,
        format!("{} {} {}", seen.product, of_client(&seen.channel), seen.build_id),
        format!(
            "{} installs report {} with the build id of {version} ({certainty}), last at {}{others}: the program was \
             updated in part only, somebody ships it under a version of their own, or the build data are wrong",
            seen.installs,
            of_client(&seen.reported),
            rfc3339(seen.last)
        ),
    )
}

/// A text of a client as it can be shown in a sentence: short, of one line, and nothing in it that turns the writing
/// round.
fn of_client(text: &str) -> String {
    let is_odd = |c: &char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut letters = text.chars().filter(|c| !is_odd(c));
    let mut shown: String = letters.by_ref().take(MOST_OF_CLIENT).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// The shipped versions without a build. `built` are the versions that have builds, by
/// [`crate::Version::key`]; `newest` is the day of the newest data.
pub fn shipped_without_build(
    facts: &Facts,
    built: &BTreeSet<(Directory, [u32; 8])>,
    newest: Option<NaiveDate>,
) -> Vec<Finding> {
    // A line can be listed without the suffix that its builds have by their channel.
    let is_built = |directory: Directory, version: &Version| {
        let esr = (directory, version.with_esr());
        built.contains(&(directory, version.key()))
            || (!facts.shipped.contains_key(&esr) && built.contains(&(directory, esr.1.key())))
    };
    let missing = facts
        .shipped
        .iter()
        .filter(|((directory, version), _)| directory.product().has_source() && !is_built(*directory, version));
    let findings = missing.map(|((directory, version), shipped)| {
        let age = shipped.date.zip(newest);
        let recent = age.is_some_and(|(date, newest)| (newest - date).num_days() <= RECENT_DAYS);
        let on = match shipped.date {
            Some(date) => format!("on {date}"),
            None => "at an unknown date".to_owned(),
        };
        Finding::new(
            if recent { Severity::Bad } else { Severity::Note },
            Check::ShippedWithoutBuild,
            format!("{} {version}", directory.as_str()),
            format!(
                "build{} shipped {on}, and no source has listed it",
                shipped.build_number
            ),
        )
    });
    findings.collect()
}

#[cfg(test)]
mod tests;
