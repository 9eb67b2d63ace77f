//! The lanes of the queue and the order in which they are served.

/// A lane of the queue. New crashes, crashes that a user waits for, mass reprocessing and re-enrichment are kept
/// apart, so that none starves another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Crashes that a user is waiting for.
    Priority,
    /// Crashes as they come in.
    Standard,
    /// Crashes to process again.
    Reprocessing,
    /// Crashes whose build is to be attached again.
    Enrichment,
}

/// Every lane, most urgent first.
pub(crate) const ALL: [Lane; 4] = [Lane::Priority, Lane::Standard, Lane::Reprocessing, Lane::Enrichment];

/// How many of 12 claims begin with each lane. Mass reprocessing once starved live crashes upstream (bug 1945653),
/// hence small shares that are never zero.
const SHARES: [usize; 4] = [5, 5, 1, 1];

impl Lane {
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Priority => 0,
            Self::Standard => 1,
            Self::Reprocessing => 2,
            Self::Enrichment => 3,
        }
    }

    pub(crate) fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Priority,
            1 => Self::Standard,
            2 => Self::Reprocessing,
            _ => Self::Enrichment,
        }
    }

    /// The name in metrics and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Standard => "standard",
            Self::Reprocessing => "reprocessing",
            Self::Enrichment => "enrichment",
        }
    }
}

/// Determines, claim by claim, the order in which the lanes are tried.
#[derive(Debug, Default)]
pub struct LaneOrder {
    credit: [usize; 4],
}

impl LaneOrder {
    /// Returns the order of the lanes for the next claim: the one whose turn it is, then the others by urgency.
    pub fn next_order(&mut self) -> [Lane; 4] {
        // Smooth weighted round robin: every lane earns its share, and the richest pays the total.
        let mut richest = 0;
        for (index, share) in SHARES.iter().enumerate() {
            self.credit[index] += share;
            if self.credit[index] > self.credit[richest] {
                richest = index;
            }
        }
        self.credit[richest] = self.credit[richest].saturating_sub(SHARES.iter().sum());
        let mut order = ALL;
        order[..=richest].rotate_right(1);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lane_gets_its_share_and_every_order_names_every_lane() {
        let mut order = LaneOrder::default();
        let mut first = [0; 4];
        for _ in 0..120 {
            let lanes = order.next_order();
            let mut sorted = lanes;
            sorted.sort();
            assert_eq!(sorted, ALL);
            first[usize::try_from(lanes[0].number()).unwrap()] += 1;
        }
        assert!(first.iter().all(|n| *n >= 8), "{first:?}");
        assert!(first[0] + first[1] >= 90, "{first:?}");
    }

    #[test]
    fn numbers_and_lanes_match() {
        for lane in ALL {
            assert_eq!(Lane::from_number(lane.number()), lane);
        }
    }
}
