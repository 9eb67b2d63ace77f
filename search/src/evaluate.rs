//! Evaluates a query over columns, exactly.
//!
//! Each different text is looked at once for each condition. What is counted is counted by codes, in the order of the
//! buckets, so that each count is a walk over neighbouring memory.

mod counts;
mod facets;
mod filter;
mod hits;
mod limits;
mod order;
mod selection;
mod weights;

#[cfg(test)]
mod tests;

pub(crate) use limits::spent;
pub use limits::{Held, Limits, Refused};

use crate::answer::Answer;
use crate::columns::Snapshot;
use crate::query::{Number, Query, Side};
use selection::Selection;
use weights::Weights;

/// Answers a query over the crashes of a snapshot.
///
/// # Errors
/// A limit was reached, the caller went away, or the files are damaged.
pub fn answer(snapshot: &Snapshot, query: &Query, limits: &mut Limits) -> Result<Answer, Refused> {
    let matches = filter::matches(snapshot, &query.conditions, limits)?;
    let total = matches.iter().map(|rows| u64::from(rows.count())).sum();
    let (hits, last) = hits::hits(snapshot, &matches, query, limits)?;
    let weights = query.weighted.then(|| Weights::of(snapshot)).transpose()?;
    let selection = Selection::whole(matches);
    let weighted = match &weights {
        Some(weights) => selection.weigh(weights, limits)?.first().copied(),
        None => None,
    };
    let mut facets = facets::of_each(snapshot, &selection, &query.aggregations, weights.as_ref(), limits)?;
    Ok(Answer {
        total,
        hits,
        last,
        facets: facets.pop().unwrap_or_default(),
        weighted,
    })
}

/// Between which moments, both included, the crashes are that a query can match; microseconds UTC.
pub fn span(query: &Query) -> (i64, i64) {
    let (mut from, mut to) = (i64::MIN, i64::MAX);
    let dates = query
        .conditions
        .iter()
        .filter(|condition| condition.field.name() == "date");
    for range in dates.flat_map(|condition| &condition.ranges) {
        if let Number::Integer(bound) = range.bound {
            match range.side {
                Side::From | Side::Above => from = from.max(bound),
                Side::UpTo | Side::Below => to = to.min(bound),
            }
        }
    }
    (from, to)
}
