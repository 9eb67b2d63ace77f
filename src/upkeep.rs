//! The upkeep of a running system: finishes what was left half-done and removes what is old. Several processes may run
//! it at once.

use std::time::Duration;

use platform::blobs::Blobs;
use platform::clock;
use platform::db::Db;
use tokio_util::sync::CancellationToken;

use crate::meters;
use crate::settings::Retention;

/// How often it runs.
const EVERY: Duration = Duration::from_secs(60);
/// A pause between two steps, so that others can write.
const BREATH: Duration = Duration::from_millis(200);

/// Runs the upkeep until `stop`.
pub(crate) async fn run(
    db: Db,
    blobs: Blobs,
    retention: Retention,
    builds: buildinfo::Settings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let work = async {
            keep_crashes(&db, &blobs, &retention).await;
            keep_builds(&db, &builds).await;
            keep_audit_log(&db, &retention).await;
        };
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = work => {}
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = clock::sleep(EVERY) => {}
        }
    }
}

async fn keep_builds(db: &Db, settings: &buildinfo::Settings) {
    loop {
        match buildinfo::watch::upkeep::step(db, settings, clock::now_micros()).await {
            Ok(pruned) => {
                if pruned.more {
                    tracing::info!(removed = ?pruned.removed, "old history of builds was removed");
                    tokio::time::sleep(BREATH).await;
                } else {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the upkeep of builds stopped; it goes on later");
                return;
            }
        }
    }
}

async fn keep_audit_log(db: &Db, retention: &Retention) {
    loop {
        match platform::access::prune(db, before(retention.audit_log_days), clock::now_micros()).await {
            Ok(pruned) => {
                if pruned.lines > 0 {
                    tracing::info!(removed = pruned.lines, "old lines of the audit log were removed");
                }
                if !pruned.more {
                    return;
                }
                tokio::time::sleep(BREATH).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the upkeep of the audit log stopped; it goes on later");
                return;
            }
        }
    }
}

/// So many days ago, microseconds UTC.
fn before(days: u16) -> i64 {
    let time = Duration::from_secs(u64::from(days) * 86_400);
    clock::now_micros().saturating_sub(clock::micros(time))
}

async fn keep_crashes(db: &Db, blobs: &Blobs, retention: &Retention) {
    let kept = match crashstore::upkeep::run(db, blobs, before(retention.tombstones_days)).await {
        Ok(kept) => kept,
        Err(error) => {
            tracing::warn!(%error, "the upkeep of crashes stopped; it goes on later");
            return;
        }
    };
    for (what, count) in [
        ("copied", kept.copied),
        ("discarded", kept.discarded),
        ("cleaned", kept.cleaned),
        ("lost", kept.lost),
        ("forgotten", kept.forgotten),
    ] {
        meters::UPKEEP.add_with(count, [what]);
    }
    if kept != crashstore::upkeep::Kept::default() {
        tracing::info!(?kept, "what was left of crashes was put in order");
    }
}
