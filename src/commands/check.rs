//! `datil check`: checks that everything is well. One line per item, with what to do if it is not.

mod audit;
mod bugs;
mod canary;
mod finding;
mod lists;
mod search_rows;
mod symbols;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use buildinfo::watch::importer::Importer;
use clap::Args;
use platform::blobs::Blobs;
use platform::clock;
use platform::db::Db;
use processor::walk::WalkJob;

use self::finding::Finding;
use crate::parts::open_db;
use crate::settings::Settings;

/// An import older than this is late, if it is the newest.
const IMPORT_LATE: i64 = 6 * 3_600_000_000;
/// A crash that waits longer than this is stuck.
const CRASH_LATE: i64 = 10 * 60_000_000;
/// Less free space than this is too little, in bytes.
const FREE_SPACE: u64 = 1 << 30;

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A running system: a marked crash is submitted to it, followed to its build and its page, and
    /// deleted
    #[arg(long)]
    url: Option<String>,
}

pub(crate) async fn run(settings: &Settings, args: &CheckArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut all_well = true;
    let mut show = |finding: Finding| -> anyhow::Result<()> {
        all_well &= finding.well;
        let mut out = std::io::stdout().lock();
        if as_json {
            writeln!(out, "{}", serde_json::to_string(&finding)?)?;
        } else {
            let mark = if finding.well { "ok  " } else { "BAD " };
            writeln!(out, "{mark} {:14} {}", finding.name, finding.text)?;
        }
        Ok(())
    };
    show(free_space(settings))?;
    let db = match open_db(settings).await {
        Ok(db) => {
            show(Finding::well("database", db.engine()))?;
            Some(db)
        }
        Err(error) => {
            show(Finding::bad("database", platform::causes::line(&error)))?;
            None
        }
    };
    let blobs = match Blobs::open(&settings.blobs, &settings.data_dir) {
        Ok(blobs) => {
            show(match blobs.check().await {
                Ok(()) => Finding::well("blobs", "an object was written and deleted"),
                Err(error) => Finding::bad("blobs", format!("cannot be written: {error}")),
            })?;
            Some(blobs)
        }
        Err(error) => {
            show(Finding::bad("blobs", error.to_string()))?;
            None
        }
    };
    show(walker(settings).await)?;
    show(symbols::look(settings, db.as_ref()).await)?;
    show(lists::look(settings, db.as_ref()).await)?;
    if let Some(db) = &db {
        let importer = Importer::of(db, clock::now_micros()).await?;
        show(builds(db, &importer).await?)?;
        show(imports(db, &importer).await?)?;
        show(queue(db).await?)?;
        show(failed(db).await?)?;
        show(search_rows::look(db).await?)?;
        if let Some(finding) = bugs::look(settings, db).await? {
            show(finding)?;
        }
    }
    if let Some(url) = &args.url {
        for finding in canary::follow(url, db.as_ref(), blobs.as_ref()).await {
            show(finding)?;
        }
    }
    if let Some(db) = &db {
        for finding in audit::findings(db).await {
            show(finding)?;
        }
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn free_space(settings: &Settings) -> Finding {
    const NAME: &str = "disk";
    // Before the first start the folder does not exist; its parent will hold it.
    if let Err(error) = std::fs::create_dir_all(&settings.data_dir) {
        return Finding::bad(NAME, format!("the data folder cannot be made: {error}"));
    }
    match rustix::fs::statvfs(&settings.data_dir) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let text = format!("{} MiB free in {}", free >> 20, settings.data_dir.display());
            if free < FREE_SPACE {
                Finding::bad(NAME, format!("{text}: make room, or move it with --data"))
            } else {
                Finding::well(NAME, text)
            }
        }
        Err(error) => Finding::bad(NAME, format!("cannot be asked: {error}")),
    }
}

/// Walks a small real minidump in a child process, as the processor does.
async fn walker(settings: &Settings) -> Finding {
    const NAME: &str = "stackwalker";
    let sample = demo::crashes::samples()
        .into_iter()
        .find_map(|sample| sample.dumps.get(crash::MAIN_DUMP).copied());
    let Some(dump) = sample else {
        return Finding::bad(NAME, "no sample minidump was built in");
    };
    let symbols = settings.data_dir.join("symbols");
    let walked = match processor::worker::walking(&settings.processor, symbols) {
        Ok((pool, _)) => {
            let job = WalkJob {
                dump: dump.into(),
                module_signatures: None,
                microcode: None,
                hard_clip: false,
                symbol_roots: Vec::new(),
            };
            tokio::time::timeout(Duration::from_secs(30), pool.walk(&job)).await
        }
        Err(error) => return Finding::bad(NAME, platform::causes::line(&error)),
    };
    match walked {
        Ok(Ok(walked)) if walked.status == "OK" => Finding::well(NAME, "a child process walked a sample minidump"),
        Ok(Ok(walked)) => Finding::bad(NAME, format!("a sample minidump was not walked: {}", walked.status)),
        Ok(Err(death)) => Finding::bad(NAME, format!("the child process died: {}", death.name())),
        Err(_) => Finding::bad(NAME, "a sample minidump took over 30 seconds"),
    }
}

async fn builds(db: &Db, importer: &Importer) -> anyhow::Result<Finding> {
    const NAME: &str = "builds";
    let newest = buildinfo::db::latest_generation(db).await?;
    let without = buildinfo::db::products_without_row(db).await?;
    let without = match without.as_slice() {
        [] => String::new(),
        products => format!(
            "; no question finds those of {}, which no row describes: is products.file set?",
            products.join(", ")
        ),
    };
    Ok(if newest.builds == 0 {
        match importer.note() {
            Some(note) => Finding::well(NAME, format!("none is known: {note}")),
            None => Finding::bad(NAME, "none is known: run `datil buildinfo import`"),
        }
    } else {
        let made = clock::rfc3339(newest.created);
        Finding::well(
            NAME,
            format!("{} known, generation {} of {made}{without}", newest.builds, newest.n),
        )
    })
}

async fn imports(db: &Db, importer: &Importer) -> anyhow::Result<Finding> {
    const NAME: &str = "import";
    if let Some(note) = importer.note() {
        return Ok(Finding::well(NAME, note));
    }
    let Some(run) = buildinfo::db::newest_import(db).await? else {
        return Ok(Finding::bad(
            NAME,
            "nothing was imported yet: run `datil buildinfo import`",
        ));
    };
    let when = clock::rfc3339(run.started);
    let text = format!("the last one, {when}, was {}", run.outcome);
    let late = clock::now_micros() - run.started > IMPORT_LATE;
    Ok(match run.outcome.as_str() {
        "complete" | "running" if !late => Finding::well(NAME, text),
        "complete" | "running" => Finding::bad(
            NAME,
            format!("{text}, over 6 hours ago: is `datil up` or `datil buildinfo serve` running?"),
        ),
        _ => Finding::bad(NAME, format!("{text}: see `datil buildinfo runs`")),
    })
}

async fn queue(db: &Db) -> anyhow::Result<Finding> {
    const NAME: &str = "queue";
    let waiting: i64 = platform::queue::depth(db)
        .await?
        .into_iter()
        .filter_map(|(lane, count)| lane.map(|_| count))
        .sum();
    let oldest = platform::queue::oldest(db).await?;
    let more = if waiting >= platform::queue::MOST_COUNTED {
        "at least "
    } else {
        ""
    };
    let text = format!("{more}{waiting} crashes wait or are being processed");
    Ok(match oldest {
        Some(pushed) if clock::now_micros() - pushed > CRASH_LATE => Finding::bad(
            NAME,
            format!(
                "{text}, the oldest since {}: is a processor running?",
                clock::rfc3339(pushed)
            ),
        ),
        _ => Finding::well(NAME, text),
    })
}

async fn failed(db: &Db) -> anyhow::Result<Finding> {
    const NAME: &str = "failed crashes";
    let failed = platform::queue::failed(db, None, 1000).await?;
    Ok(match failed.first() {
        None => Finding::well(NAME, "none"),
        Some(first) => Finding::bad(
            NAME,
            format!(
                "{}{} could not be processed; the first is {}: {} (`datil crash failed` lists them, with --retry it \
                 takes them up once more)",
                if failed.len() >= 1000 { "at least " } else { "" },
                failed.len(),
                first.crash_id,
                first.reason
            ),
        ),
    })
}
