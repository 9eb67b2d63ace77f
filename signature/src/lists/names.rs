//! Names to try an entry on: names it is meant for, longer ones, and near misses.

use std::collections::BTreeSet;

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::dialect;
use super::entry::{Entry, LIST_FILES};

/// Maximum names spelled out for an entry; unless there are more branches than this, each branch of an expression is in
/// one of them.
const MOST_SPELLED: usize = 64;
/// Longer names are not spelled out.
const LONGEST: usize = 300;
/// Stand-ins for "any text" in a name.
const ANYTHING: [&str; 3] = ["", "z", "::leap_2"];
/// Appended to a name that an entry is meant for.
const BEHIND: [&str; 6] = ["Ex", "_2", " ", "<T>", "::leap", "<T>::leap"];
/// Prepended to it.
const IN_FRONT: [&str; 3] = ["_", "herd::", "x"];

/// Returns the names to try an entry on, sorted by bytes. None for an unusable expression.
pub(super) fn names(entry: &Entry) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for meant in spelled(entry) {
        for behind in BEHIND {
            names.insert(format!("{meant}{behind}"));
        }
        for front in IN_FRONT {
            names.insert(format!("{front}{meant}"));
        }
        names.extend(near_misses(&meant));
        names.insert(meant);
    }
    names.remove("");
    names
}

/// Returns whether an entry matches any text.
pub(super) fn matches_anything(entry: &Entry) -> bool {
    let expression = dialect::translate(&entry.text).ok();
    // Most need some text, which shows without compiling them.
    let needs_nothing = parsed(&entry.text).is_some_and(|hir| hir.properties().minimum_len() == Some(0));
    needs_nothing
        && expression
            .and_then(|expression| Regex::new(&expression).ok())
            .is_some_and(|regex| regex.is_match(Input::new("\u{7f} nobody's name").anchored(Anchored::Yes)))
}

fn parsed(python: &str) -> Option<Hir> {
    syntax::parse(&dialect::translate(python).ok()?).ok()
}

/// Returns names that an entry is meant for.
fn spelled(entry: &Entry) -> Vec<String> {
    if entry.file == LIST_FILES[2] {
        return vec![entry.text.clone()];
    }
    let mut names = parsed(&entry.text).map_or_else(Vec::new, |hir| spell(&hir));
    // `$` allows a line feed, which no frame has.
    names.retain(|name| !name.contains('\n'));
    names
}

/// Returns a name shortened at either end, and with one letter removed or changed at its beginning, middle and end.
fn near_misses(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let count = letters.len();
    let text = |letters: &[char]| letters.iter().collect::<String>();
    let mut found = vec![text(&letters[..count / 2]), text(&letters[count / 2..])];
    for at in [
        0,
        1,
        count / 3,
        count / 2,
        2 * count / 3,
        count.saturating_sub(2),
        count.saturating_sub(1),
    ] {
        let Some(letter) = letters.get(at) else {
            continue;
        };
        let (before, after) = (text(&letters[..at]), text(&letters[at + 1..]));
        let other = if *letter == 'q' { 'k' } else { 'q' };
        found.push(format!("{before}{after}"));
        found.push(format!("{before}{other}{after}"));
        found.push(before);
        let swapped = if letter.is_ascii_uppercase() {
            letter.to_ascii_lowercase()
        } else {
            letter.to_ascii_uppercase()
        };
        found.push(format!("{}{swapped}{after}", text(&letters[..at])));
    }
    found
}

/// Returns texts that an expression matches in full.
fn spell(hir: &Hir) -> Vec<String> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![String::new()],
        HirKind::Literal(literal) => vec![String::from_utf8_lossy(&literal.0).into_owned()],
        HirKind::Class(class) => members(class),
        HirKind::Repetition(repetition) => repeated(repetition),
        HirKind::Capture(capture) => spell(&capture.sub),
        HirKind::Alternation(branches) => {
            let mut found = Vec::new();
            for branch in branches {
                found.extend(spell(branch));
                found.truncate(MOST_SPELLED);
            }
            found
        }
        HirKind::Concat(parts) => {
            let mut found = vec![String::new()];
            for part in parts {
                found = joined(&found, &spell(part));
            }
            found
        }
    }
}

/// Joins beginnings and ends: all pairs while there is room, then each end at least once.
fn joined(beginnings: &[String], ends: &[String]) -> Vec<String> {
    let all = beginnings.len().saturating_mul(ends.len());
    let pairs: Vec<(&String, &String)> = if all <= MOST_SPELLED {
        let pairs = beginnings.iter().flat_map(|b| ends.iter().map(move |e| (b, e)));
        pairs.collect()
    } else {
        let count = beginnings.len().max(ends.len()).min(MOST_SPELLED);
        let pairs = beginnings.iter().cycle().zip(ends.iter().cycle());
        pairs.take(count).collect()
    };
    pairs
        .into_iter()
        .map(|(beginning, end)| format!("{beginning}{end}"))
        .filter(|name| name.len() <= LONGEST)
        .collect()
}

/// Returns some members of a class: its smallest and largest printable ones, and one in the middle. A class of nearly
/// everything is `.` or the like.
fn members(class: &Class) -> Vec<String> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => class
            .iter()
            .map(|range| (char::from(range.start()), char::from(range.end())))
            .collect(),
    };
    let holds = |c: char| ranges.iter().any(|(start, end)| (*start..=*end).contains(&c));
    let printable: Vec<char> = ('!'..='~').filter(|c| holds(*c)).collect();
    if printable.len() > 80 {
        return ["z", "_", ":"].map(str::to_owned).into();
    }
    let mut found: Vec<char> = match printable.as_slice() {
        [] => ranges.first().map(|(start, _)| *start).into_iter().collect(),
        [first, .., last] => vec![*first, printable[printable.len() / 2], *last],
        [only] => vec![*only],
    };
    found.dedup();
    found.into_iter().map(String::from).collect()
}

/// Repeats something the minimum number of times, and once more.
fn repeated(repetition: &Repetition) -> Vec<String> {
    let least = usize::try_from(repetition.min).unwrap_or(usize::MAX);
    let more = repetition.max.is_none_or(|most| most > repetition.min);
    let single = spell(&repetition.sub);
    let anything =
        matches!(repetition.sub.kind(), HirKind::Class(_)) && single.iter().any(|s| s == "z") && single.len() == 3;
    if anything && least == 0 && repetition.max.is_none() {
        return ANYTHING.map(str::to_owned).into();
    }
    let mut found = Vec::new();
    for one in &single {
        // Skips names that would be too long.
        if one.len().saturating_mul(least) > LONGEST {
            continue;
        }
        found.push(one.repeat(least));
        if more {
            found.push(one.repeat(least + 1));
        }
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST_SPELLED);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(file: usize, text: &str) -> Entry {
        Entry {
            file: LIST_FILES[file],
            line: 1,
            text: text.to_owned(),
        }
    }

    #[test]
    fn an_entry_is_spelled_out_branch_by_branch() {
        let cases: [(&str, &[&str]); 9] = [
            ("zebra", &["zebra"]),
            (
                "(zebra|horse)_?leap$",
                &["zebraleap", "zebra_leap", "horseleap", "horse_leap"],
            ),
            (".*leap", &["leap", "zleap", "::leap_2leap"]),
            ("z[a-c]", &["za", "zb", "zc"]),
            ("z{2,}", &["zz", "zzz"]),
            (r"z\.\d", &["z.0", "z.5", "z.9"]),
            ("z(a{200}){2}", &[]),
            ("z(?=a)", &[]),
            ("z*", &["", "z"]),
        ];
        for (text, expected) in cases {
            assert_eq!(spelled(&entry(0, text)), expected, "{text}");
        }
        assert_eq!(spelled(&entry(2, "a.*b")), ["a.*b"], "a sentinel is no expression");
    }

    #[test]
    fn names_are_hits_longer_ones_and_near_misses() {
        let names = names(&entry(0, "zebra"));
        for name in [
            "zebra",
            "zebraEx",
            "zebra<T>::leap",
            "herd::zebra",
            "zebr",
            "ebra",
            "zebrq",
            "Zebra",
            "ze",
        ] {
            assert!(names.contains(name), "{name} is not in {names:?}");
        }
        assert!(!names.contains(""));
    }

    #[test]
    fn entries_that_match_anything_are_reported() {
        for (text, expected) in [
            ("z*", true),
            ("a|", true),
            (".*", true),
            ("zebra", false),
            (".*a", false),
            ("$", false),
        ] {
            assert_eq!(matches_anything(&entry(0, text)), expected, "{text}");
        }
    }

    #[test]
    fn many_branches_stay_few_names() {
        let many = format!("({})({})", "a|".repeat(500) + "b", "c|d|e|".repeat(40) + "f");
        assert!(spelled(&entry(0, &many)).len() <= MOST_SPELLED);
    }
}
