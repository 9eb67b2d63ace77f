//! `datil up`: the whole system in one process; with `--demo` also the sources and crashes.

mod demo;
mod tour;

use std::process::ExitCode;

use clap::Args;

use super::serve::ended;
use crate::global::Global;
use crate::parts::Parts;
use crate::settings::Settings;

#[derive(Debug, Default, Args)]
pub(crate) struct UpArgs {
    /// Bring stand-ins for the sources of builds, import from them, submit sample crashes, and end in
    /// six things to try; uses the folder ./datil-demo
    #[arg(long)]
    pub(crate) demo: bool,
}

pub(crate) async fn run(mut settings: Settings, args: &UpArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let stand_ins = if args.demo {
        Some(demo::StandIns::prepare(&mut settings).await?)
    } else {
        None
    };
    let mut parts = Parts::open(settings).await?;
    let collector = parts.start_collector()?;
    let lookup = parts.start_lookup();
    let search = parts.start_search();
    let router = collector
        .merge(parts.webapp(search))
        .merge(parts.build_api(lookup.clone()))
        .merge(parts.operations());
    let address = parts.serve(router, 8000).await?;
    let root = format!("http://{address}");
    parts.start_processor(lookup.clone())?;
    parts.start_upkeep();
    parts.start_bugs();
    parts.start_sequencer();
    match stand_ins {
        Some(stand_ins) => stand_ins.start(&parts, lookup, root, global).await?,
        None => {
            tracing::info!("up at {root}/ with data in {}", parts.settings.data_dir.display());
            parts.start_schedule()?;
        }
    }
    ended(parts).await
}
