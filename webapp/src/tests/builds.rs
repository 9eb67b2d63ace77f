//! The pages of builds, and the search box.

use axum::http::StatusCode;
use builds::{Observation, Product, Reason, Status};

use super::{PROCESSED, RECEIVED, build, servers};

/// What was stored when a file described the product leads nowhere.
#[tokio::test]
async fn builds_of_a_product_without_a_row_are_linked_nowhere() {
    for server in servers().await {
        let mut gone = build("stable", "1.4.2", "20181025233934", "win64");
        gone.product = Product::stored("Of A File That Is Gone").unwrap();
        let known = build("beta", "64.0b4", "20181025233934", "win64");
        server.derive(1, vec![gone, known]).await;
        for path in ["/builds/", "/builds/?build_id=20181025233934", "/builds/?revision=abc"] {
            let page = server.get(path).await;
            assert!(!page.body.contains("Of A File"), "{path}: {}", page.body);
        }
        assert_eq!(server.get("/builds/?version=1.4.2").await.status, StatusCode::NOT_FOUND);
        assert!(
            server
                .get("/builds/")
                .await
                .body
                .contains("href=\"/builds/Firefox/beta\"")
        );
        let audit = server.get("/builds/audit").await;
        assert!(audit.body.contains("Of A File That Is Gone") && audit.body.contains("products.file"));
    }
}

#[tokio::test]
async fn builds_are_listed_and_explained() {
    for server in servers().await {
        let mut known = build("beta", "64.0b4", "20181025233934", "win64");
        let observation = Observation::csv_row(
            "https://example.org/builds.csv",
            "Firefox",
            "beta",
            "64.0b4",
            "20181025233934",
            None,
        );
        buildinfo::db::record(&server.test.db, RECEIVED, std::slice::from_ref(&observation))
            .await
            .unwrap();
        known.evidence = vec![observation.digest()];
        server
            .derive(
                1,
                vec![
                    build("beta", "64.0b3", "20181022150107", "win64"),
                    build("beta", "64.0b3", "20181022150107", "macosx"),
                    known,
                    build("beta", "64.0b5", "20181029174105", "win64"),
                    build("nightly", "65.0a1", "20181023100123", "win64"),
                ],
            )
            .await;
        let all = server.get("/builds/").await;
        assert!(all.body.contains("href=\"/builds/Firefox/beta\""));
        assert!(all.body.contains("href=\"/builds/Firefox/beta/20181029174105\""));
        let list = server.get("/builds/firefox/Beta").await;
        assert_eq!(list.status, StatusCode::OK);
        assert!(list.body.contains("macosx, win64"));
        assert!(!list.body.contains("65.0a1"));
        let place = |text: &str| list.body.find(text).unwrap();
        assert!(place("20181029174105") < place("20181022150107"));
        let older = server.get("/builds/Firefox/beta?before=20181025233934").await;
        assert!(!older.body.contains("20181029174105"));
        assert!(older.body.contains("20181022150107"));

        assert!(list.body.contains("href=\"/builds/Firefox/beta/feed.atom\""));
        let feed = server.get("/builds/firefox/Beta/feed.atom").await;
        assert_eq!(feed.status, StatusCode::OK);
        assert!(feed.body.contains("<title>Firefox 64.0b5 build 1: shipped</title>"));
        assert_eq!(feed.body.matches("<entry>").count(), 3);
        let none = server.get("/builds/Firefox/beta/feed.atom?status=aborted").await;
        assert!(!none.body.contains("<entry>"));
        let wrong = server.get("/builds/Firefox/beta/feed.atom?status=x").await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST);

        let page = server.get("/builds/Firefox/beta/20181025233934").await;
        assert_eq!(page.status, StatusCode::OK);
        for part in [
            "Firefox 64.0b4",
            "href=\"/builds/Firefox/beta/20181022150107\"",
            "href=\"/builds/Firefox/beta/20181029174105\"",
            "pushloghtml?fromchange=rev20181022150107&#38;tochange=rev20181025233934",
            "href=\"https://example.org/builds.csv\" rel=\"noreferrer\"",
            "csv row",
            "2026-08-03 11:02:44",
            "href=\"/?product=Firefox&#38;build_id=20181025233934\"",
        ] {
            assert!(page.body.contains(part), "{part} is not in {}", page.body);
        }
    }
}

#[tokio::test]
async fn builds_that_are_not_known_get_a_page_that_says_so() {
    for server in servers().await {
        server
            .derive(1, vec![build("beta", "64.0b4", "20181025233934", "win64")])
            .await;
        for (path, status, part) in [
            (
                "/builds/Firefox/beta/20181025233935",
                404,
                "Build 20181025233935 is not known",
            ),
            (
                "/builds/Klar%3Cb%3E/beta/20181025233934",
                404,
                "No source for this product.",
            ),
            (
                "/builds/Firefox/release/20181025233934",
                200,
                "known on another channel",
            ),
            ("/builds/Firefox/beta/20189925233934", 400, "Not a build id"),
            (
                "/builds/Firefox/beta?before=%3Cb%3E",
                400,
                "“&#60;b&#62;” is not a build id",
            ),
            ("/builds/Nothing/beta", 404, "No such product"),
            ("/builds/Firefox/nothing", 404, "No build of Firefox"),
            ("/builds/Firefox/be%00ta", 404, "No build of Firefox"),
            (
                "/builds/Firefox/be%00ta/20181025233934",
                200,
                "known on another channel",
            ),
            (
                "/builds/?build_id=20181025233935",
                404,
                "No build with this id is known",
            ),
            ("/builds/?build_id=20181025233934", 200, "Firefox 64.0b4"),
            ("/builds/?version=64.0b4", 200, "Firefox 64.0b4"),
            ("/builds/?version=64.0b9", 404, "No build with this version"),
            ("/builds/?revision=REV2018", 200, "20181025233934"),
            ("/builds/?revision=rev2019", 404, "No build with this revision"),
        ] {
            let page = server.get(path).await;
            assert_eq!(page.status.as_u16(), status, "{path}");
            assert!(page.body.contains(part), "{path}: {}", page.body);
        }
    }
}

#[tokio::test]
async fn the_search_box_leads_to_a_page() {
    for server in servers().await {
        server
            .derive(1, vec![build("beta", "64.0b4", "20181025233934", "win64")])
            .await;
        for (query, location) in [
            (format!("bp-{PROCESSED}"), format!("/report/index/{PROCESSED}")),
            (
                "20181025233934".to_owned(),
                "/builds/Firefox/beta/20181025233934".to_owned(),
            ),
            (
                "20181025233935".to_owned(),
                "/builds/?build_id=20181025233935".to_owned(),
            ),
            ("1a2b3c4d5e6f".to_owned(), "/builds/?revision=1a2b3c4d5e6f".to_owned()),
            ("a%20%26b".to_owned(), "/?signature=a+%26b".to_owned()),
            ("%5B@%20nightly%20%5D".to_owned(), "/?signature=nightly".to_owned()),
            (String::new(), "/".to_owned()),
        ] {
            let answer = server.get(&format!("/search?q={query}")).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{query}");
            assert_eq!(answer.location(), location);
        }
    }
}

#[tokio::test]
async fn names_of_builds_show_builds_and_crashes_and_how_they_were_understood() {
    for server in servers().await {
        let mut second = build("beta", "64.0b4rc2", "20181026113000", "win64");
        second.build_number = Some(2);
        let mut candidate = build("release", "63.0rc2", "20181015113000", "win64");
        candidate.build_number = Some(2);
        candidate.offered_on = vec!["beta".to_owned()];
        let mut release = build("release", "62.0rc2", "20180901113000", "win64");
        release.build_number = Some(2);
        server
            .derive(
                1,
                vec![
                    build("beta", "64.0b4", "20181025233934", "win64"),
                    build("beta", "64.0b14", "20181129233934", "win64"),
                    second,
                    candidate,
                    release,
                ],
            )
            .await;
        server.receive(PROCESSED, RECEIVED, None).await;
        server.finish(PROCESSED, "a").await;
        let (first, last, other) = ("20181025233934", "20181129233934", "20181026113000");
        for (query, understood, shown, hidden) in [
            ("64", "version 64*", vec![first, last, PROCESSED], vec![]),
            (
                "Firefox%2064.0b4",
                "product Firefox, version 64.0b4*",
                vec![first, other, PROCESSED],
                vec![last],
            ),
            ("64.0b", "version 64.0b*", vec![first, last, PROCESSED], vec![]),
            ("6", "version 6*", vec![], vec![first, last, PROCESSED]),
            ("beta", "channel beta", vec![first, last, PROCESSED], vec![]),
            ("nightly", "channel nightly", vec![], vec![first, PROCESSED]),
            (
                "2018-10-25",
                "build id 20181025*, builds that were started on 2018-10-25",
                vec![first, PROCESSED],
                vec![last],
            ),
            ("201811", "build id 201811*", vec![last], vec![first, PROCESSED]),
            ("64.0b4rc2", "version 64.0b4rc2", vec![other], vec![first, PROCESSED]),
            (
                "64.0b4%20build%202%20(candidate)",
                "version 64.0b4rc2, which is build 2",
                vec![other],
                vec![first, PROCESSED],
            ),
            (
                "Firefox%20beta%2063.0%20RC%20build%202",
                "product Firefox, channel beta, version 63.0rc2, which is build 2",
                vec!["20181015113000"],
                vec![first, PROCESSED],
            ),
            (
                "Firefox%20beta%2063.0rc2",
                "product Firefox, channel beta, version 63.0rc2",
                vec!["20181015113000"],
                vec![first, PROCESSED],
            ),
            (
                "Firefox%20beta%2062.0rc2",
                "product Firefox, channel beta, version 62.0rc2",
                vec![],
                vec!["20180901113000"],
            ),
            (
                "MozillaVPN",
                "product MozillaVPN",
                vec!["No source that is read"],
                vec![first],
            ),
        ] {
            let page = server.get(&format!("/search?q={query}")).await;
            assert_eq!(page.status, StatusCode::OK, "{query}");
            let said = format!("Understood as: {understood}.");
            assert!(page.body.contains(&said), "{query}: {}", page.body);
            assert!(page.body.contains("as a signature instead"));
            for part in shown {
                assert!(page.body.contains(part), "{query} {part}: {}", page.body);
            }
            for part in hidden {
                assert!(!page.body.contains(part), "{query} {part}: {}", page.body);
            }
        }
        for (path, count) in [
            ("/builds/?version=64", 3),
            ("/builds/?version=64.0b4*", 2),
            ("/builds/?product=firefox&channel=beta&version=64.0b4", 1),
            ("/builds/?build_id=20181129", 1),
            ("/?version=64.0*", 1),
            ("/?product=firefox&build_id=2018-10-25", 1),
            ("/?version=64.0b", 1),
            ("/?build_id=2018-10-26", 0),
        ] {
            let page = server.get(path).await;
            let links = ["href=\"/builds/Firefox/beta/2018", "href=\"/report/index/"];
            let of = if path.starts_with("/builds") {
                links[0]
            } else {
                links[1]
            };
            assert_eq!(page.body.matches(of).count(), count, "{path}: {}", page.body);
        }
        assert_eq!(server.get("/builds/?build_id=x").await.status, StatusCode::BAD_REQUEST);
        assert_eq!(
            server.get("/builds/?product=x&version=1").await.status,
            StatusCode::NOT_FOUND
        );
    }
}

#[tokio::test]
async fn a_product_that_nobody_lists_is_shown_by_its_gecko() {
    for server in servers().await {
        let nightly = build("nightly", "65.0a1", "20181025100123", "win64");
        server.derive(1, vec![nightly]).await;
        for product in ["Fenix", "Focus", "ReferenceBrowser"] {
            let page = server.get(&format!("/builds/{product}/nightly/20181025100123")).await;
            assert_eq!(page.status, StatusCode::OK, "{product}");
            for part in [
                "known by its Gecko",
                "/builds/Firefox/nightly/20181025100123",
                "rev20181025100123",
                "inferred",
            ] {
                assert!(page.body.contains(part), "{product} {part}: {}", page.body);
            }
            let other = server.get(&format!("/builds/{product}/nightly/20181025100124")).await;
            assert!(other.body.contains("No source for this product"), "{}", other.body);
            for page in [page, other] {
                assert!(!page.body.contains("so far"), "{product}: {}", page.body);
                assert!(!page.body.contains("as soon as it becomes known"));
            }
        }
        let thunderbird = server.get("/builds/Thunderbird/nightly/20181025100123").await;
        assert!(!thunderbird.body.contains("Gecko"));
    }
}

#[tokio::test]
async fn several_builds_with_one_id_are_listed_and_not_called_unknown() {
    for server in servers().await {
        let builds = ["64.0b4", "64.0b5"]
            .map(|version| build("beta", version, "20181025233934", "win64"))
            .to_vec();
        server.derive(1, builds).await;
        let page = server.get("/builds/Firefox/beta/20181025233934").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("Several builds fit"), "{}", page.body);
        assert!(page.body.contains(">64.0b4<") && page.body.contains(">64.0b5<"));
        assert!(!page.body.contains("unknown build"));
    }
}

#[tokio::test]
async fn what_is_offered_and_what_was_built_stand_apart_under_the_names_of_people() {
    for server in servers().await {
        let mut release = build("release", "63.0", "20181018182531", "win64");
        release.status = Status::Candidate;
        release.build_number = Some(2);
        release.offered_on = vec!["beta".to_owned()];
        let mut candidate = build("beta", "64.0b1rc3", "20181019101010", "win64");
        candidate.status = Status::Candidate;
        candidate.build_number = Some(3);
        candidate.offered_on = Vec::new();
        let mut devedition = build("aurora", "64.0b1rc1", "20181019101010", "win64");
        devedition.status = Status::Candidate;
        devedition.offered_on = Vec::new();
        let table = build("beta", "62.0b5", "20180801000000", "win64");
        let mut table = builds::Build {
            reason: Reason::InTable,
            ..table
        };
        table.offered_on = vec!["beta".to_owned()];
        server.derive(1, vec![release, candidate, devedition, table]).await;
        for (path, parts) in [
            (
                "/builds/",
                &[
                    ">Offered<",
                    ">Newest built<",
                    ">63.0 build 2</a>",
                    ">63.0 RC build 2</a>",
                    ">64.0b1 build 3 (candidate)</a>",
                    "none is known",
                ][..],
            ),
            (
                "/builds/Firefox/beta",
                &[
                    ">63.0 RC build 2</a>",
                    ">64.0b1 build 3 (candidate)</a>",
                    "by a table</span>",
                ],
            ),
            (
                "/builds/Firefox/beta/20181019101010",
                &["<h1>Firefox 64.0b1 build 3 (candidate)</h1>"],
            ),
            (
                "/builds/Firefox/beta/20181018182531",
                &["<h1>Firefox 63.0 RC build 2</h1>"],
            ),
            (
                "/builds/Firefox/beta/20180801000000",
                &["stated by a table", "A table of versions"],
            ),
            (
                "/builds/Firefox/beta/feed.atom",
                &["<title>Firefox 64.0b1 build 3 (candidate): candidate</title>"],
            ),
            (
                "/builds/?version=64.0b1+build+3+(candidate)",
                &["<h1>64.0b1 build 3 (candidate)</h1>", "20181019101010"],
            ),
            (
                "/builds/?version=64.0b1rc3",
                &["<h1>64.0b1 build 3 (candidate)</h1>", "20181019101010"],
            ),
        ] {
            let page = server.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            for part in parts {
                assert!(page.body.contains(part), "{path}: {part}: {}", page.body);
            }
            assert!(!page.body.contains("rc3") && !page.body.contains("rc2"), "{path}");
        }
    }
}
