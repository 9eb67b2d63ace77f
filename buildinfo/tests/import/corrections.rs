//! Corrections by a source, and by a person.

use std::collections::{BTreeMap, BTreeSet};

use buildinfo::db::{self, Change};
use buildinfo::import::{correct, undo_correction};
use builds::derive::correction::{Correction, CorrectionKind, Field};
use builds::{Product, Question, Status};
use demo::World;
use demo::world::Channel;
use platform_testing::databases;
use tokio_util::sync::CancellationToken;

use crate::compare::{changes, exported, replayed};
use crate::support::{Sources, lookup, quiet};

/// The build ids of one version, by build number.
fn ids_of(world: &World, version: &str) -> BTreeMap<u32, String> {
    world
        .truth
        .iter()
        .filter(|truth| truth.product == "Firefox" && truth.channel == Channel::Release)
        .filter(|truth| &*truth.version == version)
        .filter_map(|truth| Some((truth.build_number?, truth.build_id.to_string())))
        .collect()
}

#[tokio::test]
async fn a_corrected_source_withdraws_the_old_conclusion_and_says_so() {
    let sources = Sources::standard().await;
    let mut other = (*sources.world).clone();
    for build in &mut other.builds {
        if &*build.version == "152.0" && build.product == demo::world::Product::Firefox {
            build.shipped_on = (build.build_number == Some(3)).then_some(other.plan.end);
        }
    }
    let other = Sources::of(other).await;
    let ids = ids_of(&sources.world, "152.0");
    for test in databases().await {
        let first = sources.import(&test.db).await;
        let second = other.import(&test.db).await;
        assert_eq!(second.generation, first.generation + 1);
        let lookup = lookup(&test.db).await;
        for (number, expected) in [(1, "candidate"), (2, "candidate"), (3, "shipped")] {
            let question = Question {
                product: "Firefox".to_owned(),
                channel: "release".to_owned(),
                build_id: ids[&number].clone(),
                ..Question::default()
            };
            let answer = lookup.answer(&question).await.unwrap();
            assert_eq!(answer.status.to_string(), expected, "build{number}");
        }
        let changes = changes(&test.db).await;
        let of_second: Vec<&Change> = changes
            .iter()
            .filter(|change| change.generation == second.generation)
            .collect();
        let changed: BTreeSet<String> = of_second.iter().map(|change| change.build_id.to_string()).collect();
        assert!(changed.contains(&ids[&2]) && changed.contains(&ids[&3]));
        let second_build = of_second
            .iter()
            .find(|change| change.build_id.to_string() == ids[&2])
            .unwrap();
        assert!(second_build.old.contains("shipped_build_number"));
        assert!(second_build.new.contains("other_build_shipped"));
        assert_eq!(second_build.reason, "changed");
        replayed(&changes);
        // The earlier state can still be queried.
        let before = db::builds_by_id(&test.db, first.generation, Product::FIREFOX, ids[&2].parse().unwrap())
            .await
            .unwrap();
        assert!(before.iter().all(|build| build.status == Status::Shipped));
    }
}

fn correction(id: i64, kind: CorrectionKind, subject: &str, value: Option<&str>) -> Correction {
    Correction {
        id,
        kind,
        subject: subject.to_owned(),
        field: value.map(|_| Field::Status),
        value: value.map(str::to_owned),
        author: "somebody".to_owned(),
        reason: "it was taken back on the day".to_owned(),
    }
}

#[tokio::test]
async fn a_correction_that_is_undone_leaves_no_trace_in_what_is_concluded() {
    let sources = Sources::standard().await;
    let id = ids_of(&sources.world, "152.0")[&2].clone();
    for test in databases().await {
        sources.import(&test.db).await;
        let before = exported(&test.db).await;
        let stop = CancellationToken::new();
        for (n, correction) in [
            correction(1, CorrectionKind::State, "Firefox 152.0", Some("pulled")),
            correction(2, CorrectionKind::State, &format!("Firefox {id}"), Some("pulled")),
            correction(3, CorrectionKind::Ignore, "firefox-152.0", None),
        ]
        .into_iter()
        .enumerate()
        {
            let corrected = correct(&test.db, std::slice::from_ref(&correction), "test", &stop, &quiet)
                .await
                .unwrap();
            let changed = exported(&test.db).await;
            assert_ne!(changed, before, "{correction:?}");
            let undone = undo_correction(&test.db, correction.id, "somebody", "test", &stop, &quiet).await;
            assert_eq!(undone.unwrap(), Some(corrected + 1), "{n}");
            assert_eq!(exported(&test.db).await, before, "{correction:?}");
            let again = undo_correction(&test.db, correction.id, "somebody", "test", &stop, &quiet).await;
            assert_eq!(again.unwrap(), None);
        }
        replayed(&changes(&test.db).await);
    }
}
