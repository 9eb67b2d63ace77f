use proptest::prelude::*;

use super::{Listing, NotAListing};

/// A page of the live service: blanks, addresses escaped for HTML only.
const LIVE: &str = r#"<!DOCTYPE html>
<html>
    <head>
        <meta charset="UTF-8">
        <title>Directory Listing: /pub/firefox/candidates/155.0b2-candidates/</title>
    </head>
    <body>
        <h1>Index of /pub/firefox/candidates/155.0b2-candidates/</h1>
        <table>
            <tr>
                <th>Type</th>
                <th>Name</th>
                <th>Size</th>
                <th>Last Modified</th>
            </tr>

            <tr>
                <td>Dir</td>
                <td><a href="/pub/firefox/candidates/">..</a></td>
                <td></td>
                <td></td>
            </tr>

            <tr>
                <td>Dir</td>
                <td><a href="/pub/firefox/candidates/155.0b2-candidates/build1/">build1/</a></td>
                <td></td>
                <td></td>
            </tr>
            <tr>
                <td>File</td>
                <td><a href="/pub/firefox/candidates/155.0b2-candidates/"></a></td>
                <td>0</td>
                <td>03-Aug-2026 11:02</td>
            </tr>
            <tr>
                <td>File</td>
                <td><a
                    href="/pub/firefox/candidates/155.0b2-candidates/Tom &amp; Ann&#39;s 100%25+1.txt"
                >Tom &amp; Ann&#39;s 100%25+1.txt</a></td>
                <td>17</td>
                <td>03-Aug-2026 11:02</td>
            </tr>
            <tr>
                <td>File</td>
                <td><a href="/pub/firefox/candidates/155.0b2-candidates/note.txt">note.txt</a></td>
                <td>18K</td>
                <td>03-Aug-2026 11:02</td>
            </tr>
        </table>
    </body>
</html>
"#;

const FOLDER: &str = "/pub/firefox/candidates/155.0b2-candidates/";

/// A row of the former service, which had tabs.
fn former_row(kind: &str, address: &str, name: &str) -> String {
    format!(
        "\t\t\t<tr>\n\t\t\t\t<td>{kind}</td>\n\t\t\t\t<td><a href=\"{address}\">{name}</a></td>\n\
         \t\t\t\t<td>2M</td>\n\t\t\t\t<td></td>\n\
         \t\t\t</tr>\n\t\t\t\n\t\t\t\n"
    )
}

fn page(rows: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html>\n\t<body>\n\t\t<table>\n\t\t\t<tr>\n\
         \t\t\t\t<th>Type</th>\n\t\t\t\t<th>Name</th>\n\t\t\t\t<th>Size</th>\n\
         \t\t\t\t<th>Last Modified</th>\n\t\t\t</tr>\n{rows}\t\t</table>\n\t</body>\n</html>\n"
    )
}

fn names(listing: &Listing) -> (Vec<&str>, Vec<&str>) {
    (
        listing.folders.iter().map(String::as_str).collect(),
        listing.files.iter().map(|file| file.name.as_str()).collect(),
    )
}

#[test]
fn a_page_of_the_live_service_is_read() {
    let listing = Listing::parse(LIVE.as_bytes(), FOLDER).unwrap();
    let expected = (vec!["build1"], vec!["Tom & Ann's 100%25+1.txt", "note.txt"]);
    assert_eq!(names(&listing), expected);
    assert_eq!(listing.unusable, 0);
    let [exact, rounded] = listing.files.as_slice() else {
        panic!("two files");
    };
    assert_eq!(exact.size, Some(17));
    assert_eq!(rounded.size, None);
    let modified = exact.last_modified.unwrap().to_rfc3339();
    assert_eq!(modified, "2026-08-03T11:02:00+00:00");
}

#[test]
fn a_page_of_the_former_service_is_read() {
    let rows = [
        former_row("Dir", "/pub/firefox/", ".."),
        former_row("Dir", "/pub/firefox/candidates/a%3Ab/", "a:b/"),
        former_row("File", "/pub/firefox/candidates/a%2Bb%3Ac d.exe", "a&#43;b:c d.exe"),
        former_row(
            "File",
            "/pub/firefox/candidates/Firefox Setup 70.0.exe",
            "Firefox Setup 70.0.exe",
        ),
        former_row("File", "x.txt", "x.txt"),
        former_row("File", "/pub/firefox/candidates/%3A%aa", ":%aa"),
    ];
    let listing = Listing::parse_html(&page(&rows.concat()), "/pub/firefox/candidates/").unwrap();
    let expected = (
        vec!["a:b"],
        vec!["a+b:c d.exe", "Firefox Setup 70.0.exe", "x.txt", ":%aa"],
    );
    assert_eq!(names(&listing), expected);
}

#[test]
fn a_page_without_rows_is_an_empty_folder() {
    assert_eq!(Listing::parse_html(&page(""), "/"), Ok(Listing::default()));
    let only_parent = page(&former_row("Dir", "/pub/", ".."));
    assert_eq!(Listing::parse_html(&only_parent, "/pub/x/"), Ok(Listing::default()));
}

#[test]
fn json_of_both_services_is_read() {
    for (text, folders, files) in [
        (
            r#"{"prefixes":["build1/","build2/"],
                "files":[{"name":"KEY","last_modified":"2025-04-12T08:52:31Z","size":1234}]}"#,
            vec!["build1", "build2"],
            vec![("KEY", Some(1234))],
        ),
        (
            r#"{"prefixes":[],"files":[{"name":"","size":0},{"name":"s","size":17},
                {"name":"a b.exe","last_modified":"2025-04-12T08:52:31Z","size":"68M"}]}"#,
            vec![],
            vec![("s", Some(17)), ("a b.exe", None)],
        ),
        (
            r#" {"prefixes":["/pub/firefox/releases/65.0/","66.0"],"files":null,"more":{"of":["it"]}}"#,
            vec!["65.0", "66.0"],
            vec![],
        ),
        (
            r#"{"files":[{"name":"x","etag":"y","size":null,"last_modified":7}]}"#,
            vec![],
            vec![("x", None)],
        ),
    ] {
        let listing = Listing::parse(text.as_bytes(), "/").unwrap();
        let found: Vec<(&str, Option<u64>)> = listing
            .files
            .iter()
            .map(|file| (file.name.as_str(), file.size))
            .collect();
        assert_eq!(
            (listing.folders.as_slice(), found),
            (
                folders.into_iter().map(str::to_owned).collect::<Vec<_>>().as_slice(),
                files
            ),
            "{text}"
        );
        assert_eq!(listing.unusable, 0, "{text}");
    }
}

#[test]
fn names_that_cannot_be_part_of_an_address_are_left_out_and_counted() {
    let long = "x".repeat(1025);
    let text = serde_json::json!({
        "prefixes": ["/", "../", "a\u{0}/", "good/"],
        "files": [{"name": "a/b"}, {"name": ".."}, {"name": "a\nb"}, {"name": long}, {"name": "good"}],
    });
    let listing = Listing::parse(text.to_string().as_bytes(), "/").unwrap();
    assert_eq!(names(&listing), (vec!["good"], vec!["good"]));
    assert_eq!(listing.unusable, 7);
}

#[test]
fn what_is_no_listing_is_never_an_empty_folder() {
    let flask = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested \
        URL was not found.</p>\n";
    let portal = "<html><body><table><tr><td>Log in</td></tr></table><form><input name=user></form></body></html>";
    let many = page(&"<h1>".repeat(1000));
    // Within another kind of markup rows would nest.
    let foreign = page("<svg><a></td><a></td>");
    for text in [
        flask,
        portal,
        "Not Found",
        "Internal Server Error.",
        "<",
        &many,
        &foreign,
    ] {
        assert!(
            matches!(Listing::parse(text.as_bytes(), "/"), Err(NotAListing::OtherPage(_))),
            "{text}"
        );
    }
    for (text, problem) in [
        ("{", "it is cut off"),
        (r#"{"prefixes":["a/""#, "it is cut off"),
        (r#"{"prefixes":["a/"}"#, "not JSON"),
        (r#"{"prefixes":7}"#, "unexpected data"),
        (r#"{"files":[{"size":7}]}"#, "unexpected data"),
    ] {
        let error = Listing::parse(text.as_bytes(), "/").unwrap_err();
        assert!(
            matches!(error, NotAListing::Json { problem: found, .. } if found == problem),
            "{text}: {error}"
        );
    }
    assert_eq!(Listing::parse(b"{}", "/"), Err(NotAListing::OtherJson));
    assert_eq!(Listing::parse(br#"{"error":"busy"}"#, "/"), Err(NotAListing::OtherJson));
    assert_eq!(Listing::parse(b" \n", "/"), Err(NotAListing::Empty));
    assert_eq!(Listing::parse(b"\xff\xfe", "/"), Err(NotAListing::NotText));
}

#[test]
fn a_row_that_contradicts_itself_is_an_error() {
    for row in [
        former_row("File", "/pub/firefox/other/x.txt", "x.txt"),
        former_row("File", "/pub/firefox/candidates/y.txt", "x.txt"),
        former_row("Link", "/pub/firefox/candidates/x.txt", "x.txt"),
        "<tr><td>File</td><td>x.txt</td><td></td><td></td></tr>".to_owned(),
        "<tr><td>File</td><td><a href=\"x\">x</a></td></tr>".to_owned(),
    ] {
        assert!(
            matches!(
                Listing::parse_html(&page(&row), "/pub/firefox/candidates/"),
                Err(NotAListing::Row { row: 1, .. })
            ),
            "{row}"
        );
    }
}

#[test]
fn too_many_entries_are_refused() {
    let mut text = r#"{"files":[],"prefixes":[""#.to_owned();
    text.push_str(&"a/\",\"".repeat(1_000_000));
    text.push_str("a/\"]}");
    assert!(matches!(
        Listing::parse(text.as_bytes(), "/"),
        Err(NotAListing::Json {
            problem: "unexpected data",
            ..
        })
    ));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        bytes: Vec<u8>,
        text in "[{<]\\PC*",
        rows in "(</?(tr|td|a|table|th)( href=\"[a-z/%.]{0,5}\")?>|[a-z/.]{1,3}){0,40}",
    ) {
        let _ = Listing::parse(&bytes, "/pub/");
        let _ = Listing::parse(text.as_bytes(), "/pub/");
        let _ = Listing::parse(page(&rows).as_bytes(), "/pub/");
    }
}
