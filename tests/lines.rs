//! The form of the repository's text: no line is wider than 120 columns. `rustfmt.toml` says the same of code, but
//! leaves long texts and comments alone, and knows nothing of other files. And no code asks which product it has.
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

/// Every file of the repository, sorted: its path from the root, with slashes, and where it is.
fn repository() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    files(root, &mut found);
    found.sort();
    let named = found.into_iter().map(|file| {
        let path = file.strip_prefix(root).expect("it is below the root").to_string_lossy();
        (path.replace('\\', "/"), file)
    });
    named.collect()
}

/// Where a product may be named: its row, made-up builds, and tests.
const NAMES_PRODUCTS: [&str; 5] = [
    "builds/src/names/product",
    "demo/",
    "src/commands/bench/",
    "testkit/",
    "tests/",
];

/// The lines of a file, but for its tests, that name one product by its constant. What differs between products stands
/// in their rows, so that a new one is one row.
fn naming_a_product(path: &str, text: &str) -> Vec<usize> {
    let is_test = path.contains("/tests/") || path.ends_with("/tests.rs");
    if !path.ends_with(".rs") || is_test || NAMES_PRODUCTS.iter().any(|begin| path.starts_with(begin)) {
        return Vec::new();
    }
    let names = |line: &str| {
        ["Product::", "Directory::"].iter().any(|owner| {
            let mut uses = line.split(owner).skip(1);
            uses.any(|name| name.bytes().take(3).filter(u8::is_ascii_uppercase).count() == 3)
        })
    };
    let code = text.lines().take_while(|line| *line != "#[cfg(test)]").enumerate();
    code.filter(|(_, line)| names(line)).map(|(at, _)| at + 1).collect()
}

#[test]
fn no_code_asks_which_product_it_has() {
    let mut named = Vec::new();
    for (path, file) in repository() {
        if path.ends_with(".rs") {
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
            named.extend(
                naming_a_product(&path, &text)
                    .into_iter()
                    .map(|line| format!("{path}:{line}")),
            );
        }
    }
    assert!(named.is_empty(), "a fact for the product's row:\n{}", named.join("\n"));
}

#[test]
fn what_names_a_product_is_found() {
    let text =
        "if product == Product::FIREFOX {}\nProduct::all()\nsend(Directory::FOCUS)\n#[cfg(test)]\nProduct::FENIX";
    for (path, expected) in [
        ("builds/src/resolve.rs", &[1, 3][..]),
        ("builds/src/resolve/tests.rs", &[]),
        ("demo/src/world.rs", &[]),
        ("docs/api.md", &[]),
    ] {
        assert_eq!(naming_a_product(path, text), expected, "{path}");
    }
}

#[test]
fn no_line_is_too_wide() {
    let mut measured = Vec::new();
    let mut wide = Vec::new();
    for (path, file) in repository() {
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
