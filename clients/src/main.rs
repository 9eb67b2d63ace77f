//! The commands of socorro-cli at another host. Its program knows no other than Mozilla's; its library does.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use socorro_cli::{ModulesMode, OutputFormat, SearchParams, SocorroClient, commands};

/// Runs a command of socorro-cli at any Crash Stats. A token is read from the file that `SOCORRO_API_TOKEN_PATH` names.
#[derive(Parser)]
struct Options {
    /// The address of its API, as in `http://127.0.0.1:8000/api`.
    root: String,
    /// How it prints what it found.
    #[arg(long, default_value = "compact")]
    format: OutputFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// One processed crash.
    Crash {
        /// A crash id, or the address of its report.
        id: String,
        /// All that is known, as JSON.
        #[arg(long)]
        full: bool,
    },
    /// The bugs of signatures.
    Bugs {
        /// Whole signatures.
        signatures: Vec<String>,
    },
    /// The signatures of bugs.
    Signatures {
        /// Their numbers.
        bugs: Vec<u64>,
    },
    /// Crashes that match.
    Search(Box<SearchOptions>),
}

#[derive(Args)]
struct SearchOptions {
    #[arg(long)]
    product: String,
    /// The first day, as in `2026-11-01`.
    #[arg(long)]
    from: String,
    /// The last day.
    #[arg(long)]
    to: Option<String>,
    #[arg(long)]
    signature: Option<String>,
    #[arg(long)]
    proto_signature: Option<String>,
    #[arg(long)]
    version: Option<String>,
    #[arg(long)]
    platform: Option<String>,
    #[arg(long)]
    cpu_arch: Option<String>,
    #[arg(long)]
    channel: Option<String>,
    #[arg(long)]
    platform_version: Option<String>,
    #[arg(long)]
    process_type: Option<String>,
    #[arg(long, default_value_t = 10)]
    limit: usize,
    #[arg(long)]
    facet: Vec<String>,
    #[arg(long)]
    facets_size: Option<usize>,
    #[arg(long, default_value = "-date")]
    sort: String,
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> socorro_cli::Result<()> {
    let client = SocorroClient::new(options.root);
    let format = options.format;
    match options.command {
        Command::Crash { id, full } => {
            commands::crash::execute(&client, &id, 10, full, false, ModulesMode::Stack, format)
        }
        Command::Bugs { signatures } => commands::bugs::execute(&client, &signatures, &[], format),
        Command::Signatures { bugs } => commands::bugs::execute(&client, &[], &bugs, format),
        Command::Search(asked) => {
            let params = SearchParams {
                signature: asked.signature,
                proto_signature: asked.proto_signature,
                product: asked.product,
                version: asked.version,
                platform: asked.platform,
                cpu_arch: asked.cpu_arch,
                release_channel: asked.channel,
                platform_version: asked.platform_version,
                process_type: asked.process_type,
                date_from: asked.from,
                date_to: asked.to,
                limit: asked.limit,
                facets: asked.facet,
                facets_size: asked.facets_size,
                sort: asked.sort,
            };
            commands::search::execute(&client, params, format)
        }
    }
}
