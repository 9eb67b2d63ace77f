//! `datil buildinfo lookup` and `explain`: questions about builds, answered from the database.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use buildinfo::Freshness;
use buildinfo::db::{known_at, latest_generation, source_states};
use buildinfo::explain::explain as explain_answer;
use buildinfo::lookup::answer_from_database;
use builds::{Answer, BuildIndex, Question};
use clap::Args;
use platform::db::Db;
use serde_json::json;

/// A longer batch loads the whole index once.
const FEW: usize = 20;
/// Longer lines of a batch are rejected. In bytes.
const MAX_LINE: usize = 64 * 1024;

#[derive(Debug, Args)]
pub(crate) struct QuestionArgs {
    /// The product, such as Firefox
    #[arg(long)]
    product: String,
    /// The channel, such as beta
    #[arg(long, default_value = "")]
    channel: String,
    /// The build id, 14 digits, or its beginning
    #[arg(long)]
    build_id: String,
    /// The version that the program reports about itself
    #[arg(long)]
    version: Option<String>,
    /// What was known at this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    as_of: Option<chrono::DateTime<chrono::Utc>>,
}

#[derive(Debug, Args)]
pub(crate) struct LookupArgs {
    /// JSON lines of questions, with the names of these options as keys; - reads the standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["product", "build_id", "channel", "version"])]
    batch: Option<PathBuf>,
    /// The product, such as Firefox
    #[arg(long, required_unless_present = "batch")]
    product: Option<String>,
    /// The channel, such as beta
    #[arg(long, default_value = "")]
    channel: String,
    /// The build id, 14 digits, or its beginning
    #[arg(long, required_unless_present = "batch")]
    build_id: Option<String>,
    /// The version that the program reports about itself
    #[arg(long)]
    version: Option<String>,
    /// What was known at this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    as_of: Option<chrono::DateTime<chrono::Utc>>,
    /// Answer from this file, from /api/v1/snapshot, and not from a database
    #[arg(long, value_name = "FILE", conflicts_with = "as_of")]
    pub(crate) snapshot: Option<PathBuf>,
}

/// The data that answers questions.
enum Known<'a> {
    /// A generation in a database.
    Stored(&'a Db, i64),
    /// All builds, in memory.
    Loaded(Box<BuildIndex>),
}

impl Known<'_> {
    async fn answer(&self, question: &Question) -> anyhow::Result<Answer> {
        Ok(match self {
            Self::Stored(db, generation) => answer_from_database(db, *generation, question).await?,
            Self::Loaded(index) => builds::resolve(index, question),
        })
    }
}

/// The generation that answers, and how fresh it is.
async fn generation(db: &Db, as_of: Option<chrono::DateTime<chrono::Utc>>) -> anyhow::Result<(i64, Freshness)> {
    if let Some(time) = as_of {
        let generation = known_at(db, time.timestamp_micros()).await??;
        return Ok((generation.n, Freshness::at(generation.created)));
    }
    // Read first: the sources must not appear fresher than the generation.
    let freshness = Freshness::of(&source_states(db).await?);
    Ok((latest_generation(db).await?.n, freshness))
}

pub(crate) async fn lookup(db: &Db, args: &LookupArgs) -> anyhow::Result<ExitCode> {
    let (generation, freshness) = generation(db, args.as_of).await?;
    answer_all(Known::Stored(db, generation), &freshness, args).await
}

/// Answers from a snapshot alone.
pub(crate) async fn lookup_in_snapshot(file: &Path, args: &LookupArgs) -> anyhow::Result<ExitCode> {
    let context = || format!("reading the snapshot {}", file.display());
    let opened = std::fs::File::open(file).with_context(context)?;
    let (head, index) = buildinfo::transfer::snapshot::read(opened).with_context(context)?;
    let freshness = Freshness::at(head.created_micros());
    answer_all(Known::Loaded(Box::new(index)), &freshness, args).await
}

async fn answer_all(mut known: Known<'_>, freshness: &Freshness, args: &LookupArgs) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    let Some(batch) = &args.batch else {
        let question = Question {
            product: args.product.clone().unwrap_or_default(),
            channel: args.channel.clone(),
            build_id: args.build_id.clone().unwrap_or_default(),
            version: args.version.clone(),
            asked_at: Some(platform::clock::now_micros()),
        };
        let answer = known.answer(&question).await?;
        writeln!(out, "{}", serde_json::to_string(&freshness.date(&answer))?)?;
        return Ok(ExitCode::SUCCESS);
    };
    let lines: Box<dyn BufRead> = if batch.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let file =
            std::fs::File::open(batch).with_context(|| format!("reading the questions in {}", batch.display()))?;
        Box::new(std::io::BufReader::new(file))
    };
    for (number, line) in lines.split(b'\n').enumerate() {
        let line = line?;
        let question = match read_question(&line) {
            Ok(question) => question,
            Err(error) => {
                let line = number + 1;
                writeln!(out, "{}", json!({ "error": error, "line": line }))?;
                continue;
            }
        };
        if let Known::Stored(db, generation) = known
            && number >= FEW
        {
            known = Known::Loaded(Box::new(buildinfo::lookup::load(db, generation).await?));
        }
        let answer = known.answer(&question).await?;
        writeln!(out, "{}", serde_json::to_string(&freshness.date(&answer))?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read_question(line: &[u8]) -> Result<Question, String> {
    if line.len() > MAX_LINE {
        return Err(format!("the line is longer than {MAX_LINE} bytes"));
    }
    let mut question = Question::read(line)?;
    question.asked_at = Some(platform::clock::now_micros());
    Ok(question)
}

pub(crate) async fn explain(db: &Db, args: &QuestionArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let (generation, freshness) = generation(db, args.as_of).await?;
    let question = Question {
        product: args.product.clone(),
        channel: args.channel.clone(),
        build_id: args.build_id.clone(),
        version: args.version.clone(),
        asked_at: Some(platform::clock::now_micros()),
    };
    let answer = answer_from_database(db, generation, &question).await?;
    let explanation = explain_answer(db, &answer).await?;
    let mut out = std::io::stdout().lock();
    if as_json {
        let dated = freshness.date(&explanation);
        writeln!(out, "{}", serde_json::to_string(&dated)?)?;
    } else {
        writeln!(out, "{explanation}")?;
        writeln!(out, "{freshness}")?;
    }
    Ok(ExitCode::SUCCESS)
}
