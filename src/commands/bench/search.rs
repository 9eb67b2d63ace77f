//! `datil bench search`: searches over invented crashes, and SQLite on the same rows beside them.

mod arriving;
mod asked;
mod db;
mod http;
mod rows;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Args, ValueEnum, value_parser};
use crashstore::db::Place;

use super::figures::{Figures, Limit};
use super::verdict::Verdict;
use rows::{Fields, Shape, World};
use search::columns::{Index, Merging, Week};
use search::evaluate::{self, Limits, Refused};
use search::position::Position;

/// How often each question is asked; the best counts.
const TIMES: usize = 5;
/// A question that took longer than this, in seconds, is not asked again.
const LONG: f64 = 3.0;
/// SQLite is not asked about more crashes than this: it would take hours.
const MOST_IN_SQLITE: u64 = 2_000_000;
/// From so many crashes on the limits are those of a whole half year.
const GATE: u64 = 9_000_000;
/// Rows written between two commits while an index is filled.
const COMMIT: u64 = 350_000;
/// Commits measured while rows arrive, and the rows of each.
const COMMITS: u64 = 300;
const ARRIVING: u64 = 50;
/// How often is looked whether a merge has ended.
const MERGING: Duration = Duration::from_millis(50);
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
    /// All of them
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
    let index = fill(&world, args.rows, &folder.path().join("search"), figures)?;
    ask(&world, &index, args, figures)?;
    follow(&world, index, args.rows, figures)?;
    arriving::measure(&world, args.rows, figures).await?;
    if !args.no_sqlite && args.rows <= MOST_IN_SQLITE {
        beside(&world, args.rows, folder.path(), figures).await?;
    }
    Ok(folder.close()?)
}

/// Writes the rows into an index.
fn fill(world: &World, rows: u64, folder: &Path, figures: &mut Figures) -> anyhow::Result<Index> {
    figures.heading("The index")?;
    let began = Instant::now();
    let (mut index, _) = Index::open(folder)?;
    let mut position = Position::new(String::new(), Place::default(), 0);
    let (mut written, mut week) = (0, Week::of(world.dates().0));
    rows::each(world, rows, |row| -> anyhow::Result<()> {
        if week != Week::of(row.date) {
            week = Week::of(row.date);
            index.commit(&mut position)?;
            index.settle()?;
        }
        index.put(row)?;
        written += 1;
        if written % COMMIT == 0 {
            index.commit(&mut position)?;
            said(&format!("the index has {written} of {rows} crashes"));
        }
        Ok(())
    })?;
    index.commit(&mut position)?;
    index.settle()?;
    said("the weeks that are over are merged");
    while index.merge(world.dates().1)? != Merging::Nothing {
        std::thread::sleep(MERGING);
    }
    let rate = rows as f64 / began.elapsed().as_secs_f64();
    figures.add("rows written and merged", rate, "a second", Limit::None)?;
    let size: u64 = index
        .view()
        .whole()
        .segments
        .iter()
        .map(|segment| segment.bytes())
        .sum();
    figures.add("size of a row", size as f64 / rows as f64, "bytes", Limit::None)?;
    // As another process would find it.
    drop(index);
    let began = Instant::now();
    let (index, _) = Index::open(folder)?;
    figures.add("opening", began.elapsed().as_secs_f64() * 1e3, "ms", Limit::None)?;
    Ok(index)
}

/// Asks the index everything.
fn ask(world: &World, index: &Index, args: &SearchArgs, figures: &mut Figures) -> anyhow::Result<()> {
    figures.heading("The index: CPU time of the best of a few, and of the first")?;
    let (dates, signature) = (world.dates(), world.frequent());
    let is_gate = args.rows >= GATE;
    for figure in asked::all(dates.0, dates.1, &signature)? {
        let limit = if is_gate {
            figure.gate_cpu_ms
        } else {
            figure.limit_cpu_ms
        };
        let limit = limit.map_or(Limit::None, Limit::AtMost);
        let (mut best, mut first) = (f64::INFINITY, None);
        let mut found = String::new();
        for _ in 0..TIMES {
            let before = cpu_ms()?;
            let (from, to) = evaluate::span(&figure.query);
            let snapshot = index.view().snapshot(from, to);
            found = match evaluate::answer(&snapshot, &figure.query, &mut Limits::default()) {
                Ok(answer) => format!("{} match", answer.total),
                // What it costs until then is a figure, too.
                Err(refused @ (Refused::TooManyBuckets | Refused::TooManyDistinct)) => refused.to_string(),
                Err(refused) => return Err(refused.into()),
            };
            let spent = cpu_ms()? - before;
            first.get_or_insert(spent);
            best = best.min(spent);
        }
        said(&format!("{}: {found}", figure.name));
        figures.add(figure.name, best, "ms CPU", limit)?;
        figures.add("    the first time", first.unwrap_or(best), "ms CPU", Limit::None)?;
    }
    let (own, mapped) = memory_mb()?;
    let limit = if is_gate { Limit::AtMost(3_000.0) } else { Limit::None };
    figures.add("memory of this process", own, "MB", limit)?;
    figures.add(
        "    with pages of files that the system may drop",
        own + mapped,
        "MB",
        Limit::None,
    )
}

/// Writes rows again, as they arrive while an index is followed: fifty at a time.
fn follow(world: &World, mut index: Index, rows: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let mut times = Vec::new();
    let mut position = Position::new(String::new(), Place::default(), 0);
    for commit in 0..COMMITS {
        for at in 0..ARRIVING {
            index.put(&world.row(rows - 1 - (commit * ARRIVING + at) % rows))?;
        }
        let began = Instant::now();
        index.commit(&mut position)?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    figures.heading("Commits of 50 rows that are there already")?;
    for (name, share, limit) in [
        ("median", 0.5, Limit::None),
        ("99 of 100", 0.99, Limit::AtMost(1_000.0)),
    ] {
        let at = (times.len() as f64 * share) as usize;
        figures.add(name, times.get(at).copied().unwrap_or(f64::NAN), "ms", limit)?;
    }
    Ok(index.settle()?)
}

/// SQLite on the same rows.
async fn beside(world: &World, rows: u64, folder: &Path, figures: &mut Figures) -> anyhow::Result<()> {
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

/// The memory of this process, in MB: its own, and pages of files that are mapped.
fn memory_mb() -> anyhow::Result<(f64, f64)> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        number.unwrap_or(f64::NAN) / 1024.0
    };
    Ok((of("RssAnon:"), of("RssFile:")))
}
