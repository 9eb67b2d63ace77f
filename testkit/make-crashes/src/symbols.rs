//! Symbol files: made from programs by `dump_syms`, then trimmed to the records a walk needs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use dump_syms::dumper::{Config, Output, single_file};

use crate::walk::SymbolKey;

/// Returns where the symbols of `key` are below `root`.
pub(crate) fn path(root: &Path, (file, id): &SymbolKey) -> PathBuf {
    let name = file.strip_suffix(".pdb").unwrap_or(file);
    root.join(file).join(id).join(format!("{name}.sym"))
}

/// Writes the symbols of `key` below `root`.
///
/// # Errors
/// When a folder or the file cannot be written.
pub(crate) fn write(root: &Path, key: &SymbolKey, text: &str) -> Result<PathBuf> {
    let path = path(root, key);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// Makes the symbols of `program`, which are looked up as `key`, below `root`.
///
/// # Errors
/// When `dump_syms` cannot read the program or finds another id for it than the dump has.
pub(crate) fn make(program: &Path, key: &SymbolKey, root: &Path) -> Result<()> {
    let mut config = Config::with_output(Output::Store(root.to_path_buf()));
    config.check_cfi = false;
    let name = program
        .to_str()
        .with_context(|| format!("{} is not UTF-8", program.display()))?;
    single_file(&config, name).with_context(|| format!("making the symbols of {}", program.display()))?;
    let path = path(root, key);
    if !path.is_file() {
        bail!("{} has another id than the dump says: {}", program.display(), key.1);
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    write(root, key, &without_local_folders(&text))?;
    Ok(())
}

/// Shortens source file paths to what is the same on every machine.
fn without_local_folders(text: &str) -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/"));
    let workspace = format!("{}/", workspace.display());
    let mut short = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match file_record(line) {
            Some((number, path)) => {
                let path = path.strip_prefix(&workspace).unwrap_or(path);
                // A crate from the registry: `…/registry/src/<index>/<crate>/src/lib.rs`.
                let path = path
                    .split_once("/registry/src/")
                    .and_then(|(_, rest)| rest.split_once('/'))
                    .map_or(path, |(_, rest)| rest);
                short.push_str(&format!("FILE {number} {path}"));
            }
            None => short.push_str(line),
        }
    }
    short
}

fn file_record(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("FILE ")?.split_once(' ')
}

/// Keeps only the records of a symbol file that answer for the addresses `asked` (relative to the module) as the whole
/// file does: functions with their lines and inlined calls, public names, unwind rules, and the files and names they
/// use.
///
/// An address outside every function keeps the nearest public name below it, and the nearest function below it, which
/// may hide that name. Records of frames on 32-bit Windows (`STACK WIN`) are dropped: no program here has them.
pub(crate) fn trim(text: &str, asked: &BTreeSet<u64>) -> String {
    let records = records(text);
    let mut nearest_public = BTreeSet::new();
    let mut nearest_function = BTreeSet::new();
    for &address in asked {
        let starts = |wanted: fn(&Record<'_>) -> bool| {
            let below = records
                .iter()
                .filter(move |record| wanted(record) && record.start <= address);
            below.map(|record| record.start).max()
        };
        nearest_public.extend(starts(|record| record.kind == Kind::Public));
        nearest_function.extend(starts(|record| record.kind == Kind::Function));
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut files = BTreeSet::new();
    let mut origins = BTreeSet::new();
    for record in &records {
        let covers = asked.range(record.start..record.end()).next().is_some();
        let keep_whole = match record.kind {
            Kind::Other => true,
            Kind::Public => nearest_public.contains(&record.start),
            Kind::Unwind => covers,
            Kind::Function => {
                if covers || nearest_function.contains(&record.start) {
                    kept.push(record.head);
                    for line in record.body.iter().filter(|line| needed_in_function(line, asked)) {
                        let (file, origin) = names_used(line);
                        files.extend(file);
                        origins.extend(origin);
                        kept.push(line);
                    }
                }
                false
            }
        };
        if keep_whole {
            kept.push(record.head);
            kept.extend(&record.body);
        }
    }
    let is_used = |line: &&str| {
        let mut words = line.split(' ');
        match (words.next(), words.next()) {
            (Some("FILE"), Some(number)) => files.contains(number),
            (Some("INLINE_ORIGIN"), Some(number)) => origins.contains(number),
            _ => true,
        }
    };
    kept.into_iter().filter(is_used).flat_map(|line| [line, "\n"]).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Function,
    Public,
    Unwind,
    /// `MODULE`, `INFO`, `FILE`, `INLINE_ORIGIN`: kept, or kept where used.
    Other,
}

/// A record with the lines that belong to it.
struct Record<'a> {
    kind: Kind,
    head: &'a str,
    body: Vec<&'a str>,
    start: u64,
    size: u64,
}

impl Record<'_> {
    fn end(&self) -> u64 {
        self.start.saturating_add(self.size)
    }
}

fn records(text: &str) -> Vec<Record<'_>> {
    let mut records: Vec<Record<'_>> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let (kind, start, size) = match words.as_slice() {
            ["FUNC", "m", start, size, ..] | ["FUNC", start, size, ..] => (Kind::Function, hex(start), hex(size)),
            ["PUBLIC", "m", start, ..] | ["PUBLIC", start, ..] => (Kind::Public, hex(start), 0),
            ["STACK", "CFI", "INIT", start, size, ..] => (Kind::Unwind, hex(start), hex(size)),
            ["STACK", "WIN", ..] => continue,
            ["MODULE" | "INFO" | "FILE" | "INLINE_ORIGIN", ..] => (Kind::Other, 0, 0),
            // A line or inlined call of the previous function, or a step of the previous unwind rules.
            _ => {
                if let Some(record) = records.last_mut() {
                    record.body.push(line);
                }
                continue;
            }
        };
        records.push(Record {
            kind,
            head: line,
            body: Vec::new(),
            start,
            size,
        });
    }
    records
}

fn needed_in_function(line: &str, asked: &BTreeSet<u64>) -> bool {
    let covered = |start: &str, size: &str| {
        let start = hex(start);
        asked.range(start..start.saturating_add(hex(size))).next().is_some()
    };
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["INLINE", _, _, _, _, ranges @ ..] => ranges.chunks_exact(2).any(|range| covered(range[0], range[1])),
        [start, size, ..] => covered(start, size),
        _ => false,
    }
}

/// Returns the numbers of the file and of the inlined function that a function's line names.
fn names_used(line: &str) -> (Option<&str>, Option<&str>) {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["INLINE", _, _, file, origin, ..] => (Some(file), Some(origin)),
        [_, _, _, file] => (Some(file), None),
        _ => (None, None),
    }
}

fn hex(word: &str) -> u64 {
    u64::from_str_radix(word, 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "\
MODULE Linux x86_64 000000000000000000000000000000000 victim
FILE 0 used.rs
FILE 1 unused.rs
INLINE_ORIGIN 0 used
INLINE_ORIGIN 1 unused
FUNC 1000 20 0 asked_for
INLINE 0 7 0 0 1000 8
INLINE 0 9 1 1 1010 8
1000 8 3 0
1008 18 4 1
FUNC 2000 20 0 below
FUNC 3000 20 0 never_asked_for
PUBLIC 2100 0 nearest
PUBLIC 4000 0 too_far
STACK CFI INIT 1000 20 .cfa: $rsp 8 + .ra: .cfa -8 + ^
STACK CFI 1001 .cfa: $rsp 16 +
STACK CFI INIT 3000 20 .cfa: $rsp 8 + .ra: .cfa -8 + ^
";

    #[test]
    fn what_answers_for_an_address_is_kept_and_nothing_else() {
        let trimmed = trim(WHOLE, &BTreeSet::from([0x1004, 0x2200]));
        let expected = "\
MODULE Linux x86_64 000000000000000000000000000000000 victim
FILE 0 used.rs
INLINE_ORIGIN 0 used
FUNC 1000 20 0 asked_for
INLINE 0 7 0 0 1000 8
1000 8 3 0
FUNC 2000 20 0 below
PUBLIC 2100 0 nearest
STACK CFI INIT 1000 20 .cfa: $rsp 8 + .ra: .cfa -8 + ^
STACK CFI 1001 .cfa: $rsp 16 +
";
        assert_eq!(trimmed, expected);
    }

    #[test]
    fn paths_of_this_machine_are_shortened() {
        let text = format!(
            "FILE 0 {}/victim/src/main.rs\nFILE 1 /home/x/.cargo/registry/src/index-1/libc-0.2.1/src/lib.rs\nFUNC 1 1 \
             0 f\n",
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().display()
        );
        let expected = "FILE 0 victim/src/main.rs\nFILE 1 libc-0.2.1/src/lib.rs\nFUNC 1 1 0 f\n";
        assert_eq!(without_local_folders(&text), expected);
    }
}
