//! Web pages about the source of a build, and about its crashes: the templates of its product's row, filled in.

mod template;

use url::Url;

use self::template::{Value, fill, home, place_of};
use crate::index::BuildRef;
use crate::names::product::{GITHUB, Links, MERCURIAL, MOZILLAS_LINKS, Row};

/// A page for the build's revision: as its product's row says, or else on Mercurial's or GitHub's website.
pub fn revision_url(build: BuildRef<'_>) -> Option<String> {
    let fit = Fit::of(build.product().row().links, build.repository()?)?;
    fit.filled(fit.links.revision, &[("revision", Value::Path(build.revision()?))])
}

/// A page for the changes from one build to another: only within one repository, since a pushlog covers only its own.
pub fn changes_url(from: BuildRef<'_>, to: BuildRef<'_>) -> Option<String> {
    let repository = to
        .repository()
        .filter(|repository| from.repository() == Some(*repository))?;
    let fit = Fit::of(to.product().row().links, repository)?;
    let values = [
        ("from", Value::Text(from.revision()?)),
        ("to", Value::Text(to.revision()?)),
    ];
    fit.filled(fit.links.changes, &values)
}

/// Whether an address leads to where pages about a product's repository are: to the repository's host, or to that of a
/// template that fits. A product without a row is taken to have the links of Mozilla's.
pub fn may_lead_to(row: Option<&Row>, repository: &str, address: &str) -> bool {
    let Some(place) = place_of(address) else {
        return false;
    };
    let links = row.map_or(MOZILLAS_LINKS, |row| row.links);
    let of_templates = Fit::of(links, repository).is_some_and(|fit| {
        let mut templates = [fit.links.revision, fit.links.changes].into_iter().flatten();
        templates.any(|template| home(template, fit.base).as_ref() == Some(&place))
    });
    of_templates || host(address).is_some_and(|there| host(repository) == Some(there))
}

/// A page for a line of a source file that symbols name by its repository (without the scheme, as `hg.mozilla.org/x`),
/// the path in it and the revision.
pub fn source_url(row: Option<&Row>, place: &str, revision: &str, path: &str, line: Option<i64>) -> Option<String> {
    let own = row.map_or(&[][..], |row| row.links);
    // Parts of many programs come from where Mozilla's do, as Rust's standard library.
    own.iter().chain(MOZILLAS_LINKS).find_map(|links| {
        let mut addresses = ["https", "http"]
            .into_iter()
            .map(|scheme| format!("{scheme}://{place}"));
        let repository = addresses.find(|address| lies_in(address, links.repository))?;
        Some(Fit::new(links, links.repository, &repository).source(revision, path, line))
    })?
}

/// The path, within its repository, of a source file that symbols name by where it lay when the product was built from
/// this repository; `None` if the product's row does not say where.
pub fn path_in_source(row: &Row, repository: &str, file: &str) -> Option<String> {
    let folder = source_links(row, repository)?.links.source_folder?;
    let slashed = |text: &str| text.replace('\\', "/");
    let (folder, file) = (slashed(folder), slashed(file));
    let folder = folder.trim_end_matches('/');
    let start = file.get(..folder.len())?;
    // Windows does not tell cases apart.
    let of_windows = folder.get(1..2) == Some(":");
    let is_in = start == folder || of_windows && start.eq_ignore_ascii_case(folder);
    let path = file.get(folder.len()..)?.strip_prefix('/')?;
    (is_in && !path.is_empty()).then(|| path.to_owned())
}

/// A page for a line of a source file of a product, by its path in the repository that the product was built from.
pub fn line_url(row: &Row, repository: &str, revision: &str, path: &str, line: Option<i64>) -> Option<String> {
    source_links(row, repository)?.source(revision, path, line)
}

/// Where a bug about a crash of a product is entered, if its row says so and the template's values are known.
pub fn bug_url(row: &Row, version: &str, signature: &str, crash_id: &str) -> Option<String> {
    let values = [
        ("product", Value::Text(row.name)),
        ("version", Value::Text(version)),
        ("signature", Value::Text(signature)),
        ("crash_id", Value::Text(crash_id)),
    ];
    fill(row.bugs?, &values, "")
}

/// The links of a product's own row that fit a repository.
fn source_links<'a>(row: &Row, repository: &'a str) -> Option<Fit<'a>> {
    let links = row.links.iter().find(|links| lies_in(repository, links.repository))?;
    Some(Fit::new(links, links.repository, repository))
}

/// The templates that fit a repository.
struct Fit<'a> {
    links: &'static Links,
    /// What the repository's address begins with.
    base: &'a str,
    repository: &'a str,
}

impl<'a> Fit<'a> {
    fn new(links: &'static Links, base: &'a str, repository: &'a str) -> Self {
        Self {
            links,
            base,
            repository,
        }
    }

    /// The first of these links that fit, or else what the host tells.
    fn of(links: &'static [Links], repository: &'a str) -> Option<Self> {
        if let Some(links) = links.iter().find(|links| lies_in(repository, links.repository)) {
            return Some(Self::new(links, links.repository, repository));
        }
        let url = Url::parse(repository).ok()?;
        let links = match url.host_str()? {
            "github.com" => &GITHUB,
            host if host.starts_with("hg.") => &MERCURIAL,
            _ => return None,
        };
        Some(Self::new(links, repository, repository))
    }

    fn filled(&self, template: Option<&str>, values: &[(&str, Value<'_>)]) -> Option<String> {
        let repository = without_suffix(self.repository);
        let tree = repository.rsplit('/').next().unwrap_or_default();
        let mut all = vec![("repository", Value::Address(repository)), ("tree", Value::Text(tree))];
        all.extend_from_slice(values);
        fill(template?, &all, self.base)
    }

    fn source(&self, revision: &str, path: &str, line: Option<i64>) -> Option<String> {
        let number = line.map(|line| line.to_string()).unwrap_or_default();
        let template = self.links.source?;
        // Without a line, the page is that of the file.
        let template = match template.split_once('#') {
            Some((page, at)) if line.is_none() && at.contains("{line}") => page,
            _ => template,
        };
        let values = [
            ("revision", Value::Path(revision)),
            ("path", Value::Path(path)),
            ("line", Value::Text(&number)),
        ];
        self.filled(Some(template), &values)
    }
}

/// Whether an address begins with another one, and goes on in it.
fn lies_in(address: &str, start: &str) -> bool {
    let rest = without_suffix(address).strip_prefix(without_suffix(start));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A repository's address without the slashes and the `.git` at its end, which addresses to clone from have and web
/// pages about the repository have not.
fn without_suffix(repository: &str) -> &str {
    let repository = repository.trim_end_matches('/');
    let repository = repository.strip_suffix(".git").unwrap_or(repository);
    repository.trim_end_matches('/')
}

fn host(address: &str) -> Option<String> {
    Url::parse(address).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
