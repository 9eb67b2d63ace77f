//! `datil audit-log`: who saw what is protected, and who changed what.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use crash::{CrashId, CrashIdError};
use platform::access::{self, Action};
use platform::clock;
use serde_json::json;

use crate::parts::open_db;
use crate::settings::Settings;

/// Rows read at a time.
const PAGE: i64 = 500;

#[derive(Debug, Args)]
pub(crate) struct AuditLogArgs {
    /// Only about this crash
    #[arg(long, value_name = "ID", value_parser = crash_id)]
    crash: Option<CrashId>,
    /// Only by those whose name, note or token id contains this text
    #[arg(long, value_name = "TEXT")]
    who: Option<String>,
    /// Only this action
    #[arg(long, value_name = "ACTION", value_parser = PossibleValuesParser::new(Action::NAMES))]
    action: Option<String>,
    /// Only from this day on (YYYY-MM-DD, UTC)
    #[arg(long, value_name = "DATE")]
    since: Option<chrono::NaiveDate>,
    /// At most so many lines
    #[arg(long, value_name = "N", default_value = "100")]
    limit: usize,
}

/// With the prefix that clients show, too.
fn crash_id(text: &str) -> Result<CrashId, CrashIdError> {
    text.strip_prefix("bp-").unwrap_or(text).parse()
}

/// Prints the log, the newest line first.
pub(crate) async fn run(settings: &Settings, args: &AuditLogArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let db = open_db(settings).await?;
    let crash = match &args.crash {
        // Lines name the first copy of a report.
        Some(id) => Some(crashstore::db::first_copy(&db, id).await?),
        None => None,
    };
    let crash_id = crash.as_ref().map_or("", CrashId::as_str);
    let since = args.since.map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc());
    let since = since.map_or(i64::MIN, |time| time.timestamp_micros());
    let mut last: Option<(i64, String)> = None;
    let mut left = args.limit;
    // One more than is shown reveals whether there is more.
    let mut more = false;
    while !more {
        let before = last.as_ref().map(|(at, id)| (*at, id.as_str()));
        let entries = access::entries(&db, crash_id, since, before, PAGE).await?;
        let Some(end) = entries.last() else { break };
        last = Some((end.at, end.id.clone()));
        let wanted = entries
            .iter()
            .filter(|entry| args.who.as_ref().is_none_or(|who| entry.who.contains(who)))
            .filter(|entry| args.action.as_ref().is_none_or(|action| entry.action == *action))
            .take(left.saturating_add(1));
        let mut out = std::io::stdout().lock();
        for entry in wanted {
            if left == 0 {
                more = true;
                break;
            }
            left -= 1;
            let at = clock::rfc3339(entry.at);
            if as_json {
                let shown = json!({
                    "at": at, "who": entry.who, "action": entry.action, "crash_id": entry.crash_id,
                    "detail": entry.detail, "from": entry.origin,
                });
                writeln!(out, "{shown}")?;
            } else {
                let about = [entry.crash_id.as_str(), entry.detail.as_str()];
                let about: Vec<&str> = about.into_iter().filter(|text| !text.is_empty()).collect();
                let line = format!(
                    // Who it is may hold anything, as a note does.
                    "{at} {:14} {:?} from {} {}",
                    entry.action,
                    entry.who,
                    entry.origin,
                    about.join(" ")
                );
                writeln!(out, "{}", line.trim_end())?;
            }
        }
    }
    db.close().await;
    if !as_json {
        let mut err = std::io::stderr();
        match (left == args.limit, more) {
            (_, true) => writeln!(err, "there are more lines; --limit says how many are shown")?,
            (true, false) => writeln!(err, "nothing of this kind is recorded")?,
            (false, false) => {}
        }
    }
    Ok(ExitCode::SUCCESS)
}
