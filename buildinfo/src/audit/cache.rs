//! A cache of audits from the last seconds: each audit reads the builds of recent weeks, and anyone may request it on
//! the page or over the API.

use std::sync::Arc;
use std::time::Duration;

use builds::audit::{Check, Score};
use builds::names::product::Product;
use moka::future::Cache;
use platform::clock;
use platform::db::{Db, DbError};
use tokio::sync::Semaphore;

use super::place::Place;
use super::read::{Filter, FindingPage, Summary, findings, scores, summaries};
use crate::db::{Generation, latest_generation, source_states};
use crate::lookup::Freshness;

/// Minimum time between two reads of the same data.
const KEEP: Duration = Duration::from_secs(15);
/// Pages of findings kept.
const PAGES: u64 = 100;
/// Overviews and scores kept: of each product, and of all.
const OVERVIEWS: u64 = 10;
/// Audits run at a time, whatever is asked.
const AT_ONCE: usize = 1;

type Page = (Option<Product>, Option<Check>, Option<String>, usize);

/// What every check found and how good each source is, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// When it was read, microseconds UTC.
    pub made: i64,
    /// The newest finished generation of builds then.
    pub generation: Generation,
    /// When the sources had answered.
    pub freshness: Freshness,
    /// What each check found, with at most [`Overview::FIRST`] findings of each.
    pub summaries: Vec<Summary>,
    /// How good each source is on each channel; those read within the last 15 seconds.
    pub scores: Arc<Vec<Score>>,
}

impl Overview {
    /// Most findings of each check.
    pub const FIRST: usize = 10;
}

/// Findings, scores and overviews from the last 15 seconds. Callers that ask while one is made wait for it. Clones
/// share them: a process has one cache.
#[derive(Debug, Clone)]
pub struct Audits {
    db: Db,
    pages: Cache<Page, Arc<FindingPage>>,
    scores: Cache<Option<Product>, Arc<Vec<Score>>>,
    overviews: Cache<Option<Product>, Arc<Overview>>,
    room: Arc<Semaphore>,
}

impl Audits {
    /// Audits of the builds in `db`. Nothing is read before the first request.
    pub fn new(db: Db) -> Self {
        Self {
            db,
            pages: Cache::builder().max_capacity(PAGES).time_to_live(KEEP).build(),
            scores: Cache::builder().max_capacity(OVERVIEWS).time_to_live(KEEP).build(),
            overviews: Cache::builder().max_capacity(OVERVIEWS).time_to_live(KEEP).build(),
            room: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// [`findings`], cached.
    ///
    /// # Errors
    /// The database failed or a row cannot be read.
    pub async fn findings(
        &self,
        filter: Filter,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Arc<FindingPage>, Arc<DbError>> {
        let place = after.map(ToString::to_string);
        let made = async {
            let _room = self.room.acquire().await;
            findings(&self.db, filter, after, limit).await.map(Arc::new)
        };
        let key = (filter.product, filter.check, place, limit);
        self.pages.try_get_with(key, made).await
    }

    /// [`scores`], cached.
    ///
    /// # Errors
    /// The database failed or a row cannot be read.
    pub async fn scores(&self, product: Option<Product>) -> Result<Arc<Vec<Score>>, Arc<DbError>> {
        let made = async {
            let _room = self.room.acquire().await;
            scores(&self.db, product).await.map(Arc::new)
        };
        self.scores.try_get_with(product, made).await
    }

    /// Everything at a glance, for one product if given.
    ///
    /// # Errors
    /// The database failed or a row cannot be read.
    pub async fn overview(&self, product: Option<Product>) -> Result<Arc<Overview>, Arc<DbError>> {
        // Before taking a slot for the rest: scores need a slot of their own.
        let scores = self.scores(product).await?;
        let made = async {
            let _room = self.room.acquire().await;
            Ok(Arc::new(Overview {
                made: clock::now_micros(),
                generation: latest_generation(&self.db).await?,
                freshness: Freshness::of(&source_states(&self.db).await?),
                summaries: summaries(&self.db, product, Overview::FIRST).await?,
                scores,
            }))
        };
        self.overviews.try_get_with(product, made).await
    }
}
