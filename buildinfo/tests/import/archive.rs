//! The archive as a source, alone and where Buildhub fails: what is known afterwards is the truth.

use buildinfo::SourceName;
use buildinfo::import::policy::{Reason, State};
use demo::serve::Fault;
use demo::world::{Build, Channel};
use demo::{Truth, World};
use platform::testing::databases;

use crate::compare::{compare, compare_held, exported, only, the_truth};
use crate::support::Sources;

fn held(truth: &Truth) -> bool {
    !truth.only_in_buildhub
}

/// What the archive alone lets one infer of a build: of a version that has a folder under
/// `releases/` the one with the highest number has shipped.
fn by_the_archive(world: &World, truth: &Truth) -> &'static str {
    let is_the_one = |build: &&Build| {
        let asked = [build.channel, Channel::Beta].contains(&truth.channel);
        let has_id = build
            .packages
            .iter()
            .any(|package| package.build_id == truth.build_id);
        asked && has_id && build.revision == truth.revision
    };
    let build = world.builds.iter().find(is_the_one).unwrap();
    let siblings = || {
        world
            .builds
            .iter()
            .filter(|other| (other.product, &other.version) == (build.product, &build.version))
    };
    let released = siblings().any(|build| build.status.as_str() == "shipped");
    let highest = siblings().filter_map(|build| build.build_number).max();
    match (build.build_number, released) {
        (None, _) => "published",
        (number, true) if number == highest => "shipped",
        // A release candidate that beta got stays one.
        (_, true)
            if build.channel != Channel::Release || build.version.matches('.').count() > 1 =>
        {
            "aborted"
        }
        _ => "candidate",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_alone_knows_everything_that_it_holds() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let run = sources
            .import_as(&test.db, &only(SourceName::Archive))
            .await
            .unwrap();
        assert_eq!(
            (run.outcome.as_str(), run.errors),
            ("complete", 0),
            "{run:?}"
        );
        compare_held(&test.db, &sources.world, held, |truth| {
            (
                truth.version.to_string(),
                by_the_archive(&sources.world, truth),
            )
        })
        .await;
        assert_eq!(run.policy().state(SourceName::Archive), Some(State::Well));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_reading_of_an_unchanged_archive_asks_for_little() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let first = sources
            .import_as(&test.db, &only(SourceName::Archive))
            .await
            .unwrap();
        let before = exported(&test.db).await;
        let second = sources
            .import_as(&test.db, &only(SourceName::Archive))
            .await
            .unwrap();
        assert!(
            second.requests * 100 < first.requests * 3,
            "{} of {}",
            second.requests,
            first.requests
        );
        assert_eq!(
            (second.new_records, second.generation),
            (0, first.generation)
        );
        assert_eq!(exported(&test.db).await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_buildhub_knows_is_not_asked_of_the_archive() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let run = sources.import(&test.db).await;
        assert_eq!(run.policy().filled, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_steps_in_for_a_buildhub_that_fails() {
    for (fault, state) in [
        (Fault::Down, State::Down),
        (Fault::Garbage, State::Garbage),
        (Fault::Empty, State::Empty),
    ] {
        let sources = Sources::standard().await;
        sources.faults.buildhub.set(fault);
        for test in databases().await {
            let run = sources.import(&test.db).await;
            compare_held(&test.db, &sources.world, held, the_truth).await;
            let policy = run.policy();
            assert_eq!(policy.state(SourceName::Buildhub), Some(state));
            assert!(!policy.filled.is_empty());
            assert!(
                policy
                    .filled
                    .iter()
                    .all(|fill| fill.reason == Reason::BuildhubFailed)
            );
            // Back again, it adds what only it knows.
            sources.faults.buildhub.set(Fault::None);
            sources.import(&test.db).await;
            compare(&test.db, &sources.world, the_truth).await;
            sources.faults.buildhub.set(fault);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flaky_archive_gives_everything_all_the_same() {
    let sources = Sources::standard().await;
    sources.faults.archive.set(Fault::Flaky);
    sources.faults.buildhub.set(Fault::Down);
    for test in databases().await {
        let run = sources.import(&test.db).await;
        compare_held(&test.db, &sources.world, held, the_truth).await;
        assert_eq!(run.policy().state(SourceName::Archive), Some(State::Flaky));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_away_takes_nothing_back() {
    let sources = Sources::standard().await;
    for test in databases().await {
        sources.import(&test.db).await;
        let before = exported(&test.db).await;
        for fault in [Fault::Down, Fault::Garbage, Fault::Empty] {
            sources.faults.archive.set(fault);
            let run = sources.import(&test.db).await;
            assert_eq!(run.outcome, "partial", "{fault:?}");
            assert_eq!(exported(&test.db).await, before, "{fault:?}");
        }
        sources.faults.archive.set(Fault::None);
    }
}
