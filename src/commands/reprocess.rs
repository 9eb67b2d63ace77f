//! `datil reprocess`: queues crashes to be processed again.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use crash::{CrashId, CrashIdError};
use crashstore::reprocessing::{Fate, Ruleset, reprocess};
use platform::clock;
use platform::db::Db;
use serde_json::json;

use crate::operator::By;
use crate::parts::open_db;
use crate::settings::Settings;

/// Crashes queued before it is said what became of them.
const PAGE: usize = 200;
/// Maximum crashes of one call.
const MOST: usize = 1_000_000;

#[derive(Debug, Args)]
pub(crate) struct ReprocessArgs {
    /// The crash ids, also with `bp-` or as addresses of reports; without any, they are read from the standard input,
    /// one a line
    #[arg(value_parser = crash_id)]
    ids: Vec<CrashId>,
    /// `default`: process them again as a whole; `regenerate_signature`: only make the signature again
    #[arg(
        long,
        value_name = "RULESET",
        default_value = Ruleset::Default.name(),
        value_parser = PossibleValuesParser::new(Ruleset::ALL.map(Ruleset::name))
    )]
    ruleset: String,
    #[command(flatten)]
    by: By,
}

/// An id as it stands anywhere: alone, with the prefix that clients show, or at the end of a report's address.
fn crash_id(text: &str) -> Result<CrashId, CrashIdError> {
    let text = text.trim();
    let is_address = text.starts_with("http://") || text.starts_with("https://");
    let id = match text.split_once("/report/index/") {
        Some((_, rest)) if is_address => rest.split(['?', '#', '/']).next().unwrap_or_default(),
        _ => text,
    };
    id.strip_prefix("bp-").unwrap_or(id).parse()
}

/// The ids of a text, one a line; empty lines are passed over.
fn read_ids(lines: impl BufRead) -> anyhow::Result<Vec<CrashId>> {
    let mut ids = Vec::new();
    for (number, line) in lines.lines().enumerate() {
        let line = line.context("reading the crash ids")?;
        if line.trim().is_empty() {
            continue;
        }
        let id = crash_id(&line).with_context(|| format!("line {}; nothing was queued", number + 1))?;
        if ids.len() == MOST {
            bail!("more than {MOST} crash ids; nothing was queued");
        }
        ids.push(id);
    }
    Ok(ids)
}

/// Queues them, and says of each what became of it. Fails if any was passed over.
pub(crate) async fn run(settings: &Settings, args: ReprocessArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let ids = match args.ids {
        ids if !ids.is_empty() => ids,
        _ if std::io::stdin().is_terminal() => bail!("name the crashes, or write their ids to the standard input"),
        _ => tokio::task::spawn_blocking(|| read_ids(std::io::stdin().lock())).await??,
    };
    let ruleset = Ruleset::from_name(&args.ruleset).context("there is no such ruleset")?;
    let db = open_db(settings).await?;
    let passed_over = queue_all(&db, &ids, ruleset, args.by, as_json).await;
    db.close().await;
    let passed_over = passed_over?;
    if !as_json {
        let queued = ids.len() - passed_over;
        writeln!(std::io::stderr(), "{queued} queued, {passed_over} passed over")?;
    }
    Ok(match passed_over {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Returns how many were passed over.
async fn queue_all(db: &Db, ids: &[CrashId], ruleset: Ruleset, by: By, as_json: bool) -> anyhow::Result<usize> {
    let by = by.actor();
    let mut passed_over = 0;
    for page in ids.chunks(PAGE) {
        let wanted: Vec<(CrashId, Ruleset)> = page.iter().map(|id| (id.clone(), ruleset)).collect();
        let fates = reprocess(db, &wanted, &by, clock::now_micros()).await?;
        let mut out = std::io::stdout().lock();
        for (id, fate) in page.iter().zip(fates) {
            passed_over += usize::from(!matches!(fate, Fate::Queued(_)));
            if as_json {
                writeln!(out, "{}", as_object(id, &fate, ruleset))?;
                continue;
            }
            match fate {
                Fate::Queued(first) if first != *id => writeln!(out, "{id} is a copy of {first}, which is queued")?,
                Fate::Queued(_) => writeln!(out, "{id} is queued")?,
                Fate::Deleted => writeln!(std::io::stderr(), "{id} was deleted")?,
                Fate::Unknown => writeln!(std::io::stderr(), "{id} does not exist")?,
            }
        }
    }
    Ok(passed_over)
}

fn as_object(id: &CrashId, fate: &Fate, ruleset: Ruleset) -> serde_json::Value {
    let (queued, reason) = match fate {
        Fate::Queued(queued) => (Some(queued), None),
        Fate::Deleted => (None, Some("deleted")),
        Fate::Unknown => (None, Some("unknown")),
    };
    json!({"crash_id": id, "queued": queued, "ruleset": ruleset.name(), "passed_over": reason})
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "de1bb258-cbbf-4589-a673-34f800260601";

    #[test]
    fn ids_are_found_in_what_people_copy() {
        for (text, is_id) in [
            (ID.to_owned(), true),
            (format!("  bp-{ID}\r"), true),
            (format!("http://localhost:8000/report/index/{ID}"), true),
            (
                format!("https://crash-stats.mozilla.org/report/index/bp-{ID}/?a=b#c"),
                true,
            ),
            (
                format!("https://crash-stats.mozilla.org/report/index/{ID}#tab-details"),
                true,
            ),
            (format!("ftp://x/report/index/{ID}"), false),
            (format!("https://crash-stats.mozilla.org/{ID}"), false),
            (format!("{ID}:default"), false),
            (format!("bp-bp-{ID}"), false),
            (String::new(), false),
        ] {
            assert_eq!(crash_id(&text).is_ok_and(|id| id.as_str() == ID), is_id, "{text}");
        }
    }

    #[test]
    fn lines_are_read_up_to_the_first_that_is_no_id() {
        let text = format!("{ID}\n\n  \nbp-{ID}\n");
        assert_eq!(read_ids(text.as_bytes()).unwrap().len(), 2);
        let error = read_ids(format!("{text}nobody\n").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "line 5; nothing was queued");
    }
}
