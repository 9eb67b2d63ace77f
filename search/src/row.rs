//! What is known of a crash when it is searched.

use crate::fields::FieldId;

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of a field whose values are texts.
    Text(String),
    /// Of an integer field; of a date, microseconds UTC.
    Integer(i64),
    /// Of a number field; always finite.
    Number(f64),
    /// Of a boolean field.
    Boolean(bool),
}

/// A crash: its values by field, in the order of the fields. A field with several values stands there once for each,
/// and each different value once. A field without a value is missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// The crash id.
    pub id: String,
    /// When the crash came in, microseconds UTC.
    pub date: i64,
    /// The values; `uuid` and `date` are not among them.
    pub values: Vec<(FieldId, Value)>,
}
