//! The names of the metrics. Labels come from closed sets only.
//!
//! | name | kind | labels |
//! |---|---|---|
//! | [`UNKNOWN_ASKED`] | count of questions about unknown build ids | `verdict` |
//! | [`UNKNOWN_DROPPED`] | count of those that were not counted by id: too many different ones | |
//! | [`UNKNOWN_IDS`] | unknown ids that are stored | `verdict` |
//! | [`ALARMS_RAISED`] | count of alarms raised by this process | |
//! | [`ALARMS_OPEN`] | alarms that are on | |
//! | [`SOURCE_AGE`] | seconds since the source answered | `source` |
//! | [`SOURCE_SILENT`] | 1 if the source did not answer at the last try, else 0 | `source` |
//! | [`NEWEST_BUILD`] | seconds since 1970 that the newest build id names, whatever became of the build | `product`, `channel` |
//! | [`IMPORTS`] | imports that are recorded | `outcome` |

pub(crate) const UNKNOWN_ASKED: &str = "buildinfo_unknown_asked_total";
pub(crate) const UNKNOWN_DROPPED: &str = "buildinfo_unknown_dropped_total";
pub(crate) const UNKNOWN_IDS: &str = "buildinfo_unknown_ids";
pub(crate) const ALARMS_RAISED: &str = "buildinfo_alarms_raised_total";
pub(crate) const ALARMS_OPEN: &str = "buildinfo_alarms_open";
pub(crate) const SOURCE_AGE: &str = "buildinfo_source_answered_seconds_ago";
pub(crate) const SOURCE_SILENT: &str = "buildinfo_source_silent";
pub(crate) const NEWEST_BUILD: &str = "buildinfo_newest_build_timestamp_seconds";
pub(crate) const IMPORTS: &str = "buildinfo_imports";
