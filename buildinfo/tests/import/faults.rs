//! Whatever goes wrong at the sources, alone or together: everything that some source still has becomes known.

use builds::SourceName;
use builds::policy::{Reason, State};
use chrono::NaiveDate;
use demo::Fault::{
    BadFiles, Down, Empty, Flaky, FormerDialect, Garbage, HtmlOnly, Late, Moved, WithoutChannel, WithoutDays,
    WithoutFile, WithoutPlatform, Wrong,
};
use demo::world::{Channel, Platform, Product};
use demo::{Fault, Plan, Truth, World};
use futures::future::join_all;
use platform_testing::databases;

use crate::compare::{by_the_archive, compare, compare_held, exported, held, only, the_truth};
use crate::support::Sources;

/// Faults of Buildhub, of the archive, and of product-details.
type Faults = (&'static [Fault], &'static [Fault], &'static [Fault]);

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).unwrap()
}

/// A small world: two platforms, and enough weeks for a train.
fn world() -> World {
    World::generate(&Plan {
        weeks: 3,
        platforms: vec![Platform::LinuxX86_64, Platform::Mac],
        ..Plan::default()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_is_read_in_any_dialect_and_through_any_weather() {
    let sources = Sources::of(world()).await;
    let all: [&[Fault]; 6] = [
        &[HtmlOnly],
        &[FormerDialect],
        &[FormerDialect, HtmlOnly, Flaky],
        &[Moved],
        &[BadFiles],
        &[BadFiles, Flaky, Moved, HtmlOnly],
    ];
    for faults in all {
        sources.faults.archive.set_all(faults);
        for test in databases().await {
            let run = sources.import_as(&test.db, &only(SourceName::ARCHIVE)).await.unwrap();
            assert_eq!(run.outcome, "complete", "{faults:?}: {run:?}");
            assert_eq!(run.errors > 0, faults.contains(&BadFiles), "{faults:?}");
            compare_held(&test.db, &sources.world, held, by_the_archive).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_buildhub_lacks_is_filled_from_the_archive_and_said() {
    let sources = Sources::of(world()).await;
    let all: [(&[Fault], State, &[Reason]); 5] = [
        (&[Late(5)], State::Late, &[Reason::Late]),
        (
            &[WithoutPlatform(Platform::Mac)],
            State::Holes,
            &[Reason::MissingPlatform],
        ),
        (
            &[WithoutDays(day(8, 15), day(8, 20))],
            State::Holes,
            &[Reason::MissingBuild],
        ),
        (&[WithoutChannel(Channel::Beta)], State::Late, &[Reason::Late]),
        (
            &[Late(3), WithoutPlatform(Platform::Mac), Flaky],
            State::Holes,
            &[Reason::Late, Reason::MissingPlatform],
        ),
    ];
    for (faults, state, reasons) in all {
        sources.faults.buildhub.set_all(faults);
        for test in databases().await {
            let run = sources.import(&test.db).await;
            // What is no longer in the archive cannot be known while Buildhub hides it.
            compare_held(&test.db, &sources.world, held, the_truth).await;
            let policy = run.policy();
            assert_eq!(policy.state(SourceName::BUILDHUB), Some(state), "{faults:?}");
            let mut given: Vec<Reason> = policy.filled.iter().map(|fill| fill.reason).collect();
            given.sort();
            given.dedup();
            assert!(
                reasons.iter().all(|reason| given.contains(reason)),
                "{faults:?}: {given:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_together_hide_nothing_that_some_source_still_holds() {
    let sources = Sources::of(world()).await;
    let all: [Faults; 4] = [
        (&[Flaky], &[Flaky, HtmlOnly, BadFiles], &[Flaky]),
        (
            &[Late(6), WithoutPlatform(Platform::LinuxX86_64), Flaky],
            &[FormerDialect, Flaky],
            &[WithoutFile("thunderbird_versions.json")],
        ),
        (&[Flaky], &[Down], &[Flaky]),
        (&[], &[Garbage], &[]),
    ];
    for (buildhub, archive, product_details) in all {
        sources.faults.buildhub.set_all(buildhub);
        sources.faults.archive.set_all(archive);
        sources.faults.product_details.set_all(product_details);
        for test in databases().await {
            sources.import(&test.db).await;
            compare(&test.db, &sources.world, the_truth).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_buildhub_all_else_is_known_and_what_only_it_knows_comes_with_it() {
    let sources = Sources::of(world()).await;
    for (buildhub, archive) in [
        (Down, &[Flaky, HtmlOnly] as &[Fault]),
        (Garbage, &[BadFiles]),
        (Empty, &[]),
    ] {
        sources.faults.buildhub.set(buildhub);
        sources.faults.archive.set_all(archive);
        for test in databases().await {
            let run = sources.import(&test.db).await;
            assert_eq!(run.outcome, "partial");
            compare_held(&test.db, &sources.world, held, the_truth).await;
            sources.faults.buildhub.set(Fault::None);
            sources.import(&test.db).await;
            compare(&test.db, &sources.world, the_truth).await;
            sources.faults.buildhub.set(buildhub);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_that_buildhub_fills_later_is_read_from_it() {
    let sources = Sources::of(world()).await;
    for test in databases().await {
        sources.faults.buildhub.set(WithoutDays(day(8, 12), day(8, 18)));
        let buildhub = only(SourceName::BUILDHUB);
        let first = sources.import_as(&test.db, &buildhub).await.unwrap();
        sources.faults.buildhub.set(Fault::None);
        let second = sources.import_as(&test.db, &buildhub).await.unwrap();
        assert!(second.records > first.records, "{}", second.notes);
        assert_eq!(second.records, first.records + second.new_records);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn product_details_that_corrects_itself_corrects_the_answers() {
    let sources = Sources::of(World::generate(&Plan::default())).await;
    for test in databases().await {
        sources
            .faults
            .product_details
            .set_all(&[Wrong(Product::Firefox, "152.0", 1), Late(4)]);
        sources.import(&test.db).await;
        sources.faults.product_details.set(Fault::None);
        sources.import(&test.db).await;
        compare(&test.db, &sources.world, the_truth).await;
        let corrected = exported(&test.db).await;
        let fresh = databases().await;
        let fresh = fresh
            .iter()
            .find(|fresh| fresh.db.engine() == test.db.engine())
            .unwrap();
        sources.import(&fresh.db).await;
        assert_eq!(corrected, exported(&fresh.db).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_histories_tell_what_shipped_when_the_list_of_releases_is_missing() {
    let sources = Sources::of(world()).await;
    sources.faults.archive.set(Down);
    sources.faults.product_details.set(WithoutFile("firefox.json"));
    for test in databases().await {
        sources.import(&test.db).await;
        let of_firefox = |truth: &Truth| held(truth) && matches!(truth.channel, Channel::Beta | Channel::Release);
        let firefox = |truth: &Truth| of_firefox(truth) && truth.product == "Firefox";
        // Which build of a version shipped is a guess: the one with the highest number.
        compare_held(&test.db, &sources.world, firefox, by_the_archive).await;
    }
}

#[tokio::test]
async fn product_details_that_fails_or_forgets_takes_nothing_back() {
    let cases = [Fault::Down, Fault::Garbage, Fault::Empty].map(async |fault| {
        let sources = Sources::standard().await;
        for test in databases().await {
            sources.faults.product_details.set(Fault::None);
            sources.import(&test.db).await;
            let before = exported(&test.db).await;
            sources.faults.product_details.set(fault);
            let run = sources.import(&test.db).await;
            assert_eq!(run.outcome, "partial", "{fault:?}");
            assert!(run.notes.contains("product-details"), "{}", run.notes);
            assert!(run.errors > 0);
            assert_eq!(exported(&test.db).await, before, "{fault:?}");
        }
    });
    join_all(cases).await;
}

#[tokio::test]
async fn buildhub_that_fails_makes_a_run_with_notes_and_no_error() {
    let cases = [Fault::Down, Fault::Garbage, Fault::Empty].map(async |fault| {
        let sources = Sources::standard().await;
        for test in databases().await {
            sources.faults.buildhub.set(fault);
            let run = sources.import(&test.db).await;
            assert_eq!(run.outcome, "partial", "{fault:?}");
            assert!(run.notes.contains("buildhub"), "{}", run.notes);
            let alone = sources.import_as(&test.db, &only(SourceName::BUILDHUB)).await;
            assert_eq!(alone.unwrap().outcome, "failed", "{fault:?}");
            sources.faults.buildhub.set(Fault::None);
            assert_eq!(sources.import(&test.db).await.outcome, "complete");
            compare(&test.db, &sources.world, |truth| {
                (truth.version.to_string(), truth.status.as_str())
            })
            .await;
        }
    });
    join_all(cases).await;
}

#[tokio::test]
async fn sources_that_fail_now_and_then_are_read_whole() {
    let sources = Sources::standard().await;
    sources.faults.buildhub.set(Fault::Flaky);
    sources.faults.product_details.set(Fault::Flaky);
    for test in databases().await {
        let run = sources.import(&test.db).await;
        assert_eq!((run.outcome.as_str(), run.notes.as_str()), ("complete", ""));
        compare(&test.db, &sources.world, |truth| {
            (truth.version.to_string(), truth.status.as_str())
        })
        .await;
    }
}
