//! Two years of all products: each source gives all that it has, and a second import requests little.

use builds::SourceName;
use demo::Fault::{BadFiles, Flaky, FormerDialect, HtmlOnly, Late, WithoutPlatform};
use demo::world::Platform;
use demo::{Plan, World};
use platform_testing::databases;

use crate::compare::{by_the_archive, compare_held, exported, held, only, the_truth};
use crate::support::Sources;

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_alone_and_then_everything() {
    let sources = Sources::of(World::generate(&Plan::two_years())).await;
    for test in databases().await {
        let archive = only(SourceName::ARCHIVE);
        let first = sources.import_as(&test.db, &archive).await.unwrap();
        compare_held(&test.db, &sources.world, held, by_the_archive).await;
        let again = sources.import_as(&test.db, &archive).await.unwrap();
        assert!(
            again.requests * 100 < first.requests * 3,
            "{} of {}",
            again.requests,
            first.requests
        );
        assert_eq!((again.new_records, again.generation), (0, first.generation));
        sources.import(&test.db).await;
        compare_held(&test.db, &sources.world, |_| true, the_truth).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_with_faults_on_all_sides() {
    let sources = Sources::of(World::generate(&Plan::two_years())).await;
    sources
        .faults
        .buildhub
        .set_all(&[Flaky, Late(30), WithoutPlatform(Platform::Win64Aarch64)]);
    sources
        .faults
        .archive
        .set_all(&[FormerDialect, HtmlOnly, BadFiles, Flaky]);
    sources.faults.product_details.set(Flaky);
    for test in databases().await {
        sources.import(&test.db).await;
        compare_held(&test.db, &sources.world, |_| true, the_truth).await;
        let before = exported(&test.db).await;
        sources.import(&test.db).await;
        assert_eq!(exported(&test.db).await, before);
    }
}
