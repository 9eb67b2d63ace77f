//! `datil buildinfo unknown`: build ids that no source knows, and the open alarms.

use std::io::Write;
use std::process::ExitCode;

use anyhow::anyhow;
use buildinfo::api::listed_unknown::ListedUnknown;
use buildinfo::audit;
use buildinfo::db::{self, Alarm, AlarmFilter, Unknown, UnknownFilter};
use buildinfo::watch::importer::Importer;
use builds::unknown::{UnknownKey, Verdict, counted_product};
use clap::{Args, ValueEnum};
use platform::clock;
use platform::db::Db;

use super::audit::print as print_finding;
use super::print;

#[derive(Debug, Args)]
pub(crate) struct UnknownArgs {
    /// Only this product, in any known spelling
    #[arg(long)]
    product: Option<String>,
    /// Only with this verdict
    #[arg(long, value_parser = verdict, help = "Only with this verdict: not_seen (a source may still list it), \
        no_source, unofficial or junk")]
    verdict: Option<Verdict>,
    /// Only those with an alarm that is on, or over
    #[arg(long, value_enum)]
    alarm: Option<AlarmState>,
    /// At most so many, 1 to 10000
    #[arg(long, default_value = "100", value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
    /// Go on after this place, which the page before has named
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AlarmState {
    /// It is on.
    Open,
    /// The build became known.
    Cleared,
}

fn verdict(name: &str) -> Result<Verdict, String> {
    let names = Verdict::ALL.map(Verdict::as_str).join(", ");
    Verdict::named(name).ok_or_else(|| format!("the verdicts are {names}"))
}

pub(crate) async fn unknown(db: &Db, args: &UnknownArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let after = args.after.as_deref().map(str::parse::<UnknownKey>);
    let after = after
        .transpose()
        .map_err(|()| anyhow!("--after must be a place that an earlier page named"))?;
    let filter = UnknownFilter {
        product: args.product.as_deref().map(counted_product),
        verdict: args.verdict,
        alarm: match args.alarm {
            None => AlarmFilter::Any,
            Some(AlarmState::Open) => AlarmFilter::Open,
            Some(AlarmState::Cleared) => AlarmFilter::Cleared,
        },
    };
    let page = db::list_unknown(db, &filter, after.as_ref(), args.limit).await?;
    let importer = Importer::of(db, clock::now_micros()).await?;
    if as_json {
        // Every line is an id; everything else goes to the other stream.
        if let Some(warning) = importer.warning() {
            writeln!(std::io::stderr(), "{warning}")?;
        }
        print::objects(page.rows.iter().map(ListedUnknown::from))?;
    } else {
        let alarms = match after {
            None => alarms_of(db, &filter).await?,
            Some(_) => Vec::new(),
        };
        show(&alarms, &page.rows, &importer)?;
    }
    if let Some(last) = page.rows.last().filter(|_| page.more) {
        print::say_more(&last.key().to_string());
    }
    Ok(ExitCode::SUCCESS)
}

/// The open alarms that match the filter.
async fn alarms_of(db: &Db, filter: &UnknownFilter) -> anyhow::Result<Vec<Alarm>> {
    let not_seen = filter.verdict.is_none_or(|verdict| verdict == Verdict::NotSeen);
    if !not_seen || filter.alarm == AlarmFilter::Cleared {
        return Ok(Vec::new());
    }
    let mut open = db::open_alarms(db).await?;
    open.retain(|alarm| {
        let product = filter.product.as_ref();
        product.is_none_or(|product| *product == alarm.product)
    });
    Ok(open)
}

/// Prints the alarms in the audit's words, then the ids.
fn show(open: &[Alarm], rows: &[Unknown], importer: &Importer) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if let Some(warning) = importer.warning() {
        writeln!(out, "{warning}")?;
    }
    for finding in audit::alarms(open, importer) {
        print_finding(&mut out, &finding)?;
    }
    drop(out);
    if rows.is_empty() {
        writeln!(std::io::stdout(), "no such build id was asked for within ninety days")?;
        return Ok(());
    }
    let cells: Vec<[String; 8]> = rows.iter().map(row).collect();
    let heading = [
        "BUILD ID",
        "PRODUCT",
        "CHANNEL",
        "VERDICT",
        "ASKED",
        "FIRST (UTC)",
        "LAST (UTC)",
        "ALARM",
    ];
    print::columns(heading, &cells)
}

fn row(one: &Unknown) -> [String; 8] {
    let alarm = match (one.raised, one.cleared) {
        (None, _) => "-",
        (Some(_), None) => "on",
        (Some(_), Some(_)) => "over",
    };
    [
        one.build_id.clone(),
        one.product.clone(),
        print::or_dash(Some(&one.channel).filter(|channel| !channel.is_empty())),
        one.verdict.clone(),
        one.asked.to_string(),
        clock::rfc3339(one.first_asked),
        clock::rfc3339(one.last_asked),
        alarm.to_owned(),
    ]
}
