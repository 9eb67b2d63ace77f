//! `datil buildinfo correct` and `rebuild`: what people state against the sources.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use buildinfo::correction::{Correction, CorrectionKind, Draft, Field};
use buildinfo::db::{StoredCorrection, corrections_in_force, list_corrections};
use buildinfo::preview::{Preview, preview};
use buildinfo::{Build, import};
use clap::{Args, Subcommand};
use platform::clock;
use platform::config::{from_json, from_toml};
use platform::db::Db;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::builds::status;
use super::{Work, print};

/// Larger files of corrections are refused, in bytes.
const MAX_FILE: u64 = 16 << 20;
/// So many corrections are read at once.
const PAGE: i64 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum CorrectCommand {
    /// State a value, or pass over what a source says
    Add(AddArgs),
    /// List the corrections, oldest first
    List(ListArgs),
    /// Take a correction back; it stays in the list
    Undo(UndoArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// What it is about: "Firefox 125.0", "Firefox 20181025233934" or "Firefox 20181025233934 win64"
    #[arg(long, required_unless_present = "ignore", requires_all = ["field", "value"])]
    subject: Option<String>,
    /// Which member of the build is wrong
    #[arg(long, value_parser = field, requires = "subject", help = "The member: version, channel, status, build_number, offered_on, revision or repository")]
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

pub(crate) async fn correct(
    db: &Db,
    command: CorrectCommand,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
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
    let generation = make(db, std::slice::from_ref(&correction)).await?;
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

/// Who it is, when nobody says it: the process's user.
pub(super) fn author(named: Option<String>) -> String {
    let named = named.filter(|name| !name.trim().is_empty());
    named.unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()))
}

/// The moment, which is higher than any before: of two corrections of one field the later one holds.
async fn next_id(db: &Db) -> anyhow::Result<i64> {
    let now = clock::now_micros();
    let last = corrections_in_force(db)
        .await?
        .last()
        .map_or(0, |last| last.id);
    Ok(now.max(last + 1))
}

/// Adds corrections and derives what they concern.
async fn make(db: &Db, corrections: &[Correction]) -> anyhow::Result<i64> {
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

/// A correction as a line of JSON.
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
    let work = Work::start();
    let undone = import::undo_correction(
        db,
        args.id,
        &author(args.author),
        &work.owner,
        &work.stop,
        &work.report(),
    )
    .await;
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
            "correction {} is undone since generation {generation}",
            args.id
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    /// Add the corrections in this file: JSON lines, a JSON array, or TOML with tables named correction; each with subject, field,
    /// value, reason and author, or with kind = "ignore" and no field. Those that are in force already are passed over
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// Only show what would change: builds, and how many stored crashes have them
    #[arg(long, requires = "with")]
    dry_run: bool,
    /// Who makes the corrections that name no author (default: the user)
    #[arg(long, env = "USER", hide_env_values = true)]
    author: Option<String>,
}

pub(crate) async fn rebuild(
    db: &Db,
    args: &RebuildArgs,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let added = match &args.with {
        Some(file) => read_corrections(db, file, author(args.author.clone())).await?,
        None => Vec::new(),
    };
    if args.dry_run {
        return show_preview(db, &added, as_json).await;
    }
    let generation = if args.with.is_some() {
        make(db, &added).await?
    } else {
        let work = Work::start();
        let made = import::rebuild(db, &work.owner, &work.stop, &work.report()).await;
        work.end();
        made?
    };
    if as_json {
        print::objects([json!({"added": added.len(), "generation": generation})])?;
    } else {
        let mut out = std::io::stdout();
        writeln!(
            out,
            "{} corrections were added; the newest generation is {generation}",
            added.len()
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The corrections of a file, but for those that are in force.
async fn read_corrections(db: &Db, file: &Path, author: String) -> anyhow::Result<Vec<Correction>> {
    let doing = || format!("reading the corrections in {}", file.display());
    if std::fs::metadata(file).with_context(doing)?.len() > MAX_FILE {
        bail!("{} is larger than {MAX_FILE} bytes", file.display());
    }
    let text = std::fs::read_to_string(file).with_context(doing)?;
    let drafts = parse(&text).with_context(doing)?;
    let in_force = corrections_in_force(db).await?;
    let mut id = next_id(db).await?;
    let mut added: Vec<Correction> = Vec::new();
    for (position, mut draft) in drafts.into_iter().enumerate() {
        if draft.author.is_empty() {
            draft.author.clone_from(&author);
        }
        let number = position + 1;
        let correction = draft
            .check(id)
            .with_context(|| format!("correction {number} in {}", file.display()))?;
        if !in_force
            .iter()
            .chain(&added)
            .any(|known| same(known, &correction))
        {
            id += 1;
            added.push(correction);
        }
    }
    Ok(added)
}

fn same(one: &Correction, other: &Correction) -> bool {
    let said = |correction: &Correction| {
        let Correction {
            kind,
            subject,
            field,
            value,
            ..
        } = correction.clone();
        (kind, subject, field, value)
    };
    said(one) == said(other)
}

/// JSON lines, a JSON array, or TOML.
fn parse(text: &str) -> anyhow::Result<Vec<Draft>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        correction: Vec<Draft>,
    }
    if text.trim_start().starts_with('{') {
        let documents = serde_json::Deserializer::from_str(text).into_iter::<Box<RawValue>>();
        let drafts = documents.zip(1..).map(|(document, number)| {
            let document =
                document.map_err(|error| format!("line {}: this is no JSON", error.line()))?;
            from_json(document.get()).map_err(|why| format!("correction {number}: {why}"))
        });
        return drafts.collect::<Result<_, _>>().map_err(anyhow::Error::msg);
    }
    // An array of JSON holds objects; TOML's tables begin with two brackets.
    let begins_with_array = text
        .trim_start()
        .strip_prefix('[')
        .is_some_and(|rest| rest.trim_start().starts_with(['{', ']']));
    if begins_with_array {
        return from_json(text).map_err(anyhow::Error::msg);
    }
    Ok(from_toml::<File>(text)
        .map_err(anyhow::Error::msg)?
        .correction)
}

/// What would change about one build id, and whom it concerns.
#[derive(Serialize)]
struct Concerned {
    #[serde(flatten)]
    change: Preview,
    /// Stored crashes with this build.
    crashes: i64,
}

async fn show_preview(db: &Db, added: &[Correction], as_json: bool) -> anyhow::Result<ExitCode> {
    let (mut builds, mut crashes) = (0, 0);
    for change in preview(db, added).await? {
        let id = change.build_id.to_string();
        let concerned = crashstore::db::count_of_build(db, change.product.as_str(), &id).await?;
        builds += 1;
        crashes += concerned;
        if as_json {
            print::objects([Concerned {
                change,
                crashes: concerned,
            }])?;
            continue;
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "{} {id}: {concerned} stored crashes", change.product)?;
        for (sign, changed) in [('-', &change.old), ('+', &change.new)] {
            for build in changed {
                writeln!(out, "  {sign} {}", told(build))?;
            }
        }
    }
    if !as_json {
        let mut out = std::io::stdout();
        writeln!(
            out,
            "{} corrections would change {builds} builds, which {crashes} stored crashes have",
            added.len()
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn told(build: &Build) -> String {
    let platform = [build.platform.as_str(), &build.variant];
    let number = build.build_number.map(|number| format!("build{number}"));
    format!(
        "{} {} {} {} {}; offered on {}; revision {}",
        build.channel,
        build.version,
        print::or_dash(number),
        status(build),
        print::listed(platform),
        print::listed(&build.offered_on),
        print::or_dash(build.revision.as_deref()),
    )
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn corrections_are_read_from_every_form() {
        let json = r#"{"subject": "Firefox 125.0", "field": "status", "value": "pulled", "author": "a", "reason": "b"}"#;
        let toml = "# why\n[[correction]]\nsubject = \"Firefox 125.0\"\nfield = \"status\"\nvalue = \"pulled\"\nauthor = \"a\"\nreason = \"b\"\n";
        let expected = parse(json).unwrap();
        assert_eq!(expected[0].value.as_deref(), Some("pulled"));
        for text in [
            format!("\n{json}\n\n"),
            format!("[{json}]"),
            toml.to_owned(),
        ] {
            assert_eq!(parse(&text).unwrap(), expected, "{text}");
        }
        assert_eq!(parse("[]").unwrap(), []);
        for text in ["", "x", "{", "[[corrections]]\n", &format!("{json}\nx")] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
