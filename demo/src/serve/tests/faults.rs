use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::Site;
use crate::serve::{Fault, truths_in_buildhub};
use crate::world::{Channel, Platform, Product, Truth};

const DETAILS: &str = "/1.0/firefox.json";

/// Returns all records that Buildhub has, at most 1,000.
async fn records(site: &Site) -> Vec<Value> {
    let answer = site.found(json!({"size": 1000, "sort": ["download.date"]})).await;
    let hits = answer["hits"]["hits"].as_array().unwrap();
    let counted = site.json("/api/records").await["builds"]["total"].clone();
    assert_eq!(answer["hits"]["total"], counted);
    hits.iter().map(|hit| hit["_source"].clone()).collect()
}

#[tokio::test]
async fn a_switch_holds_what_it_was_set_to_last() {
    let site = Site::new();
    let switch = &site.faults.archive;
    assert_eq!(switch.faults(), []);
    switch.set_all(&[Fault::Flaky, Fault::None, Fault::HtmlOnly]);
    assert_eq!(switch.faults(), [Fault::Flaky, Fault::HtmlOnly]);
    switch.set(Fault::Down);
    assert_eq!(switch.faults(), [Fault::Down]);
    switch.set(Fault::None);
    assert_eq!(switch.faults(), []);
}

#[tokio::test]
async fn faults_add_up() {
    let site = Site::new();
    let path = "/pub/firefox/candidates/152.0-candidates";
    site.faults
        .archive
        .set_all(&[Fault::Flaky, Fault::Moved, Fault::HtmlOnly, Fault::FormerDialect]);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(site.get(path, "application/json").await.0.as_u16());
        let (status, body) = site.get(&format!("/moved{path}"), "application/json").await;
        statuses.push(status.as_u16());
        assert_eq!(status == StatusCode::OK, body.contains("\t<td><a href=\"/moved/pub/"));
    }
    assert_eq!(statuses, [301, 200, 301, 200, 502, 200]);
    site.faults.archive.set_all(&[Fault::Moved, Fault::Down]);
    assert_eq!(site.get(path, "*/*").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn slow_answers_arrive_and_hanging_ones_never_do() {
    let site = Site::new();
    let delay = Duration::from_millis(20);
    site.faults.product_details.set(Fault::Slow(delay));
    let asked = Instant::now();
    assert_eq!(site.get(DETAILS, "*/*").await.0, StatusCode::OK);
    assert!(asked.elapsed() >= delay);
    site.faults.product_details.set(Fault::Hanging);
    let answer = tokio::time::timeout(delay, site.get(DETAILS, "*/*")).await;
    assert!(answer.is_err());
    assert_eq!(site.faults.product_details.requests(), 2);
}

#[tokio::test]
async fn a_late_buildhub_knows_all_but_the_last_days() {
    let site = Site::new();
    let whole = records(&site).await;
    site.faults.buildhub.set(Fault::Late(3));
    let known = records(&site).await;
    let uploaded = |record: &Value| record["download"]["date"].as_str().unwrap().to_owned();
    assert!(known.len() < whole.len());
    assert_eq!(known, whole[..known.len()]);
    let cut = "2026-08-29";
    assert!(known.iter().all(|record| *uploaded(record) < *cut));
    assert!(whole[known.len()..].iter().all(|record| *uploaded(record) > *cut));
}

#[tokio::test]
async fn a_buildhub_with_holes_has_all_but_them() {
    let site = Site::new();
    let whole = records(&site).await;
    let day = |day| NaiveDate::from_ymd_opt(2026, 8, day).unwrap();
    let is_missing = |record: &Value| {
        let id = record["build"]["id"].as_str().unwrap();
        record["target"]["platform"] == "win64"
            || record["target"]["channel"] == "esr"
            || ("20260810".."20260812").contains(&&id[..8])
    };
    let holes = [
        Fault::WithoutPlatform(Platform::Win64),
        Fault::WithoutChannel(Channel::Esr),
        Fault::WithoutDays(day(10), day(12)),
    ];
    for hole in holes {
        site.faults.buildhub.set(hole);
        let known = records(&site).await;
        assert!(known.len() < whole.len() && known.len() * 2 > whole.len());
    }
    site.faults.buildhub.set_all(&holes);
    let known = records(&site).await;
    let expected: Vec<Value> = whole.iter().filter(|record| !is_missing(record)).cloned().collect();
    assert_eq!(known, expected);
    let query = json!({"query": {"term": {"target.platform": "win64"}}});
    assert_eq!(site.found(query).await["hits"]["total"], 0);
}

#[tokio::test]
async fn truths_in_buildhub_are_those_with_a_record() {
    let site = Site::new();
    let world = &site.world;
    let all: Vec<&Truth> = world.truth.iter().collect();
    assert_eq!(truths_in_buildhub(world, &[Fault::Down]), all);
    let faults = [
        Fault::Late(2),
        Fault::WithoutPlatform(Platform::Mac),
        Fault::WithoutChannel(Channel::Nightly),
    ];
    site.faults.buildhub.set_all(&faults);
    let told: BTreeSet<String> = records(&site)
        .await
        .iter()
        .map(|record| record["build"]["id"].as_str().unwrap().to_owned())
        .collect();
    let expected: BTreeSet<String> = truths_in_buildhub(world, &faults)
        .iter()
        .map(|truth| truth.build_id.to_string())
        .collect();
    assert_eq!(told, expected);
    let known = truths_in_buildhub(world, &faults);
    assert!(known.iter().all(|truth| truth.platform != Platform::Mac));
    assert!(known.len() * 5 > all.len() && known.len() < all.len());
}

#[tokio::test]
async fn a_late_product_details_lists_all_but_the_last_days() {
    let site = Site::new();
    let whole = site.json(DETAILS).await;
    let end = site.world.plan.end;
    site.faults.product_details.set(Fault::Late(8));
    let known = site.json(DETAILS).await;
    let last = (end - Days::new(8)).to_string();
    let (whole, known) = (
        whole["releases"].as_object().unwrap(),
        known["releases"].as_object().unwrap(),
    );
    assert!(known.len() < whole.len());
    for (name, release) in whole {
        let is_known = known.contains_key(name);
        assert_eq!(is_known, release["date"].as_str().unwrap() <= &*last, "{name}");
    }
    let versions = site.json("/1.0/firefox_versions.json").await;
    assert_eq!(versions["LATEST_FIREFOX_DEVEL_VERSION"], "153.0b3");
}

#[tokio::test]
async fn a_wrong_product_details_can_be_corrected() {
    let site = Site::new();
    let right = site.json(DETAILS).await;
    let number = |file: &Value| file["releases"]["firefox-152.0"]["build_number"].clone();
    assert_eq!(number(&right), 2);
    site.faults.product_details.set_all(&[
        Fault::Wrong(Product::Firefox, "152.0", 3),
        Fault::Wrong(Product::Thunderbird, "152.0", 1),
    ]);
    let wrong = site.json(DETAILS).await;
    assert_eq!(number(&wrong), 3);
    let thunderbird = site.json("/1.0/thunderbird.json").await;
    assert_eq!(thunderbird["releases"]["thunderbird-152.0"]["build_number"], 1);
    site.faults.product_details.set(Fault::None);
    assert_eq!(site.json(DETAILS).await, right);
}

#[tokio::test]
async fn a_product_details_with_missing_files_has_the_others() {
    let site = Site::new();
    site.faults.product_details.set_all(&[
        Fault::WithoutFile("devedition.json"),
        Fault::WithoutFile("firefox_versions.json"),
    ]);
    for (path, expected) in [
        (DETAILS, 200),
        ("/1.0/devedition.json", 404),
        ("/1.0/firefox_versions.json", 404),
    ] {
        assert_eq!(site.get(path, "*/*").await.0.as_u16(), expected, "{path}");
    }
}
