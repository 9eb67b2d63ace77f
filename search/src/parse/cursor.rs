//! Where a page begins: a cursor that the answer before gave.
//!
//! It holds the place of the last hit in the order, and the dates that were asked for, so that the pages of one query
//! neither repeat nor pass over a crash that stays as it is, whatever comes in between them. It is made for machines:
//! what is in it may change with a release.

use std::hash::BuildHasher as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crash::fields::Access;
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::conditions_to_query_string;
use super::dates::{self, MAX_SPAN};
use super::parameters::Parameters;
use super::problem::Problem;
use crate::fields::Kind;
use crate::query::{After, Condition, Number, Query, Range, Side, Sort};
use crate::row::Value;

pub(super) const NAME: &str = "_cursor";

/// Maximum characters of a cursor: the value of a parameter in an address.
pub(super) const MAX_LENGTH: usize = 30_000;

/// Maximum characters of the crash id in a cursor.
const MAX_ID: usize = 100;

/// As it is written in a cursor.
#[derive(Serialize, Deserialize)]
struct Written {
    /// Stands for the conditions, other than the dates.
    query: u64,
    /// Of the lower and the upper bound: whether it is included, and the moment, microseconds UTC.
    dates: [(bool, i64); 2],
    sort: Vec<String>,
    values: Vec<Json>,
    id: String,
}

/// A page of a query that is asked by pages.
pub(super) enum Cursor {
    /// The first.
    First,
    /// The one after this place. The dates are those of all pages.
    Next { after: After, dates: [Range; 2] },
}

/// Which page is asked for. `None` if it is not asked by pages.
pub(super) fn cursor(parameters: &Parameters<'_>, query: &Query) -> Result<Option<Cursor>, Problem> {
    let order = query.order();
    let Some(text) = parameters.values(NAME).last() else {
        return Ok(None);
    };
    if order.iter().any(|sort| sort.field.access() != Access::Public) {
        let message = "pages cannot be sorted by a protected field, whose values would stand in addresses: use \
                       `_results_offset`";
        return Err(Problem::new(NAME, message));
    }
    if query.offset > 0 {
        let message = "begins a page by itself: leave `_results_offset` out";
        return Err(Problem::new(NAME, message));
    }
    if query.limit == 0 {
        let message = "pages need hits: ask for at least 1 with `_results_number`";
        return Err(Problem::new(NAME, message));
    }
    if text.is_empty() || *text == "*" {
        return Ok(Some(Cursor::First));
    }
    let is_of_query = |cursor: &Cursor| match cursor {
        Cursor::First => true,
        Cursor::Next { dates, .. } => is_asked(parameters, dates),
    };
    let read = read(text, query, &order).filter(is_of_query).ok_or_else(|| {
        let message = "not a cursor of this query: pass on `next` of the answer before with the same parameters, or \
                       begin with an empty one";
        Problem::new(NAME, message)
    })?;
    Ok(Some(read))
}

/// Whether these are the dates that the parameters ask for, if it is asked when the first page was.
fn is_asked(parameters: &Parameters<'_>, dates: &[Range; 2]) -> bool {
    let [_, to] = dates;
    let Number::Integer(then) = to.bound else {
        return false;
    };
    let asked = dates::ranges(parameters.values("date"), then, &mut Vec::new());
    asked.is_ok_and(|asked| asked == *dates)
}

/// A number that stands for the conditions of a query, other than its dates.
fn digest(query: &Query) -> u64 {
    let conditions = query.conditions.iter();
    let others = conditions.filter(|condition| condition.field.kind() != Kind::Date);
    let mut others: Vec<Condition> = others.cloned().collect();
    others.sort_by_key(|condition| condition.field);
    FixedState::default().hash_one(conditions_to_query_string(&others))
}

fn read(text: &str, query: &Query, order: &[Sort]) -> Option<Cursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let written: Written = serde_json::from_slice(&bytes).ok()?;
    if written.query != digest(query)
        || written.sort != names(order)
        || written.values.len() != order.len()
        || written.id.len() > MAX_ID
    {
        return None;
    }
    let [(has_from, from), (has_to, to)] = written.dates;
    if to.checked_sub(from)? > MAX_SPAN {
        return None;
    }
    let value = |(sort, value): (&Sort, Json)| match (sort.field.kind(), value) {
        (_, Json::Null) => Some(None),
        (Kind::Integer | Kind::Date, Json::Number(number)) => number.as_i64().map(Value::Integer).map(Some),
        (Kind::Number, Json::Number(number)) => number.as_f64().map(Value::Number).map(Some),
        (Kind::Boolean, Json::Bool(boolean)) => Some(Some(Value::Boolean(boolean))),
        (Kind::Exact | Kind::Words | Kind::Semicolons, Json::String(text)) => Some(Some(Value::Text(text))),
        _ => None,
    };
    let values = order
        .iter()
        .zip(written.values)
        .map(value)
        .collect::<Option<Vec<_>>>()?;
    let range = |includes: bool, sides: [Side; 2], moment| Range {
        side: if includes { sides[0] } else { sides[1] },
        bound: Number::Integer(moment),
    };
    let dates = [
        range(has_from, [Side::From, Side::Above], from),
        range(has_to, [Side::UpTo, Side::Below], to),
    ];
    let id = written.id;
    let after = After { values, id };
    Some(Cursor::Next { after, dates })
}

fn names(order: &[Sort]) -> Vec<String> {
    let name = |sort: &Sort| {
        let sign = if sort.descending { "-" } else { "" };
        format!("{sign}{}", sort.field.name())
    };
    order.iter().map(name).collect()
}

/// The cursor of the page after a hit. `None` if the query has no dates, or what it is sorted by is too long for an
/// address.
pub fn to_cursor(query: &Query, last: &After) -> Option<String> {
    let dates = query
        .conditions
        .iter()
        .find(|condition| condition.field.kind() == Kind::Date)?;
    let bound = |sides: [Side; 2]| {
        let range = dates.ranges.iter().find(|range| sides.contains(&range.side))?;
        match range.bound {
            Number::Integer(moment) => Some((range.side == sides[0], moment)),
            Number::Number(_) => None,
        }
    };
    let value = |value: &Option<Value>| match value {
        None => Json::Null,
        Some(Value::Text(text)) => text.as_str().into(),
        Some(Value::Integer(integer)) => (*integer).into(),
        Some(Value::Number(number)) => (*number).into(),
        Some(Value::Boolean(boolean)) => (*boolean).into(),
    };
    let written = Written {
        query: digest(query),
        dates: [bound([Side::From, Side::Above])?, bound([Side::UpTo, Side::Below])?],
        sort: names(&query.order()),
        values: last.values.iter().map(value).collect(),
        id: last.id.clone(),
    };
    let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&written).ok()?);
    (text.len() <= MAX_LENGTH).then_some(text)
}
