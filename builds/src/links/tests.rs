use proptest::prelude::*;

use super::*;
use crate::names::product::row_of;
use crate::names::product::stated::{Stated, StatedLinks, with};

const REVISION: &str = "9d1c0ffee";

/// The row of a product with these links.
fn row(links: &[(&str, Option<&str>, &str)], bugs: Option<&str>) -> Row {
    let links = links.iter().map(|(repository, folder, site)| StatedLinks {
        repository: (*repository).to_owned(),
        source_folder: folder.map(str::to_owned),
        source: Some(format!(
            "{site}/{{tree}}/source?file={{path}}&at={{revision}}&line={{line}}"
        )),
        revision: Some(format!("{site}/{{tree}}/{{revision}}")),
        changes: Some(format!("{site}/{{tree}}/{{from}}..{{to}}")),
    });
    let stated = Stated {
        name: "Kite".to_owned(),
        bugs: bugs.map(str::to_owned),
        links: Some(links.collect()),
        ..Stated::default()
    };
    *with(&[stated]).unwrap().last().unwrap()
}

/// The page of a revision, and that of the changes since another one.
fn pages(row: &Row, repository: &str) -> (Option<String>, Option<String>) {
    let Some(fit) = Fit::of(row.links, repository) else {
        return (None, None);
    };
    let changes = [("from", Value::Text("0a")), ("to", Value::Text("0b"))];
    (
        fit.filled(fit.links.revision, &[("revision", Value::Path(REVISION))]),
        fit.filled(fit.links.changes, &changes),
    )
}

#[test]
fn the_products_row_says_where_its_source_is_and_else_the_host_tells() {
    const SITE: &str = "https://code.kite.example";
    let kite = row(
        &[
            ("https://git.kite.example/", None, SITE),
            ("https://github.com/kite", None, "https://kite.example/mirror"),
        ],
        None,
    );
    let mozilla = row_of("Firefox").unwrap();
    let hg = "https://hg.mozilla.org/releases/mozilla-beta";
    for (row, repository, revision, changes) in [
        (
            mozilla,
            hg,
            Some(format!("{hg}/rev/{REVISION}")),
            Some(format!("{hg}/pushloghtml?fromchange=0a&tochange=0b")),
        ),
        (
            mozilla,
            "https://github.com/mozilla-firefox/firefox",
            Some(format!("https://github.com/mozilla-firefox/firefox/commit/{REVISION}")),
            Some("https://github.com/mozilla-firefox/firefox/compare/0a...0b".to_owned()),
        ),
        (
            mozilla,
            "https://github.com/mozilla-firefox/firefox.git/",
            Some(format!("https://github.com/mozilla-firefox/firefox/commit/{REVISION}")),
            Some("https://github.com/mozilla-firefox/firefox/compare/0a...0b".to_owned()),
        ),
        (
            &kite,
            "https://git.kite.example/tail.git",
            Some(format!("{SITE}/tail/{REVISION}")),
            Some(format!("{SITE}/tail/0a..0b")),
        ),
        (
            &kite,
            "https://github.com/kite.git",
            Some(format!("https://kite.example/mirror/kite/{REVISION}")),
            Some("https://kite.example/mirror/kite/0a..0b".to_owned()),
        ),
        (
            mozilla,
            "http://hg.example.org:8000/x",
            Some(format!("http://hg.example.org:8000/x/rev/{REVISION}")),
            Some("http://hg.example.org:8000/x/pushloghtml?fromchange=0a&tochange=0b".to_owned()),
        ),
        (mozilla, "https://git.example.org/x", None, None),
        (mozilla, "https://github.com@evil.example/x", None, None),
        (
            mozilla,
            "https://hg.mozilla.org.evil.example/x",
            {
                // Its host begins as Mercurial's do, and the link leads there and nowhere else.
                Some(format!("https://hg.mozilla.org.evil.example/x/rev/{REVISION}"))
            },
            Some("https://hg.mozilla.org.evil.example/x/pushloghtml?fromchange=0a&tochange=0b".to_owned()),
        ),
        (mozilla, "javascript:alert(1)", None, None),
        (mozilla, "", None, None),
        (
            &kite,
            "https://git.kite.example/team/kite/",
            Some(format!("{SITE}/kite/{REVISION}")),
            Some(format!("{SITE}/kite/0a..0b")),
        ),
        (
            &kite,
            "https://github.com/kite/app",
            Some(format!("https://kite.example/mirror/app/{REVISION}")),
            Some("https://kite.example/mirror/app/0a..0b".to_owned()),
        ),
        (
            &kite,
            "https://github.com/kites/app",
            Some(format!("https://github.com/kites/app/commit/{REVISION}")),
            Some("https://github.com/kites/app/compare/0a...0b".to_owned()),
        ),
        (&kite, "https://git.kite.example.evil.example/kite", None, None),
    ] {
        assert_eq!(pages(row, repository), (revision, changes), "{repository}");
    }
}

#[test]
fn links_lead_to_the_host_of_the_repository_or_of_the_template() {
    let kite = row(
        &[("https://git.kite.example/", None, "https://code.kite.example")],
        None,
    );
    let mozilla = row_of("Firefox");
    for (row, repository, link, may) in [
        (
            mozilla,
            "https://hg.mozilla.org/x",
            "https://hg.mozilla.org/x/rev/1",
            true,
        ),
        (None, "https://hg.mozilla.org/x", "https://hg.mozilla.org/x/rev/1", true),
        (None, "https://git.example/x", "https://git.example/x?h=1", true),
        (
            mozilla,
            "https://hg.mozilla.org/x",
            "https://code.kite.example/1",
            false,
        ),
        (
            Some(&kite),
            "https://git.kite.example/x",
            "https://code.kite.example/1",
            true,
        ),
        (
            Some(&kite),
            "https://git.kite.example/x",
            "https://git.kite.example/1",
            true,
        ),
        (
            Some(&kite),
            "https://git.kite.example/x",
            "http://code.kite.example/1",
            false,
        ),
        (
            Some(&kite),
            "https://git.kite.example/x",
            "https://me@code.kite.example/1",
            false,
        ),
        (
            Some(&kite),
            "https://other.example/x",
            "https://code.kite.example/1",
            false,
        ),
        (mozilla, "", "https://hg.mozilla.org/x/rev/1", false),
        (mozilla, "https://hg.mozilla.org/x", "javascript:alert(1)", false),
    ] {
        assert_eq!(may_lead_to(row, repository, link), may, "{repository} {link}");
    }
}

#[test]
fn source_files_are_found_in_their_repositories() {
    let kite = row(
        &[("https://git.kite.example/", None, "https://code.kite.example")],
        None,
    );
    let shown = "https://code.kite.example/app/source?file=src/a%2Bb%20c.cpp&at=v1&line=7";
    for (row, place, path, line, expected) in [
        (None, "hg.mozilla.org/mozilla-central", "dom/a.cpp", Some(7), {
            Some("https://hg.mozilla.org/mozilla-central/file/v1/dom/a.cpp#l7")
        }),
        (None, "hg.mozilla.org/mozilla-central", "dom/a.cpp", None, {
            Some("https://hg.mozilla.org/mozilla-central/file/v1/dom/a.cpp")
        }),
        (Some(&kite), "github.com/rust-lang/rust", "library/a.rs", Some(7), {
            Some("https://github.com/rust-lang/rust/blob/v1/library/a.rs#L7")
        }),
        (
            Some(&kite),
            "git.kite.example/app",
            "src/a+b c.cpp",
            Some(7),
            Some(shown),
        ),
        (Some(&kite), "git.kite.example/app", "src/a.cpp", None, None),
        (None, "git.kite.example/app", "src/a.cpp", Some(7), None),
        (None, "hg.example.org/x", "a.cpp", Some(7), None),
        (None, "hg.mozilla.org/x", "a/../b.cpp", Some(7), None),
        (None, "hg.mozilla.org/x/..", "b.cpp", Some(7), None),
        (None, "hg.mozilla.org@evil.example/x", "b.cpp", Some(7), None),
        (None, "hg.mozilla.org/x", "", Some(7), None),
    ] {
        let found = source_url(row, place, "v1", path, line);
        assert_eq!(found.as_deref(), expected, "{place} {path}");
    }
}

#[test]
fn a_path_on_the_machine_that_built_it_is_one_in_the_repository() {
    const REPOSITORY: &str = "https://git.kite.example/app";
    let unix = row(&[(REPOSITORY, Some("/builds/kite/"), "https://x.example")], None);
    let windows = row(&[(REPOSITORY, Some("D:\\ci\\Kite"), "https://x.example")], None);
    let unstated = row(&[(REPOSITORY, None, "https://x.example")], None);
    for (row, repository, file, expected) in [
        (&unix, REPOSITORY, "/builds/kite/src/a.cpp", Some("src/a.cpp")),
        (&unix, REPOSITORY, "/builds/Kite/src/a.cpp", None),
        (&unix, REPOSITORY, "/builds/kites/src/a.cpp", None),
        (&unix, REPOSITORY, "/builds/kite/", None),
        (&unix, REPOSITORY, "/builds/kite", None),
        (&unix, REPOSITORY, "", None),
        (&unix, "https://git.kite.example/other", "/builds/kite/src/a.cpp", None),
        (&windows, REPOSITORY, "d:\\CI\\kite\\src\\a.cpp", Some("src/a.cpp")),
        (&windows, REPOSITORY, "D:/ci/Kite/src/a.cpp", Some("src/a.cpp")),
        (&unstated, REPOSITORY, "/builds/kite/src/a.cpp", None),
    ] {
        let found = path_in_source(row, repository, file);
        assert_eq!(found.as_deref(), expected, "{file}");
    }
    let line = line_url(&unix, REPOSITORY, "v1", "src/a.cpp", Some(7));
    assert_eq!(
        line.as_deref(),
        Some("https://x.example/app/source?file=src/a.cpp&at=v1&line=7")
    );
    assert_eq!(line_url(&unix, "", "v1", "src/a.cpp", Some(7)), None);
    assert_eq!(line_url(&unix, REPOSITORY, "", "src/a.cpp", Some(7)), None);
}

#[test]
fn a_bug_is_entered_where_the_row_says() {
    let kite = row(
        &[],
        Some("https://bugs.example/new?in={product}&v={version}&s={signature}&c={crash_id}"),
    );
    let link = bug_url(&kite, "1.4.2", "a::b<T&> | c d", "id");
    let expected = "https://bugs.example/new?in=Kite&v=1.4.2&s=a%3A%3Ab%3CT%26%3E%20%7C%20c%20d&c=id";
    assert_eq!(link.as_deref(), Some(expected));
    let long = "&".repeat(3_000);
    for (row, version, signature) in [
        (&kite, "", "a"),
        (&kite, "1", ""),
        (&kite, "1", long.as_str()),
        (&row(&[], None), "1", "a"),
    ] {
        assert_eq!(bug_url(row, version, signature, "id"), None);
    }
    let bug = bug_url(row_of("Firefox").unwrap(), "", "a]b", "id").unwrap();
    assert!(bug.starts_with("https://bugzilla.mozilla.org/enter_bug.cgi?"), "{bug}");
    assert!(bug.ends_with("Crash%20in%20%5B%40%20a%5Db%5D"), "{bug}");
}

proptest! {
    /// Whatever a crash or a build says.
    #[test]
    fn links_do_not_leave_the_templates_host(
        template in prop::sample::select(vec![
            "https://x.example/{path}#{line}",
            "https://x.example{path}",
            "https://x.example:{line}/{path}",
            "https://{path}",
            "https://x.example/?a={path}&b={line}",
            "{repository}/{tree}/{path}",
            "{repository}{path}",
        ]),
        rest in "[/a-z.@:?#%\"<> \\\\]{0,12}",
        path in "(evil[.]example|[./\\\\@:?#%&\"'<> \\n\\x00é0-9a-f-]){0,20}",
        line in "[0-9@./a-z:\\\\-]{0,6}",
    ) {
        const BASE: &str = "https://git.example/";
        let repository = format!("{BASE}{rest}");
        let values = [
            ("repository", Value::Address(&repository)),
            ("tree", Value::Text(&path)),
            ("path", Value::Path(&path)),
            ("line", Value::Text(&line)),
        ];
        if let Some(link) = fill(template, &values, BASE) {
            let url = Url::parse(&link).unwrap();
            prop_assert!(link.len() <= 8_000 && link.bytes().all(|byte| byte.is_ascii_graphic()), "{}", link);
            prop_assert!(!link.contains(['"', '<', '>', '\'', '\\']), "{}", link);
            prop_assert!(url.username().is_empty() && url.password().is_none(), "{}", link);
            let host = if template.contains("{repository}") { "git.example" } else { "x.example" };
            prop_assert_eq!(url.host_str(), Some(host), "{} {}", template, link);
        }
    }
}
