//! `datil buildinfo rebuild`: derives everything again, with the corrections of a file.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use buildinfo::db::corrections_in_force;
use buildinfo::import;
use builds::derive::correction::Correction;
use builds::derive::draft::Draft;
use clap::Args;
use platform::config::{from_json, from_toml};
use platform::db::Db;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::corrections::{make, next_id};
use super::preview::{counted, show_preview, tell_in_force, tell_unknown};
use super::print;
use super::work::Work;
use crate::operator::author;

/// Larger files of corrections are rejected. In bytes.
const MAX_FILE: u64 = 16 << 20;

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
        make(db, &author(args.author.clone()), &added).await?
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

/// The corrections of a file that are not in force yet, and the number of those that are.
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
    // A JSON array holds objects; TOML's tables start with two brackets.
    let begins_with_array = text
        .trim_start()
        .strip_prefix('[')
        .is_some_and(|rest| rest.trim_start().starts_with(['{', ']']));
    if begins_with_array {
        return from_json(text).map_err(anyhow::Error::msg);
    }
    Ok(from_toml::<File>(text).map_err(anyhow::Error::msg)?.correction)
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
