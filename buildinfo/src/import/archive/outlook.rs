//! What of the archive is looked at again, and what is settled. Decided by what is there and what
//! is unknown, never by the clock and never by a number of major versions: the archive holds what
//! it holds, and an import may come after a long time.

use std::collections::{BTreeMap, BTreeSet};

/// A build is settled, whatever it lacks, when so many newer ones of its tree are there.
pub(super) const NEWER: usize = 6;
/// What platforms a build should have is told by so many newest builds of its tree.
const RECENT: usize = 10;

/// The builds of each tree, in order, as far as they were seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Outlook {
    trees: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Outlook {
    /// That a build is there.
    pub(super) fn saw(&mut self, tree: &str, order: &str) {
        self.platforms(tree, order, &BTreeSet::new());
    }

    /// That a build is there with these platforms.
    pub(super) fn platforms(&mut self, tree: &str, order: &str, platforms: &BTreeSet<String>) {
        self.trees
            .entry(tree.to_owned())
            .or_default()
            .entry(order.to_owned())
            .or_default()
            .extend(platforms.iter().cloned());
    }

    /// Whether so many newer builds are there that nothing more will come to this one.
    pub(super) fn is_past(&self, tree: &str, order: &str) -> bool {
        self.trees.get(tree).is_some_and(|builds| {
            let newer = builds.range::<str, _>((std::ops::Bound::Excluded(order), std::ops::Bound::Unbounded));
            newer.take(NEWER).count() >= NEWER
        })
    }

    /// The platforms that a build of a tree should have: those of at least half of the newest ones.
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
