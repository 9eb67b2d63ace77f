//! What is known about a build, with its reasons.

use chrono::{DateTime, NaiveDate, SecondsFormat};
use serde::Serialize;
use serde_json::Value;

use crate::build::{Certainty, Reason, Status};
use crate::names::build_id::BuildId;
use crate::names::channel::Line;
use crate::names::version::Version;
use crate::resolve::sibling::Sibling;
use crate::said::files::BuildFile;
use crate::said::observation::{Digest, SourceName};

/// What is known about a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The product under its canonical name; as asked if it has none.
    pub product: String,
    /// The channel as asked, normalised; the build's own if none was asked and one build fits.
    pub channel: String,
    /// The build id as asked.
    pub build_id: String,
    /// The exact version on that channel; `None` if it is not known.
    pub version: Option<String>,
    /// The version of the question.
    pub reported: Option<String>,
    /// Whether no build of this version reports that one of itself: the program, its build id or the build data are
    /// wrong. What a program leaves out of its version is no difference, see [`Version::can_report`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reported_differs: bool,
    /// What became of the build.
    pub status: Status,
    /// Whether a source says so.
    pub certainty: Certainty,
    /// By which rule the answer was found.
    pub reason: Reason,
    /// The same as a sentence.
    pub explanation: &'static str,
    /// When the build was made, as RFC 3339, where all that is known of it is a version code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built_at: Option<String>,
    /// All that fits, if more than one does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
    /// The build, if one was found.
    pub build: Option<BuildInfo>,
    /// Firefox's build with the same Gecko build id, where no source knows the build itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sibling: Option<Sibling>,
    /// The generation of the index that answered.
    pub generation: i64,
}

/// One of several builds that fit a question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Alternative {
    /// The build id.
    pub build_id: BuildId,
    /// The build's own channel.
    pub channel: String,
    /// Its version on the channel asked, or on its own.
    pub version: Version,
    /// What became of it.
    pub status: Status,
}

/// Details of a build, over all its platforms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildInfo {
    /// The channel that the file itself follows.
    pub channel: String,
    /// The line it is counted in.
    pub line: Line,
    /// N of `buildN`.
    pub build_number: Option<u32>,
    /// Its own status' rule; differs from the answer's if that was found on another way.
    pub status_reason: Reason,
    /// The platforms it was made for, sorted.
    pub platforms: Vec<String>,
    /// Variants among them, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<String>,
    /// The channels that got it.
    pub offered_on: Vec<String>,
    /// The source revision.
    pub revision: Option<String>,
    /// The repository of the revision.
    pub repository: Option<String>,
    /// A page that shows the revision.
    pub revision_url: Option<String>,
    /// Where one of its files lies.
    pub archive_url: Option<String>,
    /// Where its files lie, one for each platform, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<BuildFile>,
    /// When it was first uploaded, as RFC 3339.
    pub published_at: Option<String>,
    /// The day its version shipped.
    pub shipped_on: Option<NaiveDate>,
    /// What users of the line had before.
    pub previous_build: Option<PreviousBuild>,
    /// A page with the changes since the previous build, if both are in one repository.
    pub changes_url: Option<String>,
    /// The sources behind it.
    pub sources: Vec<SourceName>,
    /// The observations behind it.
    pub evidence: Vec<Digest>,
}

/// The build before another in its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviousBuild {
    /// Its id.
    pub build_id: BuildId,
    /// Its version on the line's channel.
    pub version: Version,
    /// Its source revision.
    pub revision: Option<String>,
}

impl Answer {
    /// A digest of what the answer says about the build itself. The evidence, the generation, and what changes as other
    /// builds arrive (the previous build and the changes since) are left out: while the digest is the same, nothing
    /// made from the answer is out of date.
    pub fn digest(&self) -> Digest {
        let mut value = serde_json::to_value(self).expect("an answer is plain data with text keys");
        if let Some(members) = value.as_object_mut() {
            members.remove("generation");
            members.remove("reported");
            if let Some(build) = members.get_mut("build").and_then(Value::as_object_mut) {
                for moving in ["previous_build", "changes_url", "evidence"] {
                    build.remove(moving);
                }
            }
        }
        Digest::of(&value)
    }
}

/// A moment in microseconds UTC as RFC 3339; `None` if out of range.
pub fn rfc3339(micros: i64) -> Option<String> {
    DateTime::from_timestamp_micros(micros).map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}
