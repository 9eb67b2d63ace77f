//! `docs/fields.md`, which is made from the table.

use std::fmt::Write as _;
use std::path::Path;

use super::annotations::{self, Annotation};
use super::{Access, Field, Kind, Shape, THEMES};

/// The widest line of the page, in characters.
const WIDTH: usize = 120;

/// The beginning of the page.
const HEAD: &str = "\
# Fields

<!-- This page is made from the field table (crate `crash`, `src/fields/`) and the text in its `page.rs`.
     To regenerate it: UPDATE_DOCS=1 cargo test --workspace --lib fields::page:: -->

When a program crashes, its crash reporter sends a **report**: texts with names, which are called **annotations**, and
memory snapshots, which are called **minidumps** or dumps. The collector stores the annotations as one JSON object, the
*raw crash*. The processor makes another one of them and of the minidumps, the **processed crash**: its members are the
**fields**. Many fields are annotations, copied with a type of their own; others are worked out. Most fields can be
**searched**, some of them under another name. [glossary.md](glossary.md) explains more words.

This page lists every field and every annotation that Datil knows.

* **public**: everybody sees it.
* **protected**: only who holds the permission `view_pii` sees it, since it may say who the user is, what they did, or
  what was in the program's memory. What others get has neither the value nor, in a list of names, its name.
* **Everything that is not on this page is protected**: unknown annotations, fields, and members of objects.
* An object or a list is public as far as its members are. What lies in something protected is protected.
* Some public fields are worked out from something protected, on purpose: `address`, `crash_inconsistencies`,
  `distribution_id`, `has_mac_boot_args`, `java_exception`, `java_stack_trace`, `mac_crash_info`, `mdsw_status_string`,
  `memory_measures`, `minidump_sha256_hash`, `moz_crash_reason`, the signers of modules, and the signature. They hold
  what may be known of it, such as the functions of a Java stack without its message.

An entry has the name of a field and, in brackets, its type, who sees it, the annotation that it is copied from, and
whether searches know it (*by all* if everybody may search by something protected). A field that a crash does not have
is absent. Any value may also be null.
";

/// The page as the table has it.
fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut described = Vec::new();
    for theme in THEMES {
        write!(page, "\n## {}\n\n", theme.title).unwrap();
        for field in theme.rows {
            add(&mut page, &mut described, field.name, field, 0);
        }
    }
    page.push_str("\n## Only searched\n\n");
    add(&mut page, &mut described, super::FRAMES.name, &super::FRAMES, 0);
    page.push_str("\n## Annotations that no field copies\n\n");
    add_wrapped(
        &mut page,
        "",
        "They stand in the raw crash beside those that are copied. Fields are made from most of them in another way. \
         The last of them are keys that the collector writes itself.",
    );
    page.push('\n');
    let (of_clients, of_collector): (Vec<&Annotation>, Vec<&Annotation>) = annotations::all()
        .iter()
        .filter(|annotation| annotation.field.is_none())
        .partition(|annotation| !crate::collector::writes(annotation.name));
    for annotation in of_clients.into_iter().chain(of_collector) {
        let access = word_of(annotation.access);
        add_wrapped(
            &mut page,
            "* ",
            &format!("**`{}`** ({access}): {}", annotation.name, annotation.about),
        );
    }
    page
}

/// Adds the entry of a field and those of its members. Members that several fields have alike are described once:
/// `described` holds them, with where they are described.
fn add(page: &mut String, described: &mut Vec<(&'static [Field], String)>, path: &str, field: &Field, depth: usize) {
    let mut facts = vec![type_of(field).to_owned(), word_of(field.access).to_owned()];
    if field.shape == Shape::FileName {
        facts[1].push_str(" without the folders");
    }
    facts.extend(field.annotation.map(|name| format!("from `{name}`")));
    if let Some(name) = field.search {
        let is_other = name != field.name;
        facts.push(if is_other {
            format!("searched as `{name}`")
        } else {
            "searched".to_owned()
        });
        if field.searched_by_all {
            facts.push("searched by all".to_owned());
        }
    }
    let mut entry = format!("**`{}`** ({}): {}", field.name, facts.join(", "), field.about);
    let members = match field.shape {
        Shape::Members(members) => members,
        _ => &[],
    };
    let before = described.iter().find(|(others, _)| *others == members);
    if let Some((_, place)) = before {
        write!(entry, " Members: those of `{place}`.").unwrap();
    }
    let is_new = before.is_none();
    add_wrapped(page, &format!("{}* ", "  ".repeat(depth)), &entry);
    if is_new && !members.is_empty() {
        described.push((members, path.to_owned()));
        for member in members {
            add(page, described, &format!("{path}.{}", member.name), member, depth + 1);
        }
    }
}

/// Adds a paragraph in lines that are not too wide. Later lines stand below the text of the first.
fn add_wrapped(page: &mut String, start: &str, text: &str) {
    let mut line = start.to_owned();
    let indent = start.chars().count();
    for word in text.split(' ') {
        if line.chars().count() > indent {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                page.push_str(&line);
                page.push('\n');
                line = " ".repeat(indent);
            } else {
                line.push(' ');
            }
        }
        line.push_str(word);
    }
    page.push_str(&line);
    page.push('\n');
}

fn type_of(field: &Field) -> &'static str {
    match (field.kind, field.shape) {
        (Kind::Text, _) => "text",
        (Kind::Integer, _) => "integer",
        (Kind::Number, _) => "number",
        (Kind::Boolean, _) => "boolean",
        (Kind::Object, _) => "object",
        (Kind::List, Shape::Members(_)) => "list of objects",
        (Kind::List, _) => "list",
    }
}

fn word_of(access: Access) -> &'static str {
    match access {
        Access::Public => "public",
        Access::Protected => "protected",
    }
}

#[test]
fn the_page_is_made_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fields.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, page).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = page.lines().zip(stored.lines()).find(|(made, stored)| made != stored);
    assert!(
        stored == page,
        "docs/fields.md is not what the table says; regenerate it with \
         `UPDATE_DOCS=1 cargo test --workspace --lib fields::page::` (first difference: {differs:?})"
    );
}

/// No field or annotation is missing on the page.
#[test]
fn the_page_has_every_name() {
    let page = page();
    let fields = super::all().iter().map(|field| field.name);
    let of_fields = fields.chain(super::searched().iter().map(|searched| searched.name));
    for name in of_fields.chain(annotations::all().iter().map(|annotation| annotation.name)) {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}
