//! Single services, for running several; and `datil migrate`.

use std::process::ExitCode;

use platform::db::Db;
use platform::lifecycle::Ended;

use crate::parts::Parts;
use crate::settings::Settings;

/// `datil collector`
pub(crate) async fn collector(settings: Settings) -> anyhow::Result<ExitCode> {
    let mut parts = Parts::open(settings).await?;
    let router = parts.start_collector()?.merge(parts.operations());
    let address = parts.serve(router, 8000).await?;
    tracing::info!("taking crash reports at http://{address}/submit");
    ended(parts).await
}

/// `datil webapp`
pub(crate) async fn webapp(settings: Settings) -> anyhow::Result<ExitCode> {
    let parts = Parts::open(settings).await?;
    parts.start_sequencer();
    let search = parts.start_search();
    let router = parts.webapp(search).merge(parts.operations());
    let address = parts.serve(router, 8002).await?;
    tracing::info!("pages at http://{address}/");
    ended(parts).await
}

/// `datil processor`
pub(crate) async fn processor(settings: Settings) -> anyhow::Result<ExitCode> {
    let parts = Parts::open(settings).await?;
    let lookup = parts.start_lookup();
    parts.start_processor(lookup)?;
    parts.start_upkeep();
    parts.start_bugs();
    parts.start_sequencer();
    let address = parts.serve(parts.operations(), 8003).await?;
    tracing::info!("processing; health and metrics at http://{address}/");
    ended(parts).await
}

/// `datil buildinfo serve`
pub(crate) async fn buildinfo(settings: Settings) -> anyhow::Result<ExitCode> {
    let parts = Parts::open(settings).await?;
    let lookup = parts.start_lookup();
    parts.start_schedule()?;
    parts.start_upkeep();
    parts.start_bugs();
    parts.start_sequencer();
    let router = parts.build_api(lookup).merge(parts.operations());
    let address = parts.serve(router, 8001).await?;
    tracing::info!("builds at http://{address}/api/v1/");
    ended(parts).await
}

/// Waits until the process should stop, and closes the database.
pub(crate) async fn ended(parts: Parts) -> anyhow::Result<ExitCode> {
    let Parts { db, lifecycle, .. } = parts;
    let ended = lifecycle.run_until_stopped().await;
    // The pool waits for connections in use, and a task that did not end may hold one.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), db.close()).await;
    Ok(match ended {
        Ended::Cleanly => ExitCode::SUCCESS,
        Ended::Badly => ExitCode::FAILURE,
    })
}

/// `datil migrate`
pub(crate) async fn migrate(settings: &Settings) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&settings.data_dir)?;
    let db = Db::connect(&settings.database, &settings.data_dir).await?;
    db.migrate(&settings.data_dir).await?;
    tracing::info!(engine = db.engine(), "the schema is up to date");
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
