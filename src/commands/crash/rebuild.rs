//! `datil crash rebuild`: makes the rows of crashes again from what the blob store holds.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use builds::names::product::name_in_answers;
use chrono::NaiveDate;
use clap::Args;
use crashstore::rebuild::{Counts, Progress, Rebuild, Rebuilt, Told};
use platform::blobs::Blobs;
use platform::db::Db;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::commands::buildinfo::{progress_bar, step, stop_at_signal};
use crate::settings::Settings;

/// So many problems are named.
const NAMED: u64 = 10;

#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    /// Only crashes that came in on this day or later, by their ids (YYYY-MM-DD, UTC). Processed crashes without a raw
    /// crash are looked for only without --from and --to
    #[arg(long, value_name = "DAY")]
    from: Option<NaiveDate>,
    /// Only crashes that came in on this day or earlier, by their ids (YYYY-MM-DD, UTC)
    #[arg(long, value_name = "DAY")]
    to: Option<NaiveDate>,
    /// Begin with the first day, even if an earlier run was interrupted or could not read all
    #[arg(long)]
    anew: bool,
}

pub(super) async fn run(settings: &Settings, db: Db, args: &RebuildArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        bail!("--from {from} is later than --to {to}");
    }
    let work = Rebuild {
        blobs: Blobs::open(&settings.blobs, &settings.data_dir)?,
        db,
        store: store(settings)?,
        from: args.from,
        to: args.to,
        anew: args.anew,
        lookup_name: |product| name_in_answers(product).unwrap_or(product).to_owned(),
    };
    let stop = CancellationToken::new();
    tokio::spawn(stop_at_signal(stop.clone()));
    let began = Instant::now();
    let mut screen = Screen::new();
    let rebuilt = work.run(&stop, &mut |told| screen.show(&told)).await;
    screen.end();
    let rebuilt = rebuilt.context("the rows that were made stay, and the next run goes on")?;
    work.db.close().await;
    print(&rebuilt, began.elapsed().as_secs_f64(), as_json)?;
    let counts = &rebuilt.counts;
    let mut err = std::io::stderr();
    if rebuilt.stopped {
        writeln!(
            err,
            "stopped: what was made stays, and the same command goes on with the day it had come to"
        )?;
    }
    if counts.crashes == 0 && counts.not_read == 0 && !rebuilt.stopped {
        writeln!(
            err,
            "the blob store holds no raw crash of these days: is `blobs.url` the right one?"
        )?;
    }
    if counts.not_read > 0 {
        writeln!(
            err,
            "not everything could be read: the same command goes on with the first day of which something is left"
        )?;
    }
    let is_whole = counts.damaged == 0 && counts.missing == 0 && counts.not_read == 0 && !rebuilt.stopped;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The address of the blob store. That of a folder does not depend on where the command is run.
fn store(settings: &Settings) -> anyhow::Result<String> {
    if !settings.blobs.url.is_empty() {
        return Ok(settings.blobs.url.clone());
    }
    let folder = &settings.data_dir;
    let folder = std::fs::canonicalize(folder).with_context(|| format!("finding {}", folder.display()))?;
    Ok(folder.display().to_string())
}

/// What a person sees while rows are made.
struct Screen {
    bar: indicatif::ProgressBar,
    problems: u64,
}

impl Screen {
    fn new() -> Self {
        Self {
            bar: progress_bar(),
            problems: 0,
        }
    }

    fn show(&mut self, told: &Told) {
        match told {
            Told::At(progress) => step(&self.bar, at(progress), progress.days, progress.of),
            Told::Resumed(day) => self.say(&format!(
                "an earlier run was interrupted or could not read all: this one goes on after {day} (with --anew it \
                 begins with the first day)"
            )),
            Told::Problem(problem) => {
                self.problems += 1;
                if self.problems <= NAMED {
                    self.say(&problem.to_string());
                }
            }
        }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| {
            // If even this cannot be written, the counts and the exit code have to do.
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }

    fn end(&self) {
        self.bar.finish_and_clear();
        if self.problems > NAMED {
            self.say(&format!("… and {} more", number(self.problems - NAMED)));
        }
    }
}

/// How far it has come, beside the bar.
fn at(progress: &Progress) -> String {
    match progress.day {
        Some(day) => format!("{day}: {} crashes", number(progress.crashes)),
        None => format!("looking for raw crashes: {}", number(progress.listed)),
    }
}

fn number(count: u64) -> String {
    text::thousands(i64::try_from(count).unwrap_or(i64::MAX))
}

fn print(rebuilt: &Rebuilt, seconds: f64, as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    if as_json {
        writeln!(out, "{}", as_object(rebuilt, seconds))?;
    } else {
        for line in lines(&rebuilt.counts) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn as_object(rebuilt: &Rebuilt, seconds: f64) -> Value {
    let counts = &rebuilt.counts;
    json!({
        "days": counts.days,
        "crashes": counts.crashes,
        "made": {"processed": counts.processed, "received": counts.received, "duplicates": counts.duplicates},
        "replaced": counts.replaced,
        "search_rows": counts.search_rows,
        "unchanged": counts.unchanged,
        "deleted": counts.deleted,
        "left_to_others": counts.left_to_others,
        "left_to_collectors": counts.left_to_collectors,
        "foreign": counts.foreign,
        "damaged": counts.damaged,
        "missing": counts.missing,
        "not_read": counts.not_read,
        "resumed_after": rebuilt.resumed_after,
        "stopped": rebuilt.stopped,
        "seconds": (seconds * 1000.0).round() / 1000.0,
    })
}

/// The counts for people: what was gone through, what was made, and what there was besides, if there was any.
fn lines(counts: &Counts) -> Vec<String> {
    let mut lines = vec![
        format!("days: {}", number(counts.days)),
        format!("raw crashes: {}", number(counts.crashes)),
    ];
    let made = [
        ("rows made of processed crashes", counts.processed),
        (
            "rows made of crashes that are not processed (nothing was queued)",
            counts.received,
        ),
        ("rows made of later copies of other reports", counts.duplicates),
        ("rows written again, because they differed", counts.replaced),
        ("search rows written", counts.search_rows),
    ];
    let besides = [
        ("crashes that had their rows", counts.unchanged),
        ("crashes that were deleted, and stay so", counts.deleted),
        ("crashes left to others, who write them now", counts.left_to_others),
        (
            "crashes left to collectors, who record and queue them when they start",
            counts.left_to_collectors,
        ),
        ("objects that are no raw crash, by their names", counts.foreign),
        ("damaged objects", counts.damaged),
        ("missing objects", counts.missing),
        ("crashes of which an object could not be fetched", counts.not_read),
    ];
    let some = |counts: &[(&str, u64)]| -> Vec<String> {
        let some = counts.iter().filter(|(_, count)| *count > 0);
        some.map(|(what, count)| format!("{what}: {}", number(*count)))
            .collect()
    };
    lines.extend(some(&made));
    if counts.written() == 0 {
        lines.push("no row was changed".to_owned());
    }
    lines.extend(some(&besides));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_what_there_was_and_nothing_else() {
        let nothing = Counts {
            days: 2,
            crashes: 1200,
            unchanged: 1200,
            ..Counts::default()
        };
        assert_eq!(
            lines(&nothing),
            [
                "days: 2",
                "raw crashes: 1,200",
                "no row was changed",
                "crashes that had their rows: 1,200"
            ]
        );
        let some = Counts {
            days: 1,
            crashes: 3,
            processed: 1,
            search_rows: 1,
            left_to_collectors: 1,
            damaged: 2,
            not_read: 1,
            ..Counts::default()
        };
        assert_eq!(
            lines(&some),
            [
                "days: 1",
                "raw crashes: 3",
                "rows made of processed crashes: 1",
                "search rows written: 1",
                "crashes left to collectors, who record and queue them when they start: 1",
                "damaged objects: 2",
                "crashes of which an object could not be fetched: 1"
            ]
        );
    }

    #[test]
    fn the_object_has_every_count() {
        let rebuilt = Rebuilt {
            counts: Counts {
                missing: 4,
                left_to_collectors: 5,
                not_read: 6,
                ..Counts::default()
            },
            resumed_after: NaiveDate::from_ymd_opt(2026, 6, 1),
            stopped: true,
        };
        let object = as_object(&rebuilt, 1.23456);
        assert_eq!(object["missing"], 4);
        assert_eq!(
            (&object["left_to_collectors"], &object["not_read"]),
            (&json!(5), &json!(6))
        );
        assert_eq!(object["resumed_after"], "2026-06-01");
        assert_eq!(object["stopped"], true);
        assert_eq!(object["seconds"], 1.235);
    }
}
