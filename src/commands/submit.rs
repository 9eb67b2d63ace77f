//! `datil submit`: one crash report, as a client would send it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use crate::parts::http_client;
use crate::submission::{Dialect, Submission, send};

#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// The collector
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    url: String,
    /// Which client's way of sending is used
    #[arg(long = "as", value_enum, default_value = "firefox")]
    dialect: Dialect,
    /// An annotation; may be given many times
    #[arg(short, long = "annotation", value_name = "KEY=VALUE", value_parser = pair)]
    annotation: Vec<(String, String)>,
    /// A dump; may be given many times. The main one is named `upload_file_minidump`
    #[arg(long, value_name = "NAME=FILE", value_parser = pair)]
    dump: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

pub(crate) async fn run(args: &SubmitArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut submission = Submission::default();
    submission.annotations.extend(args.annotation.iter().cloned());
    for (name, file) in &args.dump {
        let path = PathBuf::from(file);
        let bytes = std::fs::read(&path).with_context(|| format!("reading the dump {}", path.display()))?;
        submission.dumps.insert(name.clone(), bytes);
    }
    let id = send(&http_client()?, &args.url, args.dialect, &submission).await?;
    if as_json {
        writeln!(std::io::stdout(), "{}", json!({ "crash_id": id }))?;
    } else {
        writeln!(std::io::stdout(), "{id}")?;
    }
    Ok(ExitCode::SUCCESS)
}
