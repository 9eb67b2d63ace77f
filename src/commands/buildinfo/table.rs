//! `datil buildinfo export` and `load-csv`: exports and imports everything at once.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use buildinfo::db::latest_generation;
use buildinfo::transfer::export;
use buildinfo::transfer::load::{LoadOptions, Origin, load_csv};
use clap::{Args, ValueEnum};
use platform::access::Action;
use platform::db::Db;

use super::{Work, report};
use crate::operator::{actor, author, record};

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Every build with all that is concluded, as JSON lines in one fixed order; its SHA-256 goes to stderr
    #[arg(long, conflicts_with = "format")]
    canonical: bool,
    /// The form
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Socorro's columns, with a header; what load-csv reads
    Csv,
}

pub(crate) async fn export(db: &Db, args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let generation = latest_generation(db).await?.n;
    let mut out = BufWriter::new(std::io::stdout());
    let mut err = std::io::stderr();
    if args.canonical {
        let digest = export::canonical(db, generation, &mut out).await?;
        writeln!(err, "sha256 {digest}, generation {generation}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let Format::Csv = args.format;
    let written = export::table(db, generation, &mut out).await?;
    writeln!(err, "{} rows, generation {generation}", written.rows)?;
    if written.nameless > 0 {
        writeln!(
            err,
            "{} builds have no name in this table: they did not ship, and their number is not known",
            written.nameless
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Args)]
pub(crate) struct LoadCsvArgs {
    /// The table, with Socorro's columns; - reads the standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Where it comes from: a name to load a later one under (default: the file's name)
    #[arg(long, value_name = "NAME")]
    origin: Option<Origin>,
    /// Who loads it, shown beside every answer that rests on it (default: the user)
    #[arg(long, env = "USER", hide_env_values = true)]
    author: Option<String>,
    /// It is the whole of its origin: rows that an earlier table of it had and this one has not are withdrawn
    #[arg(long)]
    replace: bool,
}

pub(crate) async fn load(db: &Db, args: LoadCsvArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let is_stdin = args.file.as_os_str() == "-";
    let origin = match args.origin {
        Some(origin) => origin,
        None if is_stdin => "stdin".parse()?,
        None => origin_of(&args.file)?,
    };
    let by = author(args.author);
    let author = by.parse();
    let options = LoadOptions {
        origin,
        author: author.context("reading --author")?,
        replace: args.replace,
    };
    let input: Box<dyn BufRead> = if is_stdin {
        Box::new(std::io::stdin().lock())
    } else {
        let file =
            std::fs::File::open(&args.file).with_context(|| format!("reading the table {}", args.file.display()))?;
        Box::new(BufReader::new(file))
    };
    let detail = args.file.display().to_string();
    record(db, &actor(&by), Action::LoadBuilds, [detail]).await?;
    let work = Work::start();
    let run = load_csv(db, input, &options, &work.owner, &work.stop, &work.report()).await;
    work.end();
    let run = run?;
    report::run(&run, as_json)?;
    if run.outcome == "complete" {
        Ok(ExitCode::SUCCESS)
    } else {
        bail!("the table has no row that can be used")
    }
}

fn origin_of(file: &Path) -> anyhow::Result<Origin> {
    let name = file.file_name().map(|name| name.to_string_lossy());
    name.unwrap_or_default()
        .parse()
        .with_context(|| format!("{} gives no name: say --origin NAME", file.display()))
}
