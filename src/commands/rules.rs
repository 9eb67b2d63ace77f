//! `datil rules`: the processor's rules, one by one.

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;
use processor::pipeline::{RULES, run_one};

use super::lines::answer_each;
use super::signature::lists_in_force;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List the rules in the order in which they run
    List,
    /// Run one rule, or all of them, over JSON lines of raw, processed, dumps and lookup
    Run {
        /// The rule's name; '*' runs all in order
        name: String,
    },
}

pub(crate) fn run(settings: &Settings, command: RulesCommand) -> anyhow::Result<ExitCode> {
    match command {
        RulesCommand::List => {
            for rule in RULES {
                writeln!(std::io::stdout(), "{}", rule.name)?;
            }
        }
        RulesCommand::Run { name } => {
            if name != "*" && RULES.iter().all(|rule| rule.name != name) {
                anyhow::bail!("there is no rule {name:?}: `datil rules list` names them");
            }
            let lists = lists_in_force(settings)?;
            answer_each(|line| {
                let input = serde_json::from_slice(line).map_err(|_| {
                    "this is no JSON: an object with raw, processed, dumps and lookup is wanted".to_owned()
                })?;
                run_one(&name, &input, &lists).map_err(|error| error.to_string())
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
