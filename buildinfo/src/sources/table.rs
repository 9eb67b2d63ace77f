//! From which table of versions a row is, and who loaded it: a person's word is to be told from a source's.

use std::fmt;

use builds::said::observation::{Kind, Observation};
use platform::clock::rfc3339;
use serde::Serialize;
use serde_json::{Value, json};

use crate::sources::csv::HISTORY;

/// Where tables that were loaded say that they were read; their name follows.
pub(crate) const PLACE: &str = "csv:/";
/// The member of a row's body with the name of its table.
const NAME: &str = "table";
/// The member of a row's body with who loaded it.
const LOADED_BY: &str = "loaded_by";
/// What the built-in table is called.
const HISTORY_NAME: &str = "history.csv";

/// The table that a row is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Table {
    /// Its name: the file's, or the one that it was loaded under.
    pub name: String,
    /// Who loaded it; none for the table that comes with the program, and for rows that were loaded before that was
    /// asked.
    pub loaded_by: Option<String>,
    /// Whether the program brings it along (`buildinfo/data/history.csv`).
    pub built_in: bool,
    /// When the row was loaded first, RFC 3339; for the built-in table, imported.
    pub loaded: String,
}

impl Table {
    /// The table of an observation that was first seen at this time (microseconds UTC); none if it is no row of a
    /// table.
    pub fn of(observation: &Observation, first_seen: i64) -> Option<Self> {
        if observation.kind != Kind::CsvRow {
            return None;
        }
        let text = |member: &str| {
            let text = observation.body.get(member).and_then(Value::as_str);
            text.map(str::to_owned)
        };
        let built_in = observation.url == HISTORY;
        let name = if built_in {
            HISTORY_NAME.to_owned()
        } else {
            let place = observation.url.strip_prefix(PLACE);
            text(NAME).unwrap_or_else(|| place.unwrap_or(&observation.url).to_owned())
        };
        Some(Self {
            name,
            loaded_by: text(LOADED_BY),
            built_in,
            loaded: rfc3339(first_seen),
        })
    }

    /// Notes in a row of which table it is, and who loads it.
    pub(crate) fn mark(row: &mut Observation, name: &str, author: &str) {
        if let Some(body) = row.body.as_object_mut() {
            body.insert(NAME.to_owned(), json!(name));
            body.insert(LOADED_BY.to_owned(), json!(author));
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, loaded, .. } = self;
        match &self.loaded_by {
            _ if self.built_in => write!(out, "the table {name} that comes with Datil"),
            Some(author) => write!(out, "the table {name}, loaded by {author} at {loaded}"),
            None => write!(out, "the table {name}, loaded by hand at {loaded}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Table;
    use crate::sources::csv::HISTORY;
    use builds::said::observation::Observation;

    fn row(url: &str) -> Observation {
        Observation::csv_row(url, "Firefox", "beta", "64.0b4", "20181025233934", None)
    }

    #[test]
    fn a_row_names_its_table_and_who_loaded_it() {
        let mut marked = row("csv:/lost.csv");
        Table::mark(&mut marked, "lost.csv", "ana");
        for (row, expected) in [
            (marked, "the table lost.csv, loaded by ana at 1970-01-01T00:00:00Z"),
            (
                row("csv:/old.csv"),
                "the table old.csv, loaded by hand at 1970-01-01T00:00:00Z",
            ),
            (row(HISTORY), "the table history.csv that comes with Datil"),
        ] {
            assert_eq!(Table::of(&row, 0).unwrap().to_string(), expected);
        }
        let other = Observation::release_directory("u", "firefox", "64.0");
        assert_eq!(Table::of(&other, 0), None);
    }

    #[test]
    fn two_people_who_load_one_row_are_two_statements() {
        let [mut first, mut second] = [row("csv:/a"), row("csv:/a")];
        Table::mark(&mut first, "a", "ana");
        Table::mark(&mut second, "a", "ben");
        assert_ne!(first.digest(), second.digest());
        Table::mark(&mut second, "a", "ana");
        assert_eq!(first.digest(), second.digest());
    }
}
