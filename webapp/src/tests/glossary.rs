//! The glossary, and the words that lead to it.

use std::collections::BTreeSet;

use super::{PROCESSED, build, servers};

/// The words of a page link to the glossary, which explains every one of them.
#[tokio::test]
async fn the_words_of_pages_are_explained() {
    for server in servers().await {
        server.fill().await;
        let one = build("beta", "64.0b4", "20181025233934", "win64");
        server.derive(1, vec![one]).await;
        let glossary = server.get("/glossary").await;
        assert_eq!(glossary.status, 200);
        let mut terms = BTreeSet::new();
        for page in [
            format!("/report/index/{}", PROCESSED),
            "/".to_owned(),
            "/builds/".to_owned(),
            "/builds/Firefox/beta".to_owned(),
            "/builds/Firefox/beta/20181025233934".to_owned(),
            "/builds/unknown".to_owned(),
            "/builds/audit".to_owned(),
            "/glossary".to_owned(),
        ] {
            let answer = server.get(&page).await;
            assert_eq!(answer.status, 200, "{page}");
            assert!(answer.body.contains("href=\"/glossary\""), "{page}");
            for rest in answer.body.split("href=\"/glossary#").skip(1) {
                let anchor = rest.split('"').next().unwrap();
                assert!(glossary.body.contains(&format!("id=\"{anchor}\"")), "{page}: {anchor}");
                terms.insert(anchor.to_owned());
            }
        }
        for term in [
            "build-id",
            "channel",
            "shipped",
            "inferred",
            "signature",
            "annotation",
            "revision",
            "frame",
        ] {
            assert!(terms.contains(term), "{term}: {terms:?}");
        }
        assert_eq!(server.get("/glossary/").await.location(), "/glossary");
    }
}
