//! The public part of a crash, as the field table has it: an allow-list at every level. A value that is not in the
//! table is left out, and so is a list or an object where the table has none.
//!
//! What is not public leaves no trace in the public part, not even in a list of names: two documents that differ only
//! in protected members have the same public part. (Some public fields are made of something protected, on purpose,
//! when a crash is processed: `docs/fields.md` names them.)

use serde_json::{Map, Value};

use crate::fields::{self, Access, Field, Kind, Shape, annotations};
use crate::{ProcessedCrash, RawCrash};

/// Returns the public part of a processed crash.
pub fn public_processed(crash: &ProcessedCrash) -> Map<String, Value> {
    crash
        .0
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), public_value(value, fields::by_name(name)?)?)))
        .collect()
}

/// Returns the public annotations of a raw crash. Non-scalar values are left out: nothing describes what they hold.
pub fn public_raw(crash: &RawCrash) -> Map<String, Value> {
    crash
        .0
        .iter()
        .filter(|(name, _)| annotations::access_of(name) == Access::Public)
        .filter_map(|(name, value)| Some((name.clone(), of_item(value, Shape::Plain)?)))
        .collect()
}

/// Returns the public part of a field's value; `None` if nothing of it is public.
pub fn public_value(value: &Value, field: &Field) -> Option<Value> {
    match (field.access, field.kind, value) {
        (Access::Protected, ..) => None,
        (Access::Public, _, Value::Null) => Some(Value::Null),
        (Access::Public, Kind::List, Value::Array(items)) => {
            Some(items.iter().filter_map(|item| of_item(item, field.shape)).collect())
        }
        (Access::Public, Kind::List, _) => None,
        (Access::Public, _, value) => of_item(value, field.shape),
    }
}

/// The public part of what has this shape: of the value of a public field, or of an item if that is a list.
fn of_item(value: &Value, shape: Shape) -> Option<Value> {
    match (shape, value) {
        (_, Value::Null) => Some(Value::Null),
        (Shape::Members(members), Value::Object(map)) => Some(Value::Object(
            members
                .iter()
                .filter_map(|member| Some((member.name.to_owned(), public_value(map.get(member.name)?, member)?)))
                .collect(),
        )),
        (Shape::Members(_), _) | (_, Value::Array(_) | Value::Object(_)) => None,
        (Shape::Plain, _) => Some(value.clone()),
        (Shape::FileName, Value::String(path)) => Some(path.rsplit(['/', '\\']).next().into()),
        (Shape::FileName, _) => Some(value.clone()),
        (Shape::ReportKey, Value::String(name)) => {
            let is_public = annotations::access_of(name) == Access::Public || fields::PUBLIC_DUMPS.contains(&&**name);
            is_public.then(|| value.clone())
        }
        (Shape::DumpName, Value::String(name)) => {
            let is_public = fields::PUBLIC_DUMPS.contains(&&**name);
            is_public.then(|| value.clone())
        }
        (Shape::ReportKey | Shape::DumpName, _) => None,
    }
}

#[cfg(test)]
mod tests;
