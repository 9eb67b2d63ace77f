//! What is done about the rows of a crash. Pure.

use crash::CrashId;

use super::facts::Made;
use crate::db::{State, StoredCrash, StoredRows};
use crate::search::{SCHEMA, read_document};

/// Why a crash is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PassedOver {
    /// It was deleted.
    Deleted,
    /// A worker is at work on it, and will write its rows.
    Claimed,
    /// It is a later copy of a report, which only its row tells.
    Duplicate,
}

/// What is done about the rows of a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// They are as the objects tell.
    Nothing,
    /// There are none: both are written.
    Insert,
    /// The crash row is written again; the search row too, if `search`.
    Replace {
        /// Whether the search row is written.
        search: bool,
    },
    /// The row tells of a processed crash that is not there.
    Lost,
}

/// What becomes of crashes of a day that have no row and are not processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unprocessed {
    /// They get a row, and no job.
    Listed,
    /// Collectors may have accepted them while the database was away, and write row and job.
    LeftToCollectors,
}

/// What becomes of such crashes of this day, `YYYYMMDD`. `swept` are the days that collectors have gone through, in
/// order; `is_new` says that the database had no crashes when the rebuild began.
pub(super) fn unprocessed(day: &str, swept: &[String], is_new: bool) -> Unprocessed {
    let is_swept = swept.binary_search_by(|one| one.as_str().cmp(day)).is_ok();
    if is_swept || (is_new && swept.is_empty()) {
        Unprocessed::Listed
    } else {
        Unprocessed::LeftToCollectors
    }
}

/// Whether a crash with these rows is passed over.
pub(super) fn passed_over(rows: Option<&StoredRows>) -> Option<PassedOver> {
    let crash = &rows?.crash;
    match crash.state {
        State::Deleted => Some(PassedOver::Deleted),
        _ if crash.is_claimed => Some(PassedOver::Claimed),
        State::Duplicate => Some(PassedOver::Duplicate),
        State::Received | State::Processed => None,
    }
}

/// The claim under whose name the processed crash is stored; `None` if that is under its own key.
pub(super) fn output_of(rows: Option<&StoredRows>) -> Option<&str> {
    let output = rows?.crash.output.as_str();
    (!output.is_empty()).then_some(output)
}

/// Decides about a crash that is not passed over.
pub(super) fn step(rows: Option<&StoredRows>, made: &Made) -> Step {
    let Some(StoredRows { crash, search }) = rows else {
        return Step::Insert;
    };
    let was_processed = crash.state == State::Processed;
    if was_processed && (made.search.is_none() || made.row.row_version < crash.row_version) {
        return Step::Lost;
    }
    let same_search = match (&made.search, search) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(made_doc), Some(stored)) => {
            !stored.deleted
                && stored.schema == SCHEMA
                && stored.row_version == made.row.row_version
                && same_document(&stored.doc, made_doc)
        }
    };
    if same_search && same_crash(crash, made) {
        Step::Nothing
    } else {
        Step::Replace { search: !same_search }
    }
}

/// When a crash came in never changes once its row is there, so that is not compared.
fn same_crash(crash: &StoredCrash, made: &Made) -> bool {
    crash.state == made.row.state && crash.row_version == made.row.row_version && crash.columns == made.row.columns
}

/// Compressed bytes may differ though the documents do not.
fn same_document(stored: &[u8], made: &[u8]) -> bool {
    stored == made || read_document(stored).is_some_and(|document| read_document(made) == Some(document))
}

/// When the search row of a crash says that it came in: what its row says, if it has one.
pub(super) fn date(rows: Option<&StoredRows>, made: &Made) -> i64 {
    rows.map_or(made.row.received, |rows| rows.crash.received)
}

/// Whether an object's name is the id of a crash of this day, `YYYYMMDD`.
pub(super) fn id_of(key: &str, day: &str) -> Option<CrashId> {
    let id: CrashId = key.rsplit('/').next()?.parse().ok()?;
    (id.day_key() == day).then_some(id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::db::{Columns, MadeRow, StoredSearch};

    const ID: &str = "de1bb258-cbbf-4589-a673-34f800260601";

    fn document(text: &str, level: i32) -> Vec<u8> {
        zstd::bulk::compress(json!({"signature": text}).to_string().as_bytes(), level).unwrap()
    }

    fn columns(signature: &str) -> Columns {
        Columns {
            signature: signature.to_owned(),
            weight: 1.0,
            ..Columns::default()
        }
    }

    fn made(state: State, row_version: i64, signature: &str) -> Made {
        Made {
            row: MadeRow {
                id: ID.parse().unwrap(),
                received: 5,
                state,
                columns: columns(signature),
                duplicate_of: None,
                row_version,
                processed: 9,
            },
            search: (state == State::Processed).then(|| document(signature, 3)),
        }
    }

    fn stored(state: State, row_version: i64, signature: &str) -> StoredRows {
        StoredRows {
            crash: StoredCrash {
                received: 7,
                state,
                columns: columns(signature),
                row_version,
                output: String::new(),
                is_claimed: false,
            },
            search: (state == State::Processed).then(|| StoredSearch {
                row_version,
                deleted: false,
                schema: SCHEMA,
                // Another level: the bytes differ, what they say does not.
                doc: document(signature, 1),
            }),
        }
    }

    #[test]
    fn what_is_done_about_rows() {
        use State::{Processed, Received};
        let both = Step::Replace { search: true };
        let crash_alone = Step::Replace { search: false };
        let with_search = |change: fn(&mut StoredSearch)| {
            let mut rows = stored(Processed, 2, "a");
            change(rows.search.as_mut().unwrap());
            rows
        };
        let mut without_search = stored(Processed, 2, "a");
        without_search.search = None;
        let mut other_weight = stored(Processed, 2, "a");
        other_weight.crash.columns.weight = 3.0;
        let processed = made(Processed, 2, "a");
        for (name, rows, made, expected) in [
            ("none", None, &processed, Step::Insert),
            ("none, raw alone", None, &made(Received, 0, "a"), Step::Insert),
            ("equal", Some(stored(Processed, 2, "a")), &processed, Step::Nothing),
            (
                "equal, raw alone",
                Some(stored(Received, 0, "a")),
                &made(Received, 0, "a"),
                Step::Nothing,
            ),
            (
                "other, raw alone",
                Some(stored(Received, 0, "b")),
                &made(Received, 0, "a"),
                crash_alone,
            ),
            ("not processed", Some(stored(Received, 0, "a")), &processed, both),
            ("other text", Some(stored(Processed, 2, "b")), &processed, both),
            (
                "older than the object",
                Some(stored(Processed, 1, "a")),
                &processed,
                both,
            ),
            (
                "newer than the object",
                Some(stored(Processed, 3, "a")),
                &processed,
                Step::Lost,
            ),
            (
                "no object",
                Some(stored(Processed, 2, "a")),
                &made(Received, 0, "a"),
                Step::Lost,
            ),
            ("other column", Some(other_weight), &processed, crash_alone),
            ("no search row", Some(without_search), &processed, both),
            ("older form", Some(with_search(|row| row.schema -= 1)), &processed, both),
            (
                "other document",
                Some(with_search(|row| row.doc = document("b", 3))),
                &processed,
                both,
            ),
            (
                "damaged document",
                Some(with_search(|row| row.doc.clear())),
                &processed,
                both,
            ),
            (
                "other number",
                Some(with_search(|row| row.row_version = 1)),
                &processed,
                both,
            ),
            ("deleted", Some(with_search(|row| row.deleted = true)), &processed, both),
        ] {
            assert_eq!(step(rows.as_ref(), made), expected, "{name}");
        }
    }

    #[test]
    fn what_is_passed_over() {
        let claimed = |state| {
            let mut rows = stored(state, 1, "a");
            rows.crash.is_claimed = true;
            rows
        };
        for (rows, expected) in [
            (None, None),
            (Some(stored(State::Received, 0, "a")), None),
            (Some(stored(State::Processed, 1, "a")), None),
            (Some(stored(State::Deleted, 1, "")), Some(PassedOver::Deleted)),
            (Some(stored(State::Duplicate, 0, "a")), Some(PassedOver::Duplicate)),
            (Some(claimed(State::Received)), Some(PassedOver::Claimed)),
            (Some(claimed(State::Processed)), Some(PassedOver::Claimed)),
        ] {
            assert_eq!(passed_over(rows.as_ref()), expected, "{rows:?}");
        }
    }

    #[test]
    fn only_days_that_collectors_went_through_get_rows_of_raw_crashes_alone() {
        for (swept, is_new, expected) in [
            (&["20260531", "20260601", "20260602"][..], false, Unprocessed::Listed),
            (&["20260531", "20260602"], false, Unprocessed::LeftToCollectors),
            (&["20260531", "20260602"], true, Unprocessed::LeftToCollectors),
            (&[], false, Unprocessed::LeftToCollectors),
            (&[], true, Unprocessed::Listed),
        ] {
            let swept: Vec<String> = swept.iter().map(|day| (*day).to_owned()).collect();
            assert_eq!(unprocessed("20260601", &swept, is_new), expected, "{swept:?} {is_new}");
        }
    }

    #[test]
    fn the_time_of_a_row_that_is_there_stays() {
        let made = made(State::Processed, 1, "a");
        assert_eq!(date(None, &made), 5);
        assert_eq!(date(Some(&stored(State::Received, 0, "a")), &made), 7);
    }

    #[test]
    fn only_crashes_of_the_day_have_their_place_in_its_folder() {
        for (key, day, expected) in [
            (format!("v1/raw_crash/20260601/{ID}"), "20260601", true),
            (format!("v1/raw_crash/20260602/{ID}"), "20260602", false),
            ("v1/raw_crash/20260601/notes.txt".to_owned(), "20260601", false),
            (String::new(), "20260601", false),
        ] {
            assert_eq!(id_of(&key, day).is_some(), expected, "{key}");
        }
    }
}
