//! Imports, reported to people and to programs.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use buildinfo::db::{Run, recent_runs};
use platform::db::Db;
use tempfile::NamedTempFile;

use crate::import_run;

/// Prints how an import went.
pub(crate) fn run(run: &Run, as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", serde_json::to_string(run)?)?;
    } else {
        writeln!(out, "{}", import_run::line(run))?;
        for line in run.policy().lines() {
            writeln!(out, "  {line}")?;
        }
        for note in run.notes.lines() {
            writeln!(out, "  {note}")?;
        }
    }
    Ok(())
}

/// `datil buildinfo runs`
pub(crate) async fn runs(db: &Db, as_json: bool) -> anyhow::Result<ExitCode> {
    let found = recent_runs(db, 50).await?;
    if found.is_empty() && !as_json {
        writeln!(std::io::stdout(), "nothing was imported yet")?;
    }
    for one in found {
        run(&one, as_json)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a snapshot of all builds, and prints what it contains.
pub(crate) async fn snapshot(db: &Db, file: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let snapshot = buildinfo::transfer::snapshot::make(db).await?;
    let mut beside = file_beside(file)?;
    std::io::copy(&mut snapshot.file.reopen()?, beside.as_file_mut())
        .with_context(|| format!("writing {}", file.display()))?;
    move_into_place(beside, file)?;
    let header = &snapshot.header;
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", serde_json::to_string(header)?)?;
    } else {
        writeln!(
            out,
            "{} builds of generation {}, digest {}",
            header.builds, header.generation, header.sha256
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Creates a file in the folder of `path`, to be written before it gets that name.
pub(super) fn file_beside(path: &Path) -> anyhow::Result<NamedTempFile> {
    NamedTempFile::new_in(folder_of(path)).with_context(|| format!("writing {}", path.display()))
}

/// Renames a written file: a file of that name is always complete and on disk.
pub(super) fn move_into_place(file: NamedTempFile, path: &Path) -> anyhow::Result<()> {
    let moved = || -> std::io::Result<()> {
        file.as_file().sync_all()?;
        file.persist(path)?;
        File::open(folder_of(path))?.sync_all()
    };
    moved().with_context(|| format!("writing {}", path.display()))
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new("."))
}
