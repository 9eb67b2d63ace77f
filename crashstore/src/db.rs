//! The tables `crash`, `search_row` and `swept_day`.

mod by_build;
mod crashes;
mod days;
mod list;
mod search_rows;
mod summary;
mod tombstones;

pub use by_build::{Asking, OldAnswers, asking_of_build, concerned, count_of_build, lookup_of, with_old_answers};
pub use crashes::{
    Attached, Finished, Output, Standing, attach_build, find_by_content, finish, insert_received, is_output_owned,
    name_output, output_is_copied, standing, unknown_of, with_output,
};
pub use days::{day_is_swept, swept_days};
pub use list::{Cursor, Filter, list, list_sql, next_value_sql};
pub use search_rows::upsert as upsert_search_row;
pub use summary::{State, Summary, first_copy, get};
pub use tombstones::{bury, cleaned, forget, to_clean, tombstones_before};

/// The statements that look up crashes, by name: for a test of how the databases run them. [`list_sql`] makes those for
/// lists.
#[doc(hidden)]
pub fn statements() -> Vec<(&'static str, String)> {
    [
        ("by content", crashes::BY_CONTENT),
        ("concerned", by_build::CONCERNED),
        ("crash by crash", by_build::AFTER),
        ("of a build", by_build::OF_BUILD),
        ("with an output", crashes::WITH_OUTPUT),
        ("owner of an output", crashes::OWNED),
        ("to clean", tombstones::TO_CLEAN),
        ("old tombstones", tombstones::OLD),
    ]
    .map(|(name, sql)| (name, sql.to_owned()))
    .to_vec()
}
