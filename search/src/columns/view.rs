//! What can be searched.

use std::sync::Arc;

use super::codes::Codes;
use super::segment::Segment;
use super::week::Week;

/// The segments of an index at a commit. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// In the order of the weeks.
    weeks: Arc<Vec<(Week, Vec<Arc<Segment>>)>>,
    codes: Arc<Codes>,
}

/// The segments that a query needs.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Those of the weeks that were asked for, the newest week last.
    pub segments: Vec<Arc<Segment>>,
    /// The codes of their texts.
    pub codes: Arc<Codes>,
}

impl View {
    pub(super) fn new(weeks: Vec<(Week, Vec<Arc<Segment>>)>, codes: Arc<Codes>) -> Self {
        Self {
            weeks: Arc::new(weeks),
            codes,
        }
    }

    /// The segments of the weeks that have days between these moments, microseconds UTC.
    pub fn snapshot(&self, from: i64, to: i64) -> Snapshot {
        let weeks = self.weeks.iter().filter(|(week, _)| {
            let (begin, end) = week.span();
            begin <= to && from < end
        });
        Snapshot {
            segments: weeks.flat_map(|(_, segments)| segments).cloned().collect(),
            codes: self.codes.clone(),
        }
    }

    /// All segments.
    pub fn whole(&self) -> Snapshot {
        self.snapshot(i64::MIN, i64::MAX)
    }

    /// How many rows there are that are not deleted.
    pub fn rows(&self) -> u64 {
        let segments = self.weeks.iter().flat_map(|(_, segments)| segments);
        segments.map(|segment| u64::from(segment.alive().count())).sum()
    }
}
