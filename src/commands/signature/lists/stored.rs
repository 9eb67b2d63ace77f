//! The effect of other lists on the signatures of stored crashes.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use anyhow::Context as _;
use crash::CrashId;
use crashstore::StoreError;
use crashstore::db::{Cursor, Filter, State, list};
use crashstore::output::{self, Stored};
use futures::{StreamExt as _, stream};
use platform::blobs::{BlobError, Blobs};
use platform::db::Db;
use signature::{CrashData, Lists, generate};

use crate::parts::open_db;
use crate::settings::Settings;

/// Maximum rows read at a time.
const PAGE: i64 = 500;
/// Maximum documents read at a time.
const READS: usize = 8;

/// The results of two sets of lists on stored crashes.
#[derive(Debug, Default)]
pub(super) struct StoredChanges {
    /// How many were examined.
    pub(super) looked_at: usize,
    /// How many of them have the same signature with both sets.
    pub(super) alike: usize,
    /// How many could not be read.
    pub(super) unreadable: usize,
    /// The others, by both signatures.
    pub(super) changed: BTreeMap<(String, String), Group>,
}

/// Crashes whose signature changes in the same way.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) count: usize,
    /// The newest crash.
    pub(super) example: Option<CrashId>,
}

impl StoredChanges {
    /// The groups, the largest first.
    pub(super) fn groups(&self) -> Vec<(&str, &str, &Group)> {
        let mut groups: Vec<_> = self
            .changed
            .iter()
            .map(|((old, new), group)| (old.as_str(), new.as_str(), group))
            .collect();
        groups.sort_by_key(|(_, _, group)| std::cmp::Reverse(group.count));
        groups
    }

    fn add(&mut self, id: CrashId, crash: Option<&CrashData<'_>>, lists: [&Lists; 2]) {
        let Some(crash) = crash else {
            self.unreadable += 1;
            return;
        };
        self.looked_at += 1;
        let [old, new] = lists.map(|lists| generate(crash, lists).signature);
        if old == new {
            self.alike += 1;
            return;
        }
        let group = self.changed.entry((old, new)).or_default();
        group.count += 1;
        group.example.get_or_insert(id);
    }
}

/// Makes the signatures of the newest processed crashes, at most `limit`, with both sets. `None` if there is no
/// database here; none is created.
pub(super) async fn changes(
    settings: &Settings,
    lists: [&Lists; 2],
    limit: usize,
) -> anyhow::Result<Option<StoredChanges>> {
    if settings.database.url.is_empty() && !settings.data_dir.join("datil.db").exists() {
        return Ok(None);
    }
    let db = open_db(settings).await?;
    let blobs = Blobs::open(&settings.blobs, &settings.data_dir)?;
    let bar = progress_bar(limit);
    let found = newest(&db, &blobs, lists, limit, &bar).await;
    bar.finish_and_clear();
    db.close().await;
    found.map(Some)
}

async fn newest(
    db: &Db,
    blobs: &Blobs,
    lists: [&Lists; 2],
    limit: usize,
    bar: &indicatif::ProgressBar,
) -> anyhow::Result<StoredChanges> {
    let mut found = StoredChanges::default();
    let mut after: Option<Cursor> = None;
    let mut left = limit;
    while left > 0 {
        let rows = list(db, &Filter::default(), after.as_ref(), PAGE).await?;
        let Some(last) = rows.last() else {
            break;
        };
        after = Some(Cursor {
            received: last.received,
            crash_id: last.id.to_string(),
        });
        let mut ids: Vec<CrashId> = rows
            .into_iter()
            .filter(|row| row.state == State::Processed)
            .map(|row| row.id)
            .collect();
        ids.truncate(left);
        left -= ids.len();
        let mut documents = stream::iter(ids)
            .map(|id| async move {
                let document = output::load(db, blobs, &id).await;
                (id, document)
            })
            .buffered(READS);
        while let Some((id, document)) = documents.next().await {
            match document {
                Ok(Stored::Valid(crash)) => {
                    found.add(id, Some(&CrashData::from_processed(&crash)), lists);
                }
                // It was deleted or processed again after it was listed; or it is damaged.
                Ok(Stored::None | Stored::Lost)
                | Err(StoreError::Damaged(_) | StoreError::Blob(BlobError::TooLarge { .. })) => {
                    found.add(id, None, lists);
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("reading crash {id}"));
                }
            }
            bar.inc(1);
        }
    }
    Ok(found)
}

fn progress_bar(limit: usize) -> indicatif::ProgressBar {
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{msg} {wide_bar} {pos} of at most {len}");
    let bar = indicatif::ProgressBar::new(u64::try_from(limit).unwrap_or(u64::MAX));
    bar.set_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()));
    bar.set_message("stored crashes");
    bar
}
