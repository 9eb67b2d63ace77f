//! The form of the repository's text: no line is wider than 120 columns. `rustfmt.toml` says the same of code, but
//! leaves long texts and comments alone, and knows nothing of other files.
//!
//! The folder is walked rather than git asked, so that it holds for a source package too.

use std::fs;
use std::path::{Path, PathBuf};

/// The widest line, in characters.
const WIDTH: usize = 120;

/// What people write and read: the endings of the files whose lines are measured.
const WRITTEN: [&str; 11] = ["css", "html", "js", "md", "py", "rs", "sh", "sql", "toml", "xml", "yml"];

/// What is measured though its name has no ending.
const NAMED: [&str; 3] = [".ci", "Dockerfile", ".gitignore"];

/// What is not measured, by the beginning of its path, and why.
const EXEMPT: [(&str, &str); 3] = [
    ("fixtures/crashes/", "made by testkit"),
    ("fixtures/symbols/", "made by testkit"),
    ("fuzz/corpus/", "input whose bytes matter"),
];

/// The last migration that was written before there was a width: databases hold the checksum of each.
const OLD_MIGRATIONS: &str = "0009";

/// Whether the lines of a file are measured; its path from the root of the repository, with slashes.
fn is_measured(path: &str) -> bool {
    if EXEMPT.iter().any(|(exempt, _)| path.starts_with(exempt)) {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    if path.starts_with("migrations/") && name.get(..4).is_some_and(|number| number <= OLD_MIGRATIONS) {
        return false;
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| WRITTEN.contains(&ending)) || NAMED.iter().any(|named| path.starts_with(named))
}

/// Whether a line is as short as it can be: in Markdown a row of a table cannot be broken, nor can a line that is one
/// word, as a link is.
fn is_unbreakable(path: &str, line: &str) -> bool {
    let text = line.trim_start_matches(['>', '*', ' ']);
    path.ends_with(".md") && (text.starts_with('|') || !text.contains(' '))
}

/// The lines of a file that are too wide: each with its number and its width.
fn too_wide(path: &str, text: &str) -> Vec<(usize, usize)> {
    let widths = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line, line.chars().count()));
    widths
        .filter(|&(_, line, width)| width > WIDTH && !is_unbreakable(path, line))
        .map(|(number, _, width)| (number, width))
        .collect()
}

/// Whether a folder holds what is built, fetched or collected on the way and is no part of the repository.
fn is_passed_over(folder: &str) -> bool {
    folder == "target" || folder.starts_with("datil-") || (folder.starts_with('.') && folder != ".ci")
}

/// The files below a folder, in no order.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder can be listed") {
        let entry = entry.expect("a folder can be listed");
        let kind = entry.file_type().expect("a file has a type");
        if kind.is_file() {
            found.push(entry.path());
        } else if kind.is_dir() && !is_passed_over(&entry.file_name().to_string_lossy()) {
            files(&entry.path(), found);
        }
    }
}

#[test]
fn no_line_is_too_wide() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    files(root, &mut found);
    found.sort();
    let mut measured = Vec::new();
    let mut wide = Vec::new();
    for file in found {
        let path = file.strip_prefix(root).expect("it is below the root").to_string_lossy();
        let path = path.replace('\\', "/");
        if is_measured(&path) {
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
            for (line, width) in too_wide(&path, &text) {
                wide.push(format!("{path}:{line}: {width} columns"));
            }
            measured.push(path);
        }
    }
    for path in [
        ".ci/run",
        "README.md",
        "src/main.rs",
        "webapp/templates/base.html",
        "testkit/Cargo.toml",
    ] {
        assert!(measured.iter().any(|one| one == path), "{path} was not measured");
    }
    assert!(wide.is_empty(), "wider than {WIDTH} columns:\n{}", wide.join("\n"));
}

#[test]
fn what_can_be_broken_is_too_wide() {
    let long = "x".repeat(WIDTH);
    for (path, line, is_wide) in [
        ("src/main.rs", long.clone(), false),
        ("src/main.rs", "é".repeat(WIDTH), false),
        ("src/main.rs", format!("{long}x"), true),
        ("src/main.rs", format!("| {long}"), true),
        ("README.md", format!("a {long}"), true),
        ("README.md", format!("    a {long}"), true),
        ("README.md", format!("| {long} |"), false),
        ("README.md", format!("  * <https://{long}>"), false),
    ] {
        assert_eq!(!too_wide(path, &line).is_empty(), is_wide, "{path}: {line}");
    }
    assert_eq!(too_wide("a.rs", &format!("short\n{long}yz\nshort\n")), [(2, WIDTH + 2)]);
}

#[test]
fn data_is_not_measured() {
    for (path, is_text) in [
        (".ci/run", true),
        (".gitignore", true),
        ("docs/api.md", true),
        ("migrations/sqlite/0010_more.sql", true),
        ("migrations/sqlite/0004_newest_sighting.sql", false),
        ("Cargo.lock", false),
        ("LICENSE", false),
        ("fixtures/README.md", true),
        ("fixtures/symbols/readme.md", false),
        ("fuzz/corpus/archive_listing/live.html", false),
    ] {
        assert_eq!(is_measured(path), is_text, "{path}");
    }
    for (folder, is_passed) in [
        ("target", true),
        (".git", true),
        ("datil-demo", true),
        (".ci", false),
        ("tests", false),
    ] {
        assert_eq!(is_passed_over(folder), is_passed, "{folder}");
    }
}
