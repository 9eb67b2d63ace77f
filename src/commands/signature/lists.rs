//! `datil signature lists`: which signature lists are in force, how others differ, and a site's own lists.

mod report;
mod source;
mod stored;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use platform::access::{Action, Actor};
use processor::siglists::Siglists;
use serde_json::json;
use signature::Comparison;

pub(crate) use self::report::counts;
use self::source::{BUILT_IN, Set};
use crate::operator::{By, record};
use crate::parts::open_db;
use crate::settings::Settings;

/// How to compute the SHA-256 of lists without this program.
pub(crate) const SHA256_HELP: &str = "\
The SHA-256 is that of the entries, not of the files: comments and order do not change it. In the
folder of the four lists this makes the same:

  for f in irrelevant_signature_re prefix_signature_re signature_sentinels \\
    signatures_with_line_numbers_re; do echo \"[$f.txt]\"
    sed 's/^[ \\t]*//; s/[ \\t\\r]*$//; /^#/d; /^$/d' $f.txt | LC_ALL=C sort -u; done | sha256sum";

#[derive(Debug, Subcommand)]
pub(crate) enum ListsCommand {
    /// Show which lists are in force, their SHA-256 and how many entries they have, and which others are here
    Show {
        /// Show this set instead
        #[arg(value_name = SET)]
        set: Option<String>,
    },
    /// Show where two sets of lists differ: on names, and on stored crashes
    #[command(after_help = EXIT_CODES)]
    Diff {
        /// The other set: what would change if it was in force
        #[arg(value_name = SET)]
        set: String,
        /// Compare the first one with this set, and not the lists in force with it
        #[arg(value_name = SET)]
        second: Option<String>,
        #[command(flatten)]
        stored: StoredArgs,
    },
    /// Check lists, store them in the data folder, and show how they differ from those in force. Nothing is
    /// switched on without --activate
    #[command(after_help = EXIT_CODES)]
    Fetch {
        /// A folder with the four lists, a checkout of Socorro, siggen's wheel, a zip or tar.gz of a checkout, or an
        /// http(s) URL of one of these archives or of the folder
        #[arg(value_name = "DIR|WHEEL|URL")]
        source: String,
        /// Switch them on afterwards
        #[arg(long)]
        activate: bool,
        #[command(flatten)]
        stored: StoredArgs,
        #[command(flatten)]
        by: By,
    },
    /// Switch lists on that are in the data folder, or go back to the built-in ones. Running processors take them up
    /// within seconds; crashes that are processed already keep their signature
    Activate {
        /// The beginning of their SHA-256, or `built-in`
        #[arg(value_name = "SHA256|built-in")]
        set: String,
        #[command(flatten)]
        by: By,
    },
}

/// The ways to name a set of lists.
const SET: &str = "DIR|WHEEL|URL|SHA256|built-in";

const EXIT_CODES: &str = "Exit code: 0 whether lists differ or not; 1 when lists, or stored crashes, cannot be read.";

#[derive(Debug, Args)]
pub(crate) struct StoredArgs {
    /// Make the signatures of so many stored crashes, the newest, with both sets; 0: of none
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
}

pub(crate) async fn run(settings: &Settings, command: ListsCommand, as_json: bool) -> anyhow::Result<ExitCode> {
    let siglists = Siglists::of(&settings.processor, &settings.data_dir);
    let mut out = std::io::stdout();
    match command {
        ListsCommand::Show { set: Some(text) } => {
            let set = Set::named(&text, &siglists).await?;
            report::set("set", &set, as_json, &mut out)?;
        }
        ListsCommand::Show { set: None } => show(&siglists, as_json)?,
        ListsCommand::Diff { set, second, stored } => {
            let (first, second) = match second {
                Some(second) => (set, second),
                None => {
                    let first = Set::in_force(&siglists)?;
                    let second = Set::named(&set, &siglists).await?;
                    return compare(settings, &first, &second, stored.limit, as_json).await;
                }
            };
            let first = Set::named(&first, &siglists).await?;
            let second = Set::named(&second, &siglists).await?;
            return compare(settings, &first, &second, stored.limit, as_json).await;
        }
        ListsCommand::Fetch {
            source,
            activate,
            stored,
            by,
        } => {
            let by = activate.then(|| by.actor());
            return fetch(settings, &siglists, &source, by, stored.limit, as_json).await;
        }
        ListsCommand::Activate { set, by } => {
            let sha256 = match set.as_str() {
                BUILT_IN => None,
                start => Some(siglists.find(start)?),
            };
            switch(settings, &siglists, sha256.as_deref(), &by.actor(), as_json).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The lists in force, and which others are in the data folder.
fn show(siglists: &Siglists, as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let in_force = Set::in_force(siglists)?;
    report::set("in force", &in_force, as_json, &mut out)?;
    let others = siglists.installed();
    for sha256 in others.iter().filter(|other| *other != in_force.lists.sha256()) {
        if as_json {
            let folder = siglists.folder_of(sha256);
            let object = json!({"kind": "installed", "sha256": sha256, "folder": folder});
            writeln!(out, "{object}")?;
        } else {
            writeln!(out, "also here SHA-256 {sha256}")?;
        }
    }
    Ok(())
}

/// Shows where two sets differ, on names and on stored crashes.
async fn compare(
    settings: &Settings,
    first: &Set,
    second: &Set,
    limit: usize,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    report::set("first", first, as_json, &mut out)?;
    report::set("second", second, as_json, &mut out)?;
    let found = Comparison::of(&first.lists, &second.lists);
    report::names(&found, as_json, &mut out)?;
    if limit > 0 {
        let lists = [&first.lists, &second.lists];
        let changes = stored::changes(settings, lists, limit).await?;
        report::crashes(changes.as_ref(), as_json, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn fetch(
    settings: &Settings,
    siglists: &Siglists,
    source: &str,
    activate: Option<Actor>,
    limit: usize,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let set = Set::fetched(source).await?;
    let Some(texts) = &set.texts else {
        bail!("{} are always here", set.name);
    };
    let sha256 = siglists.install(texts.each_ref().map(String::as_str))?;
    let folder = siglists.folder_of(&sha256);
    let mut out = std::io::stdout();
    // Printed first: they are there even if the comparison fails.
    if as_json {
        let object = json!({"kind": "installed", "sha256": sha256, "folder": folder});
        writeln!(out, "{object}")?;
    } else {
        writeln!(out, "Checked, and stored in {}\n", folder.display())?;
    }
    // Damaged lists in force must not prevent fetching them again.
    match Set::in_force(siglists) {
        Ok(in_force) => {
            compare(settings, &in_force, &set, limit, as_json).await?;
        }
        Err(error) => {
            report::set("fetched", &set, as_json, &mut std::io::stdout())?;
            writeln!(std::io::stderr(), "they are compared with nothing: {error}")?;
        }
    }
    if let Some(by) = activate {
        switch(settings, siglists, Some(&sha256), &by, as_json).await?;
    } else if !as_json && siglists.sha256().is_ok_and(|in_force| in_force == sha256) {
        writeln!(out, "\nThese are the lists in force.")?;
    } else if !as_json {
        let start = sha256.get(..12).unwrap_or(&sha256);
        writeln!(
            out,
            "\nNothing was switched on. To do that: datil signature lists activate {start}"
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Switches lists on; `None` means the built-in ones.
async fn switch(
    settings: &Settings,
    siglists: &Siglists,
    sha256: Option<&str>,
    by: &Actor,
    as_json: bool,
) -> anyhow::Result<()> {
    if let Some(folder) = siglists.setting() {
        bail!(
            "the setting processor.siglists names {}, and nothing else counts: nothing was switched on; remove the \
             setting first",
            folder.display()
        );
    }
    let db = open_db(settings)
        .await
        .context("nothing was switched on, since it could not be recorded in the audit log")?;
    let detail = sha256.unwrap_or(BUILT_IN).to_owned();
    record(&db, by, Action::SwitchLists, [detail]).await?;
    db.close().await;
    match sha256 {
        Some(sha256) => siglists.activate(sha256)?,
        None => siglists.deactivate()?,
    }
    let mut out = std::io::stdout();
    if as_json {
        let object = json!({"kind": "activated", "sha256": siglists.sha256()?});
        writeln!(out, "{object}")?;
    } else {
        let what = sha256.map_or("the built-in lists".to_owned(), |sha256| format!("SHA-256 {sha256}"));
        writeln!(
            out,
            "Switched on: {what}. Processors with this data folder take them up within seconds; those with another one \
             need the same there. Crashes that are processed already keep their signature."
        )?;
    }
    Ok(())
}
