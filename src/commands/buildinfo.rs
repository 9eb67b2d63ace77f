//! `datil buildinfo`: import and look up builds.

mod lookup;
mod report;

use std::future::Future;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context;
use buildinfo::import::{Choice, ImportError, Options, Progress, import};
use buildinfo::{Product, SourceName};
use clap::{Args, Subcommand, ValueEnum};
use platform::clock;
use platform::db::Db;
use tokio_util::sync::CancellationToken;

use crate::parts::{open_db, owner};
use crate::settings::Settings;

/// Another import runs (`EX_TEMPFAIL`).
const BUSY: u8 = 75;

#[derive(Debug, Subcommand)]
pub(crate) enum BuildinfoCommand {
    /// Run the build service alone (port 8001)
    Serve,
    /// Read the sources and derive what their words mean
    Import(ImportArgs),
    /// Say which build that is
    Lookup(lookup::LookupArgs),
    /// Say which build that is, and how we know
    Explain(lookup::QuestionArgs),
    /// List the last imports
    Runs,
    /// Write all builds into one file, for look-ups elsewhere
    Snapshot(SnapshotArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SnapshotArgs {
    /// Where to write it; `lookup --snapshot` reads it
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// What to read
    #[arg(long, value_enum, default_value = "auto")]
    source: Source,
    /// Only this product; may be given many times
    #[arg(long, value_name = "PRODUCT")]
    product: Vec<String>,
    /// Only what was uploaded on this day (UTC) or later; without it, all that is new
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<chrono::NaiveDate>,
    /// Read everything, whatever was read before
    #[arg(long)]
    full: bool,
    /// Do not wait while another import runs: exit 75
    #[arg(long)]
    no_wait: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Source {
    /// product-details and Buildhub
    Auto,
    /// Buildhub alone
    Buildhub,
    /// product-details alone
    ProductDetails,
}

pub(crate) async fn run(
    settings: Settings,
    command: BuildinfoCommand,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    if matches!(command, BuildinfoCommand::Serve) {
        return super::serve::buildinfo(settings).await;
    }
    if let BuildinfoCommand::Lookup(args) = &command
        && let Some(file) = &args.snapshot
    {
        return lookup::lookup_in_snapshot(file, args).await;
    }
    let db = open_db(&settings).await?;
    let code = match command {
        BuildinfoCommand::Serve => ExitCode::FAILURE,
        BuildinfoCommand::Import(args) => run_import(&db, &settings, &args, as_json).await?,
        BuildinfoCommand::Lookup(args) => lookup::lookup(&db, &args).await?,
        BuildinfoCommand::Explain(args) => lookup::explain(&db, &args, as_json).await?,
        BuildinfoCommand::Snapshot(args) => report::snapshot(&db, &args.file, as_json).await?,
        BuildinfoCommand::Runs => report::runs(&db, as_json).await?,
    };
    db.close().await;
    Ok(code)
}

async fn run_import(
    db: &Db,
    settings: &Settings,
    args: &ImportArgs,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let products: Vec<Product> = args
        .product
        .iter()
        .map(|name| {
            name.parse()
                .with_context(|| format!("{name:?} is no product that has builds"))
        })
        .collect::<anyhow::Result<_>>()?;
    let options = Options {
        choice: match args.source {
            Source::Auto => Choice::Auto,
            Source::Buildhub => Choice::Only(SourceName::Buildhub),
            Source::ProductDetails => Choice::Only(SourceName::ProductDetails),
        },
        products,
        since: args.since.map(|day| {
            day.and_time(chrono::NaiveTime::MIN)
                .and_utc()
                .timestamp_micros()
        }),
        full: args.full,
        wait: !args.no_wait,
    };
    let stop = CancellationToken::new();
    tokio::spawn(stop_at_signal(stop.clone()));
    let bar = progress_bar();
    let shown = |progress: Progress| show(&bar, &progress);
    let outcome = import(db, &settings.buildinfo, &options, &owner(), &stop, &shown).await;
    bar.finish_and_clear();
    match outcome {
        Ok(run) => {
            report::run(&run, as_json)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error @ ImportError::Busy(_)) => {
            tracing::warn!("{error}");
            Ok(ExitCode::from(BUSY))
        }
        Err(error) => Err(error.into()),
    }
}

async fn stop_at_signal(stop: CancellationToken) {
    // Without a handler the default action ends the process, which an import survives.
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.cancel();
    }
}

fn progress_bar() -> indicatif::ProgressBar {
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{msg:26} {wide_bar} {pos}/{len} {eta}");
    let bar = indicatif::ProgressBar::new(0);
    bar.set_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()));
    bar
}

fn show(bar: &indicatif::ProgressBar, progress: &Progress) {
    match progress {
        Progress::Waiting(owner) => bar.set_message(format!("waiting for import {owner}")),
        Progress::Reading {
            source,
            done,
            total,
        } => {
            bar.set_message(format!("reading {source}"));
            bar.set_length(*total);
            bar.set_position(*done);
        }
        Progress::Deriving { done, total } => {
            bar.set_message("deriving builds");
            bar.set_length(*total);
            bar.set_position(*done);
        }
    }
}

/// The task that imports at its start and then by the schedule.
pub(crate) fn schedule(
    db: Db,
    settings: buildinfo::Settings,
    stop: CancellationToken,
) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + Send> {
    let schedule = cron::Schedule::from_str(&settings.schedule).with_context(|| {
        format!(
            "buildinfo.schedule {:?}: {}",
            settings.schedule, "seconds minutes hours day-of-month month day-of-week are wanted"
        )
    })?;
    Ok(async move {
        loop {
            let options = Options {
                wait: false,
                ..Options::default()
            };
            match import(&db, &settings, &options, &owner(), &stop, &|_| {}).await {
                Ok(run) => report::log(&run),
                Err(ImportError::Stopped) => return Ok(()),
                Err(ImportError::Busy(lease)) => {
                    tracing::info!(owner = lease.owner, "an import runs already");
                }
                Err(error) => tracing::error!(%error, "the import broke off; the next one goes on"),
            }
            let now = clock::now();
            let Some(next) = schedule.after(&now).next() else {
                stop.cancelled().await;
                return Ok(());
            };
            let pause = (next - now).to_std().unwrap_or_default();
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    })
}
