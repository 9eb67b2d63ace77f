//! The aggregation `top_hits`: the first records of each bucket.

use serde_json::{Map, Value, json};

use super::room::Room;
use crate::buildhub_search::body::{Refused, only, whole_number};
use crate::buildhub_search::hit::hit;
use crate::buildhub_search::record;
use crate::buildhub_search::shown::Shown;
use crate::buildhub_search::sort::Sort;
use crate::index::BuildRef;

/// Records by default.
const HITS: usize = 3;
/// Maximum records of a bucket: Elasticsearch's own limit.
const MOST: usize = 100;

/// Records in an order. Only members that the index knows are shown.
#[derive(Debug)]
pub(super) struct TopHits {
    sort: Sort,
    from: usize,
    size: usize,
    shown: Shown,
}

impl TopHits {
    pub(super) fn parse(body: &Map<String, Value>) -> Result<Self, Refused> {
        only("top_hits", body, &["size", "from", "sort", "_source"])?;
        let number = |word: &str, usual| body.get(word).map_or(Ok(usual), |number| whole_number(word, number));
        let (from, size) = (number("from", 0)?, number("size", HITS)?);
        if from.saturating_add(size) > MOST {
            return Err(Refused(format!(
                "[top_hits] can show at most {MOST} records of a bucket"
            )));
        }
        Ok(Self {
            sort: Sort::parse(body.get("sort"))?,
            from,
            size,
            shown: Shown::parse(body.get("_source"))?,
        })
    }

    pub(super) fn answer(&self, builds: &[BuildRef<'_>], room: &mut Room) -> Result<Value, Refused> {
        let mut sorted = builds.to_vec();
        if !self.sort.is_empty() {
            sorted.sort_unstable_by(|a, b| self.sort.compare(*a, *b));
        }
        let found = sorted.iter().skip(self.from).take(self.size);
        room.take(found.len())?;
        let score = self.sort.score();
        let hits: Vec<Value> = found
            .map(|build| {
                let record = record::source(*build);
                hit(&record, self.sort.of(*build), &self.shown, &score)
            })
            .collect();
        let max_score = if builds.is_empty() { Value::Null } else { score };
        Ok(json!({
            "hits": { "total": builds.len(), "max_score": max_score, "hits": hits },
        }))
    }
}
