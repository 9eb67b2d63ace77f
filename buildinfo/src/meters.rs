//! The metrics of builds.

use platform::meters::OF_IMPORTS;

platform::meters! {
    pub const METRICS;
    /// Questions about build ids that no source knows.
    counter UNKNOWN_ASKED = "buildinfo_unknown_asked_total" by "verdict";
    /// Of these, not counted by id: there were too many different ones.
    counter UNKNOWN_DROPPED = "buildinfo_unknown_dropped_total";
    /// Unknown build ids that are stored.
    gauge UNKNOWN_IDS = "buildinfo_unknown_ids" by "verdict";
    /// Alarms that this process raised: several installs crashed with a build that no source knows.
    counter ALARMS_RAISED = "buildinfo_alarms_raised_total";
    /// Alarms that are on.
    gauge ALARMS_OPEN = "buildinfo_alarms_open";
    /// Seconds since the source answered.
    gauge SOURCE_AGE = "buildinfo_source_answer_age_seconds" by "source";
    /// 1 if the source did not answer when it was last asked, else 0.
    gauge SOURCE_SILENT = "buildinfo_source_silent" by "source";
    /// The time that the newest build id names, in seconds since 1970, whatever became of the build.
    gauge NEWEST_BUILD = "buildinfo_newest_build_timestamp_seconds" by "product", "channel";
    /// Imports on record.
    gauge IMPORTS = "buildinfo_imports" by "outcome";
    /// Seconds that imports of this process took.
    histogram(OF_IMPORTS) IMPORT_SECONDS = "buildinfo_import_seconds" by "outcome";
}
