//! The table in `../semantics.json`.
//!
//! A row has a name of one letter, by which `hits` list the expected crashes in order. `before` is what an earlier
//! write of the row said. A case without dates is asked with those of the table; one that is `relative` depends on now.
//! `total` is the number of hits unless it is written. `facets` and `columns` are as Super Search writes them.

use chrono::DateTime;
use search::document;
use search::fields::FieldId;
use search::hits::Hit;
use search::row::Row;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) now: String,
    pub(crate) dates: String,
    pub(crate) rows: Vec<Stored>,
    pub(crate) groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stored {
    pub(crate) name: char,
    pub(crate) id: String,
    pub(crate) date: String,
    pub(crate) document: Map<String, Value>,
    pub(crate) before: Option<Map<String, Value>>,
    #[serde(default)]
    pub(crate) deleted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) of: String,
    pub(crate) cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) query: String,
    pub(crate) hits: Option<String>,
    pub(crate) total: Option<usize>,
    pub(crate) facets: Option<Value>,
    pub(crate) columns: Option<Value>,
    #[serde(default)]
    pub(crate) protected: bool,
    #[serde(default)]
    pub(crate) relative: bool,
}

pub(crate) fn micros(text: &str) -> i64 {
    let moment = DateTime::parse_from_rfc3339(text);
    moment.expect("the table has moments of RFC 3339").timestamp_micros()
}

impl Stored {
    pub(crate) fn row(&self, document: &Map<String, Value>) -> Row {
        document::row(&self.id, micros(&self.date), document)
    }

    pub(crate) fn hit(&self, columns: &[FieldId]) -> Hit {
        Hit::new(&self.id, micros(&self.date), &self.document, columns)
    }
}

impl Table {
    pub(crate) fn read() -> Self {
        serde_json::from_str(include_str!("../semantics.json")).expect("the table is what it should be")
    }

    /// The rows that are there in the end.
    pub(crate) fn kept(&self) -> Vec<Row> {
        let kept = self.rows.iter().filter(|stored| !stored.deleted);
        kept.map(|stored| stored.row(&stored.document)).collect()
    }

    /// The query string of a case, with its dates.
    pub(crate) fn query_string(&self, case: &Case) -> String {
        let has_dates = case.query.split('&').any(|parameter| parameter.starts_with("date="));
        if case.relative || has_dates {
            case.query.clone()
        } else {
            format!("{}&{}", self.dates, case.query)
        }
    }
}
