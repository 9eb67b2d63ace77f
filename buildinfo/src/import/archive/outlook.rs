//! Which parts of the archive are looked at again, and which are settled. This depends on what exists and what is
//! unknown, never on the clock or on a number of major versions: the archive may hold anything, and an import may come
//! after a long time.

use std::collections::{BTreeMap, BTreeSet};

/// A build is settled, whatever it lacks, once this many newer builds of its tree exist.
pub(super) const NEWER: usize = 6;
/// How many of a tree's newest builds determine which platforms a build should have.
const RECENT: usize = 10;

/// The builds of each tree, in order, as far as seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Outlook {
    trees: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Outlook {
    /// Notes that a build exists.
    pub(super) fn saw(&mut self, tree: &str, order: &str) {
        self.platforms(tree, order, &BTreeSet::new());
    }

    /// Notes that a build exists with these platforms.
    pub(super) fn platforms(&mut self, tree: &str, order: &str, platforms: &BTreeSet<String>) {
        self.trees
            .entry(tree.to_owned())
            .or_default()
            .entry(order.to_owned())
            .or_default()
            .extend(platforms.iter().cloned());
    }

    /// Whether so many newer builds exist that nothing more will be added to this one.
    pub(super) fn is_past(&self, tree: &str, order: &str) -> bool {
        self.trees.get(tree).is_some_and(|builds| {
            let newer = builds.range::<str, _>((std::ops::Bound::Excluded(order), std::ops::Bound::Unbounded));
            newer.take(NEWER).count() >= NEWER
        })
    }

    /// The platforms that a build of a tree should have: those of at least half of the newest builds.
    pub(super) fn expected(&self, tree: &str) -> BTreeSet<String> {
        let Some(builds) = self.trees.get(tree) else {
            return BTreeSet::new();
        };
        let recent: Vec<_> = builds
            .values()
            .rev()
            .filter(|platforms| !platforms.is_empty())
            .take(RECENT)
            .collect();
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        for platform in recent.iter().copied().flatten() {
            *counts.entry(platform).or_default() += 1;
        }
        counts
            .into_iter()
            .filter(|(_, count)| count * 2 >= recent.len())
            .map(|(platform, _)| platform.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Outlook;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_build_is_past_when_six_newer_ones_of_its_tree_are_there() {
        let mut outlook = Outlook::default();
        for order in ["a", "b", "c", "d", "e", "f", "g"] {
            outlook.saw("firefox beta", order);
        }
        assert!(outlook.is_past("firefox beta", "a"));
        assert!(!outlook.is_past("firefox beta", "b"));
        assert!(!outlook.is_past("firefox esr140", "a"));
    }

    #[test]
    fn the_platforms_of_most_recent_builds_are_expected() {
        let mut outlook = Outlook::default();
        outlook.platforms("t", "1", &set(&["mac", "linux-i686"]));
        outlook.platforms("t", "2", &set(&["mac", "win64"]));
        outlook.platforms("t", "3", &set(&["mac", "win64"]));
        outlook.saw("t", "4");
        assert_eq!(outlook.expected("t"), set(&["mac", "win64"]));
        assert!(outlook.expected("other").is_empty());
    }
}
