//! The two things this program does: making all samples, and checking all samples.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::catalogue;
use crate::sample::{self, Sample};
use crate::symbols;
use crate::victim::Victim;
use crate::walk::{self, SymbolKey, Symbols};

/// Maximum bytes of all samples and symbols.
const MOST_BYTES: u64 = 1_500_000;

/// Modules of a real dump to make symbols for: the others (the loader, the kernel's page) hold no frame that matters.
const MODULES_WITH_SYMBOLS: &[&str] = &["victim", "libc.so.6"];

/// Makes all samples and their symbols, replacing `out/crashes` and `out/symbols`, then checks them.
///
/// # Errors
/// When the victim cannot be run or traced, when a file cannot be written, or when a walk does not find what it should.
pub(crate) fn make(out: &Path) -> Result<()> {
    let work = std::env::temp_dir().join("datil-testkit");
    let full_root = work.join("symbols");
    empty(&work)?;
    empty(&full_root)?;
    let victim = Victim::install(&work)?;
    let samples = catalogue::all(&victim)?;

    for (key, text) in catalogue::hand_written_symbols() {
        symbols::write(&full_root, &key, text)?;
    }
    for (program, key) in programs(&samples, victim.program())? {
        symbols::make(&program, &key, &full_root)?;
    }

    let full = Symbols::new(&full_root);
    let walked_in_full = stacks(&samples, &full)?;

    empty(&out.join("symbols"))?;
    for (key, asked) in full.into_asked() {
        let path = symbols::path(&full_root, &key);
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let trimmed = if MODULES_WITH_SYMBOLS.contains(&key.0.as_str()) {
            symbols::trim(&text, &asked)
        } else {
            text
        };
        let written = symbols::write(&out.join("symbols"), &key, &trimmed)?;
        println!("{:>8} {}", trimmed.len(), written.display());
    }

    let trimmed = Symbols::new(&out.join("symbols"));
    ensure!(
        stacks(&samples, &trimmed)? == walked_in_full,
        "the trimmed symbols give other stacks than the whole ones"
    );
    empty(&out.join("crashes"))?;
    for sample in &samples {
        let folder = out.join("crashes").join(sample.name);
        sample.write(&folder, &trimmed)?;
        println!("{:>8} {}", bytes_below(&folder)?, folder.display());
    }
    fs::remove_dir_all(&work).with_context(|| format!("removing {}", work.display()))?;
    check(out)
}

/// Checks all samples below `folder`.
///
/// # Errors
/// When there are none, when one is not as it should be, or when they are too large in total.
pub(crate) fn check(folder: &Path) -> Result<()> {
    let symbols = Symbols::new(&folder.join("symbols"));
    let crashes = folder.join("crashes");
    let mut checked = 0;
    let mut wrong = Vec::new();
    for crash in entries(&crashes)? {
        match sample::check(&crash, &symbols) {
            Ok(()) => checked += 1,
            Err(error) => wrong.push(format!("{}: {error:#}", crash.display())),
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    ensure!(checked > 0, "no crashes in {}", crashes.display());
    let bytes = bytes_below(&crashes)? + bytes_below(&folder.join("symbols"))?;
    ensure!(bytes <= MOST_BYTES, "{bytes} bytes are more than {MOST_BYTES}");
    println!("{checked} crashes are as expected, {bytes} bytes with their symbols");
    Ok(())
}

/// Returns the programs in the samples' dumps to make symbols for.
fn programs(samples: &[Sample], victim: &Path) -> Result<BTreeMap<PathBuf, SymbolKey>> {
    let mut programs = BTreeMap::new();
    for sample in samples.iter().filter(|sample| sample.os == "Linux") {
        for (_, dump) in &sample.dumps {
            let modules = walk::modules(dump)?;
            programs.extend(
                modules
                    .into_iter()
                    .filter(|(_, (file, _))| MODULES_WITH_SYMBOLS.contains(&file.as_str())),
            );
        }
    }
    ensure!(programs.contains_key(victim), "no dump names {}", victim.display());
    Ok(programs)
}

/// Returns all stacks of all dumps of the samples.
fn stacks(samples: &[Sample], symbols: &Symbols) -> Result<Vec<Value>> {
    let dumps = samples
        .iter()
        .flat_map(|sample| sample.dumps.iter().map(move |(_, dump)| (sample.name, dump)));
    dumps
        .map(|(name, dump)| {
            let mut walked = walk::walk(dump, symbols).with_context(|| name.to_owned())?;
            Ok(walked["threads"].take())
        })
        .collect()
}

/// Makes `folder` an empty, existing folder.
fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))
}

fn entries(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let read =
        || -> std::io::Result<BTreeSet<PathBuf>> { fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect() };
    read().with_context(|| format!("reading {}", folder.display()))
}

fn bytes_below(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for path in entries(folder)? {
        bytes += if path.is_dir() {
            bytes_below(&path)?
        } else {
            path.metadata()
                .with_context(|| format!("reading {}", path.display()))?
                .len()
        };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixtures() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
    }

    #[test]
    fn the_committed_samples_are_as_expected() {
        check(&fixtures()).unwrap();
    }

    #[test]
    fn synthetic_samples_are_made_the_same_each_time() {
        let symbols = Symbols::new(&fixtures().join("symbols"));
        for sample in catalogue::synthetic() {
            let committed = fixtures().join("crashes").join(sample.name);
            for (name, dump) in &sample.dumps {
                let committed = fs::read(committed.join(format!("{name}.dmp"))).unwrap();
                assert!(*dump == committed, "{}: {name}", sample.name);
            }
            let committed = fs::read_to_string(committed.join("crash.json")).unwrap();
            assert_eq!(sample.text(&symbols).unwrap(), committed, "{}", sample.name);
        }
        for (key, text) in catalogue::hand_written_symbols() {
            let committed = fs::read_to_string(symbols::path(&fixtures().join("symbols"), &key)).unwrap();
            assert_eq!(text, committed, "{key:?}");
        }
    }
}
