//! `datil bugs`: which bugs name which crash signatures.

use std::io::Write;
use std::process::ExitCode;

use ::bugs::db::{AskError, bugs_of, details, list, signatures_of};
use ::bugs::import::{ImportError, Options, Progress, import};
use ::bugs::schedule::line;
use ::bugs::{Bug, BugSignature};
use clap::{Args, Subcommand};
use platform::clock;
use platform::db::Db;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::commands::buildinfo::{progress_bar, step, stop_at_signal};
use crate::owner::owner;
use crate::parts::open_db;
use crate::settings::Settings;

/// Another import is running (`EX_TEMPFAIL`).
const BUSY: u8 = 75;
/// Bugs read at a time.
const PAGE: usize = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum BugsCommand {
    /// Read from the Bugzilla what is new
    Import(ImportArgs),
    /// List known bugs with the signatures that they name
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Ask for all known bugs again, too, as is done once a day; those that are not shown any more are removed, however
    /// many they are
    #[arg(long)]
    again: bool,
    /// Do not wait while another import runs: exit 75
    #[arg(long)]
    no_wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only bugs that name this signature; may be given many times
    #[arg(long, value_name = "SIGNATURE")]
    signature: Vec<String>,
    /// Only the bug with this number; may be given many times
    #[arg(long, value_name = "NUMBER")]
    bug: Vec<i64>,
}

pub(crate) async fn run(settings: &Settings, command: BugsCommand, as_json: bool) -> anyhow::Result<ExitCode> {
    let db = open_db(settings).await?;
    let code = match command {
        BugsCommand::Import(args) => run_import(&db, settings, &args, as_json).await?,
        BugsCommand::List(args) => run_list(&db, &args, as_json).await?,
    };
    db.close().await;
    Ok(code)
}

async fn run_import(db: &Db, settings: &Settings, args: &ImportArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let options = Options {
        wait: !args.no_wait,
        again: args.again,
        ..Options::default()
    };
    let stop = CancellationToken::new();
    tokio::spawn(stop_at_signal(stop.clone()));
    let bar = progress_bar();
    let show = |progress: Progress| match progress {
        Progress::Waiting(owner) => bar.set_message(format!("waiting for {owner}")),
        Progress::Reading(done) => step(&bar, "reading bugs".to_owned(), done, done),
        Progress::Again { done, total } => step(&bar, "asking for known bugs".to_owned(), done, total),
    };
    let outcome = import(db, &settings.bugs, &options, &owner(), &stop, &show).await;
    bar.finish_and_clear();
    let done = match outcome {
        Ok(done) => done.unwrap_or_default(),
        Err(ImportError::Busy(holder)) => {
            let (owner, until) = (holder.owner, clock::rfc3339(holder.until));
            tracing::warn!("bugs are being imported by {owner}; if its process is dead, one can begin after {until}");
            return Ok(ExitCode::from(BUSY));
        }
        Err(error) => return Err(error.into()),
    };
    let mut out = std::io::stdout().lock();
    if as_json {
        let shown = json!({
            "started": clock::rfc3339(done.started), "read": done.read, "asked_again": done.asked_again,
            "written": done.changed.written, "removed": done.changed.removed, "requests": done.requests,
        });
        writeln!(out, "{shown}")?;
    } else {
        writeln!(out, "{}", line(&done))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_list(db: &Db, args: &ListArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut count = 0;
    if args.signature.is_empty() && args.bug.is_empty() {
        let mut last = 0;
        loop {
            let bugs = list(db, last, PAGE).await?;
            let Some(end) = bugs.last() else { break };
            last = end.id;
            let ids: Vec<i64> = bugs.iter().map(|bug| bug.id).collect();
            count += bugs.len();
            print(&bugs, &signatures_of(db, &ids).await?, as_json)?;
        }
    } else {
        let mut pairs = asked(db, args).await?;
        pairs.sort();
        pairs.dedup();
        let mut ids: Vec<i64> = pairs.iter().map(|pair| pair.id).collect();
        ids.dedup();
        for some in ids.chunks(PAGE) {
            let bugs = details(db, some).await?;
            count += bugs.len();
            print(&bugs, &pairs, as_json)?;
        }
    }
    if count == 0 && !as_json {
        writeln!(std::io::stderr(), "no such bug is known")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn asked(db: &Db, args: &ListArgs) -> Result<Vec<BugSignature>, AskError> {
    let mut pairs = bugs_of(db, &args.signature).await?;
    pairs.extend(signatures_of(db, &args.bug).await?);
    Ok(pairs)
}

fn print(bugs: &[Bug], pairs: &[BugSignature], as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for bug in bugs {
        let of_bug = pairs.iter().filter(|pair| pair.id == bug.id);
        let signatures: Vec<&str> = of_bug.map(|pair| pair.signature.as_str()).collect();
        if as_json {
            let mut shown = serde_json::to_value(bug)?;
            shown["signatures"] = json!(signatures);
            writeln!(out, "{shown}")?;
            continue;
        }
        let state = format!("{} {}", bug.status, bug.resolution);
        let assigned = if bug.assigned { ", assigned" } else { "" };
        writeln!(out, "{} {}{assigned}: {}", bug.id, state.trim(), bug.summary)?;
        for signature in signatures {
            writeln!(out, "    {signature}")?;
        }
    }
    Ok(())
}
