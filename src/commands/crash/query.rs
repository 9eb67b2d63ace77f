//! The crashes that a search finds: listed, or deleted.

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use crash::CrashId;
use crashstore::deletion::{Deletion, delete};
use platform::access::Actor;
use platform::blobs::Blobs;
use platform::clock;
use platform::db::Db;
use search::query::Query;
use search::service::{AsOf, Search};

use super::{print_deletion, print_row};
use crate::commands::search::asking::{self, Asking};
use crate::parts::open_db;
use crate::settings::Settings;

/// Maximum crashes that are asked for at a time.
const BATCH: u64 = 1_000;

/// How many crashes are shown before they are deleted.
const SHOWN: usize = 5;

/// Prints the crashes that a query string finds, in its order, as `datil crash list` does.
pub(super) async fn list(settings: &Settings, db: &Db, text: &str, limit: usize, as_json: bool) -> anyhow::Result<()> {
    let asking = Asking::new(text)?;
    asking.say_warnings();
    let search = asking::open(settings, db).await?;
    let mut left = limit;
    let found = each(&search, &asking.query, async |ids| {
        for id in ids.iter().take(left) {
            // What is gone meanwhile is not listed.
            if let Some(row) = crashstore::db::get(db, id).await? {
                print_row(&mut std::io::stdout(), &row, as_json)?;
            }
        }
        left = left.saturating_sub(ids.len());
        Ok(left > 0)
    })
    .await?;
    asking::say_what_is_missing(&found.as_of);
    Ok(())
}

/// Deletes the crashes that a query string finds; unless `yes`, only says which.
pub(super) async fn delete_found(settings: &Settings, text: &str, yes: bool, by: &Actor) -> anyhow::Result<ExitCode> {
    let asking = Asking::new(text)?;
    if !asking.warnings.is_empty() {
        asking.say_warnings();
        bail!("nothing is deleted as long as a part of the query string is ignored");
    }
    if !asking.has_condition() {
        bail!("the query string has no condition but dates: name one, `product=~` for all products");
    }
    let db = open_db(settings).await?;
    let search = asking::open(settings, &db).await?;
    let (from, to) = asking.span();
    let dates = format!("from {} to {}", clock::rfc3339(from), clock::rfc3339(to));
    if !yes {
        let mut first = Vec::new();
        let found = each(&search, &asking.query, async |ids| {
            first.extend(ids.iter().take(SHOWN).cloned());
            Ok(false)
        })
        .await?;
        print_plan(found.total, &first, &dates)?;
        asking::say_what_is_missing(&found.as_of);
        db.close().await;
        return Ok(ExitCode::SUCCESS);
    }
    let blobs = Blobs::open(&settings.blobs, &settings.data_dir)?;
    let mut deleted: u64 = 0;
    let found = each(&search, &asking.query, async |ids| {
        for id in ids {
            let deletion = delete(&db, &blobs, id, by).await?;
            // Who else deleted it in the meantime did what was asked for.
            if deletion != Deletion::Nothing {
                print_deletion(id, deletion)?;
                deleted += 1;
            }
        }
        Ok(true)
    })
    .await?;
    let deleted = text::thousands(i64::try_from(deleted)?);
    writeln!(std::io::stderr(), "{deleted} deleted, {dates}")?;
    asking::say_what_is_missing(&found.as_of);
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Says what would be deleted.
fn print_plan(total: u64, first: &[CrashId], dates: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} would be deleted, {dates}",
        text::thousands(i64::try_from(total)?)
    )?;
    for id in first {
        writeln!(out, "{id}")?;
    }
    if total > first.len() as u64 {
        writeln!(out, "…")?;
    }
    writeln!(out, "nothing was deleted: say --yes to do it")?;
    Ok(())
}

/// How many crashes there are, and what that does not know.
struct Found {
    total: u64,
    as_of: AsOf,
}

/// Calls `take` with the ids of the crashes that a query finds, in its order, a batch at a time, as long as it wants
/// more. All are of one state of the index, whatever is deleted in the meantime.
async fn each(
    search: &Search,
    query: &Query,
    mut take: impl AsyncFnMut(&[CrashId]) -> anyhow::Result<bool>,
) -> anyhow::Result<Found> {
    let mut query = Query {
        aggregations: Vec::new(),
        columns: Vec::new(),
        offset: 0,
        limit: BATCH,
        ..query.clone()
    };
    loop {
        let answered = search.ask(query.clone()).await?;
        let hits = answered.answer.hits;
        let ids: Vec<CrashId> = hits.iter().filter_map(|id| id.parse().ok()).collect();
        let is_more = !hits.is_empty() && take(&ids).await?;
        query.offset = query.offset.saturating_add(BATCH);
        if !is_more || query.offset >= answered.answer.total {
            return Ok(Found {
                total: answered.answer.total,
                as_of: answered.as_of,
            });
        }
    }
}
