//! `datil buildinfo`: import and look up builds.

mod audit;
mod builds;
mod corrections;
mod lookup;
mod preview;
mod print;
mod rebuild;
mod report;
mod table;
mod tape;
mod unknown;
mod versions;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use ::builds::{Product, SourceName};
use anyhow::{Context, ensure};
use buildinfo::import::{Choice, ImportError, Options, import};
use buildinfo::sources::Tape;
use buildinfo::watch::alarm;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use platform::clock;
use platform::db::Db;

use self::work::Work;
pub(crate) use self::work::{progress_bar, show, step, stop_at_signal};
use crate::parts::open_db;
use crate::settings::Settings;

/// Another import is running (`EX_TEMPFAIL`).
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
    /// List the versions of a product with their builds, and which of them shipped; newest first
    Versions(versions::VersionsArgs),
    /// List builds, newest first
    Builds(builds::BuildsArgs),
    /// Say which build of each channel and line users are offered, and which was built last
    Latest(versions::LatestArgs),
    /// Say what lies between two builds
    Compare(builds::CompareArgs),
    /// State what the sources have wrong, or take that back
    #[command(subcommand)]
    Correct(corrections::CorrectCommand),
    /// Derive every build again, or what corrections in a file would change
    Rebuild(rebuild::RebuildArgs),
    /// Write all builds to stdout
    Export(table::ExportArgs),
    /// Read builds from a table with Socorro's columns
    LoadCsv(table::LoadCsvArgs),
    /// List the last imports
    Runs,
    /// Write the answers that the sources gave during an import to a file
    Capture(tape::CaptureArgs),
    /// Import from such a file into an empty database (choose it with --data)
    Replay(tape::ReplayArgs),
    /// List what is wrong with the data and what to do about it, and how good each source is
    #[command(after_help = audit::EXIT_CODE)]
    Audit(audit::AuditArgs),
    /// List the build ids that no source knows, with the alarms that are on, and who looks for them
    Unknown(unknown::UnknownArgs),
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
    #[arg(long, value_parser = choices(), default_value = "auto")]
    source: Choice,
    /// Only this product; may be given many times
    #[arg(long, value_name = "PRODUCT")]
    product: Vec<String>,
    /// Only what was uploaded on this day (UTC) or later; without it, all that is new
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<chrono::NaiveDate>,
    /// Read everything, whatever was read before
    #[arg(long)]
    full: bool,
    /// Keep every answer of the sources word for word, for `capture`
    #[arg(long)]
    keep_responses: bool,
    /// Do not wait while another import runs: exit 75
    #[arg(long)]
    no_wait: bool,
}

/// What can be read: all, or one of the sources that imports read.
fn choices() -> impl TypedValueParser<Value = Choice> {
    let all =
        PossibleValue::new("auto").help("product-details, Buildhub, and from the archive what Buildhub does not have");
    let alone = SourceName::all().map(SourceName::row).filter(|row| row.is_read());
    let alone = alone.map(|row| PossibleValue::new(row.name).help(format!("{} alone", row.title)));
    let values: Vec<PossibleValue> = std::iter::once(all).chain(alone).collect();
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Choice>())
}

pub(crate) async fn run(settings: Settings, command: BuildinfoCommand, as_json: bool) -> anyhow::Result<ExitCode> {
    if matches!(command, BuildinfoCommand::Serve) {
        return super::serve::buildinfo(settings).await;
    }
    if let BuildinfoCommand::Replay(args) = &command {
        return tape::replay(&settings, args, as_json).await;
    }
    if let BuildinfoCommand::Lookup(args) = &command
        && let Some(file) = &args.snapshot
    {
        return lookup::lookup_in_snapshot(file, args).await;
    }
    let db = open_db(&settings).await?;
    let code = match command {
        BuildinfoCommand::Serve | BuildinfoCommand::Replay(_) => ExitCode::FAILURE,
        BuildinfoCommand::Import(args) => run_import(&db, &settings, &args, as_json).await?,
        BuildinfoCommand::Lookup(args) => lookup::lookup(&db, &args).await?,
        BuildinfoCommand::Explain(args) => lookup::explain(&db, &args, as_json).await?,
        BuildinfoCommand::Capture(args) => tape::capture(&db, &settings, &args).await?,
        BuildinfoCommand::Versions(args) => versions::versions(&db, &args, as_json).await?,
        BuildinfoCommand::Builds(args) => builds::builds(&db, &args, as_json).await?,
        BuildinfoCommand::Latest(args) => versions::latest(&db, &args, as_json).await?,
        BuildinfoCommand::Compare(args) => builds::compare(&db, &args, as_json).await?,
        BuildinfoCommand::Correct(command) => corrections::correct(&db, command, as_json).await?,
        BuildinfoCommand::Rebuild(args) => rebuild::rebuild(&db, &args, as_json).await?,
        BuildinfoCommand::Export(args) => table::export(&db, &args).await?,
        BuildinfoCommand::LoadCsv(args) => table::load(&db, args, as_json).await?,
        BuildinfoCommand::Snapshot(args) => report::snapshot(&db, &args.file, as_json).await?,
        BuildinfoCommand::Runs => report::runs(&db, as_json).await?,
        BuildinfoCommand::Unknown(args) => unknown::unknown(&db, &args, as_json).await?,
        BuildinfoCommand::Audit(args) => audit::audit(&db, &args, as_json).await?,
    };
    db.close().await;
    Ok(code)
}

async fn run_import(db: &Db, settings: &Settings, args: &ImportArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let products: Vec<Product> = args
        .product
        .iter()
        .map(|name| {
            name.parse()
                .with_context(|| format!("{name:?} is no product that has builds"))
        })
        .collect::<anyhow::Result<_>>()?;
    // If no process imports on its own, this searches for the builds of alarms.
    let alarms = match args.source {
        Choice::Auto => alarm::open(db, &products).await?,
        _ => Vec::new(),
    };
    let options = Options {
        choice: args.source,
        products,
        since: args
            .since
            .map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros()),
        full: args.full,
        wait: !args.no_wait,
        wanted: alarms.iter().map(|(_, plan)| plan.clone()).collect(),
        tape: args.keep_responses.then(|| Arc::new(Tape::new())),
        ..Options::default()
    };
    let work = Work::start();
    let settings = &settings.buildinfo;
    let outcome = import(db, settings, &options, &work.owner, &work.stop, &work.report()).await;
    work.end();
    match outcome {
        Ok(run) => {
            alarm::record_import(db, &alarms, &run.outcome).await;
            report::run(&run, as_json)?;
            ensure!(
                run.outcome != "failed",
                "no source could be read; what was known stays, and the next import tries again"
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(ImportError::Busy(lease)) => {
            let (owner, until) = (lease.owner, clock::rfc3339(lease.until));
            tracing::warn!("another import runs, by {owner}; if its process is dead, one can begin after {until}");
            Ok(ExitCode::from(BUSY))
        }
        Err(error) => Err(error.into()),
    }
}
