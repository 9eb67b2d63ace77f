//! The fields in tantivy's terms.

use std::sync::LazyLock;

use tantivy::TantivyDocument;
use tantivy::schema::{Field as Column, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};

use crate::fields::{self, FieldId, Kind};
use crate::row::{Row, Value};

/// The field that holds the crash id.
pub(super) const ID: &str = "uuid";
/// The field that holds the date.
pub(super) const DATE: &str = "date";

/// The schema of each week's index. Its fields are those of searches, in their order, so that a field's place is its
/// number.
pub(super) static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let number = NumericOptions::default().set_fast();
    let text = TextOptions::default().set_fast("raw");
    let indexed = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_index_option(IndexRecordOption::Basic)
        .set_fieldnorms(false);
    let mut builder = Schema::builder();
    for field in fields::all() {
        match field.kind {
            Kind::Integer | Kind::Date => builder.add_i64_field(field.column, number.clone()),
            Kind::Number => builder.add_f64_field(field.column, number.clone()),
            Kind::Boolean => builder.add_bool_field(field.column, number.clone()),
            Kind::Exact if field.name == ID => {
                builder.add_text_field(field.column, text.clone().set_indexing_options(indexed.clone()))
            }
            Kind::Exact | Kind::Words | Kind::Semicolons => builder.add_text_field(field.column, text.clone()),
        };
    }
    builder.build()
});

fn column(field: FieldId) -> Column {
    Column::from_field_id(u32::try_from(field.index()).unwrap_or(u32::MAX))
}

/// The column of crash ids.
pub(super) static ID_COLUMN: LazyLock<Column> = LazyLock::new(|| of_name(ID));
static DATE_COLUMN: LazyLock<Column> = LazyLock::new(|| of_name(DATE));

fn of_name(name: &str) -> Column {
    // A field that is not there would be one that tantivy refuses.
    FieldId::of(name).map_or(Column::from_field_id(u32::MAX), column)
}

/// A row as tantivy takes it in. A value of another type than its field's is left out.
pub(super) fn document(row: &Row) -> TantivyDocument {
    let mut document = TantivyDocument::new();
    document.add_text(*ID_COLUMN, &row.id);
    document.add_i64(*DATE_COLUMN, row.date);
    for (field, value) in &row.values {
        let at = column(*field);
        match (field.kind(), value) {
            (Kind::Integer | Kind::Date, Value::Integer(value)) => document.add_i64(at, *value),
            // Negative and positive zero are the same number.
            (Kind::Number, Value::Number(value)) if value.is_finite() => document.add_f64(at, *value + 0.0),
            (Kind::Boolean, Value::Boolean(value)) => document.add_bool(at, *value),
            (Kind::Exact | Kind::Words | Kind::Semicolons, Value::Text(value)) => document.add_text(at, value),
            _ => {}
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_the_fields_in_their_order() {
        for field in FieldId::all() {
            assert_eq!(SCHEMA.get_field_name(column(field)), field.column());
        }
        assert_eq!(SCHEMA.get_field_name(*ID_COLUMN), "uuid");
        assert_eq!(SCHEMA.get_field_name(*DATE_COLUMN), "date");
    }
}
