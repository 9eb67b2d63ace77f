//! Queues crashes for enrichment when conclusions about their builds change.

use std::time::Duration;

use buildinfo::db::{Change, ChangeCursor, changes_after, changes_removed};
use builds::names::product::concerned_by;
use crashstore::db::{concerned, with_old_answers};
use platform::clock;
use platform::db::{DbError, progress, set_progress};
use platform::queue::{self, Kind, Lane};
use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use crate::meters::REQUEUED;

/// The name under which progress is stored: the last generation whose changes were all passed on.
const PROGRESS: &str = "enriched_generation";
/// Maximum changes read at a time.
const CHANGES: i64 = 500;
/// Maximum crashes pushed in one transaction.
const CRASHES: i64 = 500;
/// How often to check whether a newer generation is loaded.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Passes changes on until `stop`.
pub(super) async fn run(shared: &Shared, stop: &CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            result = pass_on(shared) => {
                if let Err(error) = result {
                    tracing::warn!(%error, "changes of builds could not be passed on");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Passes on the changes up to the generation that this process uses for look-ups. An interrupted round starts again at
/// its generation; crashes enriched in the meantime are not pushed twice.
pub(super) async fn pass_on(shared: &Shared) -> Result<(), DbError> {
    let mut done = progress(&shared.db, PROGRESS).await?;
    let usable = shared.lookup.generation();
    if usable <= done {
        return Ok(());
    }
    let mut cursor = ChangeCursor {
        generation: done,
        within: None,
    };
    loop {
        let changes = changes_after(&shared.db, &cursor, CHANGES).await?;
        let Some(last) = changes.last() else {
            break;
        };
        for change in changes.iter().filter(|change| change.generation <= usable) {
            if change.generation > cursor.generation {
                finish(shared, &mut done, change.generation - 1).await?;
            }
            cursor = ChangeCursor {
                generation: change.generation,
                within: Some((change.product.clone(), change.build_id)),
            };
            push_concerned(shared, change).await?;
        }
        if last.generation > usable {
            break;
        }
    }
    finish(shared, &mut done, usable).await
}

/// Records that all changes after the generation `done` up to this one were passed on. Changes removed earlier because
/// of their age may have concerned any crash.
async fn finish(shared: &Shared, done: &mut i64, generation: i64) -> Result<(), DbError> {
    if generation <= *done {
        return Ok(());
    }
    // Asked after the changes were read: none of those that existed then is missing.
    let removed = changes_removed(&shared.db).await?;
    if removed > *done {
        tracing::info!(
            done,
            removed,
            "changes of builds were removed before they were passed on: every older crash is looked up again"
        );
        push_older(shared, removed).await?;
    }
    let mut tx = shared.db.begin().await?;
    set_progress(&mut tx, PROGRESS, generation).await?;
    tx.commit().await?;
    *done = generation;
    Ok(())
}

async fn push_older(shared: &Shared, generation: i64) -> Result<(), DbError> {
    let mut after = Some(String::new());
    while let Some(last) = after {
        let old = with_old_answers(&shared.db, generation, &last, CRASHES).await?;
        push(shared, &old.crashes).await?;
        after = old.next;
    }
    Ok(())
}

async fn push_concerned(shared: &Shared, change: &Change) -> Result<(), DbError> {
    for product in concerned_by(&change.product) {
        push_of_product(shared, change, product).await?;
    }
    Ok(())
}

/// Pushes the crashes of a product that carry the build id of a change.
async fn push_of_product(shared: &Shared, change: &Change, product: &str) -> Result<(), DbError> {
    let build = change.build_id.to_string();
    let mut after = String::new();
    loop {
        let crashes = concerned(&shared.db, product, &build, change.generation, &after, CRASHES).await?;
        let Some(last) = crashes.last() else {
            return Ok(());
        };
        push(shared, &crashes).await?;
        after.clone_from(last);
    }
}

/// Requests another build look-up for these crashes.
async fn push(shared: &Shared, crashes: &[String]) -> Result<(), DbError> {
    if crashes.is_empty() {
        return Ok(());
    }
    let now = clock::now_micros();
    let mut tx = shared.db.begin().await?;
    for crash in crashes {
        queue::push(&mut tx, crash, Kind::Enrich, Lane::Enrichment, now).await?;
    }
    tx.commit().await?;
    let count = u64::try_from(crashes.len()).unwrap_or(0);
    REQUEUED.add(count);
    shared.wake.now();
    Ok(())
}
