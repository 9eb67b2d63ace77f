//! Imports, told to people and to programs.

use std::io::Write;
use std::process::ExitCode;

use buildinfo::db::{Run, recent_runs};
use platform::clock;
use platform::db::Db;

/// Prints how an import went.
pub(crate) fn run(run: &Run, as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", serde_json::to_string(run)?)?;
    } else {
        writeln!(out, "{}", line(run))?;
        for line in run.policy().lines() {
            writeln!(out, "  {line}")?;
        }
        for note in run.notes.lines() {
            writeln!(out, "  {note}")?;
        }
    }
    Ok(())
}

/// Logs how an import went.
pub(crate) fn log(run: &Run) {
    if run.outcome == "complete" {
        tracing::info!("{}", line(run));
    } else {
        tracing::warn!("{}", line(run));
        for line in run.policy().lines() {
            tracing::warn!("  {line}");
        }
        for note in run.notes.lines() {
            tracing::warn!("  {note}");
        }
    }
}

/// `datil buildinfo runs`
pub(crate) async fn runs(db: &Db, as_json: bool) -> anyhow::Result<ExitCode> {
    let found = recent_runs(db, 50).await?;
    if found.is_empty() && !as_json {
        writeln!(std::io::stdout(), "nothing was imported yet")?;
    }
    for one in found {
        run(&one, as_json)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn line(run: &Run) -> String {
    let seconds = run.ended.map(|end| (end - run.started) as f64 / 1e6);
    let took = seconds.map_or_else(|| "not ended".to_owned(), |s| format!("{s:.1} s"));
    format!(
        "{} import {}: {}, {} records ({} new, {} known, {} errors) in {} requests, {took}; generation {}",
        clock::rfc3339(run.started),
        run.source,
        run.outcome,
        run.records,
        run.new_records,
        run.unchanged,
        run.errors,
        run.requests,
        run.generation,
    )
}
