//! Listings parse the same in every format that the archive's services use.
//!
//! Recorded listings are not part of this repository: the environment variable `DATIL_SHARED` names the folder that
//! holds them (`data/archive`). Without it only invented names are compared.

use std::fmt::Write as _;

use buildinfo::sources::archive::Listing;
use proptest::prelude::*;

/// The format of a service's pages.
#[derive(Clone, Copy)]
enum Dialect {
    /// The former service: tabs, `+` and `:` escaped in addresses.
    Former,
    /// The current service: spaces, unescaped addresses.
    Live,
}

impl Dialect {
    fn page(self, listing: &Listing, folder: &str) -> String {
        let blank = match self {
            Self::Former => "\t",
            Self::Live => "    ",
        };
        let mut page = format!(
            "<!DOCTYPE html>\n<html>\n<body>\n{blank}<h1>Index of {0}</h1>\n{blank}<table>\n\
             <tr>\n<th>Type</th>\n<th>Name</th>\n<th>Size</th>\n<th>Last Modified</th>\n</tr>\n{blank}\n",
            self.html(folder)
        );
        let mut row = |kind: &str, address: String, name: &str| {
            writeln!(
                page,
                "{blank}<tr>\n{blank}<td>{kind}</td>\n{blank}<td><a \
                 href=\"{}\">{}</a></td>\n<td></td>\n<td></td>\n{blank}</tr>\n{blank}",
                self.html(&address),
                self.html(name)
            )
            .expect("writing to a string cannot fail");
        };
        row("Dir", "/pub/".to_owned(), "..");
        for name in &listing.folders {
            let address = match self {
                Self::Former => name.replace(':', "%3A"),
                Self::Live => name.clone(),
            };
            row("Dir", format!("{folder}{address}/"), &format!("{name}/"));
        }
        for file in &listing.files {
            let address = match self {
                Self::Former => file.name.replace('+', "%2B").replace(':', "%3A"),
                Self::Live => file.name.clone(),
            };
            row("File", format!("{folder}{address}"), &file.name);
        }
        page.push_str("</table>\n</body>\n</html>\n");
        page
    }

    fn html(self, text: &str) -> String {
        let text = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&#34;")
            .replace('\'', "&#39;");
        match self {
            Self::Former => text.replace('+', "&#43;"),
            Self::Live => text,
        }
    }
}

fn names(listing: &Listing) -> (Vec<&String>, Vec<&String>) {
    (
        listing.folders.iter().collect(),
        listing.files.iter().map(|file| &file.name).collect(),
    )
}

/// Parses JSON and the pages of both dialects, which must give the same names.
fn in_every_form(json: &str, folder: &str) -> Listing {
    let listing = Listing::parse(json.as_bytes(), folder).unwrap_or_else(|error| panic!("{error}: {json}"));
    for dialect in [Dialect::Former, Dialect::Live] {
        let page = dialect.page(&listing, folder);
        let read = Listing::parse(page.as_bytes(), folder).unwrap_or_else(|error| panic!("{error}: {page}"));
        assert_eq!(names(&read), names(&listing));
    }
    listing
}

#[test]
fn recorded_listings_are_read() {
    let Some(data) = platform_testing::recordings("listings of the archive") else {
        return;
    };
    let read = |file: &str, folder: &str| {
        let json = std::fs::read_to_string(data.join("archive").join(file)).unwrap();
        in_every_form(&json, folder)
    };
    let l10n = read(
        "latest-mozilla-central-l10n.json",
        "/pub/firefox/nightly/latest-mozilla-central-l10n/",
    );
    assert_eq!((l10n.folders.len(), l10n.files.len(), l10n.unusable), (5, 2576, 0));
    assert!(
        l10n.files
            .iter()
            .all(|file| file.size.is_some() && file.last_modified.is_some())
    );
    let release = read("releases_52.json", "/pub/firefox/releases/52.0/win64/");
    assert!(release.folders.iter().any(|name| name == "en-US"));
    assert!(release.files.is_empty());
}

proptest! {
    #[test]
    fn names_are_the_same_in_every_form(
        folders in prop::collection::vec("[a-zA-Z0-9 .+:%&'\"<>_-]{1,20}x", 0..8),
        files in prop::collection::vec("[a-zA-Z0-9 .+:%&'\"<>_-]{1,20}x", 0..8),
    ) {
        let prefixes: Vec<String> = folders.iter().map(|name| format!("{name}/")).collect();
        let entries: Vec<_> = files.iter().map(|name| serde_json::json!({ "name": name, "size": 1 })).collect();
        let json = serde_json::json!({ "prefixes": prefixes, "files": entries }).to_string();
        let listing = in_every_form(&json, "/pub/a folder/");
        prop_assert_eq!(names(&listing), (folders.iter().collect(), files.iter().collect()));
    }
}
