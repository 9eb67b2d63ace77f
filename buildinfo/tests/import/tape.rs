//! The sources' answers are kept verbatim, and an import from them gives the same result.

use std::sync::Arc;

use buildinfo::db;
use buildinfo::import::Options;
use buildinfo::sources::Tape;
use demo::Fault;
use platform_testing::databases;

use crate::compare::exported;
use crate::support::Sources;

#[tokio::test(flavor = "multi_thread")]
async fn an_import_from_kept_answers_needs_no_source() {
    let sources = Sources::standard().await;
    sources.faults.buildhub.set(Fault::Late(5));
    sources.faults.archive.set_all(&[Fault::BadFiles, Fault::Flaky]);
    for (test, other) in databases().await.iter().zip(&databases().await) {
        let keeping = Options {
            tape: Some(Arc::new(Tape::new())),
            ..Options::default()
        };
        let run = sources.import_as(&test.db, &keeping).await.unwrap();
        let mut kept = Vec::new();
        let count = db::each_response(&test.db, run.id, |response| {
            kept.push(response);
            Ok(())
        });
        assert_eq!(count.await.unwrap(), kept.len() as u64);
        assert!(kept.iter().any(|response| response.status == 502));

        let before = sources.faults.archive.requests();
        let playing = Options {
            tape: Some(Arc::new(Tape::of(kept))),
            ..Options::default()
        };
        let played = sources.import_as(&other.db, &playing).await.unwrap();
        assert_eq!(sources.faults.archive.requests(), before);
        assert_eq!(exported(&other.db).await, exported(&test.db).await);
        assert_eq!(
            (&played.outcome, played.errors, &played.policy),
            (&run.outcome, run.errors, &run.policy)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_answers_are_forgotten_with_time() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let keeping = Options {
            tape: Some(Arc::new(Tape::new())),
            ..Options::default()
        };
        let run = sources.import_as(&test.db, &keeping).await.unwrap();
        let kept = async || db::each_response(&test.db, run.id, |_| Ok(())).await.unwrap();
        db::forget_responses(&test.db, run.id).await.unwrap();
        assert!(kept().await > 0);
        db::forget_responses(&test.db, run.id + 1).await.unwrap();
        assert_eq!(kept().await, 0);
    }
}
