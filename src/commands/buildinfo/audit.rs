//! `datil buildinfo audit`: what is wrong with the data, reported to people and to programs.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use buildinfo::audit::read::{Filter, findings, scores};
use builds::Product;
use builds::audit::{Finding, Score, Severity};
use clap::Args;
use platform::db::Db;
use serde_json::json;

/// Maximum findings read at a time.
const PAGE: usize = 5000;

pub(super) const EXIT_CODE: &str = "Exit code: 0 whatever it finds; \"datil check\" exits 1 where something is bad.";

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Only about this product
    #[arg(long, value_name = "PRODUCT")]
    product: Option<String>,
}

pub(crate) async fn audit(db: &Db, args: &AuditArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let product = args.product.as_ref().map(|name| {
        name.parse::<Product>()
            .with_context(|| format!("{name:?} is no product that has builds"))
    });
    let filter = Filter {
        product: product.transpose()?,
        check: None,
    };
    let mut out = std::io::stdout().lock();
    let (mut after, mut counts) = (None, [0_usize; 3]);
    loop {
        let page = findings(db, filter, after.as_ref(), PAGE).await?;
        for finding in &page.findings {
            counts[finding.severity as usize] += 1;
            if as_json {
                writeln!(out, "{}", serde_json::to_string(finding)?)?;
            } else {
                print(&mut out, finding)?;
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let scores = scores(db, filter.product).await?;
    if as_json {
        for score in &scores {
            writeln!(out, "{}", json!({ "score": score }))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let [bad, warnings, notes] = counts;
    writeln!(out, "{bad} bad, {warnings} warnings, {notes} notes")?;
    print_scores(&mut out, &scores)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints a finding and what to do about it.
pub(super) fn print(out: &mut impl Write, finding: &Finding) -> std::io::Result<()> {
    let mark = match finding.severity {
        Severity::Bad => "BAD ",
        Severity::Warning => "warn",
        Severity::Note => "note",
    };
    let check = finding.check.as_str();
    writeln!(out, "{mark} {check:21} {}", finding.subject)?;
    writeln!(out, "     {}", finding.found)?;
    writeln!(out, "     {}", finding.advice)?;
    match &finding.command {
        Some(command) => writeln!(out, "     {command}"),
        None => Ok(()),
    }
}

fn print_scores(out: &mut impl Write, scores: &[Score]) -> std::io::Result<()> {
    if scores.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:28} {:16} {:>6} {:>6} {:>10} {:>10} {:>6} {:>8} {:>9}",
        "", "source", "builds", "timed", "median", "p95", "holes", "refused", "withdrawn"
    )?;
    let delay = |seconds: Option<i64>| seconds.map_or_else(|| "-".to_owned(), |s| format!("{s} s"));
    for score in scores {
        writeln!(
            out,
            "{:28} {:16} {:>6} {:>6} {:>10} {:>10} {:>6} {:>8} {:>9}",
            format!("{} {}", score.product, score.channel),
            score.source.as_str(),
            score.builds,
            score.timed,
            delay(score.median_delay_seconds),
            delay(score.p95_delay_seconds),
            score.holes,
            score.contradictions,
            score.withdrawals,
        )?;
    }
    Ok(())
}
