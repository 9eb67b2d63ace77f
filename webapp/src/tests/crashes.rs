//! The list of crashes, and what all pages share.

use axum::http::{StatusCode, header};

use super::{PROCESSED, RECEIVED, link_of, servers};

#[tokio::test]
async fn the_list_is_paged_and_filtered() {
    for server in servers().await {
        for at in 0..55_i64 {
            let crash = format!("{at:08x}-cbbf-4589-a673-34f800260803");
            server.receive(&crash, RECEIVED + at * 1_000_000, None).await;
        }
        server.finish("00000005-cbbf-4589-a673-34f800260803", "a & b").await;
        let first = server.get("/?product=Firefox&unheard=1").await;
        assert_eq!(first.status, StatusCode::OK);
        assert_eq!(first.body.matches("/report/index/").count(), 50);
        assert!(first.body.contains("2026-08-03 11:03:38"));
        assert!(first.body.contains("as reported"));
        assert!(!first.body.contains(">Newest<"));
        let older = link_of(&first.body, "Older");
        let second = server.get(&older).await;
        assert_eq!(second.body.matches("/report/index/").count(), 5);
        assert!(!second.body.contains(">Older<"));
        assert_eq!(link_of(&second.body, "Newest"), "/?product=Firefox");
        let one = server.get("/?signature=+a+%26+b+").await;
        assert_eq!(one.body.matches("/report/index/").count(), 1);
        assert!(one.body.contains("href=\"/builds/Firefox/beta/20181025233934\""));
        let none = server.get("/?version=99").await;
        assert!(none.body.contains("No crash matches"));
        for bad in ["/?after=1", "/?product=a%00"] {
            assert_eq!(server.get(bad).await.status, StatusCode::BAD_REQUEST, "{bad}");
        }
    }
}

#[tokio::test]
async fn a_product_is_found_under_the_name_that_its_reports_carry() {
    for server in servers().await {
        let crash = |at: usize| format!("{at:08x}-cbbf-4589-a673-34f800260803");
        let products = ["Firefox", "Focus", "Klar", "FennecAndroid", "Waterfowl"];
        for (at, product) in products.into_iter().enumerate() {
            server.receive_of(product, &crash(at), RECEIVED, None).await;
        }
        for (asked, found) in [
            ("product=Firefox", "Firefox"),
            ("product=firefox", "Firefox"),
            ("product=Mozilla+Firefox&version=64.0", "Firefox"),
            ("product=Focus", "Focus"),
            ("product=Klar", "Klar"),
            ("product=klar", "Focus"),
            ("product=FennecAndroid", "FennecAndroid"),
            ("product=Waterfowl", "Waterfowl"),
            ("product=Fennec", ""),
            ("product=devedition", ""),
        ] {
            let page = server.get(&format!("/?{asked}")).await;
            for (at, product) in products.into_iter().enumerate() {
                let is_listed = page.body.contains(&crash(at));
                assert_eq!(is_listed, product == found, "{asked}: {product}");
            }
        }
        let page = server.get("/search?q=Klar+64.0").await;
        assert!(page.body.contains(&crash(2)), "{}", page.body);
        assert!(!page.body.contains(&crash(1)), "{}", page.body);
        let page = server.get("/search?q=firefox+64.0").await;
        assert!(page.body.contains(&crash(0)), "{}", page.body);
        // More of a list stays on the product that is listed, whatever arrives in the meantime.
        for at in 100..155 {
            server.receive_of("Focus", &crash(at), RECEIVED, None).await;
        }
        let first = server.get("/?product=klar").await;
        let older = link_of(&first.body, "Older");
        assert!(older.starts_with("/?product=Focus"), "{older}");
    }
}

#[tokio::test]
async fn an_empty_system_says_that_it_is_empty() {
    for server in servers().await {
        for (path, part) in [("/", "No crash has come in yet"), ("/builds/", "No build is known yet")] {
            let page = server.get(path).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(page.body.contains(part), "{path}");
        }
    }
}

#[tokio::test]
async fn pages_load_nothing_foreign() {
    for server in servers().await {
        server.fill().await;
        for path in [
            "/".to_owned(),
            format!("/report/index/{PROCESSED}"),
            "/report/index/x".to_owned(),
        ] {
            let page = server.get(&path).await;
            let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; style-src 'self';"));
            assert_eq!(page.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(page.headers[header::X_FRAME_OPTIONS], "DENY");
            // No other site learns of an address; our own must, for browsers to say that a form is our own.
            assert_eq!(page.headers[header::REFERRER_POLICY], "same-origin");
            assert!(!page.body.contains("<script") && !page.body.contains("style=\""));
            let style = page.body.split('"').find(|part| part.starts_with("/static/")).unwrap();
            let style = server.get(style).await;
            assert_eq!(style.headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
        }
        assert_eq!(server.get("/static/style.0.css").await.status, StatusCode::NOT_FOUND);
    }
}
