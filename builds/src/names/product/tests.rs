use serde_json::json;

use super::rows::{Details, Folder, Nightlies, Row};
use super::{
    Directory, Product, concerned_by, ids_of, is_nightly_branch, is_same, name_in_answers, named, numbers_betas, row_of,
};
use crate::buildhub_search::Search;
use crate::names::channel;
use crate::resolve::{Answer, Question, resolve};
use crate::samples::{Record, csv, index, record, shipped};
use crate::unknown::fetch_plan;
use crate::{BuildIndex, GroupKey, Reason, Status};

/// A product that nothing but its row makes known, with Developer Edition's peculiarities and more.
pub(super) const ONE_MORE: Row = Row {
    name: "Heron",
    aliases: &[],
    also_called: &["the grey heron"],
    look_up: true,
    folders: &[
        Folder {
            name: "birds",
            source_name: "heron",
            spellings: &["ardea"],
            spoken: "Heron",
            also_called: &[],
            table_name: "Heron",
            only_channel: None,
            in_archive: true,
        },
        Folder {
            name: "egrets",
            source_name: "egret",
            spellings: &[],
            spoken: "Great Egret",
            also_called: &["white heron"],
            table_name: "Egret",
            only_channel: Some("aurora"),
            in_archive: true,
        },
    ],
    channels: channel::MOZILLAS,
    packages: &[],
    links: &[],
    bugs: None,
    symbols: &[],
    supported: false,
    is_own: false,
    has_source: true,
    numbered_betas: true,
    ids_of: Some(Product::THUNDERBIRD),
    version_codes: true,
    esr_on_release: true,
    nightlies: Nightlies {
        present: &[("nightly", &["heron-central"])],
        branches: &["heron-central"],
        prefixes: &["heron-1."],
    },
    details: Details {
        releases: &["heron.json"],
        versions: &["heron_versions.json"],
        histories: &["heron_history_major_releases.json"],
    },
};

fn one_more() -> Product {
    Product::of_name("Heron").unwrap()
}

fn ask(index: &BuildIndex, product: &str, channel: &str, build_id: &str) -> Answer {
    let question = Question {
        product: product.to_owned(),
        channel: channel.to_owned(),
        build_id: build_id.to_owned(),
        ..Question::default()
    };
    resolve(index, &question)
}

#[test]
fn a_row_makes_the_names_of_a_product_known() {
    for (text, expected) in [
        ("heron", ("Heron", "")),
        ("Birds", ("Heron", "")),
        ("ARDEA", ("Heron", "")),
        ("The Grey Heron", ("Heron", "")),
        ("egret", ("Heron", "aurora")),
        ("great egret", ("Heron", "aurora")),
        ("White Heron", ("Heron", "aurora")),
    ] {
        assert_eq!(named(text), Some(expected), "{text}");
    }
    let heron = one_more();
    assert!(Product::all().any(|product| product == heron));
    assert_eq!(json!(heron), json!("Heron"));
    assert_eq!(serde_json::from_str::<Product>("\"Heron\"").unwrap(), heron);
    assert_eq!(
        "Heron 7.0".parse::<GroupKey>().unwrap(),
        GroupKey::Number(heron, "7.0".to_owned())
    );
    assert!(numbers_betas("Heron"));
    assert!(is_nightly_branch("heron-central") && is_nightly_branch("heron-1.8"));
    assert!(concerned_by("Thunderbird").any(|name| name == "Heron"));
}

/// What sources say of a product of a new row becomes builds, which are answered and found.
#[test]
fn a_row_is_all_that_a_product_takes() {
    let of_heron = |id, folder, channel, version| {
        Record {
            product: "heron",
            ..Record::new(id, folder, channel, version)
        }
        .observation()
    };
    let index = index(
        &[
            of_heron(
                "20260101093000",
                "birds/candidates/7.0b2-candidates/build1",
                "beta",
                "7.0",
            ),
            shipped("heron-7.0b2", 1),
            of_heron(
                "20260102093000",
                "birds/candidates/7.0-candidates/build1",
                "release",
                "7.0",
            ),
            of_heron(
                "20260103093000",
                "egrets/candidates/7.0b3-candidates/build1",
                "aurora",
                "7.0",
            ),
            shipped("egret-7.0b3", 1),
            of_heron(
                "20260104093000",
                "birds/nightly/2026/01/2026-01-04-09-30-00-heron-central",
                "nightly",
                "8.0a1",
            ),
            csv("Heron", "beta", "6.0b1", "20250101093000"),
            record(
                "20260105093000",
                "thunderbird/candidates/9.0-candidates/build1",
                "release",
                "9.0",
            ),
        ],
        &[],
    );
    for (product, channel, id, version, status) in [
        ("Heron", "beta", "20260101093000", "7.0b2", Status::Shipped),
        ("ardea", "beta", "20260102093000", "7.0rc1", Status::Candidate),
        ("egret", "whatever", "20260103093000", "7.0b3", Status::Shipped),
        ("Heron", "nightly", "20260104093000", "8.0a1", Status::Published),
        ("Heron", "beta", "20250101093000", "6.0b1", Status::Shipped),
    ] {
        let answer = ask(&index, product, channel, id);
        assert_eq!(answer.product, "Heron");
        assert_eq!(
            (answer.version.as_deref(), answer.status),
            (Some(version), status),
            "{id}"
        );
    }
    // Its crashes can carry the ids of Thunderbird, and version codes.
    let answer = ask(&index, "Heron", "release", "20260105093000");
    assert_eq!(
        answer.sibling.map(|sibling| sibling.product),
        Some(Product::THUNDERBIRD)
    );
    assert_eq!(
        ask(&index, "Heron", "release", "2015753000").reason,
        Reason::VersionCode
    );

    let body = json!({"query": {"term": {"source.product": "heron"}}, "size": 10});
    let search = Search::parse(body.to_string().as_bytes()).unwrap();
    let found = search.run(&index).unwrap();
    assert_eq!(search.answer(found, |_| None, 0)["hits"]["total"], json!(5));
}

#[test]
fn a_row_says_where_unknown_builds_are_looked_for() {
    let id = "20260801093000".parse().unwrap();
    for (channel, reported, expected) in [
        (
            "nightly",
            "8.0a1",
            &[
                "/pub/birds/nightly/2026/08/",
                "/pub/birds/nightly/2026/08/2026-08-01-09-30-00-heron-central/",
            ][..],
        ),
        (
            "aurora",
            "7.0",
            &["/pub/egrets/candidates/", "/pub/egrets/candidates/7.0bN-candidates/"],
        ),
        (
            "release",
            "7.0",
            &[
                "/pub/birds/candidates/",
                "/pub/birds/candidates/7.0-candidates/",
                "/pub/birds/candidates/7.0esr-candidates/",
            ],
        ),
    ] {
        let plan = fetch_plan(one_more(), channel, id, Some(reported));
        assert_eq!(plan.archive, expected, "{channel}");
    }
}

#[test]
fn constants_are_the_products_that_they_are_called_after() {
    for (directory, product, name) in [
        (Directory::FIREFOX, Product::FIREFOX, "firefox"),
        (Directory::DEVEDITION, Product::FIREFOX, "devedition"),
        (Directory::THUNDERBIRD, Product::THUNDERBIRD, "thunderbird"),
        (Directory::FENNEC, Product::FENNEC, "mobile"),
        (Directory::FENIX, Product::FENIX, "fenix"),
        (Directory::FOCUS, Product::FOCUS, "focus"),
    ] {
        assert_eq!((directory.product(), directory.as_str()), (product, name));
        assert_eq!(name.parse(), Ok(directory));
    }
    let products = [
        Product::FIREFOX,
        Product::THUNDERBIRD,
        Product::FENNEC,
        Product::FENIX,
        Product::FOCUS,
    ];
    let names = products.map(Product::as_str);
    assert_eq!(names, ["Firefox", "Thunderbird", "Fennec", "Fenix", "Focus"]);
}

/// Two products with one spelling would hide each other.
#[test]
fn no_two_rows_claim_one_name() {
    let mut seen = std::collections::BTreeMap::new();
    for row in super::rows() {
        let folders = row.folders.iter().flat_map(|folder| {
            [folder.name, folder.source_name, folder.spoken]
                .into_iter()
                .chain(folder.spellings.iter().chain(folder.also_called).copied())
        });
        for name in row.names().chain(folders) {
            let owner = *seen.entry(name.to_lowercase()).or_insert(row.name);
            assert_eq!(owner, row.name, "{name}");
        }
    }
}

#[test]
fn every_spelling_names_one_product() {
    for (text, product, channel) in [
        ("Firefox", Product::FIREFOX, None),
        ("firefox", Product::FIREFOX, None),
        ("DevEdition", Product::FIREFOX, Some("aurora")),
        ("devedition", Product::FIREFOX, Some("aurora")),
        ("firefox-android", Product::FENIX, None),
        ("FennecAndroid", Product::FENNEC, None),
        ("mobile", Product::FENNEC, None),
        ("Klar", Product::FOCUS, None),
    ] {
        let directory: Directory = text.parse().unwrap();
        assert_eq!(
            (directory.product(), directory.only_channel()),
            (product, channel),
            "{text}"
        );
    }
    assert!("Firefox Enterprise".parse::<Product>().is_err());
}

#[test]
fn products_around_gecko_share_its_ids() {
    for (name, expected) in [
        ("Fenix", true),
        ("firefox-android", true),
        ("Focus", true),
        ("klar", true),
        (" referencebrowser ", true),
        ("geckoview_example", true),
        ("Firefox", false),
        ("Thunderbird", false),
        ("Fennec", false),
        ("Waterfowl", false),
    ] {
        assert_eq!(ids_of(name).is_some(), expected, "{name}");
    }
    assert!(concerned_by("Firefox").any(|name| name == "Fenix"));
    assert_eq!(concerned_by("Fennec").count(), 1);
}

#[test]
fn what_people_call_a_product_is_its_name() {
    for (text, expected) in [
        ("Firefox", Some(("Firefox", ""))),
        (" devedition ", Some(("Firefox", "aurora"))),
        ("Firefox Developer Edition", Some(("Firefox", "aurora"))),
        ("Firefox for Android", Some(("Fenix", ""))),
        ("Klar", Some(("Focus", ""))),
        ("VPN", Some(("MozillaVPN", ""))),
        ("Reference Browser", Some(("ReferenceBrowser", ""))),
        ("geckoviewexample", Some(("GeckoViewExample", ""))),
        ("Waterfowl", None),
        ("", None),
    ] {
        assert_eq!(named(text), expected, "{text}");
    }
}

#[test]
fn whoever_shares_ids_is_concerned_under_the_name_of_its_answers() {
    for name in ["REFERENCEBROWSER", "reference-browser", "geckoview_Example"] {
        assert_eq!(ids_of(name), Some(Product::FIREFOX), "{name}");
        let name = name_in_answers(name).unwrap();
        assert!(concerned_by("Firefox").any(|one| one == name), "{name}");
    }
}

#[test]
fn names_read_back() {
    for product in Product::all() {
        assert_eq!(product.as_str().parse(), Ok(product));
    }
}

#[test]
fn stored_names_without_a_row_are_kept_and_found_by_no_question() {
    let gone = Product::stored("Of Another File").unwrap();
    assert_eq!(Product::stored("Of Another File"), Ok(gone));
    assert_ne!(Product::stored("Of Yet Another File"), Ok(gone));
    assert_eq!(json!(gone), json!("Of Another File"));
    assert_eq!(serde_json::from_str::<Product>("\"Of Another File\"").unwrap(), gone);
    assert!("Of Another File".parse::<Product>().is_err());
    assert!(Product::all().all(|product| product != gone));
    assert_eq!(Product::stored("Firefox"), Ok(Product::FIREFOX));
    let group = GroupKey::Number(gone, "7.0".to_owned());
    assert_eq!(group.to_string().parse(), Ok(group));
    for text in ["", "a\nb", &"x".repeat(257)] {
        assert!(Product::stored(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_text_is_no_name_if_it_is_longer_than_one() {
    let padded = |length: usize| format!("{}firefox", " ".repeat(length - "firefox".len()));
    for (text, expected) in [
        (padded(1024), Some("Firefox")),
        (padded(1025), None),
        (format!("FIREFOX{}", " ".repeat(2000)), None),
        ("F".repeat(1 << 20), None),
        ("Ü".repeat(1 << 20), None),
        (String::new(), None),
    ] {
        let row = row_of(&text).map(|row| row.name);
        let named = named(&text).map(|(product, _)| product);
        let read = text.parse::<Product>().ok().map(Product::as_str);
        assert_eq!(
            (row, named, read),
            (expected, expected, expected),
            "{} bytes",
            text.len()
        );
    }
    for (own, other, expected) in [
        ("Kite", "kITE", true),
        ("Kite", "kites", false),
        ("Müller", "MÜLLER", true),
        ("\u{e5}", "\u{212b}", true),
        ("Müller", &"M".repeat(100), false),
    ] {
        assert_eq!(is_same(own, other), expected, "{own} {other}");
    }
}

#[test]
fn a_text_can_begin_with_a_product() {
    assert_eq!(
        Product::at_start_of("Firefox beta 1"),
        Some((Product::FIREFOX, "beta 1"))
    );
    assert_eq!(Product::at_start_of("Firefox"), None);
    assert_eq!(Product::at_start_of("firefox beta"), None);
}
