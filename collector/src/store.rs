//! Keeps a report: recognizes copies, makes it durable and hands it to the writer.

use std::collections::BTreeMap;
use std::time::Duration;

use backon::{ConstantBuilder, Retryable};
use bytes::Bytes;
use crash::{CrashId, RawCrash};
use crashstore::db::State;
use crashstore::{Received, keys, report};
use platform::clock;
use platform::db::DbError;
use platform::queue::Lane;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::answer::Refusal;
use crate::inner::Inner;
use crate::meters;
use crate::writer::Row;

/// How long the database may keep a client waiting, once for reading and once for writing.
const DATABASE_LIMIT: Duration = Duration::from_millis(250);
/// How long the blob store may take for one report, including retries and waiting for a turn.
const STORE_LIMIT: Duration = Duration::from_secs(30);

/// A report to keep.
#[derive(Debug)]
pub(crate) struct Report {
    /// Its id.
    pub(crate) id: CrashId,
    /// The annotations and the collector's notes.
    pub(crate) raw: RawCrash,
    /// The dumps by name.
    pub(crate) dumps: BTreeMap<String, Bytes>,
    /// Whether the client chose the id; it then gets that id and no other.
    pub(crate) is_chosen: bool,
}

/// An earlier copy of a report.
enum Copy {
    /// It came in within the window.
    Recent(CrashId),
    /// It came in before the window.
    Older(CrashId),
}

impl Inner {
    /// Whether a report with this id was deleted, if the database answers in time. Otherwise the new report is removed
    /// later.
    pub(crate) async fn is_deleted(&self, id: &CrashId) -> bool {
        let standing = timeout(DATABASE_LIMIT, crashstore::db::standing(&self.db, id)).await;
        matches!(standing, Ok(Ok(Some(found))) if found.state == State::Deleted)
    }

    /// Keeps a report and returns the id it is kept under: the first copy's, if that one is recent. Copies that arrive
    /// at the same time wait for the first one to be stored.
    pub(crate) async fn keep(&self, report: Report) -> Result<CrashId, Refusal> {
        let row = Received::of(&report.id, &report.raw);
        if report.is_chosen || row.content_hash.is_empty() {
            return self.store(report, row, DATABASE_LIMIT).await;
        }
        let id = report.id.clone();
        let content = row.content_hash.clone();
        if let Some(first) = self.recent.get(&content).await {
            // It may have been deleted since.
            match self.blobs.exists(&keys::raw_crash(&first)).await {
                Ok(true) => {}
                Ok(false) | Err(_) => self.recent.invalidate(&content).await,
            }
        }
        let stored = self
            .recent
            .try_get_with(content, self.store_unless_known(report, row))
            .await
            .map_err(|refusal| *refusal)?;
        if stored != id {
            meters::DUPLICATES.add_with(1, ["answered"]);
        }
        Ok(stored)
    }

    async fn store_unless_known(&self, report: Report, mut row: Received) -> Result<CrashId, Refusal> {
        let limit = match timeout(DATABASE_LIMIT, self.earlier_copy(&row)).await {
            Ok(Ok(Some(Copy::Recent(first)))) => return Ok(first),
            Ok(Ok(Some(Copy::Older(first)))) => {
                meters::DUPLICATES.add_with(1, ["stored"]);
                row.duplicate_of = Some(first);
                DATABASE_LIMIT
            }
            Ok(Ok(None)) => DATABASE_LIMIT,
            // The database is down, and the client has waited long enough.
            Ok(Err(_)) | Err(_) => Duration::ZERO,
        };
        self.store(report, row, limit).await
    }

    async fn earlier_copy(&self, row: &Received) -> Result<Option<Copy>, DbError> {
        let find = |since| crashstore::db::find_by_content(&self.db, &row.content_hash, since);
        let Some(first) = find(i64::MIN).await? else {
            return Ok(None);
        };
        let window = i64::try_from(self.settings.duplicate_window_seconds).unwrap_or(i64::MAX);
        let since = row.received.saturating_sub(window.saturating_mul(1_000_000));
        let recent = if window == 0 { None } else { find(since).await? };
        Ok(Some(recent.map_or(Copy::Older(first), Copy::Recent)))
    }

    /// Makes a report durable, then has its row written, waiting at most `limit` for the row.
    async fn store(&self, report: Report, row: Received, limit: Duration) -> Result<CrashId, Refusal> {
        let started = Instant::now();
        // Past days are not swept again, so a report with a chosen id from such a day must have its row now.
        let needs_row = report.is_chosen && report.id.day_key() < yesterday();
        // However this ends, the sweep records a report that was stored without a row.
        let unrecorded = self.unrecorded.guard(report.id.clone());
        timeout(STORE_LIMIT, self.save(&report))
            .await
            .unwrap_or(Err(Refusal::Unavailable))?;
        meters::SAVE_DURATION.observe(started.elapsed());
        meters::SAVED.add(1);
        let (committed, wait) = oneshot::channel();
        let row = Row {
            received: row,
            lane: Lane::Standard,
            committed,
        };
        let sent = self.rows.try_send(row).is_ok();
        if sent && matches!(timeout(limit, wait).await, Ok(Ok(()))) {
            unrecorded.settle();
        } else {
            meters::UNRECORDED.add(1);
            if needs_row {
                return Err(Refusal::Unavailable);
            }
        }
        meters::HANDLING_DURATION.observe(started.elapsed());
        Ok(report.id)
    }

    async fn save(&self, report: &Report) -> Result<(), Refusal> {
        let attempt = || report::save(&self.blobs, &report.id, &report.raw, &report.dumps);
        let retries = ConstantBuilder::default()
            .with_delay(Duration::from_millis(200))
            .with_max_times(2);
        let Ok(_turn) = self.stores.acquire().await else {
            return Err(Refusal::Unavailable);
        };
        let saved = attempt.retry(retries).notify(|_, _| meters::RETRIES.add(1)).await;
        saved.map(|_| ()).map_err(|error| {
            tracing::error!(crash.id = %report.id, %error, "a crash report could not be stored");
            Refusal::Unavailable
        })
    }
}

/// Yesterday as it appears in keys: reports of a day may still come in for a while after its end.
pub(crate) fn yesterday() -> String {
    (clock::now() - chrono::TimeDelta::days(1)).format("%Y%m%d").to_string()
}
