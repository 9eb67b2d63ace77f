//! History, unknown ids and findings.

use std::time::Duration;

use std::collections::BTreeMap;

use axum::http::header;
use buildinfo::audit::Audits;
use buildinfo::watch::inbox::Inbox;
use buildinfo::watch::unknown::write_down;
use buildinfo::{api, db};
use platform_testing::databases;
use serde_json::{Value, json};

use crate::service::Service;
use crate::support::{Sources, lookup};

#[tokio::test]
async fn changes_read_page_by_page_amount_to_the_table_of_builds() {
    for service in Service::each().await {
        let mut table: BTreeMap<(String, String), Value> = BTreeMap::new();
        let mut cursor = "0".to_owned();
        loop {
            let page = service.ok(&format!("/api/v1/changes?limit=70&cursor={cursor}")).await;
            for change in page["changes"].as_array().unwrap() {
                let text = |member: &str| change[member].as_str().unwrap().to_owned();
                table.insert((text("product"), text("build_id")), change["new"].clone());
            }
            cursor = page["cursor"].as_str().unwrap().to_owned();
            if page["more"] == false {
                break;
            }
        }
        let index = lookup(&service.test.db).await.index();
        let mut expected: BTreeMap<(String, String), usize> = BTreeMap::new();
        for build in index.builds() {
            let key = (build.product().to_string(), build.build_id().to_string());
            *expected.entry(key).or_default() += 1;
        }
        let counts: BTreeMap<_, _> = table
            .into_iter()
            .map(|(key, builds)| (key, builds.as_array().unwrap().len()))
            .collect();
        assert_eq!(counts, expected);
        let end = service.ok(&format!("/api/v1/changes?cursor={cursor}")).await;
        assert_eq!((&end["changes"], &end["cursor"]), (&json!([]), &json!(cursor)));
    }
}

#[tokio::test]
async fn imports_are_listed_page_by_page_with_what_was_decided() {
    for service in Service::each().await {
        service.sources.import(&service.test.db).await;
        let whole = service.ok("/api/v1/runs").await;
        let runs = whole["runs"].as_array().unwrap();
        assert_eq!(runs.len(), 2);
        assert!(runs[0]["id"].as_i64() > runs[1]["id"].as_i64());
        assert_eq!((&whole["cursor"], &whole["next"]), (&json!(null), &json!(null)));
        for run in runs {
            assert_eq!(run["outcome"], "complete");
            let sources = run["policy"]["sources"].as_array().unwrap();
            let states: Vec<(&str, &str)> = sources
                .iter()
                .map(|one| (one["source"].as_str().unwrap(), one["state"].as_str().unwrap()))
                .collect();
            let expected = ["product-details", "buildhub", "archive"].map(|name| (name, "well"));
            assert_eq!(states, expected);
        }
        let first = service.ok("/api/v1/runs?limit=1").await;
        let second = service.ok(first["next"].as_str().unwrap()).await;
        assert_eq!((&first["runs"][0], &second["runs"][0]), (&runs[0], &runs[1]));
        assert_eq!(second["next"], Value::Null);
    }
}

#[tokio::test]
async fn unknown_ids_and_findings_are_listed_page_by_page() {
    for test in databases().await {
        let known = lookup(&test.db).await;
        let service = Service {
            router: api::router(
                known.clone(),
                test.db.clone(),
                Audits::new(test.db.clone()),
                Inbox::new(test.db.clone(), String::new(), Duration::ZERO),
            ),
            sources: Sources::standard().await,
            test,
        };
        let db = &service.test.db;
        db::record_state(db, "buildhub", 5_000_000, None, None, Some("timed out"))
            .await
            .unwrap();
        db::record_state(db, "archive", 5_000_000, Some(5_000_000), None, None)
            .await
            .unwrap();
        known.refresh().await.unwrap();
        let asked = "/api/v1/lookup?product=Firefox&channel=nightly&build_id=20260101000000";
        let answer = service.ok(asked).await;
        assert_eq!(answer["reason"], "not_seen");
        assert_eq!(answer["as_of"], "1970-01-01T00:00:05Z");
        assert_eq!(
            answer["silent"],
            json!([{"source": "buildhub", "since": null, "why": "timed out"}])
        );
        let tag = service.get(asked).await.headers[header::ETAG].clone();
        db::record_state(db, "buildhub", 6_000_000, Some(6_000_000), None, None)
            .await
            .unwrap();
        known.refresh().await.unwrap();
        assert_ne!(service.get(asked).await.headers[header::ETAG], tag);
        service
            .ok("/api/VersionString/?product=Firefox&channel=beta&build_id=20260102000000")
            .await;
        service
            .ok("/api/VersionString/?product=Firefox&channel=beta&build_id=jane%40example.org")
            .await;
        write_down(&known, db).await.unwrap();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = service.ok(&format!("/api/v1/unknown?limit=1{cursor}")).await;
            for one in page["unknown"].as_array().unwrap() {
                let text = |name: &str| one[name].as_str().unwrap().to_owned();
                seen.push((text("build_id"), text("verdict"), one["asked"].as_i64()));
            }
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={}", next.replace('%', "%25")),
                None => break,
            }
        }
        let row = |id: &str, verdict: &str, asked| (id.to_owned(), verdict.to_owned(), Some(asked));
        assert_eq!(
            seen,
            [
                row("not digits", "junk", 1),
                row("20260102000000", "not_seen", 1),
                row("20260101000000", "not_seen", 3),
            ]
        );
        let junk = service.ok("/api/v1/unknown?product=firefox&verdict=junk").await;
        assert_eq!(junk["unknown"].as_array().unwrap().len(), 1);
        let none = service.ok("/api/v1/unknown?alarm=open").await;
        assert_eq!(none["unknown"], json!([]));
        // Nobody imports yet; then a process announces that it imports on schedule.
        let page = service.ok("/api/v1/unknown").await;
        assert_eq!(page["importer"]["who"], "nobody");
        assert!(page["importer"]["warning"].is_string());
        db::say_importer(db, platform::clock::now_micros()).await.unwrap();
        let page = service.ok("/api/v1/unknown").await;
        assert_eq!(
            page["importer"],
            json!({"who": "scheduled", "last_import": null, "warning": null})
        );
        let audit = service.ok("/api/v1/audit").await;
        assert_eq!((&audit["findings"], &audit["scores"]), (&json!([]), &json!([])));
        db::record_state(db, "archive", 7_000_000, None, None, Some("503"))
            .await
            .unwrap();
        let audit = service.ok("/api/v1/audit?product=Firefox&limit=1").await;
        assert_eq!(audit["findings"][0]["check"], "silent_source");
        assert_eq!(audit["findings"][0]["severity"], "bad");
        // The audit is made only once in a while, whatever happens meanwhile.
        let later = service.ok("/api/v1/audit").await;
        assert_eq!(later["findings"], json!([]));
    }
}
