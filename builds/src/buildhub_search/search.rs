//! A search of every build in an index, and its answer.

use serde_json::{Map, Value, json};

use super::aggregation::{Aggregations, Room};
use super::body::{Refused, object, unsupported, whole_number};
use super::query::{Context, Query};
use super::shown::Shown;
use super::sort::{Place, Sort};
use super::{hit, record};
use crate::index::{BuildIndex, BuildRef};
use crate::names::product::Product;
use crate::said::observation::{Digest, Observation};

/// Hits in an answer by default.
const HITS: usize = 10;
/// Maximum hits in one answer.
pub const MOST_HITS: usize = 1000;
/// Maximum depth of paging with `from`.
const WINDOW: usize = 10_000;
/// Maximum buckets in one answer.
const MOST_BUCKETS: usize = 100_000;
/// Maximum number of condition checks over all builds.
const MOST_WORK: usize = 300_000_000;

/// A parsed search.
#[derive(Debug)]
pub struct Search {
    query: Query,
    post_filter: Query,
    sort: Sort,
    from: usize,
    size: usize,
    after: Option<Place>,
    aggregations: Aggregations,
    shown: Shown,
}

/// The result of a search.
#[derive(Debug)]
pub struct Found {
    total: usize,
    hits: Vec<Hit>,
    aggregations: Option<Map<String, Value>>,
}

/// One record of a page.
#[derive(Debug)]
struct Hit {
    record: Value,
    sort: Vec<Value>,
    evidence: Vec<Digest>,
}

impl Search {
    /// Parses the body of a request; an empty object matches everything.
    ///
    /// # Errors
    /// [`Refused`] says what is not understood or exceeds a limit.
    pub fn parse(body: &[u8]) -> Result<Self, Refused> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|_| Refused("Expecting value: line 1 column 1 (char 0)".to_owned()))?;
        let body = object("search", &body)?;
        let known = [
            "query",
            "post_filter",
            "sort",
            "from",
            "size",
            "search_after",
            "aggs",
            "aggregations",
            "_source",
            // Accepted but left out of the hits: Buildhub's own pages request it, and show the plain value if it is
            // missing.
            "highlight",
        ];
        if let Some(word) = body.keys().find(|word| !known.contains(&word.as_str())) {
            return Err(unsupported("member of a search", word, &known.join(", ")));
        }
        let number = |word: &str, usual| match body.get(word) {
            None => Ok(usual),
            Some(number) => whole_number(word, number),
        };
        let (from, size) = (number("from", 0)?, number("size", HITS)?);
        if size > MOST_HITS {
            return Err(Refused(format!("Search size too large ({size})")));
        }
        let end = from.saturating_add(size);
        if end > WINDOW {
            return Err(Refused(format!(
                "Result window is too large, from + size must be less than or equal to: [{WINDOW}] but was [{end}]; go \
                 on with search_after"
            )));
        }
        let query = |word: &str, context| {
            body.get(word)
                .map_or(Ok(Query::All), |query| Query::parse(query, context))
        };
        let sort = Sort::parse(body.get("sort"))?;
        let after = body.get("search_after");
        if after.is_some() && from > 0 {
            return Err(Refused("[from] must be 0 with [search_after]".to_owned()));
        }
        Ok(Self {
            query: query("query", Context::Scoring)?,
            post_filter: query("post_filter", Context::Filtering)?,
            after: after.map(|after| sort.place(after)).transpose()?,
            sort,
            from,
            size,
            aggregations: Aggregations::parse(body)?,
            shown: Shown::parse(body.get("_source"))?,
        })
    }

    /// Searches every build of an index.
    ///
    /// # Errors
    /// [`Refused`] if the search takes more work, or gives more buckets, than allowed.
    pub fn run(&self, index: &BuildIndex) -> Result<Found, Refused> {
        let candidates = |build: &BuildRef<'_>| self.query.matches(*build);
        let mut builds: Vec<BuildRef<'_>> = match self.query.ids() {
            Some(ids) => ids
                .into_iter()
                .flat_map(|id| Product::all().map(move |product| index.find(product, id)))
                .flatten()
                .filter(candidates)
                .collect(),
            None => {
                let weight = self.query.weight() + self.post_filter.weight() + self.aggregations.weight();
                if weight.saturating_mul(index.len()) > MOST_WORK {
                    let why = "too many conditions and aggregations for one search";
                    return Err(Refused(why.to_owned()));
                }
                index.builds().filter(candidates).collect()
            }
        };
        let aggregations = if self.aggregations.is_empty() {
            None
        } else {
            let mut room = Room::new(MOST_BUCKETS);
            Some(self.aggregations.answer(index, &builds, &mut room)?)
        };
        if !matches!(self.post_filter, Query::All) {
            builds.retain(|build| self.post_filter.matches(*build));
        }
        let total = builds.len();
        if let Some(place) = &self.after {
            builds.retain(|build| self.sort.is_after(*build, place));
        }
        self.order(&mut builds);
        let hits = builds.into_iter().skip(self.from).map(|build| Hit {
            record: record::source(build),
            sort: self.sort.of(build),
            evidence: build.evidence().to_vec(),
        });
        Ok(Found {
            total,
            hits: hits.collect(),
            aggregations,
        })
    }

    /// Sorts the builds up to the end of the page, and drops the rest.
    fn order(&self, builds: &mut Vec<BuildRef<'_>>) {
        let end = self.from + self.size;
        if !self.sort.is_empty() {
            let compare = |a: &BuildRef<'_>, b: &BuildRef<'_>| self.sort.compare(*a, *b);
            if end > 0 && end < builds.len() {
                builds.select_nth_unstable_by(end - 1, compare);
            }
            builds.truncate(end);
            builds.sort_unstable_by(compare);
        }
        builds.truncate(end);
    }

    /// The observations needed for the shown members of the hits; empty if the index knows them all.
    pub fn wanted(&self, found: &Found) -> Vec<Digest> {
        let more = record::DETAILS
            .iter()
            .any(|(group, name)| self.shown.shows(&format!("{group}.{name}")));
        if !more {
            return Vec::new();
        }
        let mut wanted: Vec<Digest> = found.hits.iter().flat_map(|hit| hit.evidence.iter().copied()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// The answer in the form of Elasticsearch 6, completing the hits from `observation`; `took` is in milliseconds.
    pub fn answer(&self, found: Found, observation: impl Fn(&Digest) -> Option<Observation>, took: u64) -> Value {
        let score = self.sort.score();
        let hits = found.hits.into_iter().map(|mut hit| {
            for told in hit.evidence.iter().filter_map(&observation) {
                record::complete(&mut hit.record, &told);
            }
            hit::hit(&hit.record, hit.sort, &self.shown, &score)
        });
        let hits: Vec<Value> = hits.collect();
        let mut answer = json!({
            "took": took,
            "timed_out": false,
            "_shards": { "total": 1, "successful": 1, "skipped": 0, "failed": 0 },
            "hits": {
                "total": found.total,
                "max_score": if found.total > 0 { score.clone() } else { Value::Null },
                "hits": hits,
            },
        });
        if let Some(aggregations) = found.aggregations {
            answer["aggregations"] = Value::Object(aggregations);
        }
        answer
    }
}
