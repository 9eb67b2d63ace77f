//! The archive as a source, alone and when Buildhub fails: the result is the truth.

use builds::SourceName;
use builds::policy::{Reason, State};
use demo::Fault;
use platform_testing::databases;

use crate::compare::{by_the_archive, compare, compare_held, exported, held, only, the_truth};
use crate::support::Sources;

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_alone_knows_everything_that_it_holds() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let run = sources.import_as(&test.db, &only(SourceName::ARCHIVE)).await.unwrap();
        assert_eq!((run.outcome.as_str(), run.errors), ("complete", 0), "{run:?}");
        compare_held(&test.db, &sources.world, held, by_the_archive).await;
        assert_eq!(run.policy().state(SourceName::ARCHIVE), Some(State::Well));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_reading_of_an_unchanged_archive_asks_for_little() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let first = sources.import_as(&test.db, &only(SourceName::ARCHIVE)).await.unwrap();
        let before = exported(&test.db).await;
        let second = sources.import_as(&test.db, &only(SourceName::ARCHIVE)).await.unwrap();
        assert!(
            second.requests * 100 < first.requests * 3,
            "{} of {}",
            second.requests,
            first.requests
        );
        assert_eq!((second.new_records, second.generation), (0, first.generation));
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
            assert_eq!(policy.state(SourceName::BUILDHUB), Some(state));
            assert!(!policy.filled.is_empty());
            assert!(policy.filled.iter().all(|fill| fill.reason == Reason::BuildhubFailed));
            // Once back, it adds what only it knows.
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
        assert_eq!(run.policy().state(SourceName::ARCHIVE), Some(State::Flaky));
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
