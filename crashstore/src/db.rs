//! The tables `crash` and `search_row`.

mod crashes;
mod list;
mod search_rows;

pub use crashes::{
    Attached, Finished, Received, State, Summary, attach_build, concerned, count_of_build, delete,
    find_by_content, finish, get, insert_received, lookup_of, unknown_of,
};
pub use list::{Cursor, Filter, list};
pub use search_rows::{delete as delete_search_row, upsert as upsert_search_row};
