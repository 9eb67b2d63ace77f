//! The sources' statements about a version: that it shipped, and as which of its builds.

use crate::build::Certainty;
use crate::derive::facts::{Released, Shipped};
use crate::derive::siblings::{BuildName, Group};
use crate::names::version::Version;

/// What the sources state about a version.
pub(super) struct Stated<'a> {
    pub(super) shipped: Option<&'a Shipped>,
    pub(super) released: Option<Released>,
    /// Whether it is stated of this very version, or inferred.
    pub(super) certainty: Certainty,
}

/// The statements about the version that a build was made for. The sources list it under the version of its folder, or
/// else under the build's own. An ESR can be listed without its suffix; unless the ordinary version of that number has
/// builds of its own, the ESR is taken to be meant.
pub(super) fn stated<'a>(group: &Group<'a>, name: &BuildName<'a>) -> Stated<'a> {
    let listed = |version: &Version, certainty| {
        let key = (name.directory, version.clone());
        Stated {
            shipped: group.facts.shipped.get(&key),
            released: group.facts.released.get(&key).copied(),
            certainty,
        }
    };
    let own = || std::iter::once(name.version);
    let mut found: Vec<Stated<'_>> = group
        .folders(name)
        .chain(own())
        .map(|version| listed(version, Certainty::Stated))
        .collect();
    let plain = name.version.without_esr();
    if name.version.is_esr() && !group.versions.contains_key(&(name.directory, &plain)) {
        found.push(listed(&plain, Certainty::Inferred));
    }
    let best = |is_known: &dyn Fn(&Stated<'_>) -> bool| found.iter().position(is_known);
    let position = best(&|stated| stated.shipped.is_some())
        .or_else(|| best(&|stated| stated.released.is_some()))
        .unwrap_or(0);
    found.swap_remove(position)
}
