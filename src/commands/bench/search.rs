//! `datil bench search`: searches over invented crashes, and SQLite on the same rows beside them.

mod asked;
mod db;
mod rows;

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use clap::{Args, ValueEnum, value_parser};

use super::figures::{Figures, Limit};
use super::verdict::Verdict;
use rows::{Fields, Shape, World};

/// How often each question is asked; the best counts.
const TIMES: usize = 5;
/// A question that took longer than this, in seconds, is not asked again.
const LONG: f64 = 3.0;
/// SQLite is not asked about more crashes than this: it would take hours.
const MOST_IN_SQLITE: u64 = 2_000_000;
/// Rows made to measure how fast they are made.
const SAMPLE: u64 = 50_000;

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// How many crashes there are
    #[arg(long, value_name = "N", default_value_t = 350_000, value_parser = value_parser!(u64).range(1..=100_000_000))]
    rows: u64,
    /// Over how many days they are spread
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = value_parser!(u32).range(1..=3_660))]
    days: u32,
    /// Which fields they have
    #[arg(long, value_enum, default_value_t = Width::Wide)]
    fields: Width,
    /// Leave out SQLite; it is left out anyway where there are more than 2,000,000 crashes
    #[arg(long)]
    no_sqlite: bool,
    /// Work in a new folder in this one, which is removed at the end; without it, in the system's temporary folder
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    pub(super) verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Width {
    /// All 161
    Wide,
    /// The 44 most used
    Narrow,
}

pub(super) async fn measure(args: &SearchArgs, figures: &mut Figures) -> anyhow::Result<()> {
    let fields = match args.fields {
        Width::Wide => Fields::Wide,
        Width::Narrow => Fields::Narrow,
    };
    let world = World::new(
        1,
        Shape {
            rows: args.rows,
            days: args.days,
            fields,
        },
    );
    figures.heading(&format!(
        "Search over {} crashes of {} days",
        text::thousands(i64::try_from(args.rows)?),
        args.days
    ))?;
    let sample = args.rows.min(SAMPLE);
    let began = Instant::now();
    let values: usize = (0..sample).map(|n| world.row(n).values.len()).sum();
    figures.add(
        "rows made",
        sample as f64 / began.elapsed().as_secs_f64(),
        "a second",
        Limit::None,
    )?;
    figures.add("values of a row", values as f64 / sample as f64, "", Limit::None)?;
    let folder = match &args.data {
        Some(data) => tempfile::tempdir_in(data),
        None => tempfile::tempdir(),
    };
    let folder = folder.context("no folder to work in")?;
    if !args.no_sqlite && args.rows <= MOST_IN_SQLITE {
        beside(&world, args.rows, folder.path(), figures).await?;
    }
    Ok(folder.close()?)
}

/// SQLite on the same rows.
async fn beside(world: &World, rows: u64, folder: &std::path::Path, figures: &mut Figures) -> anyhow::Result<()> {
    figures.heading("SQLite, for comparison: CPU time of the best of a few")?;
    let began = Instant::now();
    let mut table = db::Table::create(&folder.join("crashes.db")).await?;
    table
        .fill(
            rows,
            |n| world.row(n),
            |n| said(&format!("SQLite has {n} of {rows} crashes")),
        )
        .await?;
    figures.add("filling", began.elapsed().as_secs_f64(), "s", Limit::None)?;
    let (dates, signature) = (world.dates(), world.frequent());
    for figure in asked::all(dates.0, dates.1, &signature)? {
        said(&format!("SQLite answers {}", figure.name));
        let mut best = f64::INFINITY;
        for _ in 0..TIMES {
            let (began, before) = (Instant::now(), cpu_ms()?);
            table.answer(figure.number(), &signature, dates).await?;
            best = best.min(cpu_ms()? - before);
            if began.elapsed().as_secs_f64() > LONG {
                break;
            }
        }
        figures.add(figure.name, best, "ms CPU", Limit::None)?;
        let matches = table.matches(figure.number(), &signature, dates).await?;
        figures.add("    matches", matches as f64, "", Limit::None)?;
    }
    table.close().await
}

/// Progress, for people.
fn said(text: &str) {
    // Nothing depends on it.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The CPU time of this process's present threads, in milliseconds.
fn cpu_ms() -> anyhow::Result<f64> {
    let mut nanos = 0.0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        // A thread may end meanwhile.
        let said = std::fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        nanos += said
            .split(' ')
            .next()
            .and_then(|first| first.parse::<f64>().ok())
            .unwrap_or(0.0);
    }
    Ok(nanos / 1e6)
}
