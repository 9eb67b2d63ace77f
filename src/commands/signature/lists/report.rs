//! Reports sets of lists and their differences: to people, or as one JSON object per line.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use signature::{Comparison, Difference, DifferentName, Entry, LIST_FILES, Lists, Treatment, percent};

use super::source::Set;
use super::stored::StoredChanges;
use crate::commands::signature::format::printable;

/// Maximum names of one entry, treated alike, shown to people.
const NAMES: usize = 5;
/// Maximum groups of crashes shown to people.
const GROUPS: usize = 50;

/// How many entries lists have, for people: `119 irrelevant, 79 prefixes, 20 sentinels, 1 with line numbers`.
pub(crate) fn counts(lists: &Lists) -> String {
    let [irrelevant, prefixes, sentinels, lines] = lists.counts();
    format!("{irrelevant} irrelevant, {prefixes} prefixes, {sentinels} sentinels, {lines} with line numbers")
}

/// Describes a set: its origin, its SHA-256, its entries, and what in it is probably a mistake.
pub(super) fn set(label: &str, set: &Set, as_json: bool, out: &mut impl Write) -> io::Result<()> {
    let lists = &set.lists;
    let anything = lists.matching_anything();
    let counts_of = lists.counts();
    let empty = LIST_FILES.iter().zip(counts_of).filter(|(_, count)| *count == 0);
    let empty: Vec<&str> = empty.map(|(file, _)| *file).collect();
    if as_json {
        let [irrelevant, prefixes, sentinels, line_numbers] = counts_of;
        let object = json!({
            "kind": "lists",
            "which": label,
            "from": set.name,
            "sha256": lists.sha256(),
            "irrelevant": irrelevant,
            "prefixes": prefixes,
            "sentinels": sentinels,
            "line_numbers": line_numbers,
            "match_anything": anything.iter().map(|entry| entry_json(entry)).collect::<Vec<_>>(),
        });
        return writeln!(out, "{object}");
    }
    writeln!(out, "{label:9} {}", printable(&set.name))?;
    writeln!(out, "          SHA-256 {}", lists.sha256())?;
    writeln!(out, "          {}", counts(lists))?;
    for file in empty {
        writeln!(
            out,
            "          note: {file} is empty and matches nothing (Socorro's code would match everything)"
        )?;
    }
    for entry in anything {
        let entry = printable(&entry.to_string());
        writeln!(out, "          note: {entry} matches every frame")?;
    }
    Ok(())
}

/// Shows where two sets differ on names.
pub(super) fn names(found: &Comparison<'_>, as_json: bool, out: &mut impl Write) -> io::Result<()> {
    let sides = [("first", &found.of_first), ("second", &found.of_second)];
    if as_json {
        for (of, differences) in sides {
            for difference in differences {
                for name in &difference.names {
                    writeln!(out, "{}", name_json(of, difference, name))?;
                }
            }
        }
        let object = json!({
            "kind": "names",
            "tried": found.names,
            "alike": found.alike,
            "percent": found.percent(),
        });
        return writeln!(out, "{object}");
    }
    for (of, differences) in sides {
        if differences.is_empty() {
            continue;
        }
        let other = if of == "first" { "second" } else { "first" };
        writeln!(
            out,
            "\nEntries of the {of} set about names that the {other} treats otherwise: {}",
            differences.len()
        )?;
        for difference in differences {
            entry(difference, out)?;
        }
    }
    writeln!(
        out,
        "\nNames: {:.1} % are treated alike, {} of {}. For each entry: names that it is meant for, longer ones, and \
         ones that it just misses.",
        found.percent(),
        found.alike,
        found.names
    )
}

/// An entry with the names that are treated differently: what both sets do, and the names beside it.
fn entry(difference: &Difference<'_>, out: &mut impl Write) -> io::Result<()> {
    let of = difference.entry;
    let (count, tried) = (difference.names.len(), difference.tried);
    let shown = printable(&of.to_string());
    writeln!(out, "  {shown}    ({count} of {tried} names)")?;
    let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in &difference.names {
        let how = format!("{} -> {}", treated(&name.first, of), treated(&name.second, of));
        alike.entry(how).or_default().push(&name.name);
    }
    for (how, names) in alike {
        // Longer forms of a name already shown add nothing.
        let mut shown: Vec<&str> = Vec::new();
        for name in &names {
            if shown.len() < NAMES && !shown.iter().any(|shorter| name.starts_with(shorter)) {
                shown.push(name);
            }
        }
        let quoted: Vec<String> = shown.iter().map(|name| printable(&format!("{name:?}"))).collect();
        let more = match names.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        writeln!(out, "      {how}: {}{more}", quoted.join(", "))?;
    }
    Ok(())
}

/// How a name is treated, and by which entry if that is not `of`.
fn treated(treatment: &Treatment<'_>, of: &Entry) -> String {
    let others = treatment.decided_by.iter().filter(|entry| **entry != of);
    let others: Vec<String> = others.map(|entry| printable(&entry.to_string())).collect();
    if others.is_empty() {
        return treatment.to_string();
    }
    format!("{treatment} (by {})", others.join("; "))
}

fn entry_json(entry: &Entry) -> Value {
    json!({"file": entry.file, "line": entry.line, "text": entry.text})
}

fn name_json(of: &str, difference: &Difference<'_>, name: &DifferentName<'_>) -> Value {
    let treatment = |treatment: &Treatment<'_>| {
        json!({
            "treatment": treatment.class.name(),
            "sentinel": treatment.sentinel,
            "line_number": treatment.line_number,
            "entries": treatment.decided_by.iter().map(|entry| entry_json(entry)).collect::<Vec<_>>(),
        })
    };
    json!({
        "kind": "name",
        "of": of,
        "entry": entry_json(difference.entry),
        "name": name.name,
        "first": treatment(&name.first),
        "second": treatment(&name.second),
    })
}

/// Shows what happens to stored crashes; `None` means there is no store.
pub(super) fn crashes(found: Option<&StoredChanges>, as_json: bool, out: &mut impl Write) -> io::Result<()> {
    let Some(found) = found else {
        if as_json {
            return writeln!(out, "{}", json!({"kind": "crashes", "looked_at": 0, "store": false}));
        }
        return writeln!(
            out,
            "Stored crashes: none were looked at, since this data folder has no database."
        );
    };
    let groups = found.groups();
    if as_json {
        for (old, new, group) in groups {
            let object = json!({
                "kind": "signature",
                "old": old,
                "new": new,
                "count": group.count,
                "example": group.example,
            });
            writeln!(out, "{object}")?;
        }
        let object = json!({
            "kind": "crashes",
            "looked_at": found.looked_at,
            "alike": found.alike,
            "percent": percent(found.alike, found.looked_at),
            "unreadable": found.unreadable,
            "store": true,
        });
        return writeln!(out, "{object}");
    }
    if !groups.is_empty() {
        writeln!(out, "\nStored crashes that would get another signature:")?;
    }
    for (old, new, group) in groups.iter().take(GROUPS) {
        let example = group.example.as_ref().map(ToString::to_string);
        writeln!(out, "{:8} {}", group.count, printable(old))?;
        writeln!(
            out,
            "      -> {}    (such as {})",
            printable(new),
            example.unwrap_or_default()
        )?;
    }
    if groups.len() > GROUPS {
        writeln!(
            out,
            "         and {} more groups (--json has all)",
            groups.len() - GROUPS
        )?;
    }
    if found.looked_at == 0 {
        writeln!(out, "Stored crashes: there are none that are processed.")?;
    } else {
        let share = percent(found.alike, found.looked_at);
        writeln!(
            out,
            "Stored crashes: {share:.1} % keep their signature, {} of the newest {}.",
            found.alike, found.looked_at
        )?;
    }
    if found.unreadable > 0 {
        writeln!(out, "{} more could not be read.", found.unreadable)?;
    }
    Ok(())
}
