//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{bench, buildinfo, check, crash, rules, signature, submit, up};

/// Takes crash reports in, turns them into answers, and knows the exact build that crashed.
#[derive(Debug, Parser)]
#[command(name = "datil", version = crate::release::LINE, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The folder for everything that is local (default: ./datil-data)
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The settings file (default: ./datil.toml, if it is there)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where a service listens; port 0 takes a free one
    #[arg(long, global = true, value_name = "ADDR:PORT")]
    pub(crate) bind: Option<String>,
    /// Answer in JSON, one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the whole system in one process (what `datil` alone does)
    Up(up::UpArgs),
    /// Run the collector alone: take crash reports in (port 8000)
    Collector,
    /// Import and look up builds
    #[command(subcommand)]
    Buildinfo(buildinfo::BuildinfoCommand),
    /// Run the pages and the API for looking at crashes alone (port 8002)
    Webapp,
    /// Run the processor alone (port 8003: health and metrics)
    Processor,
    /// List, show or delete crash reports
    #[command(subcommand)]
    Crash(crash::CrashCommand),
    /// Bring the database schema up to date
    Migrate,
    /// Show the effective settings, without secrets
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look whether everything is well; exit 1 when something is not
    Check(check::CheckArgs),
    /// Send one crash report as a client would, and print its id
    Submit(submit::SubmitArgs),
    /// List the processor's rules, or run them over JSON lines
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Make signatures of crashes, explain them, or compare them with others
    Signature(signature::SignatureArgs),
    /// Measure this program on this machine, each figure with its limit beside it
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Walk minidumps for the processor (started by it)
    #[command(hide = true)]
    Walker,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print them as TOML
    Show,
}
