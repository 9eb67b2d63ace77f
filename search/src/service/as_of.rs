//! How much of what there is an answer knows.

use crate::columns::Week;
use crate::position::Gap;

const WEEK: i64 = 7 * 86_400 * 1_000_000;

/// How much of what there is an answer knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf {
    /// When rows were last taken in, microseconds UTC; everything older that is not `behind` is in the answer.
    pub committed: i64,
    /// Maximum rows that were not read then; `None`: it is not known yet.
    pub behind: Option<i64>,
    /// The spans of dates whose crashes are not all there yet, among those that were asked for.
    pub gaps: Vec<Gap>,
    /// The fields that some rows lack, among those that were asked for: an earlier release wrote these rows, and they
    /// are being made again.
    pub lacking: Vec<&'static str>,
}

impl AsOf {
    /// The weeks of which an answer between two moments, both included, microseconds UTC, lacks crashes.
    pub fn missing_weeks(&self, (from, to): (i64, i64)) -> Vec<Week> {
        let mut weeks = Vec::new();
        for gap in &self.gaps {
            let (mut at, last) = (gap.from.max(from), gap.before.saturating_sub(1).min(to));
            while at <= last {
                weeks.push(Week::of(at));
                at = at.saturating_add(WEEK);
            }
            if gap.from.max(from) <= last {
                weeks.push(Week::of(last));
            }
        }
        weeks.sort_unstable();
        weeks.dedup();
        weeks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_with_gaps_are_named_within_what_was_asked() {
        // Monday, 2026-11-23.
        const MONDAY: i64 = 20_780 * 86_400 * 1_000_000;
        let gap = |from, before| Gap {
            from,
            before,
            before_id: String::new(),
        };
        for (gaps, span, expected) in [
            (vec![], (MONDAY, MONDAY + WEEK), vec![]),
            (
                vec![gap(i64::MIN, i64::MAX)],
                (MONDAY, MONDAY + WEEK - 1),
                vec!["2026-W48"],
            ),
            (
                vec![gap(i64::MIN, i64::MAX)],
                (MONDAY - 1, MONDAY + WEEK),
                vec!["2026-W47", "2026-W48", "2026-W49"],
            ),
            (
                vec![gap(MONDAY + 5, MONDAY + WEEK)],
                (MONDAY - WEEK, MONDAY + WEEK),
                vec!["2026-W48"],
            ),
            (vec![gap(i64::MIN, MONDAY)], (MONDAY, MONDAY + 5), vec![]),
            (
                vec![gap(MONDAY, MONDAY + 1), gap(MONDAY + 5, MONDAY + 6)],
                (MONDAY, MONDAY + WEEK),
                vec!["2026-W48"],
            ),
        ] {
            let as_of = AsOf {
                committed: 0,
                behind: None,
                gaps,
                lacking: Vec::new(),
            };
            let found: Vec<String> = as_of.missing_weeks(span).iter().map(Week::to_string).collect();
            assert_eq!(found, expected, "{:?} {span:?}", as_of.gaps);
        }
    }
}
