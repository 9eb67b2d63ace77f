//! The program `datil`: the command line, and assembling the parts. Everything else is in the crates beside it.

mod cli;
mod commands;
mod global;
mod import_run;
mod meters;
mod operator;
mod owner;
mod parts;
mod products;
mod release;
mod schedule;
mod settings;
mod submission;
mod upkeep;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use platform::causes;

use crate::cli::{Cli, Command, ConfigCommand};
use crate::commands::{
    audit_log, bench, bugs, buildinfo, check, crash, reprocess, rules, search, serve, signature, submit, token, up,
};
use crate::global::Global;
use crate::settings::{Section, Settings};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Some(Command::Walker)) {
        // Before anything starts a thread: the walker limits itself.
        return processor::walk::child::run();
    }
    match run(cli) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If even this cannot be written, the exit code has to do.
            let _ = writeln!(std::io::stderr(), "datil: {}", causes::line(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { global, command } = cli;
    let command = command.unwrap_or(Command::Up(up::UpArgs::default()));
    let settings = read_settings(&global, &command)?;
    settings.products.install()?;
    settings.check(sections(&command))?;
    platform::clock::from_environment(settings.remote_part())?;
    platform::telemetry::init_logs(&settings.log, logged(&command));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        match command {
            Command::Up(args) => up::run(settings, &args, &global).await,
            Command::Collector => serve::collector(settings).await,
            Command::Webapp => serve::webapp(settings).await,
            Command::Processor => serve::processor(settings).await,
            Command::Buildinfo(command) => buildinfo::run(settings, command, global.json).await,
            Command::Bugs(command) => bugs::run(&settings, command, global.json).await,
            Command::Crash(command) => crash::run(&settings, command, global.json).await,
            Command::Search(args) => search::run(&settings, &args, global.json).await,
            Command::Token(command) => token::run(&settings, command, global.json).await,
            Command::AuditLog(args) => audit_log::run(&settings, &args, global.json).await,
            Command::Reprocess(args) => reprocess::run(&settings, args, global.json).await,
            Command::Migrate => serve::migrate(&settings).await,
            Command::Config(ConfigCommand::Show) => {
                write!(std::io::stdout(), "{}", settings.shown()?)?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Config(ConfigCommand::Products) => {
                write!(std::io::stdout(), "{}", products::shown(global.json)?)?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Check(args) => check::run(&settings, &args, global.json).await,
            Command::Submit(args) => submit::run(&args, global.json).await,
            Command::Rules(command) => rules::run(&settings, command),
            Command::Signature(args) => signature::run(&settings, args, global.json).await,
            Command::Bench(command) => bench::run(command, global.json).await,
            Command::Walker => Ok(ExitCode::FAILURE),
        }
    });
    // Do not wait forever for a walker or a blocking file operation that is still busy.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    code
}

/// What a command logs: a service its state, the demonstration what a spectator can follow, and a command that only
/// gives an answer just what goes wrong.
fn logged(command: &Command) -> &'static str {
    use buildinfo::BuildinfoCommand::Serve;
    match command {
        Command::Up(args) if args.demo => {
            "warn,sqlx=error,datil=info,datil::import_run=warn,datil::schedule=warn,datil::commands::buildinfo=warn,\
             buildinfo::watch::unknown=info"
        }
        Command::Up(_) | Command::Collector | Command::Webapp | Command::Processor | Command::Buildinfo(Serve) => {
            "info,sqlx=warn"
        }
        _ => "warn",
    }
}

fn read_settings(global: &Global, command: &Command) -> anyhow::Result<Settings> {
    let demo = matches!(command, Command::Up(args) if args.demo);
    let data = global.data.clone().or_else(|| demo.then(|| "datil-demo".into()));
    Ok(Settings::read(
        global.config.as_deref(),
        data.as_deref(),
        global.bind.as_deref(),
    )?)
}

/// The sections of the settings that a command uses.
fn sections(command: &Command) -> &'static [Section] {
    use Section::{Blobs, Bugs, Buildinfo, Collector, Database, Http, Processor, Retention, Schedule};
    use buildinfo::BuildinfoCommand as Builds;
    match command {
        Command::Up(_) => &[
            Http, Database, Blobs, Buildinfo, Schedule, Bugs, Collector, Processor, Retention,
        ],
        Command::Collector => &[Http, Database, Blobs, Collector],
        Command::Webapp => &[Http, Database, Blobs],
        Command::Processor => &[Http, Database, Blobs, Buildinfo, Bugs, Processor, Retention],
        Command::Buildinfo(Builds::Serve) => &[Http, Database, Blobs, Buildinfo, Schedule, Bugs, Retention],
        Command::Buildinfo(_) => &[Database, Buildinfo],
        Command::Bugs(_) => &[Database, Bugs],
        Command::Crash(_) => &[Database, Blobs],
        Command::Migrate | Command::Search(_) | Command::Token(_) | Command::AuditLog(_) | Command::Reprocess(_) => {
            &[Database]
        }
        Command::Check(_) => &[Database, Blobs, Bugs, Processor],
        // These read the settings they use themselves, or use none.
        Command::Config(_)
        | Command::Submit(_)
        | Command::Rules(_)
        | Command::Signature(_)
        | Command::Bench(_)
        | Command::Walker => &[],
    }
}

/// The reader of our output has seen enough, such as `head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
