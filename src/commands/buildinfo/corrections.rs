//! `datil buildinfo correct` and `rebuild`: what people state against the sources.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use buildinfo::db::{
    StoredCorrection, builds_by_id, built_versions, corrections_in_force, latest_generation, list_corrections,
};
use buildinfo::import;
use buildinfo::preview::{Preview, preview};
use builds::derive::correction::{Correction, CorrectionKind, Draft, Field, Subject};
use builds::{Build, Question};
use clap::{Args, Subcommand};
use crashstore::db::{asking_of_build, count_of_build};
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
/// Crashes of one build are told apart by what they ask in so many kinds.
const MOST_ASKING: i64 = 10_000;
/// So many candidates of a version are looked for.
const MOST_CANDIDATES: u32 = 20;

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
    let last = corrections_in_force(db).await?.last().map_or(0, |last| last.id);
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
            "correction {} is undone since generation {generation}; \"datil buildinfo correct list --all\" still \
             shows it",
            args.id
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    /// Add the corrections in this file: JSON lines, a JSON array, or TOML with tables named correction; each with
    /// subject, field, value, reason and author, or with kind = "ignore" and no field. Those that are in force already
    /// are passed over
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// Only show what would change: builds, and the stored crashes with their build ids
    #[arg(long, requires = "with")]
    dry_run: bool,
    /// Who makes the corrections that name no author (default: the user)
    #[arg(long, env = "USER", hide_env_values = true)]
    author: Option<String>,
}

pub(crate) async fn rebuild(db: &Db, args: &RebuildArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let (added, in_force) = match &args.with {
        Some(file) => read_corrections(db, file, author(args.author.clone())).await?,
        None => (Vec::new(), 0),
    };
    if args.dry_run {
        return show_preview(db, &added, in_force, as_json).await;
    }
    tell_unknown(db, &added).await?;
    let generation = if args.with.is_some() {
        make(db, &added).await?
    } else {
        let work = Work::start();
        let made = import::rebuild(db, &work.owner, &work.stop, &work.report()).await;
        work.end();
        made?
    };
    if as_json {
        print::objects([json!({
            "added": added.len(),
            "in_force_already": in_force,
            "generation": generation,
        })])?;
    } else {
        let mut out = std::io::stdout();
        tell_in_force(&mut out, in_force)?;
        writeln!(
            out,
            "{} {} added; the newest generation is {generation}",
            counted(added.len(), "correction"),
            if added.len() == 1 { "was" } else { "were" }
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The corrections of a file, but for those that are in force, and how many those are.
async fn read_corrections(db: &Db, file: &Path, author: String) -> anyhow::Result<(Vec<Correction>, usize)> {
    let doing = || format!("reading the corrections in {}", file.display());
    if std::fs::metadata(file).with_context(doing)?.len() > MAX_FILE {
        bail!("{} is larger than {MAX_FILE} bytes", file.display());
    }
    let text = std::fs::read_to_string(file).with_context(doing)?;
    let drafts = parse(&text).with_context(doing)?;
    let in_force = corrections_in_force(db).await?;
    let mut id = next_id(db).await?;
    let mut added: Vec<Correction> = Vec::new();
    let mut passed_over = 0;
    for (position, mut draft) in drafts.into_iter().enumerate() {
        if draft.author.is_empty() {
            draft.author.clone_from(&author);
        }
        let number = position + 1;
        let correction = draft
            .check(id)
            .with_context(|| format!("correction {number} in {}", file.display()))?;
        if in_force.iter().any(|known| same(known, &correction)) {
            passed_over += 1;
        } else if !added.iter().any(|known| same(known, &correction)) {
            id += 1;
            added.push(correction);
        }
    }
    Ok((added, passed_over))
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
            let document = document.map_err(|error| format!("line {}: this is no JSON", error.line()))?;
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
    Ok(from_toml::<File>(text).map_err(anyhow::Error::msg)?.correction)
}

/// What would change about one build id, and whom it concerns.
#[derive(Serialize)]
struct Concerned {
    #[serde(flatten)]
    change: Preview,
    /// Stored crashes with this build id.
    crashes: i64,
    /// Those of them whose answer would be another one.
    crashes_changed: i64,
}

impl Concerned {
    /// Looks a change's crashes up.
    async fn of(db: &Db, change: Preview) -> anyhow::Result<Self> {
        let (product, id) = (change.product.as_str(), change.build_id.to_string());
        let asking = asking_of_build(db, product, &id, MOST_ASKING).await?;
        let questions: Vec<Question> = asking
            .iter()
            .map(|asking| Question {
                product: product.to_owned(),
                channel: asking.channel.clone(),
                build_id: id.clone(),
                version: Some(match asking.version_reported.as_str() {
                    "" => asking.version.clone(),
                    reported => reported.to_owned(),
                }),
                asked_at: None,
            })
            .collect();
        let changes = change.changes_answers(&questions)?;
        let changed = asking.iter().zip(changes).filter(|(_, changes)| *changes);
        Ok(Self {
            crashes: count_of_build(db, product, &id).await?,
            crashes_changed: changed.map(|(asking, _)| asking.crashes).sum(),
            change,
        })
    }
}

/// Prints what corrections would change. `in_force` of a file's are in force already.
async fn show_preview(db: &Db, added: &[Correction], in_force: usize, as_json: bool) -> anyhow::Result<ExitCode> {
    let (mut builds, mut crashes, mut answers) = (0, 0, 0);
    for change in preview(db, added).await? {
        let concerned = Concerned::of(db, change).await?;
        builds += 1;
        crashes += concerned.crashes;
        answers += concerned.crashes_changed;
        if as_json {
            print::objects([concerned])?;
            continue;
        }
        let change = &concerned.change;
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "{} {}: {}",
            change.product,
            change.build_id,
            carried(concerned.crashes, concerned.crashes_changed)
        )?;
        for (sign, changed) in [('-', &change.old), ('+', &change.new)] {
            for build in changed {
                writeln!(out, "  {sign} {}", told(build))?;
            }
        }
    }
    tell_unknown(db, added).await?;
    if !as_json {
        let mut out = std::io::stdout();
        tell_in_force(&mut out, in_force)?;
        writeln!(
            out,
            "{} would change {}; {}",
            counted(added.len(), "correction"),
            counted(builds, "build"),
            carried(crashes, answers)
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn carried(crashes: i64, changed: i64) -> String {
    let (crash, carry) = match crashes {
        1 => ("crash", "carries"),
        _ => ("crashes", "carry"),
    };
    let which = if crashes == 0 {
        String::new()
    } else {
        format!(", {changed} would be answered otherwise")
    };
    format!("{crashes} stored {crash} {carry} this build id{which}")
}

fn counted(count: usize, what: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {what}{end}")
}

fn tell_in_force(out: &mut impl Write, count: usize) -> std::io::Result<()> {
    match count {
        0 => Ok(()),
        1 => writeln!(out, "1 correction is in force already"),
        count => writeln!(out, "{count} corrections are in force already"),
    }
}

/// Warns of corrections of builds that nobody knows: they hold as soon as a source lists one.
async fn tell_unknown(db: &Db, added: &[Correction]) -> anyhow::Result<()> {
    let generation = latest_generation(db).await?.n;
    for correction in added {
        let subject = match correction.kind {
            CorrectionKind::State => correction.subject.parse::<Subject>().ok(),
            CorrectionKind::Ignore => None,
        };
        let (known, what) = match subject {
            Some(Subject::Build(product, id, platform)) => {
                let builds = builds_by_id(db, generation, product, id).await?;
                let on = |build: &Build| platform.as_ref().is_none_or(|on| *on == build.platform);
                let what = match &platform {
                    Some(on) if !builds.is_empty() => format!("for {on} has this id"),
                    _ => "has this id".to_owned(),
                };
                (builds.iter().any(on), what)
            }
            Some(Subject::Version(product, version)) => {
                let candidates = (1..=MOST_CANDIDATES).map(|n| version.with_candidate(n));
                let names = candidates.chain([version.clone()]);
                let names: Vec<String> = names.map(|name| name.to_string()).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let built = built_versions(db, generation, product.as_str(), &names).await?;
                (!built.is_empty(), "is of this version".to_owned())
            }
            None => continue,
        };
        if !known {
            writeln!(
                std::io::stderr(),
                "note: {}: no build {what} (yet); the correction holds as soon as a source lists one",
                correction.subject
            )?;
        }
    }
    Ok(())
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
        let json =
            r#"{"subject": "Firefox 125.0", "field": "status", "value": "pulled", "author": "a", "reason": "b"}"#;
        let toml = "# why\n[[correction]]\nsubject = \"Firefox 125.0\"\nfield = \"status\"\nvalue = \
            \"pulled\"\nauthor = \"a\"\nreason = \"b\"\n";
        let expected = parse(json).unwrap();
        assert_eq!(expected[0].value.as_deref(), Some("pulled"));
        for text in [format!("\n{json}\n\n"), format!("[{json}]"), toml.to_owned()] {
            assert_eq!(parse(&text).unwrap(), expected, "{text}");
        }
        assert_eq!(parse("[]").unwrap(), []);
        for text in ["", "x", "{", "[[corrections]]\n", &format!("{json}\nx")] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
