//! What an answer adds to a crash: the build's details, and their relation to the time of the crash.

use serde::Serialize;

use crate::build::{Certainty, Reason, Status};
use crate::index::{BuildIndex, Place};
use crate::names::build_id::BuildId;
use crate::names::channel::Line;
use crate::names::version::Version;
use crate::resolve::{Answer, PreviousBuild, Sibling, rfc3339};
use crate::said::observation::SourceName;

/// The times of a crash, in microseconds UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashTimes {
    /// When the report arrived, by our clock.
    pub submitted_at: i64,
    /// When the program crashed, by the client's clock.
    pub crashed_at: Option<i64>,
}

impl CrashTimes {
    /// The client's time, if it lies between the build and the report; client clocks are often wrong.
    fn sane(self, build_id: BuildId) -> Option<i64> {
        self.crashed_at
            .filter(|crashed| (build_id.micros()..=self.submitted_at).contains(crashed))
    }
}

/// The object `build_info` of a processed crash; all of it is public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrashBuildInfo {
    /// See [`Answer::status`].
    pub status: Status,
    /// See [`Answer::certainty`].
    pub certainty: Certainty,
    /// See [`Answer::reason`].
    pub reason: Reason,
    /// See [`Answer::version`].
    pub version: Option<String>,
    /// See [`Answer::reported_differs`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reported_differs: bool,
    /// See [`Answer::channel`].
    pub channel: String,
    /// See [`crate::resolve::BuildInfo::line`].
    pub line: Option<Line>,
    /// See [`Answer::build_id`].
    pub build_id: String,
    /// The time that the build id names, as RFC 3339.
    pub build_date: Option<String>,
    /// See [`crate::resolve::BuildInfo::build_number`].
    pub build_number: Option<u32>,
    /// See [`crate::resolve::BuildInfo::platforms`].
    pub platforms: Vec<String>,
    /// See [`crate::resolve::BuildInfo::revision`].
    pub revision: Option<String>,
    /// See [`crate::resolve::BuildInfo::repository`].
    pub repository: Option<String>,
    /// See [`crate::resolve::BuildInfo::revision_url`].
    pub revision_url: Option<String>,
    /// See [`crate::resolve::BuildInfo::archive_url`].
    pub archive_url: Option<String>,
    /// See [`crate::resolve::BuildInfo::published_at`].
    pub published_at: Option<String>,
    /// See [`crate::resolve::BuildInfo::previous_build`].
    pub previous_build: Option<PreviousBuild>,
    /// See [`crate::resolve::BuildInfo::changes_url`].
    pub changes_url: Option<String>,
    /// Whole days from the build to the crash; `None` if the client's clock cannot be right.
    pub age_at_crash_days: Option<i64>,
    /// How many newer builds of the line were out at the time of the crash, or of the report if the client's clock
    /// cannot be right.
    pub builds_behind: Option<usize>,
    /// See [`crate::resolve::BuildInfo::sources`].
    pub sources: Vec<SourceName>,
    /// See [`Answer::sibling`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sibling: Option<Sibling>,
    /// See [`Answer::generation`].
    pub generation: i64,
}

/// The build info attached to a crash with these times; `answer` came from `index`.
pub fn crash_build_info(index: &BuildIndex, answer: Answer, times: CrashTimes) -> CrashBuildInfo {
    let build_id = answer.build_id.parse::<BuildId>().ok();
    let crashed_at = build_id.and_then(|id| times.sane(id));
    let builds_behind = builds_behind(index, &answer, crashed_at.unwrap_or(times.submitted_at));
    let age_at_crash_days = build_id
        .zip(crashed_at)
        .map(|(id, crashed)| (crashed - id.micros()) / 86_400_000_000);
    let mut info = CrashBuildInfo {
        status: answer.status,
        certainty: answer.certainty,
        reason: answer.reason,
        version: answer.version,
        reported_differs: answer.reported_differs,
        channel: answer.channel,
        line: None,
        build_id: answer.build_id,
        build_date: build_id.and_then(|id| rfc3339(id.micros())),
        build_number: None,
        platforms: Vec::new(),
        revision: None,
        repository: None,
        revision_url: None,
        archive_url: None,
        published_at: None,
        previous_build: None,
        changes_url: None,
        age_at_crash_days,
        builds_behind,
        sources: Vec::new(),
        sibling: answer.sibling,
        generation: answer.generation,
    };
    if let Some(build) = answer.build {
        info.line = Some(build.line);
        info.build_number = build.build_number;
        info.platforms = build.platforms;
        info.revision = build.revision;
        info.repository = build.repository;
        info.revision_url = build.revision_url;
        info.archive_url = build.archive_url;
        info.published_at = build.published_at;
        info.previous_build = build.previous_build;
        info.changes_url = build.changes_url;
        info.sources = build.sources;
    }
    info
}

fn builds_behind(index: &BuildIndex, answer: &Answer, time: i64) -> Option<usize> {
    let build = answer.build.as_ref().filter(|_| answer.status != Status::Unofficial)?;
    let version: Version = answer.version.as_deref()?.parse().ok()?;
    let channel = if answer.reason == Reason::ReleaseCandidateOnBeta {
        &answer.channel
    } else {
        &build.channel
    };
    let place = Place {
        product: answer.product.parse().ok()?,
        channel,
        line: build.line,
        version: &version,
        build_id: answer.build_id.parse().ok()?,
    };
    index.newer(&place, time)
}
