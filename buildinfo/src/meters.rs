//! The metrics of builds.

use platform::meters::{OF_IMPORTS, OneOf, Open, Values};

/// The states of an import.
pub(crate) const OUTCOMES: &[&str] = &["running", "complete", "partial", "failed", "broken", "stopped"];
/// The verdicts about a build id that no source knows.
const VERDICTS: Values = OneOf(&["junk", "unofficial", "no_source", "not_seen"]);
/// A source of builds.
const SOURCES: Values = Open("a source of builds");

platform::meters! {
    pub const METRICS;
    /// Look-ups of build ids that no source knows.
    counter UNKNOWN_LOOKUPS = "datil_buildinfo_unknown_lookups_total" in "lookups", by { "verdict": VERDICTS };
    /// Look-ups of unknown build ids that were not counted by id: there were too many different ones.
    counter DROPPED_LOOKUPS = "datil_buildinfo_dropped_unknown_lookups_total" in "lookups";
    /// Unknown build ids that are stored.
    gauge UNKNOWN_IDS = "datil_buildinfo_unknown_ids" in "ids", by { "verdict": VERDICTS };
    /// Alarms that this process raised: several installs crashed with a build that no source knows.
    counter RAISED_ALARMS = "datil_buildinfo_raised_alarms_total" in "alarms";
    /// Alarms that are on.
    gauge OPEN_ALARMS = "datil_buildinfo_open_alarms" in "alarms";
    /// Seconds since the source answered.
    gauge SOURCE_AGE = "datil_buildinfo_source_answer_age_seconds" in "seconds", by { "source": SOURCES };
    /// 1 if the source did not answer when it was last asked, else 0.
    gauge SOURCE_SILENT = "datil_buildinfo_source_silent", by { "source": SOURCES };
    /// The time that the newest build id names, in seconds since 1970, whatever became of the build.
    gauge NEWEST_BUILD = "datil_buildinfo_newest_build_timestamp_seconds" in "seconds",
        by { "product": Open("a product"), "channel": Open("a channel") };
    /// Imports on record.
    gauge IMPORTS = "datil_buildinfo_imports" in "imports", by { "outcome": OneOf(OUTCOMES) };
    /// Seconds that imports of this process took.
    histogram(OF_IMPORTS) IMPORT_DURATION = "datil_buildinfo_import_duration_seconds" in "seconds",
        by { "outcome": OneOf(&["complete", "partial", "failed", "broken", "stopped"]) };
}
