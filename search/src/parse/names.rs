//! Which fields a caller may name.

use crash::fields::Access;

use super::problem::{Problem, Warning, shown};
use crate::fields::FieldId;

/// Who asks, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// Now, microseconds UTC.
    pub now: i64,
    /// Whether the caller may see protected fields, and of the others all values.
    pub sees_protected: bool,
}

/// What a name stands for.
pub(super) enum Named {
    /// A field that the caller may see.
    Field(FieldId),
    /// A field that the caller may not see.
    Protected,
    /// No field.
    Unknown,
}

/// The field with this name; for those who see protected data, with all its values.
pub(super) fn find(name: &str, context: &Context) -> Named {
    match FieldId::of(name) {
        None => Named::Unknown,
        Some(field) if context.sees_protected => Named::Field(field.whole()),
        Some(field) if field.access() == Access::Public => Named::Field(field),
        Some(_) => Named::Protected,
    }
}

/// The field with this name; with a warning that says why, none.
pub(super) fn find_or_warn(
    parameter: &str,
    name: &str,
    context: &Context,
    warnings: &mut Vec<Warning>,
) -> Option<FieldId> {
    let why = match find(name, context) {
        Named::Field(field) => return Some(field),
        Named::Protected => "is protected: ignored",
        Named::Unknown => "is not a field: ignored",
    };
    warnings.push(Warning::new(parameter, format!("`{}` {why}", shown(name))));
    None
}

/// The field, unless it can only be filtered by.
pub(super) fn not_only_filter(parameter: &str, field: FieldId) -> Result<FieldId, Problem> {
    if field.name() == "frames" {
        let message = "`frames` can only be filtered by: it is never a facet, a column or an order";
        return Err(Problem::new(parameter, message));
    }
    Ok(field)
}
