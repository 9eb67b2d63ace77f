//! `datil signature`: signatures of crash data on the standard input.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::json;
use signature::{CrashData, Lists, generate};

use super::lines::answer_each;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct SignatureArgs {
    /// The folder with the signature lists (default: the setting `processor.siglists`, else our own)
    #[arg(long, value_name = "DIR")]
    siglists: Option<PathBuf>,
    /// Show each step on the way, as the key `debug`
    #[arg(long)]
    explain: bool,
}

/// The lists of a folder, or our own.
pub(crate) fn lists(folder: Option<&Path>) -> anyhow::Result<Lists> {
    match folder {
        Some(folder) => Lists::load(folder)
            .with_context(|| format!("reading signature lists from {}", folder.display())),
        None => Ok(Lists::built_in()),
    }
}

/// Reads JSON lines of crash data or of processed crashes; answers one object a line, in order.
pub(crate) fn run(settings: &Settings, args: &SignatureArgs) -> anyhow::Result<ExitCode> {
    let folder = args.siglists.as_deref();
    let lists = lists(folder.or(settings.processor.siglists.as_deref()))?;
    answer_each(|line| {
        let crash = CrashData::from_json(line).map_err(|error| error.to_string())?;
        let found = generate(&crash, &lists);
        let mut answer = json!({
            "signature": found.signature,
            "notes": found.notes,
            "proto_signature": found.proto_signature,
        });
        if args.explain {
            answer["debug"] = found.debug.iter().map(ToString::to_string).collect();
        }
        Ok(answer)
    })?;
    Ok(ExitCode::SUCCESS)
}
