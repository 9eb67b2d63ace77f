//! What is finished is "not yet" nowhere: the first question after an import has returned is answered from it, even in
//! a process that did not import and does not load its index in the background.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use buildinfo::audit::Audits;
use buildinfo::watch::inbox::Inbox;
use buildinfo::{Lookup, api, db};
use demo::world::Channel;
use demo::{Plan, Status, World};
use futures::future::join_all;
use http_body_util::BodyExt;
use platform::db::Db;
use platform_testing::databases;
use serde_json::Value;
use tower::ServiceExt;

use crate::support::Sources;

/// The world before its newest nightly was made, and before anything shipped; and that nightly.
fn earlier() -> (World, String) {
    let mut world = World::generate(&Plan::default());
    let last = world.truths_of("Firefox", Channel::Nightly).last();
    let last = last.unwrap().build_id.to_string();
    let is_newest =
        |build: &demo::world::Build| build.channel == Channel::Nightly && build.product.canonical() == "Firefox";
    let end = world.builds.iter().rposition(is_newest).unwrap();
    world.builds.truncate(end);
    world.records.retain(|record| record.build < end);
    for build in &mut world.builds {
        build.shipped_on = None;
    }
    (world, last)
}

async fn ask(router: &Router, address: &str) -> Value {
    let request = match address.strip_prefix("POST ") {
        None => Request::get(address).body(Body::empty()).unwrap(),
        Some(body) => Request::post("/api/search").body(Body::from(body.to_owned())).unwrap(),
    };
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&bytes);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{address}: {status} {text}"))
}

fn process(db: &Db) -> Router {
    api::router(
        Lookup::new(db.clone()),
        db.clone(),
        Audits::new(db.clone()),
        Inbox::new(db.clone(), String::new(), Duration::ZERO),
    )
}

#[tokio::test]
async fn the_first_question_after_an_import_is_answered_by_it() {
    let (earlier, last) = earlier();
    let (earlier, later) = (Sources::of(earlier).await, Sources::standard().await);
    let betas = later.world.truths_of("Firefox", Channel::Beta);
    let shipped = betas.filter(|truth| truth.status == Status::Shipped && *truth.build_id < *last);
    let beta = shipped.last().unwrap().build_id.to_string();
    // Each with the part of its answer to compare.
    let questions = [
        ("/api/v1/latest?product=Firefox&channel=nightly".to_owned(), "/latest"),
        ("/api/v1/versions?product=Firefox".to_owned(), "/versions"),
        ("/api/v1/builds?product=Firefox".to_owned(), "/builds"),
        (
            format!("/api/v1/compare?product=Firefox&from={beta}&to={last}&from_channel=beta"),
            "",
        ),
        (
            format!("/api/v1/explain?product=Firefox&channel=beta&build_id={beta}"),
            "/answer",
        ),
        (
            format!("/api/v1/lookup?product=Firefox&channel=nightly&build_id={last}"),
            "/status",
        ),
        (
            format!("/api/v1/lookup?product=Firefox&build_id={}", &last[..8]),
            "/generation",
        ),
        (
            format!("/api/VersionString/?product=Firefox&channel=nightly&build_id={last}"),
            "/hits",
        ),
        ("/api/records".to_owned(), "/builds/total"),
        (
            r#"POST {"size":1,"sort":[{"build.id":"desc"}]}"#.to_owned(),
            "/hits/hits",
        ),
    ];
    for test in databases().await {
        let other = Db::open(&test.settings, test.folder.path()).await.unwrap();
        let processes = [process(&test.db), process(&other)];
        let mut steps: Vec<Vec<Value>> = Vec::new();
        for (step, sources) in [None, Some(&earlier), Some(&later)].iter().enumerate() {
            if let Some(sources) = sources {
                sources.import(&test.db).await;
            }
            let generation = db::latest_generation(&test.db).await.unwrap().n;
            assert_eq!(generation, i64::try_from(step).unwrap());
            let mut now = Vec::new();
            for (address, part) in &questions {
                // Fresh look-ups for the first question of each kind, and look-ups that have answered before.
                let mut answers = vec![ask(&process(&other), address).await];
                for router in &processes {
                    let many = std::iter::repeat_n(address, 8).map(|address| ask(router, address));
                    answers.extend(join_all(many).await);
                }
                let part_of = |answer: &Value| answer.pointer(part).cloned();
                let first = part_of(&answers[0]);
                assert!(
                    answers.iter().all(|answer| part_of(answer) == first),
                    "{step} {address}: {answers:?}"
                );
                if let Some(told) = answers[0].get("generation") {
                    assert_eq!(*told, generation, "{address}");
                }
                now.push(first.unwrap_or_default());
            }
            steps.push(now);
        }
        // The newest nightly came last, everything else with the first import.
        for (number, (address, _)) in questions.iter().enumerate() {
            assert_ne!(steps[0][number], steps[2][number], "{address}");
        }
    }
}
