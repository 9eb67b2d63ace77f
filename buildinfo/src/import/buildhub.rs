//! Reading Buildhub: every record in upload order, or those new since the last time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use builds::names::product::Product;
use builds::policy::State;
use builds::said::observation::SourceName;
use chrono::DateTime;
use platform::clock;
use platform::db::{progress, set_progress};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::choice::Choice;
use super::error::ImportError;
use super::under_way::{Import, Reader};
use crate::db::{self, Prepared, Writes};
use crate::sources::buildhub::{self, Records, Wanted};
use crate::sources::{Client, SourceError};

/// Where the time of the newest upload read is stored, microseconds UTC.
const SEEN: &str = "buildhub_seen";
/// Where the number of records before the next run's start is stored.
const BEFORE: &str = "buildhub_before";
/// How long before the newest upload a later import begins: uploads do not become visible in order.
const OVERLAP: i64 = 24 * 3_600_000_000;
/// A page that takes longer is slow. After a few in a row the archive is the better source.
const SLOW: Duration = Duration::from_secs(5);
/// The number of slow pages in a row.
const SLOW_PAGES: u32 = 3;

const SOURCE: SourceName = SourceName::BUILDHUB;

/// Reads Buildhub.
pub(super) const READER: Reader = Reader {
    source: SOURCE,
    read: |import, stop| Box::pin(import.read_buildhub(stop)),
};

impl Import<'_> {
    async fn read_buildhub(&mut self, stop: &CancellationToken) -> Result<(), ImportError> {
        let mut asked = self.options.products.clone();
        asked.retain(|product| self.can_have(SOURCE, *product));
        if asked.len() < self.options.products.len() && asked.is_empty() {
            self.note("buildhub: it has none of these products, and is not asked");
            return Ok(());
        }
        let client = Arc::new(self.client(SOURCE));
        let root = &self.address(SOURCE)?;
        let seen_until = progress(self.lease.db(), SEEN).await?;
        let mut since = match self.options.since {
            Some(since) => Some(since),
            None if self.options.full || seen_until == 0 => None,
            None => Some(seen_until - OVERLAP),
        };
        // Late records behind what was already read, as when a hole is filled, need a full reading.
        if self.options.since.is_none()
            && let Some(start) = since
        {
            let before = progress(self.lease.db(), BEFORE).await?;
            match buildhub::count_before(&client, root, &clock::rfc3339(start)).await {
                Ok(now) if i64::try_from(now).is_ok_and(|now| now > before) => {
                    self.note("buildhub: older records came since the last import; reading all");
                    since = None;
                }
                Ok(_) => {}
                Err(error) => {
                    self.note(&format!("buildhub: {error}"));
                    self.failed_source(SOURCE, &error);
                    self.failed += 1;
                    return Ok(());
                }
            }
        }
        let wanted = Wanted {
            since: since.map(clock::rfc3339),
            products: asked.into_iter().flat_map(names).collect(),
            build_id: None,
        };
        for plan in &self.options.wanted {
            if !self.can_have(SOURCE, plan.product) {
                continue;
            }
            let one = Wanted {
                build_id: Some(plan.build_id.to_string()),
                ..Wanted::default()
            };
            // If this fails, so does what follows, which reports it.
            if let Ok(page) = buildhub::page(&client, root, &one, None).await {
                self.record(&page.observations, page.unusable).await?;
            }
        }
        let (mut done, mut newest, mut slow) = (0, 0, 0);
        let first = read_page(Arc::clone(&client), root.clone(), wanted.clone(), None).await;
        let mut next = Some(first);
        while let Some((page, prepared, took)) = next.take() {
            if stop.is_cancelled() {
                return Err(ImportError::Stopped);
            }
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    self.note(&format!("buildhub: {error}; after {done} records"));
                    self.failed_source(SOURCE, &error);
                    self.failed += 1;
                    return Ok(());
                }
            };
            done += page.records as u64;
            newest = page
                .newest
                .as_deref()
                .and_then(micros)
                .map_or(newest, |time| newest.max(time));
            // The next page is fetched and read by another task while this one is stored.
            let following = page.next.clone().map(|after| {
                let (client, root, wanted) = (Arc::clone(&client), root.clone(), wanted.clone());
                tokio::spawn(read_page(client, root, wanted, Some(after)))
            });
            let seen = db::record_prepared(&self.lease, self.run.id, &prepared).await?;
            self.add(seen, page.records, page.unusable);
            self.keep().await?;
            let following = match following {
                None => None,
                Some(reading) => Some(reading.await.map_err(|_| ImportError::Task)?),
            };
            slow = if took > SLOW { slow + 1 } else { 0 };
            if slow >= SLOW_PAGES && self.options.choice == Choice::Auto {
                let why = format!(
                    "a page takes {:.0} s; given up after {done} records",
                    took.as_secs_f64()
                );
                self.note(&format!("buildhub: {why}"));
                self.policy.judge(SOURCE, State::Slow, why);
                self.failed += 1;
                return Ok(());
            }
            self.show(SOURCE, done, page.total.max(done));
            if following.is_none() && page.total > done {
                let why = format!("{done} of {} records came", page.total);
                self.note(&format!("buildhub: {why}"));
                self.policy.judge(SOURCE, State::Holes, why);
                self.failed += 1;
                return Ok(());
            }
            next = following;
        }
        if done == 0 && since.is_none() {
            let why = "it answers, and has no records at all";
            self.note(&format!("buildhub: {why}"));
            self.policy.judge(SOURCE, State::Empty, why);
            self.failed += 1;
            return Ok(());
        }
        self.note_read(SOURCE, &client, &format!("{done} records were read"));
        if newest > 0 {
            self.saw(SOURCE, newest);
        }
        // Only a run over all products that began within what was read before may move on: any other would leave holes
        // behind it.
        let leaves_no_hole = since.is_none_or(|since| since <= seen_until);
        if self.options.products.is_empty() && leaves_no_hole {
            self.move_on(&client, root, newest.max(seen_until)).await?;
        }
        Ok(())
    }

    /// Stores how far Buildhub has been read.
    async fn move_on(&mut self, client: &Client, root: &Url, newest: i64) -> Result<(), ImportError> {
        let start = clock::rfc3339(newest - OVERLAP);
        let before = match buildhub::count_before(client, root, &start).await {
            Ok(before) => i64::try_from(before).unwrap_or(i64::MAX),
            // Without the count the next run would not notice late records: let it read everything again.
            Err(error) => {
                self.note(&format!("buildhub: {error}; the next import reads again"));
                return Ok(());
            }
        };
        let mut tx = self.lease.begin_import().await?;
        set_progress(&mut tx, SEEN, newest).await?;
        set_progress(&mut tx, BEFORE, before).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Reads a page and prepares its records for storage; also returns how long the answer took.
async fn read_page(
    client: Arc<Client>,
    root: Url,
    wanted: Wanted,
    after: Option<Value>,
) -> (Result<Records, SourceError>, Prepared, Duration) {
    let began = Instant::now();
    let mut page = buildhub::page(&client, &root, &wanted, after.as_ref()).await;
    let took = began.elapsed();
    let observations = match &mut page {
        Ok(page) => std::mem::take(&mut page.observations),
        Err(_) => Vec::new(),
    };
    (page, Prepared::of(observations), took)
}

/// Buildhub's names for a product.
fn names(product: Product) -> impl Iterator<Item = &'static str> {
    product.directories().map(|directory| directory.row().source_name)
}

fn micros(rfc3339: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(rfc3339)
        .ok()
        .map(|time| time.timestamp_micros())
}
