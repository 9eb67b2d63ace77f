//! `datil bench`: our own measurements, each figure shown with its limit.

mod figures;
mod import;
mod lists;
mod lookup;
mod scratch;
mod search;
mod signature;
mod synthetic;
mod verdict;

use std::process::ExitCode;

use clap::Subcommand;

use figures::Figures;

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Look-ups of builds, in this process and over HTTP
    Lookup(lookup::LookupArgs),
    /// An import from Buildhub, and one from the archive, with everything that follows from them
    Import(import::ImportArgs),
    /// Lists of crashes by every filter, alone and together
    Lists(lists::ListsArgs),
    /// Searches over crashes, and SQLite on the same beside them
    Search(search::SearchArgs),
    /// Serve stand-ins for the sources to a measurement (started by it)
    #[command(hide = true)]
    StandIns(import::StandInsArgs),
    /// Signatures: in this process, over JSON lines, and of hostile symbols
    Signature(signature::SignatureArgs),
}

/// Measures in a temporary folder; the settings are not used.
pub(crate) async fn run(command: BenchCommand, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut figures = Figures::new(as_json);
    let verdict = match command {
        BenchCommand::Lookup(args) => {
            lookup::measure(&args, &mut figures).await?;
            args.verdict
        }
        BenchCommand::Import(args) => {
            import::measure(&args, &mut figures).await?;
            args.verdict
        }
        BenchCommand::Lists(args) => {
            lists::measure(&args, &mut figures).await?;
            args.verdict
        }
        BenchCommand::Search(args) => {
            search::measure(&args, &mut figures).await?;
            args.verdict
        }
        BenchCommand::StandIns(args) => {
            import::serve_stand_ins(&args).await?;
            return Ok(ExitCode::SUCCESS);
        }
        BenchCommand::Signature(args) => {
            signature::measure(&args, &mut figures)?;
            args.verdict
        }
    };
    let missed = figures.missed();
    Ok(if verdict.check && missed > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
