//! What an audit finds: how bad it is, what it is about, and what to do about it.

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Answers are wrong or missing because of it.
    Bad,
    /// Answers may be wrong or missing because of it.
    Warning,
    /// Good to know.
    Note,
}

/// What was checked.
#[derive(Debug, Hash, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// No process imports on schedule.
    NoImporter,
    /// A source did not answer when it was last asked.
    SilentSource,
    /// Builds are stored of a product that no row describes.
    ProductWithoutRow,
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
    /// Every check, in listing order.
    pub const ALL: [Self; 10] = [
        Self::NoImporter,
        Self::SilentSource,
        Self::ProductWithoutRow,
        Self::OpenAlarm,
        Self::ReportedVersion,
        Self::ShippedWithoutBuild,
        Self::LatePlatform,
        Self::Conflict,
        Self::BadFile,
        Self::UnreadableRecord,
    ];

    /// The displayed name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoImporter => "no_importer",
            Self::SilentSource => "silent_source",
            Self::ProductWithoutRow => "product_without_row",
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
            Self::ProductWithoutRow => {
                "is products.file set, and is it the file that had the product? \"datil config products\" shows the \
                 rows in force"
            }
            Self::OpenAlarm => {
                "look for the build where the plan says; a product of your own has its pipeline announce it (POST \
                 /api/v1/builds); if no source will ever list it, add it with \"datil buildinfo load-csv\""
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

/// A problem found by the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The check that found it.
    pub check: Check,
    /// What it is about.
    pub subject: String,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub advice: &'static str,
    /// The command that fixes the finding in its simplest form; none if no command can be pasted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl Finding {
    /// Creates a check's finding, with its advice and no command.
    pub fn new(severity: Severity, check: Check, subject: String, found: String) -> Self {
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
