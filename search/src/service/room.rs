//! How many searches run at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::columns::Snapshot;
use crate::query::{Aggregation, Query, Test};

/// Maximum heavy searches at once.
const HEAVY: usize = 4;
/// Maximum others at once.
const LIGHT: usize = 16;
/// A search that looks at more values than this is heavy; a million take about a hundredth of a second.
const HEAVY_FROM: u64 = 5_000_000;
/// How long a search waits until others have ended.
const PATIENCE: Duration = Duration::from_secs(3);

/// There was no room in time.
#[derive(Debug)]
pub(super) struct NoRoom;

/// Room for searches.
#[derive(Debug)]
pub(super) struct Room {
    heavy: Arc<Semaphore>,
    light: Arc<Semaphore>,
    patience: Duration,
}

impl Default for Room {
    fn default() -> Self {
        Self::new(PATIENCE)
    }
}

impl Room {
    fn new(patience: Duration) -> Self {
        Self {
            patience,
            heavy: Arc::new(Semaphore::new(HEAVY)),
            light: Arc::new(Semaphore::new(LIGHT)),
        }
    }

    /// Waits for room for a search of this cost, but not for long. What is returned holds it.
    pub(super) async fn admit(&self, cost: u64) -> Result<OwnedSemaphorePermit, NoRoom> {
        let room = if cost > HEAVY_FROM { &self.heavy } else { &self.light };
        match tokio::time::timeout(self.patience, room.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(NoRoom),
        }
    }
}

/// About how many values are looked at.
pub(super) fn cost(snapshot: &Snapshot, query: &Query) -> u64 {
    let rows: u64 = snapshot.segments.iter().map(|segment| u64::from(segment.rows())).sum();
    let aggregations: u64 = query.aggregations.iter().map(fields).sum();
    let fields = query.conditions.len() as u64 + query.sort.len() as u64 + aggregations;
    let expressions = if has_expressions(query) { HEAVY_FROM } else { 0 };
    rows.saturating_mul(fields.max(1)).saturating_add(expressions)
}

/// What an expression costs cannot be told from the number of values.
fn has_expressions(query: &Query) -> bool {
    let mut tests = query
        .conditions
        .iter()
        .flat_map(|condition| condition.any.iter().chain(&condition.none));
    tests.any(|test| matches!(test, Test::Matches(_)))
}

fn fields(aggregation: &Aggregation) -> u64 {
    1 + aggregation.within().iter().map(fields).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn four_heavy_searches_run_at_once_and_light_ones_beside_them() {
        let room = Room::new(Duration::ZERO);
        let mut held = Vec::new();
        for _ in 0..HEAVY {
            held.push(room.admit(HEAVY_FROM + 1).await.unwrap());
        }
        assert!(room.admit(HEAVY_FROM + 1).await.is_err());
        assert!(room.admit(HEAVY_FROM).await.is_ok());
        held.pop();
        assert!(room.admit(HEAVY_FROM + 1).await.is_ok());
    }

    #[tokio::test]
    async fn a_search_waits_for_another_to_end() {
        let room = Room::new(Duration::from_secs(3600));
        let mut held = Vec::new();
        for _ in 0..HEAVY {
            held.push(room.admit(HEAVY_FROM + 1).await.unwrap());
        }
        let ends = async {
            tokio::task::yield_now().await;
            held.pop();
        };
        let (admitted, ()) = tokio::join!(room.admit(HEAVY_FROM + 1), ends);
        assert!(admitted.is_ok());
    }
}
