//! Whether search knows of every crash what it could: rows of older forms, and rows that wait for a number.

use crashstore::db::{MOST_OLDER, MOST_UNNUMBERED, older_forms, sequence_lease, unnumbered};
use crashstore::forms::incomplete;
use crashstore::sequence::STEP;
use platform::clock;
use platform::db::{Db, DbError};

use super::finding::Finding;

const NAME: &str = "search rows";
/// If so many rows wait for a number, and no process gave any for so long, none does, in microseconds.
const NUMBERS_LATE: i64 = 60_000_000;

/// One finding: how many rows have an older form and what they lack, and how many wait for a number; what that means
/// is said if they are more than usual.
pub(super) async fn look(db: &Db) -> Result<Finding, DbError> {
    let lease = sequence_lease(db).await?;
    let found = Found {
        older: older_forms(db).await?,
        unnumbered: unnumbered(db).await?,
        numbered: lease.map_or(i64::MIN, |(_, until)| until),
    };
    Ok(found.finding(clock::now_micros()))
}

/// What the database says of its search rows.
#[derive(Default)]
struct Found {
    /// The older forms, each with its rows, up to [`MOST_OLDER`].
    older: Vec<(i64, i64)>,
    /// How many rows wait for a number, up to [`MOST_UNNUMBERED`].
    unnumbered: i64,
    /// When numbers were last given, or some seconds later, microseconds UTC.
    numbered: i64,
}

impl Found {
    fn finding(&self, now: i64) -> Finding {
        const NEWEST: &str = "all have the newest form";
        let text = match (self.about_forms(), self.about_numbers(now)) {
            (None, None) => format!("{NEWEST} and a number"),
            (None, Some(numbers)) => format!("{NEWEST}; {numbers}"),
            (Some(forms), None) => forms,
            (Some(forms), Some(numbers)) => format!("{forms}; {numbers}"),
        };
        if self.is_nobody_numbering(now) {
            Finding::bad(NAME, text)
        } else {
            Finding::well(NAME, text)
        }
    }

    fn about_forms(&self) -> Option<String> {
        let rows: i64 = self.older.iter().map(|(_, rows)| rows).sum();
        if rows == 0 {
            return None;
        }
        let is_more = self.older.iter().any(|(_, rows)| *rows >= MOST_OLDER);
        let at_least = if is_more { "at least " } else { "" };
        let what = if rows == 1 {
            "1 has the form of an earlier release and waits".to_owned()
        } else {
            format!("{rows} have the form of an earlier release and wait")
        };
        let lacking = incomplete(self.older.iter().map(|(form, _)| *form));
        let until_then = if lacking.is_empty() {
            String::new()
        } else {
            format!(
                "; until then searches by {} do not find all crashes",
                lacking.join(", ")
            )
        };
        Some(format!(
            "{at_least}{what} to be made again, which processors do in the background, newest crashes first{until_then}"
        ))
    }

    fn about_numbers(&self, now: i64) -> Option<String> {
        match self.unnumbered {
            ..=0 => return None,
            1 => return Some("1 waits for a number".to_owned()),
            2..=STEP => return Some(format!("{} wait for a number", self.unnumbered)),
            _ => {}
        }
        let at_least = if self.unnumbered >= MOST_UNNUMBERED {
            "at least "
        } else {
            ""
        };
        let text = format!(
            "{at_least}{} wait for a number, without which searches do not see them",
            self.unnumbered
        );
        Some(if self.is_nobody_numbering(now) {
            format!("{text}, and no process gives any: is `datil up` or `datil processor` running?")
        } else {
            text
        })
    }

    fn is_nobody_numbering(&self, now: i64) -> bool {
        self.unnumbered > STEP && self.numbered < now.saturating_sub(NUMBERS_LATE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000_000;

    #[test]
    fn what_is_missing_is_said_and_bad_if_nobody_makes_it() {
        let older = |rows: i64| vec![(2, 1), (3, rows)];
        let lately = NOW - 1_000_000;
        for (found, is_well, expected) in [
            ((vec![], 0, 0), true, "all have the newest form and a number"),
            ((vec![], 1, 0), true, "all have the newest form; 1 waits for a number"),
            (
                (vec![], STEP, 0),
                true,
                "all have the newest form; 500 wait for a number",
            ),
            (
                (vec![], STEP + 1, lately),
                true,
                "all have the newest form; 501 wait for a number, without which searches do not see them",
            ),
            (
                (vec![], MOST_UNNUMBERED, 0),
                false,
                "all have the newest form; at least 10000 wait for a number, without which searches do not see \
                 them, and no process gives any: is `datil up` or `datil processor` running?",
            ),
            (
                (vec![(3, 1)], 0, 0),
                true,
                "1 has the form of an earlier release and waits to be made again, which processors do in the \
                 background, newest crashes first; until then searches by build_certainty, build_status, \
                 builds_behind, frames, weight do not find all crashes",
            ),
            (
                (older(MOST_OLDER), 501, lately),
                true,
                "at least 10001 have the form of an earlier release and wait to be made again, which processors do \
                 in the background, newest crashes first; until then searches by build_certainty, build_status, \
                 builds_behind, collector_notes, frames, weight do not find all crashes; 501 wait for a number, \
                 without which searches do not see them",
            ),
        ] {
            let (older, unnumbered, numbered) = found;
            let found = Found {
                older,
                unnumbered,
                numbered,
            };
            let finding = found.finding(NOW);
            assert_eq!((finding.well, finding.text.as_str()), (is_well, expected));
        }
    }
}
