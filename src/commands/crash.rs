//! `datil crash`: crash reports from the command line.

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use crash::CrashId;
use crash::redact::public_processed;
use crashstore::db::{Cursor, Filter, Summary, list};
use crashstore::report;
use platform::blobs::Blobs;
use platform::clock;
use platform::db::Db;
use serde_json::json;

use crate::parts::open_db;
use crate::settings::Settings;

/// So many rows are read at once.
const PAGE: i64 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum CrashCommand {
    /// List crashes, newest first
    List {
        /// Only this product
        #[arg(long, default_value = "")]
        product: String,
        /// Only this exact version
        #[arg(long, default_value = "")]
        version: String,
        /// Only this signature
        #[arg(long, default_value = "")]
        signature: String,
        /// At most so many
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Print the public part of a processed crash as JSON
    Show {
        /// The crash id
        id: CrashId,
    },
    /// Delete a crash with all its objects
    Delete {
        /// The crash ids
        #[arg(required = true)]
        ids: Vec<CrashId>,
    },
    /// List crashes that could not be processed, with the reason
    Failed,
}

pub(crate) async fn run(
    settings: &Settings,
    command: CrashCommand,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let db = open_db(settings).await?;
    match command {
        CrashCommand::List {
            product,
            version,
            signature,
            limit,
        } => {
            let filter = Filter {
                product,
                version,
                signature,
                ..Filter::default()
            };
            print_list(&db, &filter, limit.unwrap_or(usize::MAX), as_json).await?;
        }
        CrashCommand::Show { id } => {
            let blobs = Blobs::open(&settings.blobs, &settings.data_dir)?;
            let Some(crash) = report::load_processed(&blobs, &id).await? else {
                bail!("{id} is not processed, or does not exist");
            };
            let public = serde_json::Value::Object(public_processed(&crash));
            writeln!(std::io::stdout(), "{public}")?;
        }
        CrashCommand::Delete { ids } => {
            let blobs = Blobs::open(&settings.blobs, &settings.data_dir)?;
            for id in ids {
                delete(&db, &blobs, &id).await?;
                writeln!(std::io::stdout(), "{id} deleted")?;
            }
        }
        CrashCommand::Failed => {
            for job in platform::queue::failed(&db, 10_000).await? {
                let mut out = std::io::stdout().lock();
                if as_json {
                    let row = json!({"crash_id": job.crash_id, "reason": job.reason, "pushed": clock::rfc3339(job.pushed)});
                    writeln!(out, "{row}")?;
                } else {
                    writeln!(
                        out,
                        "{} {} {}",
                        job.crash_id,
                        clock::rfc3339(job.pushed),
                        job.reason
                    )?;
                }
            }
        }
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Deletes every trace of a crash; the objects first, so that nothing is made again from them.
pub(crate) async fn delete(db: &Db, blobs: &Blobs, id: &CrashId) -> anyhow::Result<()> {
    let received = crashstore::db::get(db, id)
        .await?
        .map_or(0, |row| row.received);
    report::delete(blobs, id).await?;
    let mut tx = db.begin().await?;
    crashstore::db::delete(&mut tx, id).await?;
    crashstore::db::delete_search_row(&mut tx, id, received, clock::now_micros()).await?;
    tx.commit().await?;
    Ok(())
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
            if as_json {
                writeln!(out, "{}", as_object(row))?;
            } else {
                writeln!(
                    out,
                    "{} {} {:9} {} {} {}",
                    clock::rfc3339(row.received),
                    row.id,
                    row.state.name(),
                    row.product,
                    row.version,
                    row.signature
                )?;
            }
        }
        left = left.saturating_sub(rows.len());
        if !more || left == 0 {
            return Ok(());
        }
    }
}

fn as_object(row: &Summary) -> serde_json::Value {
    json!({
        "crash_id": row.id,
        "received": clock::rfc3339(row.received),
        "state": row.state.name(),
        "product": row.product,
        "version": row.version,
        "channel": row.channel,
        "build_id": row.build_id,
        "build_status": row.build_status,
        "os_name": row.os_name,
        "process_type": row.process_type,
        "reason": row.reason,
        "signature": row.signature,
    })
}
