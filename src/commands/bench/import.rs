//! `datil bench import`: imports every record of a stand-in for Buildhub and every file of one for the archive, with
//! everything that follows.

use std::io::{BufRead, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use buildinfo::db::{Run, each_buildhub_subject, latest_generation};
use buildinfo::import::{Choice, Options, Progress, import};
use builds::SourceName;
use clap::Args;
use demo::{Plan, World};
use platform::db::{Db, set_progress};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::figures::{Figures, Limit};
use super::scratch::{Scratch, memory, servers};
use super::verdict::Verdict;
use crate::owner::owner;
use crate::parts::listen;

/// Minimum records that Buildhub would have of the archive's contents: some 60 weeks of publishing.
const ARCHIVE_RECORDS: usize = 10_000;

/// The interval between writes beside the import.
const BESIDE: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// How many records there are at least
    #[arg(long, value_name = "N", default_value_t = 300_000)]
    records: usize,
    /// Import into PostgreSQL as well: a server on which a schema can be made for the while
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    #[command(flatten)]
    pub(super) verdict: Verdict,
}

#[derive(Debug, Args)]
pub(crate) struct StandInsArgs {
    /// How many records there are at least
    #[arg(long)]
    records: usize,
}

pub(super) async fn measure(args: &ImportArgs, figures: &mut Figures) -> anyhow::Result<()> {
    let stand_ins = StandIns::start(args.records)?;
    for server in servers(args.postgres.as_deref()) {
        let scratch = Scratch::create(server).await?;
        measure_into(&scratch.db, &stand_ins, server.is_some(), figures).await?;
        scratch.end().await?;
    }
    drop(stand_ins);
    let stand_ins = StandIns::start(ARCHIVE_RECORDS)?;
    for server in servers(args.postgres.as_deref()) {
        let scratch = Scratch::create(server).await?;
        measure_archive(&scratch.db, &stand_ins, figures).await?;
        scratch.end().await?;
    }
    Ok(())
}

async fn measure_archive(db: &Db, stand_ins: &StandIns, figures: &mut Figures) -> anyhow::Result<()> {
    figures.heading(&format!("the first import of the archive into {}", db.engine()))?;
    let (source, watch) = (SourceName::ARCHIVE, Watch::default());
    let (first, took) = timed_import(db, stand_ins, source, &watch).await?;
    let asked = first.requests as f64;
    figures.add("files and listings", asked, "", Limit::None)?;
    figures.add(
        "5,000 of them, with deriving",
        took.as_secs_f64() * 5_000.0 / asked,
        "s",
        Limit::AtMost(30.0),
    )?;
    let (again, _) = timed_import(db, stand_ins, source, &watch).await?;
    figures.add(
        "asked for once more, of 100",
        again.requests as f64 * 100.0 / asked,
        "",
        Limit::AtMost(3.0),
    )
}

async fn measure_into(db: &Db, stand_ins: &StandIns, is_server: bool, figures: &mut Figures) -> anyhow::Result<()> {
    let engine = db.engine();
    figures.heading(&format!("the first import into {engine}"))?;
    let (idle, _) = beside(db, async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(())
    })
    .await?;
    let watch = Arc::new(Watch::default());
    let (busy, (run, took)) = beside(db, timed_import(db, stand_ins, SourceName::BUILDHUB, &watch)).await?;
    let records = run.records as f64;
    let limit = if is_server { 5_000.0 } else { 10_000.0 };
    figures.add("records", records, "", Limit::None)?;
    figures.add("builds", latest_generation(db).await?.builds as f64, "", Limit::None)?;
    let rate = records / took.as_secs_f64();
    figures.add("records, with deriving", rate, "a second", Limit::AtLeast(limit))?;
    let reading = Duration::from_millis(watch.reading.load(Ordering::Relaxed));
    figures.add("  reading and storing", reading.as_secs_f64(), "s", Limit::None)?;
    figures.add(
        "  deriving",
        took.saturating_sub(reading).as_secs_f64(),
        "s",
        Limit::None,
    )?;
    let megabytes = |bytes: &AtomicU64| bytes.load(Ordering::Relaxed) as f64 / 1e6;
    let (early, peak) = (megabytes(&watch.early), megabytes(&watch.peak));
    figures.add("memory at the most", peak, "MB", Limit::None)?;
    figures.add(
        "  more than in the first third",
        peak - early,
        "MB",
        Limit::AtMost(48.0),
    )?;
    figures.add("a write alone, 99 of 100 within", idle.p99, "ms", Limit::None)?;
    figures.add(
        "a write beside it, 99 of 100 within",
        busy.p99,
        "ms",
        Limit::AtMost(50.0),
    )?;
    figures.add("  the slowest", busy.longest, "ms", Limit::None)?;
    figures.heading(&format!("the same once more into {engine}"))?;
    let (_, (run, took)) = beside(db, timed_import(db, stand_ins, SourceName::BUILDHUB, &watch)).await?;
    ensure!(run.new_records == 0, "{} records came twice", run.new_records);
    let rate = run.records as f64 / took.as_secs_f64();
    figures.add("records, all known", rate, "a second", Limit::None)?;
    // While builds in the archive are unsettled, every import compares them with all Buildhub records.
    let (begin, mut subjects) = (Instant::now(), 0_u64);
    each_buildhub_subject(db, |_| subjects += 1).await?;
    let looked = begin.elapsed();
    ensure!(subjects > 0, "Buildhub told nothing");
    figures.add(
        "  looking through what Buildhub told",
        looked.as_secs_f64(),
        "s",
        Limit::None,
    )?;
    figures.add(
        "300,000 of them once more, with that",
        (took + looked).as_secs_f64() * 300_000.0 / run.records as f64,
        "s",
        Limit::AtMost(20.0),
    )
}

/// What is observed of an import while it runs.
#[derive(Debug, Default)]
struct Watch {
    /// Milliseconds until the last record was stored.
    reading: AtomicU64,
    /// Peak bytes held before a third of the records were stored, and overall.
    early: AtomicU64,
    peak: AtomicU64,
}

async fn timed_import(
    db: &Db,
    stand_ins: &StandIns,
    source: SourceName,
    watch: &Watch,
) -> anyhow::Result<(Run, Duration)> {
    let options = Options {
        choice: Choice::Only(source),
        full: source == SourceName::BUILDHUB,
        ..Options::default()
    };
    let begin = Instant::now();
    let see = |progress: Progress| {
        let held = (memory() * 1e6) as u64;
        watch.peak.fetch_max(held, Ordering::Relaxed);
        if let Progress::Reading { done, total, .. } = progress {
            let elapsed = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
            watch.reading.store(elapsed, Ordering::Relaxed);
            if done <= total / 3 {
                watch.early.fetch_max(held, Ordering::Relaxed);
            }
        }
    };
    let stop = CancellationToken::new();
    let run = import(db, &stand_ins.settings(), &options, &owner(), &stop, &see).await?;
    ensure!(
        run.outcome == "complete",
        "the import was {}: {}",
        run.outcome,
        run.notes
    );
    Ok((run, begin.elapsed()))
}

/// Durations of small writes, in milliseconds.
#[derive(Debug)]
struct Writes {
    p99: f64,
    longest: f64,
}

/// Writes one row repeatedly, as the collector does with every report, while `work` runs.
async fn beside<T>(db: &Db, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<(Writes, T)> {
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (db, stop) = (db.clone(), Arc::clone(&stop));
        tokio::spawn(async move {
            let mut took = Vec::new();
            for number in 1.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let begin = Instant::now();
                let mut tx = db.begin().await?;
                set_progress(&mut tx, "bench", number).await?;
                tx.commit().await?;
                took.push(begin.elapsed());
                tokio::time::sleep(BESIDE).await;
            }
            anyhow::Ok(took)
        })
    };
    let outcome = work.await;
    stop.store(true, Ordering::Relaxed);
    let mut took = writer.await??;
    took.sort_unstable();
    let milliseconds = |position: usize| took.get(position).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    let writes = Writes {
        p99: milliseconds(took.len() * 99 / 100),
        longest: milliseconds(took.len().saturating_sub(1)),
    };
    Ok((writes, outcome?))
}

/// The stand-ins in a separate process, so that its memory is not counted. It ends with this one.
struct StandIns {
    root: Url,
    _child: Ended,
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It exits when its standard input ends.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl StandIns {
    fn start(records: usize) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bench", "stand-ins", "--records", &records.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().context("the stand-ins have no output")?;
        let child = Ended(child);
        let mut address = String::new();
        std::io::BufReader::new(out).read_line(&mut address)?;
        let root = address.trim().parse().context("the stand-ins did not start")?;
        Ok(Self { root, _child: child })
    }

    fn settings(&self) -> buildinfo::Settings {
        buildinfo::Settings {
            addresses: buildinfo::settings::Addresses::all_at(&self.root),
            ..buildinfo::Settings::default()
        }
    }
}

/// Serves the stand-ins until the standard input ends; prints their address.
pub(super) async fn serve_stand_ins(args: &StandInsArgs) -> anyhow::Result<()> {
    let world = Arc::new(World::generate(&Plan::records(args.records)));
    let listener = listen("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "http://{}/", listener.local_addr()?)?;
    let ended = async {
        let wait = || std::io::stdin().read(&mut [0; 1]);
        // The outcome does not matter: the other process is gone.
        let _ = tokio::task::spawn_blocking(wait).await;
    };
    Ok(demo::serve(listener, world, Arc::default(), ended).await?)
}
