//! `datil search`: which crashes, and how many.

pub(crate) mod asking;
mod table;

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use platform::clock;
use search::hits::{self, Hit};
use search::json::Json;
use search::parse::to_cursor;
use search::service::Answered;

use crate::parts::open_db;
use crate::settings::Settings;
use asking::Asking;

/// What is asked when nothing is: the signatures of the last 7 days.
const WITHOUT_QUERY: &str = "_results_number=0&_facets=signature";

#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct SearchArgs {
    /// As behind the `?` of a search's address, percent-encoded where an address is; without it, the most frequent
    /// signatures of the last 7 days
    #[arg(value_name = "QUERY STRING")]
    query: Option<String>,
}

const AFTER: &str = "\
Examples:
  datil search 'signature=~OOM&product=Firefox&_facets=version'
  datil search 'date=>=2026-08-01&_results_number=0&_facets=_histogram.date&_facets_size=100'
  datil search '_aggs.product.version=_cardinality.install_time&_results_number=0'

Values may begin with an operator: = (the whole text), ~ (contains), ^ (begins), $ (ends), @ (a regular expression for
the whole text), >= > <= < (numbers, dates), ! (not), before them; `__null__` is what is missing. _columns, _sort,
_results_number and _results_offset say which crashes are listed, _facets, _aggs.FIELD, _histogram.FIELD, _facets_size
what is counted. With weighted=1 it is said besides of how many crashes that happened these are a sample. An empty
_cursor gives a cursor for the next page. Without `date`, the last 7 days are searched.

Like `datil crash show` it knows the public part of crashes only; what asks for more is left out, with a warning.
With --json it prints the object that Super Search answers with. Warnings, and what the answer does not know yet, stand
on standard error.";

pub(crate) async fn run(settings: &Settings, args: &SearchArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let asking = Asking::new(args.query.as_deref().unwrap_or(WITHOUT_QUERY))?;
    asking.say_warnings();
    let db = open_db(settings).await?;
    let search = asking::open(settings, &db, &asking.query).await?;
    let answered = search.ask(asking.query.clone()).await?;
    let hits = hits::read(&db, &answered.answer.hits, &asking.query.columns).await?;
    print(&asking, &answered, &hits, as_json)?;
    asking::say_what_is_missing(&answered.as_of);
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

fn print(asking: &Asking, answered: &Answered, hits: &[Hit], as_json: bool) -> std::io::Result<()> {
    let Answered { answer, as_of, .. } = answered;
    let columns = &asking.query.columns;
    let (from, to) = asking.span();
    let mut out = std::io::stdout().lock();
    let next = answer.last.as_ref().filter(|_| asking.pages);
    let next = next.and_then(|last| to_cursor(&asking.query, last));
    if as_json {
        let missing = as_of.missing_weeks((from, to));
        let written = Json {
            answer,
            hits,
            columns,
            missing: &missing,
            next: asking.pages.then_some(next.as_deref()),
        };
        serde_json::to_writer(&mut out, &written)?;
        return writeln!(out);
    }
    let total = text::thousands(i64::try_from(answer.total).unwrap_or(i64::MAX));
    let dates = format!("from {} to {}", clock::rfc3339(from), clock::rfc3339(to));
    let what = if answer.total == 1 { "crash" } else { "crashes" };
    let weighted = answer.weighted.map(table::weighted).unwrap_or_default();
    writeln!(out, "{total}{weighted} {what} {dates}")?;
    write!(out, "{}{}", table::hits(hits, columns), table::facets(answer))?;
    if let Some(next) = next {
        writeln!(out, "\nThere are more: add &_cursor={next}")?;
    }
    Ok(())
}
