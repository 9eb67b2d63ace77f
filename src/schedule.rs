//! Imports by the configured schedule, in a long-running process.

use buildinfo::db::Alarm;
use buildinfo::import::{ImportError, Options, import};
use buildinfo::watch::alarm;
use buildinfo::watch::importer;
use builds::unknown::FetchPlan;
use platform::clock;
use platform::db::Db;
use tokio_util::sync::CancellationToken;

use crate::import_run;
use crate::owner::owner;

/// Imports at the start, then by schedule, and at once when an unknown build raises an alarm.
pub(crate) async fn import_by_schedule(
    db: Db,
    settings: buildinfo::Settings,
    schedule: cron::Schedule,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let ended = tokio::select! {
        ended = import_by(&db, &settings, &schedule, &stop) => ended,
        never = importer::announce(&db) => match never {},
    };
    importer::take_back(&db).await;
    ended
}

async fn import_by(
    db: &Db,
    settings: &buildinfo::Settings,
    schedule: &cron::Schedule,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut alarms: Vec<(Alarm, FetchPlan)> = Vec::new();
    loop {
        let options = Options {
            wait: false,
            wanted: alarms.iter().map(|(_, plan)| plan.clone()).collect(),
            ..Options::default()
        };
        match import(db, settings, &options, &owner(), stop, &|_| {}).await {
            Ok(run) => {
                import_run::log(&run);
                alarm::record_import(db, &alarms, &run.outcome).await;
            }
            Err(ImportError::Stopped) => return Ok(()),
            Err(ImportError::Busy(lease)) => {
                tracing::info!(owner = lease.owner, "an import runs already");
            }
            Err(error) => tracing::error!(%error, "the import broke off; the next one goes on"),
        }
        let now = clock::now();
        let next = schedule.after(&now).next();
        let next_time = async {
            match next {
                Some(next) => clock::sleep((next - now).to_std().unwrap_or_default()).await,
                // The schedule has no times left, but alarms may be raised.
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = next_time => alarms.clear(),
            raised = alarm::wait_for_untried(db) => alarms = raised,
        }
    }
}
