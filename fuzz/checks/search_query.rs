//! The query string of a search.

use search::fields::FieldId;
use search::matching::Matcher;
use search::parse::{Context, parse_query_string, to_query_string};
use search::query::{Aggregation, Query};

/// A query is within bounds and the same every time, is what its own text means, and names no field that the caller
/// may not see.
pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for sees_protected in [false, true] {
        let context = Context {
            now: 1_790_000_000_000_000,
            sees_protected,
        };
        let parsed = parse_query_string(&text, &context);
        assert_eq!(parsed, parse_query_string(&text, &context));
        if let Ok(parsed) = parsed {
            check_query(&parsed.query, sees_protected);
            let written = to_query_string(&parsed.query);
            // No query string asks for no columns.
            if !parsed.query.columns.is_empty() {
                let again = parse_query_string(&written, &context).map(|again| again.query);
                assert_eq!(again, Ok(parsed.query), "{written}");
            }
        }
    }
}

fn check_query(query: &Query, sees_protected: bool) {
    assert!(query.limit <= 1_000);
    let mut named: Vec<FieldId> = query.columns.clone();
    named.extend(query.sort.iter().map(|sort| sort.field));
    for condition in &query.conditions {
        named.push(condition.field);
        let _ = Matcher::new(&condition.any).holds_for_text("js::x | OOM");
        let _ = Matcher::new(&condition.none).holds_for_text("");
    }
    let counted = aggregated(&query.aggregations, 1, &mut named);
    assert!(counted <= 100, "{counted}");
    for field in named {
        let public = field.access() == crash::fields::Access::Public;
        assert!(sees_protected || public, "{}", field.name());
    }
    let mut conditions: Vec<FieldId> = query.conditions.iter().map(|condition| condition.field).collect();
    conditions.sort_unstable();
    assert!(conditions.is_sorted_by(|left, right| left < right), "each field once");
}

/// How many aggregations there are, and their fields.
fn aggregated(aggregations: &[Aggregation], depth: usize, named: &mut Vec<FieldId>) -> usize {
    assert!(aggregations.is_empty() || depth <= 5);
    let mut counted = 0;
    for aggregation in aggregations {
        named.push(aggregation.field());
        counted += 1 + aggregated(aggregation.within(), depth + 1, named);
    }
    counted
}
