//! A query from the parameters of an address, and back: Super Search's, with an operator before each value.

mod aggregations;
mod cursor;
mod dates;
mod filters;
mod names;
mod page;
mod parameters;
mod pattern;
mod problem;
mod written;

#[cfg(test)]
mod tests;

use crate::fields::Kind;
use crate::query::Query;

pub use cursor::to_cursor;
pub use names::Context;
pub use parameters::truth;
pub use problem::{Fault, Problem, Warning};
pub use written::{conditions_to_query_string, to_query_string};

use cursor::Cursor;
use parameters::Parameters;

/// What was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The query.
    pub query: Query,
    /// Whether the cursor of the next page is wanted.
    pub pages: bool,
    /// What was left out of it, or may mean something else than the caller thinks.
    pub warnings: Vec<Warning>,
}

/// The query that these names and values ask for. Unknown parameters, and fields that the caller may not see, are left
/// out with a warning.
///
/// # Errors
///
/// The first parameter that cannot be understood, or is beyond a bound.
pub fn parse(params: &[(String, String)], context: &Context) -> Result<Parsed, Problem> {
    let parameters = Parameters::of(params)?;
    let mut warnings = Vec::new();
    let conditions = filters::conditions(&parameters, context, &mut warnings)?;
    let aggregations = aggregations::aggregations(&parameters, context, &mut warnings)?;
    let mut query = Query {
        conditions,
        sort: page::sort(&parameters, context, &mut warnings)?,
        after: None,
        offset: parameters.number("_results_offset", 0, u64::from(u32::MAX), &mut warnings)?,
        limit: parameters.number("_results_number", 100, 1000, &mut warnings)?,
        columns: page::columns(&parameters, context, &mut warnings)?,
        aggregations,
        weighted: parameters.flag("weighted", &mut warnings)?,
    };
    let cursor = cursor::cursor(&parameters, &query)?;
    let pages = cursor.is_some();
    if let Some(Cursor::Next { after, dates }) = cursor {
        query.after = Some(after);
        let conditions = query.conditions.iter_mut();
        let of_dates = conditions.filter(|condition| condition.field.kind() == Kind::Date);
        of_dates.for_each(|condition| condition.ranges = dates.to_vec());
    }
    warnings.extend(
        parameters
            .unread()
            .map(|name| Warning::new(name, "unknown parameter: ignored")),
    );
    Ok(Parsed { query, pages, warnings })
}

/// [`parse`] of a query string, with or without its `?`.
///
/// # Errors
///
/// Those of [`parse`].
pub fn parse_query_string(text: &str, context: &Context) -> Result<Parsed, Problem> {
    let text = text.strip_prefix('?').unwrap_or(text);
    let pairs = url::form_urlencoded::parse(text.as_bytes()).into_owned();
    // One more than may be, so that there is an error.
    let params: Vec<(String, String)> = pairs.take(parameters::MAX_PARAMETERS + 1).collect();
    parse(&params, context)
}
