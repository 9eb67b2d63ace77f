//! Audits of the last seconds: each reads the builds of the last weeks, and anybody may ask for it.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use platform::db::{Db, DbError};
use tokio::sync::Semaphore;

use super::read::{Filter, FindingPage, findings, scores};
use super::{Check, Place, Score};
use crate::product::Product;

/// The same is read so often at most.
const KEEP: Duration = Duration::from_secs(15);
/// So many pages of findings are kept.
const PAGES: u64 = 100;
/// So many scores: one for each product, and one of all.
const SCORES: u64 = 10;
/// So many audits are made at a time, whatever is asked.
const AT_ONCE: usize = 1;

type Page = (Option<Product>, Option<Check>, Option<String>, usize);

/// Findings and scores as they were within the last 15 seconds. Who asks while one is made waits for it. Clones share them.
#[derive(Debug, Clone)]
pub struct Audits {
    pages: Cache<Page, Arc<FindingPage>>,
    scores: Cache<Option<Product>, Arc<Vec<Score>>>,
    room: Arc<Semaphore>,
}

impl Default for Audits {
    fn default() -> Self {
        Self {
            pages: Cache::builder()
                .max_capacity(PAGES)
                .time_to_live(KEEP)
                .build(),
            scores: Cache::builder()
                .max_capacity(SCORES)
                .time_to_live(KEEP)
                .build(),
            room: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Audits {
    /// What [`findings`] says.
    ///
    /// # Errors
    /// The database failed or a row cannot be read.
    pub async fn findings(
        &self,
        db: &Db,
        filter: Filter,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Arc<FindingPage>, Arc<DbError>> {
        let place = after.map(ToString::to_string);
        let made = async {
            let _room = self.room.acquire().await;
            findings(db, filter, after, limit).await.map(Arc::new)
        };
        let key = (filter.product, filter.check, place, limit);
        self.pages.try_get_with(key, made).await
    }

    /// What [`scores`] says.
    ///
    /// # Errors
    /// The database failed or a row cannot be read.
    pub async fn scores(
        &self,
        db: &Db,
        product: Option<Product>,
    ) -> Result<Arc<Vec<Score>>, Arc<DbError>> {
        let made = async {
            let _room = self.room.acquire().await;
            scores(db, product).await.map(Arc::new)
        };
        self.scores.try_get_with(product, made).await
    }
}
