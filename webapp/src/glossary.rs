//! The glossary: `docs/glossary.md`, read once, as a page and as the link target for terms on other pages.
//!
//! The file's format is strict, so that this reader suffices: headings `## …`, and entries `* **term**, **other name**:
//! meaning`, whose continuation lines start with two spaces. Words between backticks are code. The text before the
//! first heading is the introduction.

use std::collections::HashMap;
use std::sync::LazyLock;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::format::{Piece, pieces};
use crate::page::{html, moved};

const TEXT: &str = include_str!("../../docs/glossary.md");

static GLOSSARY: LazyLock<Glossary> = LazyLock::new(|| Glossary::read(TEXT));

/// All terms.
#[derive(Debug, Default)]
struct Glossary {
    introduction: Vec<Piece>,
    sections: Vec<Section>,
    /// The anchor of each name, in lower case.
    anchors: HashMap<String, String>,
}

/// A group of related terms.
#[derive(Debug)]
struct Section {
    title: String,
    entries: Vec<Entry>,
}

/// A term, with its other names.
#[derive(Debug)]
struct Entry {
    names: Vec<Name>,
    meaning: Vec<Piece>,
}

#[derive(Debug)]
struct Name {
    text: String,
    anchor: String,
}

impl Glossary {
    /// Malformed lines are ignored; a test keeps the file free of them.
    fn read(text: &str) -> Self {
        let mut glossary = Self::default();
        let mut introduction: Vec<String> = Vec::new();
        for (_, line) in whole_lines(text) {
            if let Some(title) = line.strip_prefix("## ") {
                let (title, entries) = (title.to_owned(), Vec::new());
                glossary.sections.push(Section { title, entries });
            } else if let Some(section) = glossary.sections.last_mut() {
                let Some(entry) = Entry::read(&line) else {
                    continue;
                };
                for name in &entry.names {
                    let text = name.text.to_lowercase();
                    glossary.anchors.insert(text, name.anchor.clone());
                }
                section.entries.push(entry);
            } else if !line.starts_with('#') {
                introduction.push(line);
            }
        }
        glossary.introduction = pieces(introduction.join(" ").trim());
        glossary
    }
}

impl Entry {
    fn read(line: &str) -> Option<Self> {
        let (names, meaning) = line.strip_prefix("* **")?.split_once("**: ")?;
        let names = names.split("**, **").map(|text| Name {
            text: text.to_owned(),
            anchor: anchor(text),
        });
        Some(Self {
            names: names.collect(),
            meaning: pieces(meaning),
        })
    }
}

/// The numbered lines of a text, with continuation lines joined: these start with two spaces.
fn whole_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        match (line.strip_prefix("  "), lines.last_mut()) {
            (Some(more), Some((_, begun))) => {
                begun.push(' ');
                begun.push_str(more);
            }
            _ => lines.push((at + 1, line.to_owned())),
        }
    }
    lines
}

/// The anchor of a term within the page.
fn anchor(term: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric();
    let term = term.to_lowercase();
    term.replace(|c| !is_plain(c), "-")
}

/// The anchor of a word that a page uses, if the glossary explains it; plurals are looked up as singulars.
pub(crate) fn anchor_of(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let anchors = &GLOSSARY.anchors;
    let one = || anchors.get(word.strip_suffix('s')?);
    anchors.get(&word).or_else(one).map(String::as_str)
}

#[derive(Debug, Template)]
#[template(path = "glossary.html")]
struct GlossaryPage {
    glossary: &'static Glossary,
}

/// `/glossary/` redirects to `/glossary`.
pub(crate) async fn to_glossary() -> Response {
    moved(StatusCode::MOVED_PERMANENTLY, "/glossary")
}

/// Shows all terms.
pub(crate) async fn show() -> Response {
    let glossary = &*GLOSSARY;
    html(StatusCode::OK, &GlossaryPage { glossary })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_file_has_the_form_that_is_read() {
        let mut anchors = BTreeSet::new();
        let mut is_introduction = true;
        for (number, line) in whole_lines(TEXT) {
            is_introduction &= !line.starts_with("## ");
            if is_introduction || line.is_empty() || line.starts_with("## ") {
                continue;
            }
            let entry = Entry::read(&line).unwrap_or_else(|| panic!("line {number}: {line}"));
            for name in &entry.names {
                assert!(
                    anchors.insert(name.anchor.clone()),
                    "line {number}: {} again",
                    name.text
                );
                assert!(!name.text.is_empty() && !name.text.contains('*'), "line {number}");
                assert!(
                    !name.anchor.starts_with('-') && !name.anchor.contains("--"),
                    "line {number}"
                );
            }
            let meaning: String = entry.meaning.iter().map(|piece| piece.text.as_str()).collect();
            assert!(meaning.ends_with('.'), "line {number}: a meaning is a sentence");
            assert!(meaning.starts_with(char::is_uppercase), "line {number}");
            assert!(
                !meaning.contains(['*', '[', '<']),
                "line {number}: only `code` is marked"
            );
            assert_eq!(line.matches('`').count() % 2, 0, "line {number}");
        }
        assert!(anchors.len() > 80, "{}", anchors.len());
        assert!(!TEXT.contains("\n   "), "further lines begin with two blanks");
        assert!(!GLOSSARY.introduction.is_empty());
    }

    /// What a release manager and an engineer would look up first.
    #[test]
    fn the_terms_of_the_field_are_explained() {
        for term in [
            "train",
            "nightly",
            "beta",
            "candidate",
            "RC",
            "dot release",
            "ESR line",
            "channel",
            "build id",
            "build number",
            "changeset",
            "revision",
            "signature",
            "frame",
            "module",
            "annotation",
            "minidump",
            "crash report",
            "crash id",
            "symbols",
            "sentinel",
            "throttle",
            "observation",
            "correction",
            "generation",
            "alarm",
            "unknown build",
            "offered",
            "newest built",
            "certainty",
            "stated",
            "inferred",
            "sibling",
        ] {
            assert!(anchor_of(term).is_some(), "{term}");
        }
        assert_eq!(anchor_of("Build ID"), Some("build-id"));
        assert_eq!(anchor_of("Platforms"), Some("platform"));
        assert_eq!(anchor_of("waterfowl"), None);
    }

    /// Every term linked by a template, and every other link into the glossary, in pages and documents, leads to one.
    #[test]
    fn every_link_leads_to_a_term() {
        let known: BTreeSet<&str> = GLOSSARY.anchors.values().map(String::as_str).collect();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut links = 0;
        for folder in ["templates", "src", "../docs", ".."] {
            let mut folders = vec![(root.join(folder), folder != "..")];
            while let Some((folder, is_deep)) = folders.pop() {
                for entry in std::fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    if path.is_dir() {
                        if is_deep {
                            folders.push((path, true));
                        }
                        continue;
                    }
                    let is_text = path
                        .extension()
                        .is_some_and(|end| ["html", "rs", "md", "xml"].iter().any(|e| end == *e));
                    if !is_text || path.ends_with("glossary.rs") {
                        continue;
                    }
                    let text = std::fs::read_to_string(&path).unwrap();
                    for begin in ["term(\"", "/glossary#"] {
                        for rest in text.split(begin).skip(1) {
                            let end = rest
                                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
                                .unwrap_or(rest.len());
                            let anchor = &rest[..end];
                            if anchor.is_empty() {
                                continue;
                            }
                            links += 1;
                            assert!(known.contains(anchor), "{}: #{anchor} is no term", path.display());
                        }
                    }
                }
            }
        }
        assert!(links > 20, "{links}");
    }

    #[test]
    fn code_is_marked() {
        let found = pieces("a `b` c");
        let found: Vec<(&str, bool)> = found.iter().map(|piece| (piece.text.as_str(), piece.is_code)).collect();
        assert_eq!(found, [("a ", false), ("b", true), (" c", false)]);
    }
}
