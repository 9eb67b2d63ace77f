//! That the fields are those of crashes, and that everyone sees through search what they see of a crash, and no more.

use std::collections::{BTreeMap, BTreeSet};

use crash::ProcessedCrash;
use crash::redact::public_processed;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::document;
use crate::row::Value;

#[test]
fn columns_are_sorted_and_names_lead_to_what_everyone_may_see() {
    assert!(all().is_sorted_by(|left, right| left.column < right.column));
    let mut hidden = Vec::new();
    for field in FieldId::all() {
        if field.is_whole() {
            hidden.push(field.name());
            assert_eq!(FieldId::of(field.column()), None, "no name leads to a hidden column");
            assert_eq!(field.access(), Access::Protected);
            let named = FieldId::of(field.name()).unwrap();
            assert_eq!((named.whole(), named.kind()), (field, field.kind()));
        } else {
            assert_eq!(FieldId::of(field.name()), Some(field));
        }
        assert_eq!(field.whole().whole(), field.whole());
    }
    assert_eq!(hidden, ["crash_report_keys"]);
    assert_eq!(FieldId::of("nothing"), None);
}

#[test]
fn they_are_the_fields_that_crashes_have() {
    let searched = crash_fields::searched().iter().map(|searched| searched.name);
    let searched: BTreeSet<&str> = searched.chain([crash_fields::FRAMES.name]).collect();
    let fields: BTreeSet<&str> = all().iter().map(|field| field.name).collect();
    assert_eq!(fields, searched);
}

#[test]
fn a_field_of_which_not_everyone_sees_all_has_two_columns() {
    for field in FieldId::all().filter(|field| !field.is_whole()) {
        let is_cut = field.cut_by().is_some();
        assert_eq!(is_cut, field.whole() != field, "{}", field.name());
    }
}

/// A crash with every field of the table at every depth, each value another, among them what is not in the table.
#[derive(Default)]
struct Maker {
    made: i64,
}

impl Maker {
    fn value(&mut self, field: &crash_fields::Field) -> Json {
        match field.kind {
            // The place of a thread: there are two.
            crash_fields::Kind::Integer if field.name == "crashing_thread" => json!(1),
            crash_fields::Kind::List if matches!(field.shape, Shape::ReportKey | Shape::DumpName) => {
                json!([
                    "ProductName",
                    "URL",
                    "unknown",
                    "upload_file_minidump_browser",
                    "upload_file_minidump_x"
                ])
            }
            crash_fields::Kind::List => Json::Array((0..2).map(|_| self.item(field)).collect()),
            _ => self.item(field),
        }
    }

    fn item(&mut self, field: &crash_fields::Field) -> Json {
        self.made += 1;
        match (field.shape, field.kind) {
            (Shape::Members(members), _) => Json::Object(self.object(members.iter())),
            (Shape::FileName, _) => format!("C:\\somebody\\{}", self.made).into(),
            (_, crash_fields::Kind::Integer) => json!(self.made),
            (_, crash_fields::Kind::Number) => json!(self.made as f64),
            (_, crash_fields::Kind::Boolean) => json!(true),
            // Every kind of search can read it.
            _ if matches!(FieldId::of(field.name).map(FieldId::kind), Some(Kind::Boolean)) => json!("1"),
            _ => self.made.to_string().into(),
        }
    }

    fn object<'f>(&mut self, fields: impl Iterator<Item = &'f crash_fields::Field>) -> Map<String, Json> {
        let mut object: Map<String, Json> = fields.map(|field| (field.name.to_owned(), self.value(field))).collect();
        // Not in the table, and read by nobody: but some of these names mean something elsewhere.
        for name in ["unknown", "lineno", "in_app", "module", "function", "inlines"] {
            self.made += 1;
            object.entry(name).or_insert_with(|| self.made.to_string().into());
        }
        object
    }
}

/// The values in the columns that everyone may search, made of a crash.
fn public_values(crash: &ProcessedCrash) -> BTreeMap<&'static str, Vec<Value>> {
    let row = document::row("id", 0, &crashstore::search::document(crash));
    let mut values: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (field, value) in row.values {
        if field.access() == Access::Public {
            values.entry(field.name()).or_default().push(value);
        }
    }
    values
}

#[test]
fn everyone_searches_the_public_part_of_a_crash() {
    let crash = ProcessedCrash(Maker::default().object(crash_fields::all().iter().copied()));
    let found = public_values(&crash);
    for field in FieldId::all().filter(|field| field.access() == Access::Public) {
        let is_there = matches!(field.name(), "uuid" | "date") || found.contains_key(field.name());
        assert!(is_there, "{} was not made", field.name());
    }
    let public = public_values(&ProcessedCrash(public_processed(&crash)));
    // Protected where they stand, and searched by everyone on purpose.
    let named: Vec<&str> = found
        .keys()
        .filter(|name| !public.contains_key(*name))
        .copied()
        .collect();
    assert_eq!(named, ["weight"]);
    for (name, values) in &public {
        assert_eq!(found.get(name), Some(values), "{name}");
    }
    let text = |text: &str| Value::Text(text.to_owned());
    let names = [text("ProductName"), text("upload_file_minidump_browser")];
    assert_eq!(found.get("crash_report_keys").map(Vec::as_slice), Some(&names[..]));
}

#[test]
fn a_name_that_not_everyone_may_see_stands_in_the_hidden_column_only() {
    for (keys, public, whole) in [
        (
            json!(["URL", "ProductName"]),
            &["ProductName"][..],
            &["URL", "ProductName"][..],
        ),
        (json!(["URL"]), &[], &["URL"]),
        (json!([]), &[], &[]),
        (json!("URL"), &[], &["URL"]),
    ] {
        let document = json!({"crash_report_keys": keys});
        let row = document::row("id", 0, document.as_object().unwrap());
        let field = FieldId::of("crash_report_keys").unwrap();
        for (column, expected) in [(field, public), (field.whole(), whole)] {
            let values = row.values.iter().filter(|(of, _)| *of == column);
            let expected: Vec<Value> = expected.iter().map(|name| Value::Text((*name).to_owned())).collect();
            assert_eq!(
                values.map(|(_, value)| value.clone()).collect::<Vec<_>>(),
                expected,
                "{keys}"
            );
        }
    }
}

/// What a column holds is decided when it is written: an index that was written by other rules is made again, so that
/// nothing stays visible in it that has become protected.
#[test]
fn an_index_has_another_form_when_its_columns_change() {
    const WRITTEN: (u32, &str) = (2, "6271b99936940450");
    let mut text = String::new();
    for field in FieldId::all() {
        text += &format!(
            "{} {:?} {:?}\n",
            field.column(),
            field.kind(),
            field.cut_by().map(|row| row.shape)
        );
    }
    let public = crash_fields::annotations::all().iter();
    for name in public.filter(|one| one.access == Access::Public).map(|one| one.name) {
        text += &format!("{name}\n");
    }
    text += &crash_fields::PUBLIC_DUMPS.join("\n");
    let digest: String = Sha256::digest(text)[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        (crate::position::FORM, digest.as_str()),
        WRITTEN,
        "columns are written otherwise: add one to FORM, and write both down here"
    );
}
