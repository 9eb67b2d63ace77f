//! `datil buildinfo capture` and `replay`: saves an import's raw answers as a file, and imports from one.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use buildinfo::db::{each_response, latest_generation, recent_imports};
use buildinfo::import::{Options, import};
use buildinfo::settings::Addresses;
use buildinfo::sources::Tape;
use buildinfo::transfer::export::canonical;
use builds::said::Response;
use clap::Args;
use platform::db::Db;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::report;
use crate::owner::owner;
use crate::parts::open_db;
use crate::settings::Settings;

/// The first bytes of a file of answers.
const FORMAT: &str = "datil-capture-1";
/// Longer lines of such a file are rejected. In bytes.
const MAX_LINE: u64 = 200 << 20;

#[derive(Debug, Args)]
pub(crate) struct CaptureArgs {
    /// Where the answers are written: JSON lines, compressed with zstd
    file: PathBuf,
    /// The run whose answers are wanted (`runs --json` shows ids); without it, the last that kept any
    #[arg(long, value_name = "ID")]
    run: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// A file that `capture` wrote
    file: PathBuf,
}

/// The first line of a file of answers: its origin.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: String,
    run: i64,
    source: String,
    #[serde(flatten)]
    addresses: Addresses,
}

/// One answer, as one line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    method: String,
    path: String,
    question: String,
    status: u16,
    content_type: Option<String>,
    etag: Option<String>,
    /// The content, if it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The content as bytes, if it is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<Vec<u8>>,
}

impl From<Response> for Line {
    fn from(response: Response) -> Self {
        let (text, bytes) = match String::from_utf8(response.body) {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(error.into_bytes())),
        };
        Self {
            method: response.method,
            path: response.path,
            question: response.question,
            status: response.status,
            content_type: response.content_type,
            etag: response.etag,
            text,
            bytes,
        }
    }
}

impl From<Line> for Response {
    fn from(line: Line) -> Self {
        Self {
            method: line.method,
            path: line.path,
            question: line.question,
            status: line.status,
            content_type: line.content_type,
            etag: line.etag,
            body: line.text.map(String::into_bytes).or(line.bytes).unwrap_or_default(),
        }
    }
}

/// Writes the answers of a stored run to a file.
pub(crate) async fn capture(db: &Db, settings: &Settings, args: &CaptureArgs) -> anyhow::Result<ExitCode> {
    let runs = recent_imports(db, 1000).await?;
    let wanted: Vec<_> = runs
        .into_iter()
        .filter(|run| args.run.is_none_or(|id| id == run.id))
        .collect();
    for run in wanted {
        let mut beside = report::file_beside(&args.file)?;
        let mut out = zstd::Encoder::new(BufWriter::new(beside.as_file_mut()), 3)?;
        let head = Head {
            format: FORMAT.to_owned(),
            run: run.id,
            source: run.source.clone(),
            addresses: settings.buildinfo.addresses.clone(),
        };
        writeln!(out, "{}", serde_json::to_string(&head)?)?;
        let count = each_response(db, run.id, |response| {
            writeln!(out, "{}", serde_json::to_string(&Line::from(response))?)
        })
        .await?;
        if count == 0 {
            continue;
        }
        out.finish()?.flush().context("writing the answers")?;
        report::move_into_place(beside, &args.file)?;
        writeln!(
            std::io::stdout(),
            "{count} answers of run {} in {}",
            run.id,
            args.file.display()
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    anyhow::bail!(
        "no answers are kept{}: run `datil buildinfo import --full --keep-responses` first, or set \
         buildinfo.keep_responses_days",
        args.run.map_or_else(String::new, |id| format!(" of run {id}"))
    )
}

/// Imports from a file of answers into an empty database, and reports the result.
pub(crate) async fn replay(settings: &Settings, args: &ReplayArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let file = File::open(&args.file).with_context(|| format!("reading {}", args.file.display()))?;
    let mut lines = BufReader::new(zstd::Decoder::new(file)?);
    let head: Head = read_line(&mut lines)?
        .filter(|head: &Head| head.format == FORMAT)
        .with_context(|| format!("{} is no file that capture wrote", args.file.display()))?;
    let mut responses = Vec::new();
    while let Some(line) = read_line::<Line>(&mut lines)? {
        responses.push(Response::from(line));
    }
    let mut sources = settings.buildinfo.clone();
    sources.addresses = head.addresses;
    let db = open_db(settings).await?;
    anyhow::ensure!(
        latest_generation(&db).await?.n == 0,
        "there are builds in {}: give a folder of its own with --data",
        settings.data_dir.display()
    );
    let options = Options {
        choice: head.source.parse().map_err(anyhow::Error::msg)?,
        tape: Some(Arc::new(Tape::of(responses))),
        ..Options::default()
    };
    let stop = CancellationToken::new();
    let run = import(&db, &sources, &options, &owner(), &stop, &|_| {}).await?;
    report::run(&run, as_json)?;
    let digest = canonical(&db, run.generation, &mut std::io::sink()).await?;
    writeln!(std::io::stderr(), "sha256 of the canonical export: {digest}")?;
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

fn read_line<T: serde::de::DeserializeOwned>(lines: &mut impl BufRead) -> anyhow::Result<Option<T>> {
    let mut line = Vec::new();
    let read = std::io::Read::take(&mut *lines, MAX_LINE).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    Ok(Some(
        serde_json::from_slice(&line).context("a line of the file is damaged")?,
    ))
}
