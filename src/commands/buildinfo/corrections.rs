//! `datil buildinfo correct`: statements by people that override the sources.

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use buildinfo::db::{StoredCorrection, corrections_in_force, list_corrections};
use buildinfo::import;
use builds::derive::correction::{Correction, CorrectionKind, Field};
use builds::derive::draft::Draft;
use clap::{Args, Subcommand};
use platform::access::Action;
use platform::clock;
use platform::db::Db;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::preview::{show_preview, tell_unknown};
use super::print;
use super::work::Work;
use crate::operator::{actor, author, record};

/// Maximum corrections read at a time.
const PAGE: i64 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum CorrectCommand {
    /// State a value, or pass over what a source says
    Add(AddArgs),
    /// List the corrections, oldest first
    List(ListArgs),
    /// Take a correction back; "list --all" still shows it
    Undo(UndoArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// What it is about: "Firefox 125.0", "Firefox 20181025233934" or "Firefox 20181025233934 win64"
    #[arg(long, required_unless_present = "ignore", requires_all = ["field", "value"])]
    subject: Option<String>,
    /// Which member of the build is wrong
    #[arg(long, value_parser = field, requires = "subject", help = "The member: version, channel, status, \
        build_number, offered_on, revision or repository")]
    field: Option<Field>,
    /// What it really is
    #[arg(long, requires = "subject", allow_hyphen_values = true)]
    value: Option<String>,
    /// Pass over observations instead: those with this subject, or this digest (`explain` shows both)
    #[arg(long, value_name = "SUBJECT|DIGEST", conflicts_with = "subject")]
    ignore: Option<String>,
    /// Why, in a sentence
    #[arg(long)]
    reason: String,
    /// Only show what would change: builds, and the stored crashes with their build ids
    #[arg(long)]
    dry_run: bool,
    /// Who says so (default: the user)
    #[arg(long, env = "USER", hide_env_values = true)]
    author: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Those too that were undone
    #[arg(long)]
    all: bool,
    /// At most so many
    #[arg(long, default_value = "10000", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    limit: u16,
    /// Go on after this correction
    #[arg(long, value_name = "ID", default_value = "0")]
    after: i64,
}

#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    /// The correction's number, which add and list print
    id: i64,
    /// Who takes it back (default: the user)
    #[arg(long, env = "USER", hide_env_values = true)]
    author: Option<String>,
}

fn field(name: &str) -> Result<Field, String> {
    let parsed = Field::deserialize(json!(name));
    parsed.map_err(|error| error.to_string())
}

pub(crate) async fn correct(db: &Db, command: CorrectCommand, as_json: bool) -> anyhow::Result<ExitCode> {
    match command {
        CorrectCommand::Add(args) => add(db, args, as_json).await,
        CorrectCommand::List(args) => list(db, &args, as_json).await,
        CorrectCommand::Undo(args) => undo(db, args, as_json).await,
    }
}

async fn add(db: &Db, args: AddArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let kind = match args.ignore {
        Some(_) => CorrectionKind::Ignore,
        None => CorrectionKind::State,
    };
    let draft = Draft {
        kind: Some(kind),
        subject: args.subject.or(args.ignore).unwrap_or_default(),
        field: args.field,
        value: args.value,
        author: author(args.author),
        reason: args.reason,
    };
    let correction = draft.check(next_id(db).await?)?;
    if args.dry_run {
        return show_preview(db, std::slice::from_ref(&correction), 0, as_json).await;
    }
    tell_unknown(db, std::slice::from_ref(&correction)).await?;
    let generation = make(db, &correction.author, std::slice::from_ref(&correction)).await?;
    if as_json {
        print::objects([json!({"correction": correction, "generation": generation})])?;
    } else {
        let mut out = std::io::stdout();
        writeln!(
            out,
            "correction {} is in force since generation {generation}",
            correction.id
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The current time, increased if needed to exceed any earlier id: of two corrections of one field the later one wins.
pub(super) async fn next_id(db: &Db) -> anyhow::Result<i64> {
    let now = clock::now_micros();
    let last = corrections_in_force(db).await?.last().map_or(0, |last| last.id);
    Ok(now.max(last + 1))
}

/// Adds corrections and derives everything that they affect. The audit log names `by`, who runs the command.
pub(super) async fn make(db: &Db, by: &str, corrections: &[Correction]) -> anyhow::Result<i64> {
    let details = corrections
        .iter()
        .map(|correction| format!("add correction {}: {}", correction.id, what(correction)));
    record(db, &actor(by), Action::CorrectBuilds, details).await?;
    let work = Work::start();
    let made = import::correct(db, corrections, &work.owner, &work.stop, &work.report()).await;
    work.end();
    Ok(made?)
}

async fn list(db: &Db, args: &ListArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let (mut left, mut after) = (usize::from(args.limit), args.after);
    let mut rows = Vec::new();
    loop {
        let page = list_corrections(db, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.correction.id;
        let wanted = page
            .iter()
            .filter(|stored| args.all || stored.undone_at.is_none())
            .take(left);
        for stored in wanted {
            left -= 1;
            if as_json {
                print::objects([Shown::of(stored)])?;
            } else {
                rows.push(row(stored));
            }
        }
        if left == 0 {
            break;
        }
    }
    if !as_json {
        let heading = ["ID", "MADE (UTC)", "BY", "WHAT", "UNDONE (UTC)", "REASON"];
        print::columns(heading, &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A correction as one line of JSON.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    correction: &'a Correction,
    created: String,
    undone_at: Option<String>,
    undone_by: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn of(stored: &'a StoredCorrection) -> Self {
        Self {
            correction: &stored.correction,
            created: clock::rfc3339(stored.created),
            undone_at: stored.undone_at.map(clock::rfc3339),
            undone_by: stored.undone_by.as_deref(),
        }
    }
}

fn row(stored: &StoredCorrection) -> [String; 6] {
    let correction = &stored.correction;
    let undone = stored.undone_at.map(|at| {
        let by = stored.undone_by.as_deref().unwrap_or_default();
        format!("{} by {by}", clock::rfc3339(at))
    });
    [
        correction.id.to_string(),
        clock::rfc3339(stored.created),
        correction.author.clone(),
        what(correction),
        print::or_dash(undone),
        correction.reason.clone(),
    ]
}

fn what(correction: &Correction) -> String {
    let field = correction.field.as_ref().map(|field| json!(field));
    let field = field.as_ref().and_then(|field| field.as_str());
    match (field, &correction.value) {
        (Some(field), Some(value)) => format!("{}: {field} = {value}", correction.subject),
        _ => format!("ignore {}", correction.subject),
    }
}

async fn undo(db: &Db, args: UndoArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let author = author(args.author);
    let detail = format!("undo correction {}", args.id);
    record(db, &actor(&author), Action::CorrectBuilds, [detail]).await?;
    let work = Work::start();
    let undone = import::undo_correction(db, args.id, &author, &work.owner, &work.stop, &work.report()).await;
    work.end();
    let Some(generation) = undone? else {
        bail!("no correction {} is in force", args.id);
    };
    if as_json {
        print::objects([json!({"undone": args.id, "generation": generation})])?;
    } else {
        let mut out = std::io::stdout();
        writeln!(
            out,
            "correction {} is undone since generation {generation}; \"datil buildinfo correct list --all\" still \
             shows it",
            args.id
        )?;
    }
    Ok(ExitCode::SUCCESS)
}
