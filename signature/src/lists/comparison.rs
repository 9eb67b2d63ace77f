//! Where two sets of lists differ, found by trying names that their entries are about.

use std::collections::BTreeSet;

use super::compiled::Lists;
use super::entry::Entry;
use super::names;
use super::treatment::Treatment;

/// Maximum names tried for all entries of a set together; each entry has an equal share. Lists like Mozilla's stay far
/// below.
const MOST_NAMES: usize = 2_000_000;

/// The result of comparing two sets of lists.
#[derive(Debug)]
pub struct Comparison<'l> {
    /// How many different names were tried: for each entry of either set, names it is meant for, longer ones, and near
    /// misses.
    pub names: usize,
    /// How many of them both sets treat the same.
    pub alike: usize,
    /// The entries of the first set with names that the second treats differently, in order.
    pub of_first: Vec<Difference<'l>>,
    /// The entries of the second set with names that the first treats differently, in order.
    pub of_second: Vec<Difference<'l>>,
}

/// An entry with names that the other set treats differently.
#[derive(Debug)]
pub struct Difference<'l> {
    /// The entry.
    pub entry: &'l Entry,
    /// How many names were tried for it.
    pub tried: usize,
    /// The names treated differently, sorted by bytes, without those reported for an earlier entry of its set.
    pub names: Vec<DifferentName<'l>>,
}

/// A name that two sets of lists treat differently.
#[derive(Debug)]
pub struct DifferentName<'l> {
    /// The name: a normalised frame.
    pub name: String,
    /// What the first set does to it.
    pub first: Treatment<'l>,
    /// What the second set does to it.
    pub second: Treatment<'l>,
}

impl<'l> Comparison<'l> {
    /// Compares two sets of lists.
    pub fn of(first: &'l Lists, second: &'l Lists) -> Self {
        let mut all = BTreeSet::new();
        let of_first = differences(first, (first, second), &mut all);
        let of_second = differences(second, (first, second), &mut all);
        let different: BTreeSet<&str> = of_first
            .iter()
            .chain(&of_second)
            .flat_map(|difference| &difference.names)
            .map(|name| name.name.as_str())
            .collect();
        Self {
            names: all.len(),
            alike: all.len().saturating_sub(different.len()),
            of_first,
            of_second,
        }
    }

    /// Returns the percentage of names treated the same, rounded down to a tenth: 100 only if all are.
    pub fn percent(&self) -> f64 {
        percent(self.alike, self.names)
    }
}

impl Lists {
    /// Returns the names that a [`Comparison`] tries the entries on: for each, names it is meant for, longer ones, and
    /// near misses. They have the form of normalised frames.
    pub fn names(&self) -> BTreeSet<String> {
        tried(self, MOST_NAMES).flat_map(|(_, names)| names).collect()
    }
}

/// Returns the entries of a set, each with the names to try it on: at most `most` in total.
fn tried(lists: &Lists, most: usize) -> impl Iterator<Item = (&Entry, Vec<String>)> {
    let entries = lists.entries();
    let share = most / entries.len().max(1);
    entries
        .into_iter()
        .map(move |entry| (entry, names::names(entry).into_iter().take(share).collect()))
}

/// Returns a percentage, rounded down to a tenth; 100 if `whole` is 0.
pub fn percent(part: usize, whole: usize) -> f64 {
    let tenths = part.saturating_mul(1000).checked_div(whole).unwrap_or(1000);
    f64::from(u32::try_from(tenths).unwrap_or(1000)) / 10.0
}

/// Returns one set's entries with names that the two sets treat differently, and adds the names tried to `all`.
fn differences<'l>(
    of: &'l Lists,
    (first, second): (&'l Lists, &'l Lists),
    all: &mut BTreeSet<String>,
) -> Vec<Difference<'l>> {
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    for (entry, names) in tried(of, MOST_NAMES) {
        let tried = names.len();
        let mut different = Vec::new();
        for name in names {
            if !told.contains(&name) {
                let (by_first, by_second) = (first.treatment(&name), second.treatment(&name));
                if !by_first.same(&by_second) {
                    told.insert(name.clone());
                    different.push(DifferentName {
                        name: name.clone(),
                        first: by_first,
                        second: by_second,
                    });
                }
            }
            all.insert(name);
        }
        if !different.is_empty() {
            found.push(Difference {
                entry,
                tried,
                names: different,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(texts: [&str; 4]) -> Lists {
        Lists::of_texts(texts).unwrap()
    }

    #[test]
    fn equal_lists_are_alike_whatever_their_form() {
        let first = lists(["zebra\nhorse\n", "cow", "a", "b"]);
        let second = lists(["# animals\n(horse|zebra)", "co(w)", "a\na", "b"]);
        let found = Comparison::of(&first, &second);
        assert!(found.names > 50, "{}", found.names);
        assert_eq!((found.alike, found.percent()), (found.names, 100.0));
        assert!(found.of_first.is_empty() && found.of_second.is_empty());
    }

    #[test]
    fn differences_are_reported_by_entry_and_in_both_directions() {
        let first = lists(["zebra", "horse", "gate", ""]);
        let second = lists(["zebra$", "zebra\nhorse", "", "horse"]);
        let found = Comparison::of(&first, &second);
        let told: Vec<(String, String, String)> = [&found.of_first, &found.of_second]
            .into_iter()
            .flatten()
            .flat_map(|difference| {
                let name = difference.names.first().unwrap();
                assert!(difference.tried >= difference.names.len());
                let how = format!("{} -> {}", name.first, name.second);
                Some((difference.entry.text.clone(), name.name.clone(), how))
            })
            .collect();
        let expected = [
            ("zebra", "zebra ", "irrelevant -> prefix"),
            ("horse", "horse", "prefix -> prefix, line number"),
            ("gate", "gate", "sentinel, stop -> stop"),
            ("zebra$", "zebra ", "irrelevant -> prefix"),
            ("horse", "horse", "prefix -> prefix, line number"),
        ];
        let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(told, expected);
        assert!(found.alike < found.names && found.percent() < 100.0);
        let decided = &found.of_first[0].names[0];
        assert_eq!(decided.first.decided_by[0].text, "zebra");
        assert_eq!(decided.second.decided_by[0].file, "prefix_signature_re.txt");
    }

    #[test]
    fn many_entries_share_the_names_that_are_tried() {
        let lists = lists(["zebra\n(a|b|c|d)(e|f|g|h)", "horse", "gate", ""]);
        let counts = |most| -> Vec<usize> {
            let tried = tried(&lists, most);
            tried.map(|(_, names)| names.len()).collect()
        };
        assert_eq!(counts(40), [10, 10, 10, 10]);
        let all = counts(MOST_NAMES);
        assert_eq!(all.len(), 4);
        assert!(all[1] > 100 && all.iter().all(|count| *count > 10), "{all:?}");
        assert_eq!(counts(0), [0, 0, 0, 0]);
    }

    #[test]
    fn a_share_is_never_rounded_up() {
        for (part, whole, expected) in [
            (9_999, 10_000, 99.9),
            (1, 3, 33.3),
            (5, 5, 100.0),
            (0, 0, 100.0),
            (0, 7, 0.0),
        ] {
            assert_eq!(percent(part, whole), expected, "{part} of {whole}");
        }
    }
}
