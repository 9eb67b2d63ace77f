//! Which hits, in which order, with which columns.

use super::names::{Context, Named, find, find_or_warn, not_only_filter};
use super::parameters::Parameters;
use super::problem::{Fault, Problem, Warning, shown};
use crate::fields::FieldId;
use crate::query::Sort;

const DEFAULT_COLUMNS: [&str; 5] = ["uuid", "date", "signature", "product", "version"];

/// `_columns`.
pub(super) fn columns(
    parameters: &Parameters<'_>,
    context: &Context,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<FieldId>, Problem> {
    const NAME: &str = "_columns";
    if parameters.filled(NAME).next().is_none() {
        return Ok(DEFAULT_COLUMNS.into_iter().filter_map(FieldId::of).collect());
    }
    let mut columns = Vec::new();
    for name in parameters.filled(NAME) {
        if matches!(find(name, context), Named::Unknown) {
            let message = format!("Unknown field '{}'", shown(name));
            return Err(Problem::of(Fault::Sense, NAME, message));
        }
        let Some(field) = find_or_warn(NAME, name, context, warnings) else {
            continue;
        };
        let field = not_only_filter(NAME, field)?;
        if !columns.contains(&field) {
            columns.push(field);
        }
    }
    Ok(columns)
}

/// `_sort`.
pub(super) fn sort(
    parameters: &Parameters<'_>,
    context: &Context,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Sort>, Problem> {
    const NAME: &str = "_sort";
    let mut sort: Vec<Sort> = Vec::new();
    for value in parameters.filled(NAME) {
        let (descending, name) = match value.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, value),
        };
        let Some(field) = find_or_warn(NAME, name, context, warnings) else {
            continue;
        };
        let field = not_only_filter(NAME, field)?;
        // What comes behind the same field decides nothing.
        if sort.iter().all(|sort| sort.field != field) {
            sort.push(Sort { field, descending });
        }
    }
    Ok(sort)
}
