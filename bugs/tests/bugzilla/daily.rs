//! Known bugs are asked for again each day: what nobody may see any more disappears, and nothing else does.

use bugs::db::state;
use bugs::import::{ImportError, Options};
use demo::{Fault, TrackedBug};
use platform_testing::databases;

use super::support::{Scripted, Standin, answer, naming, options, pass_hours, run, stored};

#[tokio::test]
async fn a_bug_that_turns_private_disappears_within_a_day() {
    for test in databases().await {
        let (db, standin) = (&test.db, Standin::serve().await);
        run(db, &standin.url, &options()).await.unwrap();
        standin.change(1_900_001, |bug| bug.is_private = true);
        pass_hours(db, 23).await;
        let done = run(db, &standin.url, &options()).await.unwrap();
        assert_eq!((done.changed.removed, done.asked_again), (0, 0));
        pass_hours(db, 1).await;
        let done = run(db, &standin.url, &options()).await.unwrap();
        assert_eq!((done.changed.removed, done.asked_again), (1, 6));
        assert_eq!(naming(db, "victim::render::set_opacity").await, [1_900_005]);
        // It was asked for today.
        let done = run(db, &standin.url, &options()).await.unwrap();
        assert_eq!(done.asked_again, 0);
        // Somebody may want it at once.
        standin.change(1_900_005, |bug| bug.is_private = true);
        let again = Options {
            again: true,
            ..options()
        };
        let done = run(db, &standin.url, &again).await.unwrap();
        assert_eq!((done.changed.removed, done.asked_again), (1, 5));
        assert_eq!(naming(db, "victim::render::set_opacity").await, [0; 0]);
    }
}

#[tokio::test]
async fn fields_of_versions_change_within_a_day() {
    for test in databases().await {
        let (db, standin) = (&test.db, Standin::serve().await);
        run(db, &standin.url, &options()).await.unwrap();
        // Such a change is no reason for the Bugzilla to list it.
        let mut bug = standin.tracker.get(1_900_001).unwrap();
        bug.fields
            .insert("cf_status_firefox999".to_owned(), "wontfix".to_owned());
        standin.tracker.put(bug);
        pass_hours(db, 24).await;
        let done = run(db, &standin.url, &options()).await.unwrap();
        assert_eq!((done.changed.written, done.changed.removed), (1, 0));
        let known = bugs::db::details(db, &[1_900_001]).await.unwrap();
        assert_eq!(known[0].flags["cf_status_firefox999"], "wontfix");
    }
}

#[tokio::test]
async fn a_bugzilla_that_is_away_or_broken_changes_nothing() {
    for test in databases().await {
        let (db, standin) = (&test.db, Standin::serve().await);
        for id in 1..=60 {
            let crash_signature = format!("[@ number {id} ]");
            standin.tracker.put(TrackedBug {
                id,
                crash_signature,
                ..TrackedBug::default()
            });
        }
        run(db, &standin.url, &options()).await.unwrap();
        let (known, good) = (stored(db).await, state(db).await.unwrap().good);
        let away = "http://127.0.0.1:9";
        for (fault, url, expected) in [
            (
                Fault::Down,
                standin.url.as_str(),
                "the Bugzilla does not answer: status 503",
            ),
            (
                Fault::Garbage,
                standin.url.as_str(),
                "the Bugzilla answers with something else than bugs: an HTML page",
            ),
            (
                Fault::Empty,
                standin.url.as_str(),
                "the Bugzilla does not show 66 of 66 known bugs any more, which is not believed: none of them was \
                 removed (`datil bugs import --again` believes it)",
            ),
            (Fault::None, away, "the Bugzilla does not answer: no connection"),
        ] {
            pass_hours(db, 24).await;
            standin.faults.bugzilla.set(fault);
            let error = run(db, url, &options()).await.unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert_eq!(stored(db).await, known, "{fault:?}");
            let state = state(db).await.unwrap();
            assert_eq!(state.failure, expected);
            assert!(state.failed > state.good && state.good < good, "{state:?}");
        }
        standin.faults.bugzilla.set(Fault::None);
        run(db, &standin.url, &options()).await.unwrap();
        assert_eq!(stored(db).await, known);
        let state = state(db).await.unwrap();
        assert!(state.good > state.failed, "{state:?}");
        // A person may say that it is true.
        standin.faults.bugzilla.set(Fault::Empty);
        let again = Options {
            again: true,
            ..options()
        };
        run(db, &standin.url, &again).await.unwrap();
        assert_eq!(stored(db).await, [""; 0]);
    }
}

#[tokio::test]
async fn another_bugzilla_replaces_the_first_when_it_was_read() {
    for test in databases().await {
        let (db, first, second) = (&test.db, Standin::serve().await, Standin::serve().await);
        run(db, &first.url, &options()).await.unwrap();
        for id in 1_900_001..=1_900_008 {
            second.change(id, |bug| bug.is_private = true);
        }
        second.change(3, |bug| bug.crash_signature = "[@ theirs ]".to_owned());
        second.faults.bugzilla.set(Fault::Down);
        run(db, &second.url, &options()).await.unwrap_err();
        assert_eq!(stored(db).await.len(), 9);
        second.faults.bugzilla.set(Fault::None);
        run(db, &second.url, &options()).await.unwrap();
        assert_eq!(stored(db).await, ["3 theirs"]);
    }
}

#[tokio::test]
async fn an_answer_that_was_cut_removes_nothing() {
    let bug = |id| format!(r#"{{"id":{id},"cf_crash_signature":"[@ s{id} ]"}}"#);
    let bugs = |ids: &[i64]| {
        let bugs: Vec<String> = ids.iter().map(|id| bug(*id)).collect();
        answer(200, &format!(r#"{{"bugs":[{}]}}"#, bugs.join(",")))
    };
    for test in databases().await {
        let db = &test.db;
        let scripted = Scripted::serve(vec![
            // The first import, and its end.
            bugs(&[1, 2, 3, 4]),
            bugs(&[4]),
            // A day later: nothing new, and the known ones in three answers, without the second.
            bugs(&[]),
            bugs(&[1]),
            bugs(&[3, 4]),
            bugs(&[]),
            // A day later: nothing new; then bugs that nobody asked for.
            bugs(&[]),
            bugs(&[1, 7]),
        ])
        .await;
        run(db, &scripted.url, &options()).await.unwrap();
        pass_hours(db, 24).await;
        let done = run(db, &scripted.url, &options()).await.unwrap();
        assert_eq!((done.changed.removed, done.asked_again), (1, 4));
        assert_eq!(stored(db).await, ["1 s1", "3 s3", "4 s4"]);
        let asked = scripted.asked();
        let starts: Vec<&str> = asked[3..]
            .iter()
            .map(|query| query.split('&').next().unwrap())
            .collect();
        assert_eq!(starts, ["id=1%2C2%2C3%2C4", "id=2%2C3%2C4", "id=2"]);
        pass_hours(db, 24).await;
        let error = run(db, &scripted.url, &options()).await.unwrap_err();
        assert!(matches!(error, ImportError::Others), "{error}");
        assert_eq!(stored(db).await, ["1 s1", "3 s3", "4 s4"]);
    }
}
