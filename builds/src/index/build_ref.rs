//! A build as the index holds it: a position, with a function for each member.

use std::num::NonZeroU32;

use chrono::NaiveDate;

use crate::build::{Build, Certainty, Reason, Status};
use crate::index::row::{Row, UNKNOWN_TIME};
use crate::index::tables::Tables;
use crate::names::build_id::BuildId;
use crate::names::channel::Line;
use crate::names::product::Product;
use crate::names::version::Version;
use crate::said::observation::{Digest, SourceName};

/// A build in an index.
#[derive(Debug, Clone, Copy)]
pub struct BuildRef<'a> {
    pub(super) tables: &'a Tables,
    pub(super) row: usize,
}

impl<'a> BuildRef<'a> {
    pub(super) fn get(self) -> &'a Row {
        &self.tables.rows[self.row]
    }

    fn text(self, position: u32) -> &'a str {
        self.tables.texts.get(position)
    }

    /// Its place in the index, by product and build id.
    pub(crate) fn position(self) -> usize {
        self.row
    }

    /// See [`Build::product`].
    pub fn product(self) -> Product {
        self.get().product
    }

    /// See [`Build::build_id`].
    pub fn build_id(self) -> BuildId {
        BuildId::from_u64(self.get().key & ((1 << 48) - 1)).expect("a key is made of a build id")
    }

    /// See [`Build::channel`].
    pub fn channel(self) -> &'a str {
        self.text(self.get().channel)
    }

    /// See [`Build::version`].
    pub fn version(self) -> &'a Version {
        &self.tables.versions[self.get().version as usize]
    }

    /// See [`Build::platform`].
    pub fn platform(self) -> &'a str {
        self.text(self.get().platform)
    }

    /// See [`Build::variant`].
    pub fn variant(self) -> &'a str {
        self.text(self.get().variant)
    }

    /// See [`Build::line`].
    pub fn line(self) -> Line {
        self.product().line(self.channel(), self.version())
    }

    /// See [`Build::build_number`].
    pub fn build_number(self) -> Option<u32> {
        self.get().build_number.map(NonZeroU32::get)
    }

    /// See [`Build::status`].
    pub fn status(self) -> Status {
        self.get().status
    }

    /// See [`Build::certainty`].
    pub fn certainty(self) -> Certainty {
        self.get().certainty
    }

    /// See [`Build::reason`].
    pub fn reason(self) -> Reason {
        self.get().reason
    }

    /// See [`Build::offered_on`].
    pub fn offered_on(self) -> impl Iterator<Item = &'a str> {
        self.text(self.get().offered_on)
            .split(',')
            .filter(|channel| !channel.is_empty())
    }

    /// See [`Build::revision`].
    pub fn revision(self) -> Option<&'a str> {
        Some(self.text(self.get().revision)).filter(|text| !text.is_empty())
    }

    /// See [`Build::repository`].
    pub fn repository(self) -> Option<&'a str> {
        Some(self.text(self.get().repository)).filter(|text| !text.is_empty())
    }

    /// See [`Build::archive_url`].
    pub fn archive_url(self) -> Option<String> {
        let start = self.get().url_rest as usize;
        let rest = self
            .tables
            .urls
            .get(start..start + usize::from(self.get().url_length))?;
        let url = format!("{}{rest}", self.text(self.get().url_start));
        Some(url).filter(|url| !url.is_empty())
    }

    /// See [`Build::published_at`].
    pub fn published_at(self) -> Option<i64> {
        Some(self.get().published_at).filter(|time| *time != UNKNOWN_TIME)
    }

    /// See [`Build::shipped_on`].
    pub fn shipped_on(self) -> Option<NaiveDate> {
        self.get().shipped_on
    }

    /// See [`Build::sources`].
    pub fn sources(self) -> impl Iterator<Item = SourceName> {
        self.tables.sources.names(self.get().sources)
    }

    /// Whether only announcements tell that there is this build.
    pub fn is_announced_alone(self) -> bool {
        self.tables.sources.lists_alone(self.get().sources, SourceName::OWN)
    }

    /// See [`Build::evidence`].
    pub fn evidence(self) -> &'a [Digest] {
        let start = self.get().evidence as usize;
        self.tables
            .evidence
            .get(start..start + usize::from(self.get().evidence_count))
            .unwrap_or_default()
    }

    /// Whether the build can be requested on this channel: it is the build's own, or it is beta and its users got the
    /// build as a release candidate.
    pub fn is_on(self, channel: &str) -> bool {
        self.channel() == channel || self.candidate_number(channel).is_some()
    }

    /// N of the `rcN` that a release's file is on `channel`, which tries out candidates.
    fn candidate_number(self, channel: &str) -> Option<u32> {
        let named = self.product().channel(channel).tries == Some(self.channel())
            && self.status() != Status::Variant
            && self.offered_on().any(|on| on == channel);
        self.build_number().filter(|_| named)
    }

    /// The build's name on beta, if it differs from its own: a release that beta's users got is `VrcN` there, if its
    /// build number is known.
    pub fn release_candidate(self) -> Option<Version> {
        self.candidate_number(self.product().tried_on(self.channel())?)
            .map(|number| self.version().with_candidate(number))
    }

    /// The build's name on a channel: the one name used by look-ups, Crash Stats' `VersionString` and crashes. On beta
    /// no candidate carries the final name: it is kept for the build that shipped, and only if beta never got it.
    pub fn name_on(self, channel: &str) -> Version {
        if let Some(tried) = self.product().channel(channel).tries {
            let unshipped = || {
                let is_candidate = matches!(self.status(), Status::Candidate | Status::Aborted | Status::Pulled);
                let is_release = self.channel() == tried && !self.version().is_esr();
                let number = self.build_number().filter(|_| is_release && is_candidate)?;
                Some(self.version().with_candidate(number))
            };
            if let Some(candidate) = self.release_candidate().or_else(unshipped) {
                return candidate;
            }
        }
        self.version().clone()
    }

    /// The build as an owned value.
    pub fn to_build(self) -> Build {
        Build {
            product: self.product(),
            channel: self.channel().to_owned(),
            version: self.version().clone(),
            build_id: self.build_id(),
            platform: self.platform().to_owned(),
            variant: self.variant().to_owned(),
            line: self.line(),
            build_number: self.build_number(),
            status: self.status(),
            certainty: self.certainty(),
            reason: self.reason(),
            offered_on: self.offered_on().map(str::to_owned).collect(),
            revision: self.revision().map(str::to_owned),
            repository: self.repository().map(str::to_owned),
            archive_url: self.archive_url(),
            published_at: self.published_at(),
            shipped_on: self.shipped_on(),
            sources: self.sources().collect(),
            evidence: self.evidence().to_vec(),
        }
    }
}

/// A build in a line, under its name there.
#[derive(Debug, Clone, Copy)]
pub struct InLine<'a> {
    /// The version on the line's channel.
    pub version: &'a Version,
    /// The build, for one of its platforms.
    pub build: BuildRef<'a>,
}
