//! Link targets. Links to other hosts are only made for `http` and `https`, and only to hosts that the build data or
//! the products' rows name.

use builds::links::{bug_url, line_url, may_lead_to, path_in_source, source_url};
use builds::names::product::{Row, row_of};
use builds::{Directory, Product};
use crash::CrashId;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// The report page of a crash.
pub(crate) fn report(id: &CrashId) -> String {
    format!("/report/index/{id}")
}

/// A file of a report: its name, and where it can be read.
pub(crate) fn dump(id: &CrashId, name: String) -> (String, String) {
    let parameters = [("crash_id", id.as_str()), ("format", "raw"), ("name", &name)];
    let link = page("/api/RawCrash/", &parameters);
    (name, link)
}

/// Where to sign in, to come back to a page of this site.
pub(crate) fn sign_in(back: &str) -> String {
    page("/account", &[("next", back)])
}

/// The path of a page of this site, as a form or an address names it; none if it leads elsewhere.
pub(crate) fn own_page(path: &str) -> Option<&str> {
    let is_path = path.starts_with('/') && !path.starts_with("//");
    // Browsers read a backslash as a slash, and leave out control characters.
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (is_path && is_plain && path.len() <= 2_000).then_some(path)
}

/// The list of crashes that match these filters, given by parameter name.
pub(crate) fn crashes(filters: &[(&str, &str)]) -> String {
    page("/", filters)
}

/// The page with this path and these parameters; empty ones are left out.
pub(crate) fn page(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// The list of the builds of a channel.
pub(crate) fn channel(product: &str, channel: &str) -> String {
    format!("/builds/{}/{}", segment(product), segment(channel))
}

/// The page of a build; none if part of its name is missing, or if the build id is invalid. The channel can be missing
/// where the product has only one.
pub(crate) fn build(product: &str, channel_name: &str, build_id: &str) -> Option<String> {
    let id: builds::BuildId = build_id.parse().ok()?;
    let only = || product.parse::<Directory>().ok()?.only_channel();
    let channel_name = Some(channel_name).filter(|name| !name.is_empty()).or_else(only)?;
    (!product.is_empty()).then(|| build_page(product, channel_name, id))
}

/// Whether the builds of a product have pages: those of one whose row is gone have none.
pub(crate) fn has_pages(product: Product) -> bool {
    product.as_str().parse::<Directory>().is_ok()
}

/// The page of the build with this id.
pub(crate) fn build_page(product: &str, channel_name: &str, id: builds::BuildId) -> String {
    format!("{}/{id}", channel(product, channel_name))
}

/// The builds of any product and channel with this id.
pub(crate) fn builds_with_id(build_id: &str) -> String {
    format!("/builds/?build_id={}", segment(build_id))
}

/// A text as a segment of a path.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The link as given, if it is a web link.
pub(crate) fn web(link: &str) -> Option<String> {
    let url = Url::parse(link).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    (web && url.username().is_empty() && url.password().is_none()).then(|| url.to_string())
}

/// The link as given, if it leads to where pages about the product's repository are.
pub(crate) fn changeset(link: &str, product: &str, repository: &str) -> Option<String> {
    web(link).filter(|link| may_lead_to(row_of(product), repository, link))
}

/// Where a bug about a crash is entered, if its product's row says so.
pub(crate) fn bug(product: &str, version: &str, signature: &str, id: &CrashId) -> Option<String> {
    bug_url(row_of(product)?, version, signature, id.as_str())
}

/// A source file as the symbols name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The path within its repository, or the name unchanged.
    pub(crate) path: String,
    /// Where it can be read.
    pub(crate) link: Option<String>,
}

/// What the links to a crash's source files are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sources<'a> {
    /// The row of its product, if there is one.
    pub(crate) row: Option<&'a Row>,
    /// The repository that it was built from, as far as known.
    pub(crate) repository: &'a str,
    /// The revision that it was built from, as far as known.
    pub(crate) revision: &'a str,
}

impl Sources<'_> {
    /// Parses a source file's name. Mozilla's symbols name files as `hg:<host>/<repository>:<path>:<revision>`, the
    /// same with `git`, or `s3:<bucket>:<path>:`; anything else is a path on the machine that built it.
    pub(crate) fn source(self, file: &str, line: Option<i64>) -> Source {
        let mut parts = file.splitn(4, ':');
        let named = (parts.next(), parts.next(), parts.next(), parts.next());
        let (Some(kind @ ("hg" | "git" | "s3")), Some(place), Some(path), Some(revision)) = named else {
            return self.built(file, line);
        };
        let link = match kind {
            "s3" => None,
            _ => source_url(self.row, place, revision, path, line),
        };
        Source {
            path: path.to_owned(),
            link,
        }
    }

    /// A source file by where it lay when the product was built.
    fn built(self, file: &str, line: Option<i64>) -> Source {
        let found = self.row.and_then(|row| {
            let path = path_in_source(row, self.repository, file)?;
            let link = line_url(row, self.repository, self.revision, &path, line);
            Some(Source { path, link })
        });
        found.unwrap_or_else(|| Source {
            path: file.to_owned(),
            link: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use builds::names::product::stated::{Stated, StatedLinks, with};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However a browser reads it: a page of our own is at our own address.
        #[test]
        fn own_pages_lead_nowhere_else(path in "[/\\\\]{0,3}[a-z.@:/\\\\?#\\t\\n%\\x00é-]{0,20}") {
            let here = Url::parse("https://crashes.example/account?next=x").unwrap();
            if let Some(own) = own_page(&path) {
                let there = here.join(own).unwrap();
                prop_assert_eq!(there.origin(), here.origin(), "{}", path);
            }
        }
    }

    #[test]
    fn own_pages_are_paths() {
        for (path, is_own) in [
            ("/", true),
            ("/report/index/a?b=c#d", true),
            ("", false),
            ("report", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example/", false),
            ("/\t/evil.example", false),
            ("/a b", false),
        ] {
            assert_eq!(own_page(path).is_some(), is_own, "{path:?}");
        }
    }

    #[test]
    fn only_web_links_to_the_repository_become_links() {
        const REPOSITORY: &str = "https://hg.mozilla.org/releases/mozilla-beta";
        for (link, expected) in [
            ("https://hg.mozilla.org/releases/mozilla-beta/rev/1", true),
            ("https://example.org/rev/1", false),
            ("javascript:alert(1)", false),
            ("https://hg.mozilla.org@example.org/", false),
            ("https://user:pass@hg.mozilla.org/", false),
            ("data:text/html,x", false),
            ("", false),
        ] {
            assert_eq!(changeset(link, "Firefox", REPOSITORY).is_some(), expected, "{link}");
        }
        assert_eq!(changeset("https://hg.mozilla.org/rev/1", "Firefox", ""), None);
    }

    #[test]
    fn source_files_are_read_as_symbols_name_them() {
        for (file, path, link) in [
            (
                "hg:hg.mozilla.org/mozilla-central:dom/a.cpp:9d1",
                "dom/a.cpp",
                Some("https://hg.mozilla.org/mozilla-central/file/9d1/dom/a.cpp#l7"),
            ),
            (
                "git:github.com/rust-lang/rust:library/std/src/a.rs:4b7",
                "library/std/src/a.rs",
                Some("https://github.com/rust-lang/rust/blob/4b7/library/std/src/a.rs#L7"),
            ),
            ("hg:example.org/x:a.cpp:1", "a.cpp", None),
            ("hg:hg.mozilla.org/x:../a.cpp:1", "../a.cpp", None),
            ("s3:gecko-generated-sources:ab/c.cpp:", "ab/c.cpp", None),
            ("d:\\build\\a.cpp", "d:\\build\\a.cpp", None),
            ("/builds/a.c", "/builds/a.c", None),
            ("x:y:z:javascript:alert(1)", "x:y:z:javascript:alert(1)", None),
        ] {
            for row in [None, row_of("Firefox"), row_of("Fenix")] {
                let sources = Sources {
                    row,
                    repository: "",
                    revision: "",
                };
                let found = sources.source(file, Some(7));
                assert_eq!((found.path.as_str(), found.link.as_deref()), (path, link));
            }
        }
    }

    #[test]
    fn a_row_says_where_source_lay_and_can_be_read() {
        let stated = Stated {
            name: "Kite".to_owned(),
            links: Some(vec![StatedLinks {
                repository: "https://git.kite.example/".to_owned(),
                source_folder: Some("C:\\ci".to_owned()),
                source: Some("{repository}/-/blob/{revision}/{path}#L{line}".to_owned()),
                revision: None,
                changes: None,
            }]),
            ..Stated::default()
        };
        let rows = with(&[stated]).unwrap();
        let sources = Sources {
            row: rows.last(),
            repository: "https://git.kite.example/app",
            revision: "v1",
        };
        let here = "https://git.kite.example/app/-/blob/v1/src/a.cpp#L7";
        let named = "git:git.kite.example/app:src/a.cpp:v1";
        for (sources, file, path, link) in [
            (sources, named, "src/a.cpp", Some(here)),
            (sources, "c:\\ci\\src\\a.cpp", "src/a.cpp", Some(here)),
            (sources, "c:\\other\\a.cpp", "c:\\other\\a.cpp", None),
            (sources, "c:\\ci\\..\\a.cpp", "../a.cpp", None),
            (
                Sources {
                    repository: "",
                    ..sources
                },
                "c:\\ci\\src\\a.cpp",
                "c:\\ci\\src\\a.cpp",
                None,
            ),
            (Sources { row: None, ..sources }, named, "src/a.cpp", None),
        ] {
            let found = sources.source(file, Some(7));
            assert_eq!((found.path.as_str(), found.link.as_deref()), (path, link));
        }
    }

    #[test]
    fn links_within_encode_what_they_carry() {
        assert_eq!(
            crashes(&[("product", ""), ("signature", "a&b <c>")]),
            "/?signature=a%26b+%3Cc%3E"
        );
        assert_eq!(crashes(&[]), "/");
        assert_eq!(
            build("Fire/fox", "beta", "20181025233934").as_deref(),
            Some("/builds/Fire%2Ffox/beta/20181025233934")
        );
        assert_eq!(build("Firefox", "beta", "../x"), None);
    }
}
