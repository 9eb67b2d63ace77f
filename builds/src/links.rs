//! Web pages about the source of a build.

use crate::index::BuildRef;

/// A page for the build's revision, on Mercurial's or GitHub's website; we know of none for other repositories.
pub fn revision_url(build: BuildRef<'_>) -> Option<String> {
    let (repository, revision) = (build.repository()?, build.revision()?);
    match forge(repository)? {
        Forge::Mercurial => Some(format!("{repository}/rev/{revision}")),
        Forge::GitHub => Some(format!("{repository}/commit/{revision}")),
    }
}

/// A page for the changes from one build to another: only within one repository, since a pushlog covers only its own.
pub fn changes_url(from: BuildRef<'_>, to: BuildRef<'_>) -> Option<String> {
    let repository = to
        .repository()
        .filter(|repository| from.repository() == Some(*repository))?;
    let (from, to) = (from.revision()?, to.revision()?);
    match forge(repository)? {
        Forge::Mercurial => Some(format!("{repository}/pushloghtml?fromchange={from}&tochange={to}")),
        Forge::GitHub => Some(format!("{repository}/compare/{from}...{to}")),
    }
}

enum Forge {
    Mercurial,
    GitHub,
}

fn forge(repository: &str) -> Option<Forge> {
    let rest = repository
        .strip_prefix("https://")
        .or_else(|| repository.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#', ':', '@']).next()?;
    if host == "github.com" {
        Some(Forge::GitHub)
    } else if host.starts_with("hg.") {
        Some(Forge::Mercurial)
    } else {
        None
    }
}
