//! Lists of builds and versions, and what lies between two builds.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::service::Service;
use crate::support::lookup;

#[tokio::test]
async fn every_build_is_listed_once_page_by_page() {
    for service in Service::each().await {
        let index = lookup(&service.test.db).await.index();
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = service.ok(&format!("/api/v1/builds?limit=170{cursor}")).await;
            ids.extend(page["builds"].as_array().unwrap().iter().map(|build| {
                let name = |member: &str| build[member].as_str().unwrap().to_owned();
                ["build_id", "product", "channel", "version", "platform"].map(name)
            }));
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(ids.len(), index.len());
        assert!(ids.is_sorted_by(|a, b| a[0] >= b[0]));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), index.len());

        let id = service.id("beta", "153.0b2rc1");
        let revision = service.ok(&format!("/api/v1/builds/{id}")).await["builds"][0]["revision"].clone();
        let revision = revision.as_str().unwrap();
        for (query, least) in [
            (format!("build_id={id}"), 3),
            (format!("build_id={}", &id[..8]), 4),
            (format!("date={}-{}-{}", &id[..4], &id[4..6], &id[6..8]), 4),
            (format!("revision={revision}"), 3),
            ("product=Firefox&channel=beta&version=153.0b2rc1".to_owned(), 3),
            ("product=devedition&channel=beta".to_owned(), 3),
            ("product=firefox&channel=beta&platform=win64".to_owned(), 3),
        ] {
            let page = service.ok(&format!("/api/v1/builds?{query}")).await;
            let builds = page["builds"].as_array().unwrap();
            assert!(builds.len() >= least, "{query}");
            if query.starts_with("product=devedition") {
                assert!(builds.iter().all(|build| build["channel"] == "aurora"));
            }
            if query.contains("platform") {
                assert!(builds.iter().all(|build| build["platform"] == "win64"));
            }
        }
        let one = service.ok(&format!("/api/v1/builds/{id}")).await;
        assert_eq!(one["history"]["Firefox"][0]["reason"], "new");
        service.refused("/api/v1/builds/20260101000000", 404).await;
    }
}

#[tokio::test]
async fn versions_latest_builds_and_comparisons_are_those_of_the_world() {
    for service in Service::each().await {
        let page = service
            .ok("/api/v1/versions?product=Firefox&channel=beta&limit=2")
            .await;
        let cursor = page["cursor"].as_str().unwrap();
        let next = service
            .ok(&format!(
                "/api/v1/versions?product=Firefox&channel=beta&limit=1000&cursor={cursor}"
            ))
            .await;
        let mut versions = page["versions"].as_array().unwrap().clone();
        versions.extend(next["versions"].as_array().unwrap().iter().cloned());
        let of = |version: &str| {
            let found: Vec<_> = versions.iter().filter(|one| one["version"] == version).collect();
            assert_eq!(found.len(), 1, "{version}");
            found[0].clone()
        };
        assert_eq!(of("153.0b2")["shipped_build_number"], 2);
        assert_eq!(of("153.0b2")["builds"][0]["build_number"], 1);
        assert_eq!(of("154.0b1")["shipped_build_number"], Value::Null);

        let latest = service.ok("/api/v1/latest?product=Firefox&channel=esr").await;
        let lines: BTreeMap<&str, &str> = latest["latest"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["line"].as_str().unwrap(), one["version"].as_str().unwrap()))
            .collect();
        assert_eq!(lines, BTreeMap::from([("115", "115.37.0esr"), ("140", "140.12.0esr")]));
        let latest = service
            .ok("/api/v1/latest?product=Firefox&channel=release&line=main")
            .await;
        assert_eq!(latest["latest"][0]["version"], "152.0.1");
        // The newest build on beta is not the one offered to its users.
        let beta = service.ok("/api/v1/latest?product=Firefox&channel=beta").await;
        let line = &beta["lines"][0];
        assert_eq!(beta["latest"][0], line["offered"]);
        let of = |what: &str| (line[what]["version"].clone(), line[what]["status"].clone());
        assert_eq!(of("offered"), ("153.0rc2".into(), "candidate".into()));
        assert_eq!(of("newest_built"), ("154.0b1rc2".into(), "candidate".into()));

        let (from, to) = (service.id("beta", "153.0b1"), service.id("beta", "153.0b2"));
        let body = service
            .ok(&format!(
                "/api/v1/compare?product=Firefox&from={from}&to={to}&channel=beta"
            ))
            .await;
        assert!(
            body["changes_url"]
                .as_str()
                .unwrap()
                .contains("/releases/mozilla-beta/pushlog")
        );
        assert!(body["seconds"].as_i64().unwrap() > 0);
        // This id is a build of beta and one of Developer Edition.
        let address = format!("/api/v1/compare?product=Firefox&from={from}&to={to}");
        let error = service.refused(&address, 400).await;
        assert!(error.contains("say which with from_channel"), "{error}");
        let refused = service.get(&address).await.json();
        assert_eq!(refused["code"], "ambiguous");
        assert_eq!(refused["ambiguous"].as_array().unwrap().len(), 1);
        assert_eq!(refused["ambiguous"][0]["side"], "from");
        assert_eq!(
            refused["ambiguous"][0]["candidates"],
            serde_json::json!([
                {"channel": "aurora", "version": "153.0b1", "status": "shipped"},
                {"channel": "beta", "version": "153.0b1", "status": "shipped"},
            ])
        );
        let body = service
            .ok(&format!("/api/v1/compare?product=devedition&from={from}&to={from}"))
            .await;
        assert_eq!(body["from"]["own_channel"], "aurora");
        for wrong in ["channel=beta", "from_channel=beta", "to_channel=nightly"] {
            let address = format!("/api/v1/compare?product=devedition&from={from}&to={from}&{wrong}");
            let error = service.refused(&address, 400).await;
            assert!(
                error.contains("Developer Edition has only the channel aurora"),
                "{error}"
            );
        }
        let body = service
            .ok(&format!(
                "/api/v1/compare?product=Firefox&from={from}&to={to}\
                 &from_channel=Aurora&to_channel=beta&to_version=153.0b2"
            ))
            .await;
        assert_eq!(
            (&body["from"]["own_channel"], &body["to"]["own_channel"]),
            (&"aurora".into(), &"beta".into())
        );
        let release = service.id("release", "152.0");
        service
            .refused(
                &format!("/api/v1/compare?product=Firefox&from={release}&to={to}&channel=esr"),
                404,
            )
            .await;
        let body = service
            .ok(&format!(
                "/api/v1/compare?product=Firefox&from={release}&to={to}&to_channel=beta"
            ))
            .await;
        assert_eq!(body["changes_url"], Value::Null);
        assert!(
            body["no_changes_url"]
                .as_str()
                .unwrap()
                .contains("different repositories")
        );
        service
            .refused(
                &format!("/api/v1/compare?product=Firefox&from={release}&to=20260101000000"),
                404,
            )
            .await;
    }
}
