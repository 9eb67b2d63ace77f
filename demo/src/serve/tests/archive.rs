use std::collections::BTreeMap;

use axum::http::{StatusCode, header};
use serde_json::Value;

use super::{Site, folders, hrefs, names};
use crate::serve::Fault;
use crate::world::{Generation, LOCALE, Plan, Status};

const FOLDER: &str = "/pub/firefox/candidates/152.0-candidates/build2/win64/en-US/";

#[tokio::test]
async fn an_archive_without_json_always_answers_html() {
    let site = Site::new();
    site.faults.archive.set(Fault::HtmlOnly);
    let (status, headers, body) = site.get_for_headers(FOLDER, "application/json").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(body.starts_with("<!DOCTYPE html>"));
    // Files are not affected.
    let file = site.json(&format!("{FOLDER}buildhub.json")).await;
    assert_eq!(file["target"]["version"], "152.0");
}

#[tokio::test]
async fn the_former_dialect_lists_the_same_in_its_own_format() {
    let site = Site::new();
    let live = site.json(FOLDER).await;
    site.faults.archive.set(Fault::FormerDialect);
    let (_, headers, body) = site.get_for_headers(FOLDER, "application/json").await;
    assert_eq!(headers[header::CACHE_CONTROL], "max-age=900");
    assert!(headers.get(header::ETAG).is_none());
    let former: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(names(&former), names(&live));
    let is_exact = |file: &Value| file["size"].is_u64();
    assert!(former["files"].as_array().unwrap().iter().all(is_exact));
    // A folder is found without its slash, and nothing is listed that is not there.
    let (status, body) = site.get(FOLDER.trim_end_matches('/'), "application/json").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), former);
    let (status, body) = site.get("/pub", "*/*").await;
    assert!(status == StatusCode::OK && body.contains("<a href=\"/pub/firefox/\">firefox/</a>"));
    let missing = site.get("/pub/firefox/candidates/1.0-candidates/", "*/*").await;
    assert_eq!(missing, (StatusCode::NOT_FOUND, "Not Found".to_owned()));
    let root = site.json("/pub/firefox/releases/").await;
    assert!(!names(&root).contains(&String::new()));
}

#[tokio::test]
async fn the_former_dialect_without_json_has_every_name_too() {
    let site = Site::new();
    let mut expected = BTreeMap::new();
    for folder in folders(&site, "/pub/thunderbird/").await {
        let names = names(&site.json(&folder).await);
        let names = names.into_iter().filter(|name| !name.is_empty());
        let paths: Vec<String> = names.map(|name| format!("{folder}{name}")).collect();
        expected.insert(folder, paths);
    }
    site.faults.archive.set_all(&[Fault::HtmlOnly, Fault::FormerDialect]);
    for (folder, paths) in expected {
        let (_, html) = site.get(&folder, "application/json").await;
        assert!(html.contains("\t\t<table>"));
        assert_eq!(hrefs(&html, &folder), paths);
    }
}

#[tokio::test]
async fn an_archive_that_moved_redirects_each_path() {
    let site = Site::new();
    let moved = format!("/moved{FOLDER}");
    assert_eq!(site.get(&moved, "*/*").await.0, StatusCode::NOT_FOUND);
    let before = names(&site.json(FOLDER).await);
    site.faults.archive.set(Fault::Moved);
    for path in ["/pub/", FOLDER, &format!("{FOLDER}buildhub.json")] {
        let (status, headers, _) = site.get_for_headers(path, "application/json").await;
        assert_eq!(status, StatusCode::MOVED_PERMANENTLY, "{path}");
        let place = headers[header::LOCATION].to_str().unwrap();
        assert_eq!(place, format!("/moved{path}"));
        assert_eq!(site.get(place, "*/*").await.0, StatusCode::OK, "{place}");
    }
    assert_eq!(names(&site.json(&moved).await), before);
    let (_, html) = site.get(&moved, "*/*").await;
    assert_eq!(hrefs(&html, &moved).len(), before.len());
    // The redirect keeps the spaces of an address escaped.
    let installer = format!("{FOLDER}Firefox Setup 152.0.exe");
    let (_, headers, _) = site.get_for_headers(&installer, "*/*").await;
    let place = headers[header::LOCATION].to_str().unwrap();
    assert!(place.ends_with("/Firefox%20Setup%20152.0.exe"), "{place}");
}

/// Returns whether a metadata file states the right build id.
fn is_good(name: &str, body: &str, build_id: &str) -> bool {
    if name.ends_with(".json") {
        let Ok(content) = serde_json::from_str::<Value>(body) else {
            return false;
        };
        let id = content.pointer("/build/id").or_else(|| content.get("buildid"));
        return id.and_then(Value::as_str) == Some(build_id);
    }
    let first = body.lines().next().unwrap_or_default();
    first.strip_prefix("buildID=").unwrap_or(first) == build_id
}

#[tokio::test]
async fn enough_files_stay_good_among_bad_ones() {
    let site = Site::of(&Plan {
        weeks: 60,
        ..Plan::default()
    });
    site.faults.archive.set(Fault::BadFiles);
    let (mut bad, mut all) = (0, 0);
    for build in &site.world.builds {
        if build.generation == Generation::Migrated {
            continue;
        }
        // Build ids that some good buildhub.json of the build states.
        let mut whole = Vec::new();
        for package in &build.packages {
            let (platform, version) = (package.platform, &build.version);
            let product = build.product.directory();
            let (name, stem) = match build.build_number {
                Some(number) => {
                    let root = format!("/pub/{product}/candidates/{version}-candidates/build{number}/");
                    let folder = format!("{root}{}/{LOCALE}/", platform.as_str());
                    let flat = format!("{folder}{}-{version}", build.product.app_name());
                    let info = format!("{root}{}", platform.info_file());
                    (vec![format!("{folder}buildhub.json"), info], flat)
                }
                None => {
                    let folder = crate::serve::record::nightly_folder(build);
                    let stem = crate::serve::record::nightly_stem(build, platform, LOCALE);
                    let stem = format!("{folder}{stem}");
                    let others = ["buildhub.json", "txt"].map(|end| format!("{stem}.{end}"));
                    let [first, second] = others;
                    (vec![first, format!("{stem}_info.txt"), second], stem)
                }
            };
            let mut good = Vec::new();
            for name in name.into_iter().chain([format!("{stem}.json")]) {
                let (status, body) = site.get(&name, "*/*").await;
                if status != StatusCode::OK {
                    assert!(name == format!("{stem}.json"), "{name}");
                    continue;
                }
                let is_good = is_good(&name, &body, &package.build_id);
                if is_good && name.ends_with("buildhub.json") {
                    whole.push(&package.build_id);
                }
                good.push(is_good);
            }
            assert!(good[0] || good[1], "{build:?} {platform:?}");
            all += good.len();
            bad += good.iter().filter(|good| !**good).count();
        }
        let ids = build.packages.iter().map(|package| &package.build_id);
        assert!(ids.into_iter().all(|id| whole.contains(&id)), "{build:?}");
    }
    assert!(bad * 10 > all && bad * 5 < all, "{bad} of {all}");
}

#[tokio::test]
async fn the_archive_says_what_its_folders_show() {
    let site = Site::of(&Plan {
        weeks: 12,
        ..Plan::default()
    });
    for truth in &site.world.truth {
        let build = &site.world.builds[truth.build];
        let (Some(number), Some(told)) = (truth.build_number, &truth.from_archive) else {
            continue;
        };
        let product = build.product.directory();
        let candidates = format!("/pub/{product}/candidates/{}-candidates/", build.version);
        let numbers = names(&site.json(&candidates).await);
        let is_last = numbers.last() == Some(&format!("build{number}/"));
        let release = format!("/pub/{product}/releases/{}/", build.version);
        let is_released = site.get(&release, "*/*").await.0 == StatusCode::OK;
        let is_shipped = told.status == Status::Shipped;
        assert_eq!(is_shipped, is_last && is_released, "{truth:?}");
        if !is_released {
            assert_eq!(told.status, truth.status);
        }
        let is_beta_of_its_own = is_shipped && !build.is_release_candidate();
        assert!(!is_beta_of_its_own || !told.version.contains("rc"), "{truth:?}");
    }
}

#[tokio::test]
async fn fennec_is_where_it_was() {
    let site = Site::of(&Plan {
        weeks: 1,
        fennec: true,
        ..Plan::default()
    });
    let root = "/pub/mobile/candidates/68.1b5-candidates/build2/";
    assert_eq!(
        names(&site.json(root).await),
        [
            "android-aarch64/",
            "android-x86_64/",
            "source/",
            "android-aarch64_info.txt",
            "android-x86_64_info.txt",
        ]
    );
    let platform = format!("{root}android-x86_64/");
    assert_eq!(names(&site.json(&platform).await), ["en-US/", "multi/"]);
    let installer = format!("{platform}en-US/fennec-68.1b5.en-US.android-x86_64.apk");
    assert_eq!(site.get(&installer, "*/*").await.0, StatusCode::OK);
    let metadata = site.json(&format!("{platform}en-US/buildhub.json")).await;
    let url = format!("https://archive.mozilla.org{installer}");
    assert_eq!(metadata["source"]["product"], "fennec");
    assert_eq!(metadata["source"]["tree"], "mozilla-esr68");
    assert_eq!(metadata["target"]["os"], "android");
    assert_eq!(metadata["download"]["url"], url);
    let details = site.json("/1.0/mobile_android.json").await;
    assert_eq!(details["releases"]["fennec-68.1b5"]["build_number"], 2);
    assert_eq!(details["releases"]["fennec-68.1"]["product"], "fennec");
    let releases = names(&site.json("/pub/mobile/releases/").await);
    assert!(releases.contains(&"68.2.1/".to_owned()));
    // Where there was no Fennec, there is no folder for it.
    assert_eq!(
        names(&Site::new().json("/pub/").await),
        ["devedition/", "firefox/", "thunderbird/"]
    );
}
