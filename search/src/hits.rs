//! The crashes that are shown, with the values of their columns.

use chrono::DateTime;
use crash::CrashId;
use crashstore::db::{MOST_DOCUMENTS, search_documents};
use crashstore::search::read_document;
use platform::db::{Db, DbError};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::document::{self, MAX_VALUES};
use crate::fields::{FieldId, Kind};

/// Maximum crashes whose stored documents are in memory at once. Of the documents as they are read it is one.
const AT_ONCE: usize = 100;

/// A crash that is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The crash id.
    pub id: String,
    /// What stands in its columns, in their order.
    pub cells: Vec<Cell>,
}

/// What stands in a column of a hit, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Missing,
    /// An integer.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A text; a moment, in ISO 8601.
    Text(String),
    /// More than one text, at most 10,000.
    Texts(Vec<String>),
}

/// The crashes with these ids in their order, of the first 1000, with these columns. Those that are gone meanwhile are
/// left out, and so are those whose documents cannot be read.
///
/// # Errors
/// The database failed.
pub async fn read(db: &Db, ids: &[String], columns: &[FieldId]) -> Result<Vec<Hit>, DbError> {
    let mut hits = Vec::new();
    for some in ids[..ids.len().min(MOST_DOCUMENTS)].chunks(AT_ONCE) {
        let known: Vec<CrashId> = some.iter().filter_map(|id| id.parse().ok()).collect();
        let mut documents = search_documents(db, &known).await?;
        hits.extend(some.iter().filter_map(|id| {
            let stored = documents.remove(id)?;
            let document = read_document(&stored.document)?;
            Some(Hit::new(id, stored.date, &document, columns))
        }));
    }
    Ok(hits)
}

impl Hit {
    /// A crash from its id, when it came in (microseconds UTC) and its search document, with these columns.
    pub fn new(id: &str, date: i64, document: &Map<String, Json>, columns: &[FieldId]) -> Self {
        let cells = columns.iter().map(|column| match column.name() {
            "uuid" => Cell::Text(id.to_owned()),
            // That by which it is found, counted and sorted.
            "date" => Cell::Text(moment(date)),
            _ => cell(document, *column),
        });
        Self {
            id: id.to_owned(),
            cells: cells.collect(),
        }
    }
}

/// A moment in microseconds UTC, as it is shown.
pub(crate) fn moment(micros: i64) -> String {
    match DateTime::from_timestamp_micros(micros) {
        Some(moment) => moment.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string(),
        // Beyond the calendar.
        None => micros.to_string(),
    }
}

/// What stands in a column. A list of one text is that text, one of none is missing.
fn cell(document: &Map<String, Json>, column: FieldId) -> Cell {
    let Some(stored) = document::stored(column, document) else {
        return Cell::Missing;
    };
    let cell = match column.kind() {
        Kind::Integer => document::integer(&stored).map(Cell::Integer),
        Kind::Number => document::number(&stored).map(Cell::Number),
        Kind::Boolean => document::boolean(&stored).map(Cell::Boolean),
        Kind::Date | Kind::Exact | Kind::Words | Kind::Semicolons => {
            let texts = document::texts(&stored).take(MAX_VALUES);
            let mut texts: Vec<String> = texts.map(str::to_owned).collect();
            match texts.len() {
                0 | 1 => texts.pop().map(Cell::Text),
                _ => Some(Cell::Texts(texts)),
            }
        }
    };
    cell.unwrap_or(Cell::Missing)
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Missing => to.serialize_none(),
            Self::Integer(integer) => to.serialize_i64(*integer),
            Self::Number(number) => to.serialize_f64(*number),
            Self::Boolean(boolean) => to.serialize_bool(*boolean),
            Self::Text(text) => to.serialize_str(text),
            Self::Texts(texts) => texts.serialize(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_are_of_their_columns_kind() {
        let document = json!({
            "date": "2026-11-20T01:02:03.123456+00:00", "build_id": "20261119093012", "uptime": 7, "uptime_ts": 2,
            "safe_mode": false, "startup_crash": "1", "signature": "", "addons": ["a", "b", "a"], "version": ["1", 2],
            "app_notes": [], "modules_in_stack": "Xul.dll;B", "install_age": "x", "url": null,
            "crash_report_keys": ["URL", "Version"],
        });
        let document = document.as_object().unwrap();
        for (name, expected) in [
            ("uuid", json!("id")),
            ("date", json!("2026-11-18T11:06:40.000000+00:00")),
            ("build_id", json!(20_261_119_093_012_i64)),
            ("uptime", json!(7)),
            ("uptime_ts", json!(2.0)),
            ("safe_mode", json!(false)),
            ("startup_crash", json!(true)),
            ("signature", json!("")),
            ("addons", json!(["a", "b", "a"])),
            ("version", json!("1")),
            ("app_notes", json!(null)),
            ("modules_in_stack", json!("Xul.dll;B")),
            ("install_age", json!(null)),
            ("url", json!(null)),
            ("reason", json!(null)),
            ("crash_report_keys", json!("Version")),
        ] {
            let hit = Hit::new("id", 1_795_000_000_000_000, document, &[FieldId::of(name).unwrap()]);
            assert_eq!(json!(hit.cells), json!([expected]), "{name}");
        }
        let whole = FieldId::of("crash_report_keys").unwrap().whole();
        assert_eq!(json!(cell(document, whole)), json!(["URL", "Version"]));
    }

    #[test]
    fn cells_are_in_the_order_of_the_columns_and_lists_are_bounded() {
        let many: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
        let document = json!({"addons": many, "uptime": 7});
        let columns = ["uptime", "addons", "uuid"].map(|name| FieldId::of(name).unwrap());
        let hit = Hit::new("id", 0, document.as_object().unwrap(), &columns);
        let expected = [
            Cell::Integer(7),
            Cell::Texts(many[..MAX_VALUES].to_vec()),
            Cell::Text("id".to_owned()),
        ];
        assert_eq!(hit.cells, expected);
    }
}
