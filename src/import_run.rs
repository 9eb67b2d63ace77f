//! Summarises an import in one line.

use buildinfo::db::Run;
use platform::clock;

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

/// How an import went, in one line.
pub(crate) fn line(run: &Run) -> String {
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
