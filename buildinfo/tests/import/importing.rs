//! Repeated imports: the result does not depend on their number.

use std::collections::{BTreeMap, BTreeSet};

use buildinfo::db;
use buildinfo::import::{Options, rebuild};
use builds::{Digest, Observation, SourceName, Status};
use demo::world::Channel;
use demo::{Plan, World};
use platform_testing::databases;
use tokio_util::sync::CancellationToken;

use crate::compare::{changes, compare, exported, only, replayed};
use crate::support::{Sources, lookup, quiet};

#[tokio::test]
async fn groups_read_together_are_the_groups_read_one_by_one() {
    let sources = Sources::standard().await;
    for test in databases().await {
        sources.import(&test.db).await;
        db::mark_all_dirty(&test.db).await.unwrap();
        let groups = db::dirty_groups(&test.db, "", 10_000).await.unwrap();
        assert!(groups.len() > 100, "more than one statement's worth");
        let mut together: BTreeMap<String, BTreeMap<Digest, Observation>> = BTreeMap::new();
        db::each_of_groups(&test.db, &groups, |group, observation, digest| {
            assert_eq!(digest, observation.digest());
            let of_group = together.entry(group.to_owned()).or_default();
            assert_eq!(of_group.insert(digest, observation.clone()), None);
        })
        .await
        .unwrap();
        for group in &groups {
            let alone = db::of_group(&test.db, group).await.unwrap();
            let found = together.remove(group).unwrap_or_default();
            assert_eq!(found.into_values().collect::<Vec<_>>(), alone, "{group}");
        }
        assert!(together.is_empty());
    }
}

#[tokio::test]
async fn every_answer_after_an_import_of_all_sources_is_the_truth() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let run = sources.import(&test.db).await;
        assert_eq!((run.outcome.as_str(), run.notes.as_str()), ("complete", ""));
        compare(&test.db, &sources.world, |truth| {
            (truth.version.to_string(), truth.status.as_str())
        })
        .await;
    }
}

#[tokio::test]
async fn buildhub_alone_knows_every_build_and_not_what_shipped() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let run = sources.import_as(&test.db, &only(SourceName::BUILDHUB)).await;
        assert_eq!(run.unwrap().outcome, "complete");
        assert_eq!(sources.faults.product_details.requests(), 0);
        compare(&test.db, &sources.world, |truth| {
            // Nightlies need no other source; for old builds it has the final names too.
            if truth.only_in_buildhub || truth.channel == Channel::Nightly {
                return (truth.version.to_string(), truth.status.as_str());
            }
            let candidate = match (truth.channel, truth.build_number) {
                (Channel::Beta | Channel::Aurora, Some(number)) if !truth.version.contains("rc") => {
                    format!("{}rc{number}", truth.version)
                }
                _ => truth.version.to_string(),
            };
            (candidate, "candidate")
        })
        .await;
        let index = lookup(&test.db).await.index();
        let shipped: BTreeSet<String> = index
            .builds()
            .filter(|build| build.status() == Status::Shipped)
            .map(|build| build.version().to_string())
            .collect();
        assert_eq!(shipped, BTreeSet::from(["61.0b4".to_owned()]));
    }
}

#[tokio::test]
async fn a_second_import_finds_nothing_new_and_makes_no_generation() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let first = sources.import(&test.db).await;
        let before = exported(&test.db).await;
        let second = sources.import(&test.db).await;
        assert_eq!((second.new_records, second.generation), (0, first.generation));
        // Only the last day's uploads are read again.
        assert!(second.records < first.records / 2 && second.unchanged > 0);
        let full = Options {
            full: true,
            ..Options::default()
        };
        let third = sources.import_as(&test.db, &full).await.unwrap();
        assert_eq!((third.new_records, third.generation), (0, first.generation));
        assert_eq!(third.records, first.records);
        assert_eq!(exported(&test.db).await, before);
        assert_eq!(
            rebuild(&test.db, "test", &CancellationToken::new(), &quiet)
                .await
                .unwrap(),
            first.generation
        );
    }
}

/// The world on the evening of a day.
fn until(whole: &World, end: chrono::NaiveDate) -> World {
    let mut world = World::empty(&whole.plan);
    let mut places = BTreeMap::new();
    for (place, build) in whole.builds.iter().enumerate() {
        let uploaded = build.packages.iter().map(|package| package.uploaded.date_naive());
        if uploaded.max().is_some_and(|day| day <= end) {
            places.insert(place, world.builds.len());
            let mut build = build.clone();
            if build.shipped_on.is_some_and(|day| day > end) {
                (build.shipped_on, build.status) = (None, demo::world::Status::Candidate);
            }
            world.builds.push(build);
        }
    }
    let known = |record: &demo::world::Record| {
        let mut record = *record;
        record.build = *places.get(&record.build)?;
        Some(record)
    };
    world.records = whole.records.iter().filter_map(known).collect();
    world
}

#[tokio::test]
async fn importing_week_by_week_knows_the_same_as_importing_once() {
    let whole = World::generate(&Plan::default());
    let weeks = [14, 7, 0].map(|days| until(&whole, whole.plan.end - chrono::TimeDelta::days(days)));
    let whole = Sources::of(whole).await;
    for test in databases().await {
        let mut records = Vec::new();
        for part in &weeks {
            let run = Sources::of(part.clone()).await.import(&test.db).await;
            assert_eq!(run.outcome, "complete");
            records.push(run.records);
        }
        compare(&test.db, &whole.world, |truth| {
            (truth.version.to_string(), truth.status.as_str())
        })
        .await;
        assert!(records[1] < records[0] && records[2] < records[0], "{records:?}");
        let parts = exported(&test.db).await;
        // The table of changes agrees with the builds.
        let index = lookup(&test.db).await.index();
        let known: BTreeSet<_> = index
            .builds()
            .map(|build| (build.product().to_string(), build.build_id().to_string()))
            .collect();
        let replayed = replayed(&changes(&test.db).await);
        assert_eq!(replayed.keys().cloned().collect::<BTreeSet<_>>(), known);

        let fresh = databases().await;
        let fresh = fresh
            .iter()
            .find(|fresh| fresh.db.engine() == test.db.engine())
            .unwrap();
        whole.import(&fresh.db).await;
        assert_eq!(parts, exported(&fresh.db).await);
    }
}

#[tokio::test]
async fn an_import_of_the_last_days_alone_does_not_hide_what_came_before() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let end = sources.world.plan.end.and_time(chrono::NaiveTime::MIN).and_utc();
        let recent = Options {
            since: Some(end.timestamp_micros()),
            ..Options::default()
        };
        sources.import_as(&test.db, &recent).await.unwrap();
        sources.import(&test.db).await;
        compare(&test.db, &sources.world, |truth| {
            (truth.version.to_string(), truth.status.as_str())
        })
        .await;
    }
}
