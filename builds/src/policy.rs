//! How an import judged its sources, and what was taken from the archive because Buildhub lacked it. Stored with the
//! run, to show why something was requested.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::said::observation::SourceName;

/// The decisions of one import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The state of each source, in reading order.
    pub sources: Vec<Verdict>,
    /// What the archive had and Buildhub lacked, by tree and reason.
    pub filled: Vec<Fill>,
}

/// The state of one source during an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The source.
    pub source: SourceName,
    /// The state in one word.
    pub state: State,
    /// The basis of that state.
    pub why: String,
}

/// The state of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It answers, and knows what the others know.
    Well,
    /// It answers, but not always.
    Flaky,
    /// It answers, but slowly.
    Slow,
    /// Other sources know newer builds.
    Late,
    /// Other sources know builds, or platforms, missing between its own.
    Holes,
    /// It answers, but has no data at all.
    Empty,
    /// It answers with something other than data.
    Garbage,
    /// It does not answer.
    Down,
}

impl State {
    /// Whether the source gave no reliable data.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Empty | Self::Garbage | Self::Down)
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Well => "well",
            Self::Flaky => "flaky",
            Self::Slow => "slow",
            Self::Late => "late",
            Self::Holes => "has holes",
            Self::Empty => "empty",
            Self::Garbage => "garbage",
            Self::Down => "down",
        })
    }
}

/// Why something was taken from the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Only the archive was requested.
    Asked,
    /// Buildhub could not be read.
    BuildhubFailed,
    /// Buildhub does not know the build yet, or not on all platforms; it knows no newer build of this tree.
    Late,
    /// Buildhub does not know the build, but knows newer ones.
    MissingBuild,
    /// Buildhub knows the build on other platforms, and knows newer builds.
    MissingPlatform,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Asked => "only the archive was to be read",
            Self::BuildhubFailed => "Buildhub could not be read",
            Self::Late => "Buildhub does not know them yet",
            Self::MissingBuild => "Buildhub knows newer ones, but not these",
            Self::MissingPlatform => "Buildhub knows these builds on other platforms only",
        })
    }
}

/// What was taken from the archive for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// The tree: a product's folder and kind of builds, such as `firefox beta`.
    pub tree: String,
    /// Why.
    pub reason: Reason,
    /// The platforms concerned.
    pub platforms: BTreeSet<String>,
    /// The number of builds.
    pub builds: u64,
    /// The first of them: the path of its folder.
    pub first: String,
    /// The last of them.
    pub last: String,
}

/// What the archive showed of one build, and which part Buildhub knew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The tree, such as `firefox beta`.
    pub tree: String,
    /// Its position among the builds of the tree.
    pub order: String,
    /// The path of its folder.
    pub path: String,
    /// The platforms that Buildhub knew.
    pub known: BTreeSet<String>,
    /// The platforms that were read from the archive.
    pub read: BTreeSet<String>,
}

/// The reason each build was taken from the archive; `forced` is a reason that holds for all of them.
pub fn fills(compared: &[Compared], forced: Option<Reason>) -> Vec<Fill> {
    let mut newest_known: BTreeMap<&str, &str> = BTreeMap::new();
    for build in compared.iter().filter(|build| !build.known.is_empty()) {
        let newest = newest_known.entry(&build.tree).or_default();
        *newest = (*newest).max(build.order.as_str());
    }
    let mut sorted: Vec<&Compared> = compared.iter().filter(|build| !build.read.is_empty()).collect();
    sorted.sort_by(|a, b| (&a.tree, &a.order).cmp(&(&b.tree, &b.order)));
    let mut fills: BTreeMap<(&str, Reason), Fill> = BTreeMap::new();
    for build in sorted {
        let reason = forced.unwrap_or_else(|| {
            let newest = newest_known.get(build.tree.as_str()).copied();
            let knows_newer = newest.is_some_and(|newest| newest > build.order.as_str());
            match (knows_newer, build.known.is_empty()) {
                (false, _) => Reason::Late,
                (true, true) => Reason::MissingBuild,
                (true, false) => Reason::MissingPlatform,
            }
        });
        let fill = fills.entry((&build.tree, reason)).or_insert_with(|| Fill {
            tree: build.tree.clone(),
            reason,
            platforms: BTreeSet::new(),
            builds: 0,
            first: build.path.clone(),
            last: String::new(),
        });
        fill.platforms.extend(build.read.iter().cloned());
        fill.builds += 1;
        fill.last.clone_from(&build.path);
    }
    fills.into_values().collect()
}

impl Policy {
    /// Sets the state of a source, replacing any earlier one.
    pub fn judge(&mut self, source: SourceName, state: State, why: impl Into<String>) {
        self.sources.retain(|verdict| verdict.source != source);
        self.sources.push(Verdict {
            source,
            state,
            why: why.into(),
        });
    }

    /// The state of a source, if it was read.
    pub fn state(&self, source: SourceName) -> Option<State> {
        let verdict = self.sources.iter().find(|verdict| verdict.source == source)?;
        Some(verdict.state)
    }

    /// Records what was filled, and what that implies about Buildhub if it answered.
    pub fn fill(&mut self, filled: Vec<Fill>) {
        let count = |reason| -> u64 {
            let of_reason = filled.iter().filter(|fill| fill.reason == reason);
            of_reason.map(|fill| fill.builds).sum()
        };
        let late = count(Reason::Late);
        let holes = count(Reason::MissingBuild) + count(Reason::MissingPlatform);
        let answered = matches!(
            self.state(SourceName::BUILDHUB),
            Some(State::Well | State::Flaky | State::Slow)
        );
        if answered && holes > 0 {
            let why = format!(
                "the archive has {holes} builds that it lacks, wholly or on a platform, and {late} that are newer"
            );
            self.judge(SourceName::BUILDHUB, State::Holes, why);
        } else if answered && late > 0 {
            let why = format!("the archive has {late} builds that it does not know yet");
            self.judge(SourceName::BUILDHUB, State::Late, why);
        }
        self.filled = filled;
    }

    /// The decisions as lines for people.
    pub fn lines(&self) -> Vec<String> {
        let verdicts = self
            .sources
            .iter()
            .map(|verdict| format!("{}: {} ({})", verdict.source, verdict.state, verdict.why));
        let fills = self.filled.iter().map(|fill| {
            let platforms: Vec<&str> = fill.platforms.iter().map(String::as_str).collect();
            let which = if fill.first == fill.last {
                fill.first.clone()
            } else {
                format!("{} to {}", fill.first, fill.last)
            };
            format!(
                "read {} {} builds from the archive, because {}: {which}, {}",
                fill.builds,
                fill.tree,
                fill.reason,
                platforms.join(" ")
            )
        });
        verdicts.chain(fills).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Compared, Policy, Reason, State, fills};
    use crate::said::observation::SourceName;

    fn build(tree: &str, order: &str, known: &[&str], read: &[&str]) -> Compared {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Compared {
            tree: tree.to_owned(),
            order: order.to_owned(),
            path: format!("/{order}/"),
            known: set(known),
            read: set(read),
        }
    }

    #[test]
    fn what_is_missing_is_told_by_what_buildhub_knows_around_it() {
        let compared = [
            build("firefox beta", "1", &["mac", "win64"], &[]),
            build("firefox beta", "2", &["win64"], &["mac"]),
            build("firefox beta", "3", &[], &["mac", "win64"]),
            build("firefox beta", "4", &["mac", "win64"], &[]),
            build("firefox beta", "5", &[], &["mac", "win64"]),
            build("firefox esr", "1", &[], &["mac"]),
        ];
        let found: Vec<_> = fills(&compared, None)
            .into_iter()
            .map(|fill| (fill.tree, fill.reason, fill.builds, fill.first))
            .collect();
        let expected = [
            ("firefox beta", Reason::Late, 1, "/5/"),
            ("firefox beta", Reason::MissingBuild, 1, "/3/"),
            ("firefox beta", Reason::MissingPlatform, 1, "/2/"),
            ("firefox esr", Reason::Late, 1, "/1/"),
        ]
        .map(|(tree, reason, builds, first)| (tree.to_owned(), reason, builds, first.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_reason_may_hold_for_everything() {
        let compared = [build("firefox beta", "1", &[], &["mac"])];
        let found = fills(&compared, Some(Reason::BuildhubFailed));
        assert_eq!(found[0].reason, Reason::BuildhubFailed);
    }

    #[test]
    fn what_was_filled_says_how_buildhub_does_only_if_it_answered() {
        let late = fills(&[build("firefox beta", "1", &[], &["mac"])], None);
        let mut policy = Policy::default();
        policy.judge(SourceName::BUILDHUB, State::Well, "");
        policy.fill(late.clone());
        assert_eq!(policy.state(SourceName::BUILDHUB), Some(State::Late));
        policy.judge(SourceName::BUILDHUB, State::Down, "");
        policy.fill(late);
        assert_eq!(policy.state(SourceName::BUILDHUB), Some(State::Down));
    }
}
