//! The command line.

use clap::{Parser, Subcommand};

use crate::commands::{
    audit_log, bench, bugs, buildinfo, check, crash, reprocess, rules, search, signature, submit, token, up,
};
use crate::global::Global;

/// Takes crash reports in, turns them into answers, and knows the exact build that crashed.
#[derive(Debug, Parser)]
#[command(name = "datil", version = crate::release::LINE, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
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
    /// Read which bugs name which crash signatures from a Bugzilla, or list them
    #[command(subcommand)]
    Bugs(bugs::BugsCommand),
    /// Run the pages and the API for looking at crashes alone (port 8002)
    Webapp,
    /// Run the processor alone (port 8003: health and metrics)
    Processor,
    /// List, show or delete crash reports, or make their rows again
    #[command(subcommand)]
    Crash(crash::CrashCommand),
    /// Search the crashes: which they are, and how many
    Search(search::SearchArgs),
    /// Make, list or revoke tokens, which let people and programs see and do what is not open to all
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// List who saw what is protected, and who changed what
    AuditLog(audit_log::AuditLogArgs),
    /// Have crashes processed again, as a whole or for their signature alone
    Reprocess(reprocess::ReprocessArgs),
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
    /// Print the products: those that are built in, and those of the file that `products.file` names
    Products,
}
