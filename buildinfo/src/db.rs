//! The tables of the build-information service.
//!
//! Observations are only ever added to; the newest sighting of each stands in its row, the earlier ones in the table
//! `sighting`. Builds are versioned by generation: what a half-done derivation has written is not seen until its
//! generation is finished.

mod alarms;
mod audit;
pub mod beginning;
mod builds;
mod corrections;
mod dirty_groups;
mod generations;
mod importer;
mod lease;
mod observations;
mod places;
mod reported;
mod responses;
mod runs;
mod sources;
mod unknown;
mod upkeep;

pub use alarms::{Alarm, alarm_candidates, clear_alarm, open_alarms, raise_alarm, record_try};
pub use audit::{
    MOST_COUNTED, Said, StoredConflict, Unreadable, bad_file_count, bad_files_after, built_versions, conflict_count,
    conflicts_after, conflicts_of_group, newest_builds, platforms_since, said, unreadable_after, unreadable_count,
    withdrawn_since,
};
pub use builds::{
    BuildKey, Filter, Page, builds_by_id, builds_by_ids, builds_of_channel, builds_of_group, builds_of_versions,
    channels, list_builds, load_all, versions,
};
pub use corrections::{
    StoredCorrection, add as add_correction, groups_concerned, in_force as corrections_in_force,
    list as list_corrections, undo as undo_correction,
};
pub use dirty_groups::{dirty_count, dirty_groups, mark_all_dirty};
pub(crate) use generations::finished_here;
pub use generations::{
    Change, ChangeCursor, Generation, Step, changes_after, changes_of, finish_generation, latest_generation,
    steps_to_all, write as write_steps,
};
pub use importer::{CLOCKS_APART, importer_said, say_importer, unsay_importer};
pub use lease::{IMPORT_LEASE, Lease, RunLease, Writes, release_lease};
pub use observations::{
    Prepared, Seen, Stored, by_digests, close_unsaid, each_of_groups, fact_observations, group_sizes, of_group, record,
    record_listing, record_prepared, said_now,
};
pub use places::{Contents, Place, PlaceState, each_buildhub_subject, forget_bad, places, put_places};
pub use reported::{ReportedVersion, reported_versions};
pub use responses::{each_response, forget_responses, put_responses};
pub use runs::{Run, end_run, last_import, recent_runs, run_outcomes, runs_before, start_run};
pub use sources::{SourceState, record_state, source_states};
pub use unknown::{
    AlarmFilter, Unknown, UnknownFilter, add_unknown, forget_unknown, list_unknown, prune_unknown, unknown_counts,
};
pub use upkeep::{BeforeHistory, Removed, changes_removed, is_kept, known_at, remove as remove_history};

/// So many rows, or keys, go into one statement. Statements of one size have one text, which the database prepares
/// once; and SQLite finds each parameter by looking through all of its statement, so that a statement with many times
/// more of them takes longer.
const MANY: usize = 20;

/// `$4, $5`: `count` placeholders, the first with the number `first`.
fn marks(count: usize, first: usize) -> String {
    let marks: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    marks.join(", ")
}

/// `($1, $2), ($3, $4)`: the placeholders of an `INSERT` of `rows` rows with `columns` columns.
fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| format!("({})", marks(columns, row * columns + 1));
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}
