//! The tables of the build-information service.
//!
//! Observations are only ever added. An observation's row holds its newest sighting; earlier ones are in the table
//! `sighting`. Builds are versioned by generation: readers do not see what a derivation writes until its generation is
//! finished.
//!
//! All SQL of this crate is here. Below it are the crates `builds` (what is stored) and `platform` (where): this module
//! knows nothing of imports, sources, look-ups or the API.

mod alarms;
mod audit;
pub mod beginning;
mod builds;
mod changes;
mod corrections;
mod deletion;
mod dirty_groups;
mod generations;
mod importer;
mod inbox;
mod lease;
mod observations;
mod page;
mod placeholders;
mod places;
mod products;
mod recording;
mod regrouping;
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
    BuildKey, Filter, builds_by_id, builds_by_ids, builds_of_channel, builds_of_group, builds_of_versions, channels,
    list_builds, load_all, versions,
};
pub use changes::{Change, ChangeCursor, changes_after, changes_of};
pub use corrections::{
    StoredCorrection, add as add_correction, groups_concerned, in_force as corrections_in_force,
    list as list_corrections, undo as undo_correction,
};
pub use dirty_groups::{dirty_count, dirty_groups, emptied_groups, mark_all_dirty, mark_product_dirty};
pub(crate) use generations::finished_here;
pub use generations::{Generation, Step, finish_generation, latest_generation, steps_to_all, write as write_steps};
pub use importer::{CLOCKS_APART, importer_said, say_importer, unsay_importer};
pub use inbox::{
    NotPut, Outcome, Put, Waiting, announced_at, last_waiting, put_announced, put_withdrawn, remove_waiting, waiting,
    waits,
};
pub use lease::{IMPORT, Writes, brief_owner, is_brief};
pub use observations::{Stored, by_digests, each_of_groups, fact_observations, group_sizes, of_group, said_now};
pub use page::Page;
pub use places::{Contents, Place, PlaceState, each_buildhub_subject, forget_bad, places, put_places};
pub use products::{peculiar_products, products_without_row, set_peculiar_products};
pub use recording::{Prepared, Seen, close, close_unsaid, record, record_listing, record_prepared};
pub use regrouping::{has_problems, regroup_problems, regroup_product};
pub use reported::{ReportedVersion, reported_versions};
pub use responses::{each_response, forget_responses, put_responses};
pub use runs::{
    Run, end_run, last_complete_import, last_import, newest_import, recent_imports, recent_runs, run_outcomes,
    runs_before, start_run, took_in_builds,
};
pub use sources::{SourceState, record_state, source_states};
pub use unknown::{
    AlarmFilter, Unknown, UnknownFilter, add_unknown, forget_unknown, list_unknown, prune_unknown, unknown_counts,
};
pub use upkeep::{BeforeHistory, Removed, changes_removed, is_kept, known_at, remove as remove_history};
