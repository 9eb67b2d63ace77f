//! What is read, what is stored, what is answered.

use bugs::db::{AskError, MAX_ASKED, bugs_of, details, signatures_of, state};
use bugs::import::{ImportError, Options, import};
use bugs::{BugSignature, Settings};
use demo::{Fault, TrackedBug};
use platform_testing::databases;
use tokio_util::sync::CancellationToken;

use super::support::{Standin, naming, options, run, stored};

#[tokio::test]
async fn all_bugs_with_signatures_are_read_and_later_what_changed() {
    for test in databases().await {
        let (db, standin) = (&test.db, Standin::serve().await);
        assert_eq!(run(db, &standin.url, &options()).await.unwrap().changed.written, 6);
        let first = stored(db).await;
        assert_eq!(
            first,
            [
                "1900001 victim::render::set_opacity",
                "1900002 core::ptr::read_volatile",
                "1900002 mozilla::dom::Document::FlushPendingNotifications",
                "1900003 stackoverflow | nsBlockFrame::Reflow",
                "1900004 victim::network::dispatch_event",
                "1900004 victim::network::parse_header",
                "1900005 victim::render::set_opacity",
                "1900005 victim::render::trap_unreachable_mode",
                "1900006 java.lang.IllegalStateException: at \
                 org.mozilla.fenix.tabs.TabStore.select(TabStore.kt:88)",
            ]
        );
        let known = details(db, &[1_900_002, 1_900_003, 5]).await.unwrap();
        let facts: Vec<_> = known
            .iter()
            .map(|bug| {
                (
                    bug.id,
                    bug.status.as_str(),
                    bug.resolution.as_str(),
                    bug.assigned,
                    bug.flags.len(),
                )
            })
            .collect();
        assert_eq!(
            facts,
            [
                (1_900_002, "ASSIGNED", "", true, 2),
                (1_900_003, "RESOLVED", "FIXED", true, 1),
            ]
        );
        assert_eq!(known[0].keywords, ["crash"]);

        // Nothing has changed.
        let again = run(db, &standin.url, &options()).await.unwrap();
        assert_eq!((again.changed.written, again.changed.removed, again.read), (0, 0, 0));

        // One appears, one changes, one names nothing any more, one is another's now.
        standin.change(7, |bug| bug.crash_signature = "[@ new[] ]".to_owned());
        standin.change(1_900_001, |bug| bug.crash_signature.push_str("[@ a ]"));
        standin.change(1_900_004, |bug| bug.crash_signature.clear());
        standin.change(1_900_005, |bug| bug.assigned_to = "jo@example.org".to_owned());
        let done = run(db, &standin.url, &options()).await.unwrap();
        assert_eq!((done.changed.written, done.changed.removed), (3, 1));
        let now = stored(db).await;
        assert_eq!(
            now[..3],
            ["7 new[]", "1900001 a", "1900001 victim::render::set_opacity"]
        );
        assert!(!now.iter().any(|line| line.starts_with("1900004")), "{now:?}");
        assert!(details(db, &[1_900_005]).await.unwrap()[0].assigned);
        let state = state(db).await.unwrap();
        assert!(
            state.good > 0 && state.failed == 0 && state.good == state.since,
            "{state:?}"
        );
    }
}

#[tokio::test]
async fn who_is_asked_about_signatures_answers_with_all_of_their_bugs() {
    for test in databases().await {
        let (db, standin) = (&test.db, Standin::serve().await);
        standin.change(3, |bug| bug.crash_signature = "[@ A ][@ b ]".to_owned());
        run(db, &standin.url, &options()).await.unwrap();
        let pair = |id, signature: &str| BugSignature {
            id,
            signature: signature.to_owned(),
        };
        let asked: Vec<String> = ["b", "victim::render::trap_unreachable_mode", "b", "a", "B", "", "b\0"]
            .map(str::to_owned)
            .into();
        assert_eq!(
            bugs_of(db, &asked).await.unwrap(),
            [
                pair(3, "A"),
                pair(3, "b"),
                pair(1_900_005, "victim::render::set_opacity"),
                pair(1_900_005, "victim::render::trap_unreachable_mode"),
            ]
        );
        assert_eq!(
            signatures_of(db, &[1_900_001, 3, 4]).await.unwrap(),
            [
                pair(3, "A"),
                pair(3, "b"),
                pair(1_900_001, "victim::render::set_opacity")
            ]
        );
        assert_eq!(naming(db, "victim::render::set_opacity").await, [1_900_001, 1_900_005]);
        assert_eq!(bugs_of(db, &[]).await.unwrap(), []);
        // As many as may be, and one more.
        let mut many: Vec<String> = (1..MAX_ASKED).map(|n| format!("signature {n}")).collect();
        many.push("A".to_owned());
        assert_eq!(bugs_of(db, &many).await.unwrap().len(), 2);
        many.push("x".to_owned());
        assert!(matches!(bugs_of(db, &many).await, Err(AskError::TooMany(1001))));
        let ids: Vec<i64> = (0..=1000).collect();
        assert!(matches!(signatures_of(db, &ids).await, Err(AskError::TooMany(1001))));
        assert!(matches!(details(db, &ids).await, Err(AskError::TooMany(1001))));
    }
}

#[tokio::test]
async fn a_long_list_is_read_in_pages_and_goes_on_where_it_broke_off() {
    for test in databases().await {
        let (db, standin) = (&test.db, Standin::serve().await);
        for id in 1..=40 {
            let crash_signature = format!("[@ number {id} ]");
            standin.tracker.put(TrackedBug {
                id,
                crash_signature,
                ..TrackedBug::default()
            });
        }
        // Every fifth request fails; here none is tried again for long, so that the import ends early.
        let small = Options { page: 5, ..options() };
        standin.faults.bugzilla.set(Fault::Flaky);
        run(db, &standin.url, &small).await.unwrap();
        assert_eq!(stored(db).await.len(), 49);

        // It is stopped in the middle of a first import.
        let other = Standin::serve().await;
        for id in 1..=40 {
            other.change(id, |bug| bug.crash_signature = format!("[@ number {id} ]"));
        }
        let stop = CancellationToken::new();
        let settings = Settings {
            bugzilla_url: other.url.clone(),
        };
        let half_way = |progress| {
            if let bugs::import::Progress::Reading(read) = progress
                && read >= 20
            {
                other.faults.bugzilla.set(Fault::Hanging);
                stop.cancel();
            }
        };
        let stopped = import(db, &settings, &small, "test", &stop, &half_way).await;
        assert!(matches!(stopped, Err(ImportError::Stopped)), "{stopped:?}");
        let place = state(db).await.unwrap();
        assert!(place.page_offset >= 12 && place.since == 0, "{place:?}");
        assert_eq!(stored(db).await.len(), 49);
        other.faults.bugzilla.set(Fault::None);
        let before = other.faults.bugzilla.requests();
        let rest = run(db, &other.url, &small).await.unwrap();
        assert!(rest.read < 46, "{rest:?}");
        assert!(other.faults.bugzilla.requests() > before);
        let state = state(db).await.unwrap();
        assert!(state.since == state.begun && state.page_offset == 0, "{state:?}");
    }
}

#[tokio::test]
async fn one_process_imports_at_a_time() {
    for test in databases().await {
        let (db, standin) = (&test.db, Standin::serve().await);
        let other = bugs::db::IMPORT
            .take(db, "other", platform::clock::now_micros())
            .await
            .unwrap()
            .unwrap();
        let busy = run(db, &standin.url, &options()).await;
        assert!(
            matches!(&busy, Err(ImportError::Busy(holder)) if holder.owner == "other"),
            "{busy:?}"
        );
        assert_eq!(standin.faults.bugzilla.requests(), 0);
        other.release().await.unwrap();
        run(db, &standin.url, &options()).await.unwrap();
        // Who was away too long writes nothing.
        assert!(other.begin().await.is_err());
        assert!(other.is_lost());
        assert_eq!(other.renew(platform::clock::now_micros()).await.unwrap(), None);
        // An import that is not due is not made.
        let settings = Settings {
            bugzilla_url: standin.url.clone(),
        };
        let due = Options {
            only_if_due: true,
            ..options()
        };
        let requests = standin.faults.bugzilla.requests();
        let stop = CancellationToken::new();
        assert_eq!(import(db, &settings, &due, "test", &stop, &|_| {}).await.unwrap(), None);
        assert_eq!(standin.faults.bugzilla.requests(), requests);
        let off = import(db, &Settings::default(), &due, "test", &stop, &|_| {}).await;
        assert!(matches!(off, Err(ImportError::Off)));
    }
}
