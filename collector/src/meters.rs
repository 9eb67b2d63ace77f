//! The names of the metrics. They are those of Socorro's collector after its prefix `socorro.`,
//! so that dashboards carry over; labels come from closed sets only.
//!
//! | name | kind | labels |
//! |---|---|---|
//! | [`ON_POST`] | seconds | |
//! | [`CRASH_SIZE`] | bytes, after inflating | `payload`: compressed, uncompressed |
//! | [`GZIPPED`] | count | |
//! | [`MALFORMED`] | count | `reason`: the code in the answer |
//! | [`INCOMING`] | count of well-formed reports | |
//! | [`THROTTLE_RULE`] | count | `rule`: its name |
//! | [`THROTTLE`] | count | `result`: accept, reject, fakeaccept |
//! | [`UNAUTHORIZED`] | count | |
//! | [`HANDLING`], [`SAVE_TIME`] | seconds | |
//! | [`RETRIES`] | count | `count`: save_crash_exception.count |
//! | [`SAVED`] | count of reports made durable | |
//! | [`DROPPED`] | count of reports answered with 503 | |
//! | [`DUPLICATES`] | count | `kind`: answered (with the first id), stored |
//! | [`UNRECORDED`] | count of rows left to the sweep | |
//! | [`SWEPT`] | count of rows that the sweep inserted | |
//! | [`DAMAGED`] | count of stored objects that are no raw crash | |
//! | [`IN_FLIGHT`] | bytes of reports in memory | |

pub(crate) const ON_POST: &str = "collector.breakpad_resource.on_post.time";
pub(crate) const CRASH_SIZE: &str = "collector.breakpad_resource.crash_size";
pub(crate) const GZIPPED: &str = "collector.breakpad_resource.gzipped_crash";
pub(crate) const MALFORMED: &str = "collector.breakpad_resource.malformed";
pub(crate) const INCOMING: &str = "collector.breakpad_resource.incoming_crash";
pub(crate) const THROTTLE_RULE: &str = "collector.breakpad_resource.throttle_rule";
pub(crate) const THROTTLE: &str = "collector.breakpad_resource.throttle";
pub(crate) const UNAUTHORIZED: &str = "collector.breakpad_resource.unauthorized_uuid";
pub(crate) const HANDLING: &str = "collector.crashmover.crash_handling.time";
pub(crate) const SAVE_TIME: &str = "collector.crashmover.crash_save.time";
pub(crate) const RETRIES: &str = "collector.crashmover.retry_count";
pub(crate) const SAVED: &str = "collector.crashmover.save_crash.count";
pub(crate) const DROPPED: &str = "collector.crashmover.save_crash_dropped.count";
pub(crate) const DUPLICATES: &str = "collector.duplicates";
pub(crate) const UNRECORDED: &str = "collector.unrecorded";
pub(crate) const SWEPT: &str = "collector.sweep.inserted";
pub(crate) const DAMAGED: &str = "collector.sweep.damaged";
pub(crate) const IN_FLIGHT: &str = "collector.in_flight_bytes";
