//! The tables `crash`, `search_row`, `search_sequence`, `signature_first` and `swept_day`.

mod by_build;
mod crashes;
mod days;
mod firsts;
mod forms;
mod list;
mod rebuilt;
mod search_rows;
mod sequence;
mod summary;
mod tombstones;
mod wanted;

pub use by_build::{Asking, OldAnswers, asking_of_build, concerned, count_of_build, lookup_of, with_old_answers};
pub use crashes::{
    Attached, Finished, Output, Standing, attach_build, find_by_content, finish, hold_state, insert_received,
    is_output_owned, name_output, output_is_copied, sign, standing, unknown_of, with_output,
};
pub use days::{day_is_swept, swept_days};
pub use firsts::{First, MOST_FIRSTS, note_first, signature_firsts};
pub(crate) use firsts::{in_order, unnoted};
pub use forms::{MOST_OLDER, OlderRow, form_of, older_forms, older_rows, oldest_form, renew_search_row};
pub use list::{Cursor, Filter, list, list_sql, next_value_sql};
#[cfg(test)]
pub(crate) use rebuilt::StoredSearch;
pub(crate) use rebuilt::{
    Columns, MOST_ROWS, MadeRow, StoredCrash, StoredRows, first_copy_of, insert_made, is_any_crash, replace_made,
    stored_rows,
};
#[cfg(test)]
pub(crate) use search_rows::delete as delete_search_row;
pub use search_rows::{
    MOST_DOCUMENTS, Place, SearchDocument, SearchRow, Tail, first_place, identity, newest_seq, search_documents,
    search_rows_after, search_rows_before, upsert as upsert_search_row,
};
pub use sequence::{MOST_UNNUMBERED, sequence_lease, unnumbered};
pub(crate) use sequence::{give_back_sequence, is_any_unnumbered, number_search_rows, take_sequence};
pub use summary::{State, Summary, first_copy, get};
pub use tombstones::{bury, cleaned, forget, to_clean, tombstones_before};
pub(crate) use wanted::named;
pub use wanted::{MOST_UNPROCESSED, Unprocessed, count_unprocessed, unprocessed};

/// The statements that look up crashes and search rows, by name: for a test of how the databases run them. [`list_sql`]
/// makes those for lists.
#[doc(hidden)]
pub fn statements(db: &platform::db::Db) -> Vec<(&'static str, String)> {
    let made = [
        ("documents", search_rows::documents_sql(100)),
        ("first crashes", firsts::of_signatures_sql(100)),
        ("named crashes", wanted::named_sql(100)),
        ("unprocessed", wanted::unprocessed_sql(db)),
        ("count of the unprocessed", wanted::count_sql(db)),
        ("older rows", forms::rows_sql(db)),
        ("stored crash rows", rebuilt::crash_rows_sql(100)),
        ("stored search rows", rebuilt::search_rows_sql(100)),
        ("number new rows", sequence::number_new_sql(db)),
        ("number foreign rows", sequence::number_foreign_sql(db)),
    ];
    let texts = [
        ("by content", crashes::BY_CONTENT),
        ("concerned", by_build::CONCERNED),
        ("crash by crash", by_build::AFTER),
        ("of a build", by_build::OF_BUILD),
        ("first crash", firsts::ONE),
        ("note a first crash", firsts::NOTE),
        ("first copy", rebuilt::FIRST_COPY),
        ("with an output", crashes::WITH_OUTPUT),
        ("owner of an output", crashes::OWNED),
        ("to clean", tombstones::TO_CLEAN),
        ("old tombstones", tombstones::OLD),
        ("search rows after", search_rows::AFTER),
        ("search rows before", search_rows::BEFORE),
        ("take the sequence", sequence::TAKE),
        ("next older form", forms::NEXT),
        ("rows of a form", forms::COUNT),
        ("unnumbered rows", sequence::UNNUMBERED),
        ("foreign rows", sequence::FOREIGN),
    ];
    let texts = texts.map(|(name, sql)| (name, sql.to_owned()));
    texts.into_iter().chain(made).collect()
}
