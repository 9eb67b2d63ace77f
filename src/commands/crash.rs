//! `datil crash`: crash reports from the command line.

mod query;
mod rebuild;

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use crash::CrashId;
use crash::redact::public_processed;
use crashstore::db::{Cursor, Filter, State, Summary, list};
use crashstore::deletion::{Deletion, delete};
use crashstore::output::{self, Stored};
use crashstore::report;
use platform::access::{self, Action, Actor};
use platform::blobs::Blobs;
use platform::clock;
use platform::db::Db;
use platform::queue::{FailedJob, JobState};
use serde_json::json;
use webapp::Asked;

use crate::operator::By;
use crate::parts::open_db;
use crate::settings::Settings;

/// Maximum rows read at a time.
const PAGE: i64 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum CrashCommand {
    /// List crashes, newest first
    List {
        /// Only this product, as its reports or people call it
        #[arg(long, default_value = "")]
        product: String,
        /// Only this version, or its beginning: 153, 153.0b, 153.0*; also "153.0 RC build 2"
        #[arg(long, default_value = "")]
        version: String,
        /// Only this channel
        #[arg(long, default_value = "")]
        channel: String,
        /// Only this build id, its first digits, or the day of it: 20260827, 2026-08-27
        #[arg(long, default_value = "")]
        build_id: String,
        /// Only this signature
        #[arg(long, default_value = "")]
        signature: String,
        /// Only crashes that came in on this day or later (YYYY-MM-DD, UTC)
        #[arg(long)]
        since: Option<chrono::NaiveDate>,
        /// Those that this search finds (the conditions and the order of a query string, see `datil search --help`)
        #[arg(
            long,
            value_name = "QUERY STRING",
            conflicts_with_all = ["product", "version", "channel", "build_id", "signature", "since"]
        )]
        query: Option<String>,
        /// At most so many
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Print the public part of a processed crash as JSON, or say where the crash stands
    Show {
        /// The crash id
        id: CrashId,
    },
    /// Delete crashes with all their objects: those with these ids, or those that a search finds
    Delete {
        /// The crash ids
        #[arg(required_unless_present = "query")]
        ids: Vec<CrashId>,
        /// Those that this search finds (the conditions of a query string, see `datil search --help`; without `date`,
        /// of the last 7 days); without --yes deletes none, but shows some and the command that deletes them all
        #[arg(long, value_name = "QUERY STRING", conflicts_with = "ids")]
        query: Option<String>,
        /// Really delete what the search finds
        #[arg(long, requires = "query")]
        yes: bool,
        #[command(flatten)]
        by: By,
    },
    /// List crashes that could not be processed, with the reason, or take them up once more
    Failed {
        /// Process them once more: those with these ids, or all
        #[arg(long)]
        retry: bool,
        /// Only these crashes
        ids: Vec<CrashId>,
        #[command(flatten)]
        by: By,
    },
    /// Make the rows of crashes again from what the blob store holds; nothing is processed
    Rebuild(rebuild::RebuildArgs),
}

pub(crate) async fn run(settings: &Settings, command: CrashCommand, as_json: bool) -> anyhow::Result<ExitCode> {
    if let CrashCommand::Delete {
        query: Some(query),
        yes,
        by,
        ..
    } = command
    {
        return query::delete_found(settings, &query, yes, &by.actor(), as_json).await;
    }
    if let CrashCommand::Delete { yes: true, .. } = command {
        bail!("--yes goes with --query: crashes with ids are deleted without it");
    }
    let db = open_db(settings).await?;
    match command {
        CrashCommand::List {
            query: Some(query),
            limit,
            ..
        } => query::list(settings, &db, &query, limit.unwrap_or(usize::MAX), as_json).await?,
        CrashCommand::List {
            product,
            version,
            channel,
            build_id,
            signature,
            since,
            limit,
            query: None,
        } => {
            let since = since.map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc());
            let asked = Asked {
                product,
                version,
                channel,
                build_id,
                signature,
            };
            let filter = Filter {
                since: since.map(|time| time.timestamp_micros()),
                ..asked.filter(&db).await?
            };
            print_list(&db, &filter, limit.unwrap_or(usize::MAX), as_json).await?;
        }
        CrashCommand::Show { id } => {
            let blobs = Blobs::open(&settings.blobs, &settings.data_dir)?;
            let Stored::Valid(crash) = output::load(&db, &blobs, &id).await? else {
                bail!("{}", where_it_stands(&db, &blobs, &id).await?);
            };
            let public = serde_json::Value::Object(public_processed(&crash));
            writeln!(std::io::stdout(), "{public}")?;
        }
        CrashCommand::Delete { ids, by, .. } => {
            let by = by.actor();
            let blobs = Blobs::open(&settings.blobs, &settings.data_dir)?;
            let mut missing = 0;
            for id in ids {
                let deletion = delete(&db, &blobs, &id, &by).await?;
                missing += usize::from(deletion == Deletion::Nothing);
                print_deletion(&id, deletion, as_json)?;
            }
            if missing > 0 {
                db.close().await;
                return Ok(ExitCode::FAILURE);
            }
        }
        CrashCommand::Failed { retry: true, ids, by } => {
            let count = retry_failed(&db, &ids, &by.actor()).await?;
            writeln!(std::io::stdout(), "{count} taken up once more")?;
            if count < ids.len() {
                db.close().await;
                bail!("{} of them have not failed", ids.len() - count);
            }
        }
        CrashCommand::Failed { retry: false, ids, .. } => print_failed(&db, &ids, as_json).await?,
        CrashCommand::Rebuild(args) => return rebuild::run(settings, db, &args, as_json).await,
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Calls `each` with the jobs that were given up, in order; if ids are given, only with theirs.
async fn each_failed(
    db: &Db,
    ids: &[CrashId],
    mut each: impl AsyncFnMut(&[&FailedJob]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut last: Option<FailedJob> = None;
    loop {
        let jobs = platform::queue::failed(db, last.as_ref(), PAGE).await?;
        let wanted: Vec<&FailedJob> = jobs
            .iter()
            .filter(|job| ids.is_empty() || ids.iter().any(|id| id.as_str() == job.crash_id))
            .collect();
        each(&wanted).await?;
        let Some(end) = jobs.last() else {
            return Ok(());
        };
        last = Some(end.clone());
    }
}

async fn print_failed(db: &Db, ids: &[CrashId], as_json: bool) -> anyhow::Result<()> {
    each_failed(db, ids, async |jobs| {
        let mut out = std::io::stdout().lock();
        for job in jobs {
            let (pushed, failed) = (clock::rfc3339(job.pushed), clock::rfc3339(job.failed));
            if as_json {
                let row = json!({"crash_id": job.crash_id, "reason": job.reason, "pushed": pushed, "failed": failed});
                writeln!(out, "{row}")?;
            } else {
                writeln!(out, "{} {failed} {}", job.crash_id, job.reason)?;
            }
        }
        Ok(())
    })
    .await
}

/// Retries failed crashes; returns how many.
async fn retry_failed(db: &Db, ids: &[CrashId], by: &Actor) -> anyhow::Result<usize> {
    let mut count = 0;
    each_failed(db, ids, async |jobs| {
        let mut tx = db.begin().await?;
        for job in jobs {
            let now = clock::now_micros();
            if platform::queue::retry_failed(&mut tx, &job.crash_id, now).await? {
                access::record(&mut tx, by, Action::RetryCrash, Some(&job.crash_id), "").await?;
                count += 1;
            }
        }
        Ok(tx.commit().await?)
    })
    .await?;
    Ok(count)
}

/// Why an id has no processed crash.
async fn where_it_stands(db: &Db, blobs: &Blobs, id: &CrashId) -> anyhow::Result<String> {
    let row = crashstore::db::get(db, id).await?;
    let job = platform::queue::job_of(db, id.as_str()).await?;
    Ok(match (row, job) {
        (Some(row), _) if row.state == State::Deleted => format!("{id} was deleted"),
        (Some(row), _) if row.duplicate_of.is_some() => {
            let first = row.duplicate_of.map(String::from).unwrap_or_default();
            format!("{id} is a second copy of {first}, and is not processed")
        }
        (_, Some(job)) if job.state == JobState::Failed => format!(
            "{id} could not be processed, and was given up at {}: {} (take it up once more with `datil crash failed \
             --retry {id}`)",
            clock::rfc3339(job.run_at),
            job.reason
        ),
        (_, Some(job)) if !job.reason.is_empty() => format!(
            "{id} is not processed yet; the last try ended with: {}; the next one is due at {}",
            job.reason,
            clock::rfc3339(job.run_at)
        ),
        (_, Some(job)) => format!("{id} is not processed yet: {}", job.state.name()),
        (Some(_), None) => {
            format!("what was found about {id} is lost, and nobody was told to process it again")
        }
        (None, None) if report::load_raw(blobs, id).await?.is_some() => {
            format!("{id} was received; its place in the queue is still to be written")
        }
        (None, None) => format!("{id} does not exist"),
    })
}

async fn print_list(db: &Db, filter: &Filter, limit: usize, as_json: bool) -> anyhow::Result<()> {
    let mut after: Option<Cursor> = None;
    let mut left = limit;
    loop {
        let rows = list(db, filter, after.as_ref(), PAGE).await?;
        let more = rows.len() == usize::try_from(PAGE)?;
        after = rows.last().map(|row| Cursor {
            received: row.received,
            crash_id: row.id.to_string(),
        });
        let mut out = std::io::stdout().lock();
        for row in rows.iter().take(left) {
            print_row(&mut out, row, as_json)?;
        }
        left = left.saturating_sub(rows.len());
        if !more || left == 0 {
            return Ok(());
        }
    }
}

fn print_row(out: &mut impl Write, row: &Summary, as_json: bool) -> std::io::Result<()> {
    if as_json {
        return writeln!(out, "{}", as_object(row));
    }
    writeln!(
        out,
        "{} {} {:9} {} {} {}",
        clock::rfc3339(row.received),
        row.id,
        row.state.name(),
        row.product,
        row.version,
        row.signature
    )
}

fn print_deletion(id: &CrashId, deletion: Deletion, as_json: bool) -> std::io::Result<()> {
    let is_deleted = deletion != Deletion::Nothing;
    if as_json {
        writeln!(std::io::stdout(), "{}", json!({"crash_id": id, "deleted": is_deleted}))?;
    } else if is_deleted {
        writeln!(std::io::stdout(), "{id} deleted")?;
    }
    match deletion {
        Deletion::Done => Ok(()),
        Deletion::ObjectsLater => writeln!(
            std::io::stderr(),
            "the blob store does not answer: a running system removes the objects of {id} when it is back"
        ),
        Deletion::Nothing => writeln!(std::io::stderr(), "{id} does not exist"),
    }
}

fn as_object(row: &Summary) -> serde_json::Value {
    json!({
        "crash_id": row.id,
        "received": clock::rfc3339(row.received),
        "state": row.state.name(),
        "product": row.product,
        "version": row.version,
        "version_reported": row.version_reported,
        "channel": row.channel,
        "build_id": row.build_id,
        "build_status": row.build_status,
        "os_name": row.os_name,
        "process_type": row.process_type,
        "reason": row.reason,
        "signature": row.signature,
    })
}
