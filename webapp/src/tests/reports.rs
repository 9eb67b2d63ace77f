//! The page of a report.

use axum::http::StatusCode;
use crashstore::db::State;
use platform::queue::{self, Claimant, Kind, Lane, LaneOrder};

use super::{COPY, NO_ROW, NOT_THERE, ORPHAN, PROCESSED, RECEIVED, SECRET, WAITING, id, servers};
use crate::find;

#[tokio::test]
async fn nothing_protected_is_on_any_page_or_in_any_answer() {
    for server in servers().await {
        server.fill().await;
        for path in [
            "/".to_owned(),
            format!("/report/index/{PROCESSED}"),
            format!("/report/index/{COPY}"),
            format!("/report/index/{WAITING}"),
            format!("/api/ProcessedCrash/?crash_id={PROCESSED}"),
            format!("/api/ProcessedCrash/?crash_id={PROCESSED}&format=raw"),
            format!("/api/RawCrash/?crash_id={PROCESSED}"),
            format!("/api/RawCrash/?crash_id={PROCESSED}&format=raw"),
        ] {
            let answer = server.get(&path).await;
            assert!(!answer.body.contains(SECRET), "{path}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn what_was_processed_while_somebody_asked_is_not_processed_again() {
    for server in servers().await {
        server.fill().await;
        let job_of = async |crash| queue::job_of(&server.test.db, crash).await.unwrap();
        // It was waiting when the asking began, and is not any more.
        find::ask(&server.webapp, &id(PROCESSED), State::Received).await;
        assert_eq!(job_of(PROCESSED).await, None);
        find::ask(&server.webapp, &id(WAITING), State::Received).await;
        assert!(job_of(WAITING).await.is_some());
    }
}

#[tokio::test]
async fn a_report_page_tells_build_reason_and_stack() {
    for server in servers().await {
        server.fill().await;
        let page = server.get(&format!("/report/index/{PROCESSED}")).await;
        assert_eq!(page.status, StatusCode::OK);
        for part in [
            "mozilla::dom::A::B&#60;T&#62;",
            "Firefox 64.0b4",
            "inferred",
            "The build is listed among the releases under its final name.",
            "href=\"https://hg.mozilla.org/releases/mozilla-beta/rev/abc\" rel=\"noreferrer\"",
            "href=\"/builds/Firefox/beta/20181022150107\"",
            "none: it was the newest of its line",
            "EXCEPTION_ACCESS_VIOLATION_READ",
            "MOZ_RELEASE_ASSERT(&#60;mine&#62;)",
            "<tr class=\"inlined\">",
            "href=\"https://hg.mozilla.org/mozilla-central/file/9d1/dom/A.cpp#l5\"",
            "Main &#60;1&#62;",
            "org.a.Boom",
            "xul.dll",
            "second &#60;note&#62;",
            "about 10 crashes",
            "href=\"https://bugzilla.mozilla.org/enter_bug.cgi?",
            "short_desc=Crash%20in%20%5B%40%20mozilla%3A%3Adom%3A%3AA%3A%3AB%3CT%3E%5D\" rel=\"noreferrer\"",
        ] {
            assert!(page.body.contains(part), "{part} is not in {}", page.body);
        }
        let copy = server.get(&format!("/report/index/{COPY}")).await;
        assert_eq!(copy.status, StatusCode::OK);
        assert!(copy.body.contains("is a second copy of this report"));
    }
}

#[tokio::test]
async fn not_yet_and_not_there_and_not_an_id_are_three_pages() {
    for server in servers().await {
        server.fill().await;
        for (crash, status, part) in [
            (WAITING, StatusCode::OK, "http-equiv=\"refresh\""),
            (NO_ROW, StatusCode::OK, "Not processed yet"),
            (NOT_THERE, StatusCode::NOT_FOUND, "does not exist"),
            (ORPHAN, StatusCode::NOT_FOUND, "does not exist any more"),
            (
                "3d1bb258-cbbf-4589-a673-34f803260803",
                StatusCode::NOT_FOUND,
                "thrown away on receipt",
            ),
            ("3d1bb258", StatusCode::BAD_REQUEST, "Not a crash id"),
            ("bp-3d1bb258", StatusCode::BAD_REQUEST, "Not a crash id"),
        ] {
            let page = server.get(&format!("/report/index/{crash}")).await;
            assert_eq!(page.status, status, "{crash}");
            assert!(page.body.contains(part), "{crash}: {}", page.body);
        }
        let page = server.get(&format!("/report/index/bp-{PROCESSED}")).await;
        assert_eq!(page.status, StatusCode::FOUND);
        assert_eq!(page.location(), format!("/report/index/{PROCESSED}"));
    }
}

#[tokio::test]
async fn looking_at_a_waiting_report_puts_it_in_front_once() {
    for server in servers().await {
        server.fill().await;
        let claim = async || {
            let lanes = LaneOrder::default().next_order();
            let now = platform::clock::now_micros();
            queue::claim(&server.test.db, &Claimant::new("worker"), &lanes, 10, now)
                .await
                .unwrap()
        };
        server.get(&format!("/report/index/{NO_ROW}")).await;
        server.get(&format!("/report/index/{PROCESSED}")).await;
        assert_eq!(claim().await.len(), 0);
        server.get(&format!("/report/index/{WAITING}")).await;
        let jobs = claim().await;
        let found: Vec<_> = jobs
            .iter()
            .map(|job| (job.crash_id.as_str(), job.kind, job.lane))
            .collect();
        assert_eq!(found, [(WAITING, Kind::Process, Lane::Priority)]);
        // Finished, and not pushed again within the minute.
        let mut tx = server.test.db.begin().await.unwrap();
        assert!(queue::done(&mut tx, &jobs[0], RECEIVED).await.unwrap());
        tx.commit().await.unwrap();
        server.get(&format!("/report/index/{WAITING}")).await;
        assert_eq!(claim().await.len(), 0);
    }
}

#[tokio::test]
async fn a_failed_report_and_one_that_is_tried_again_say_so_with_the_reason() {
    for server in servers().await {
        server.fill().await;
        server.get(&format!("/report/index/{WAITING}")).await;
        let claimant = Claimant::new("worker");
        let claim = async |now| {
            let lanes = LaneOrder::default().next_order();
            let jobs = queue::claim(&server.test.db, &claimant, &lanes, 1, now).await;
            jobs.unwrap().remove(0)
        };
        let (now, later) = {
            let now = platform::clock::now_micros();
            (now, now + 40_000_000)
        };
        // Postponed because a store was away: it is due, and says why it waits.
        let job = claim(now).await;
        let mut tx = server.test.db.begin().await.unwrap();
        queue::release(&mut tx, &job, "the blob store failed").await.unwrap();
        tx.commit().await.unwrap();
        let page = server.get(&format!("/report/index/{WAITING}")).await;
        assert!(
            page.body.contains("did not succeed: the blob store failed"),
            "{}",
            page.body
        );
        let job = claim(now).await;
        let mut tx = server.test.db.begin().await.unwrap();
        queue::retry(&mut tx, &job, later, "the blob store failed")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let page = server.get(&format!("/report/index/{WAITING}")).await;
        assert!(page.body.contains("Not processed yet"), "{}", page.body);
        assert!(page.body.contains("the blob store failed"), "{}", page.body);
        let answer = server.get(&format!("/api/ProcessedCrash/?crash_id={WAITING}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.json()["state"], "waiting");
        assert_eq!(answer.json()["reason"], "the blob store failed");

        let job = claim(later).await;
        let mut tx = server.test.db.begin().await.unwrap();
        queue::fail(&mut tx, &job, later, "an object is damaged").await.unwrap();
        tx.commit().await.unwrap();
        let page = server.get(&format!("/report/index/{WAITING}")).await;
        for part in [
            "Could not be processed",
            "received at 2026-08-03 11:02:44",
            "an object is damaged",
            "--retry",
        ] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        assert!(!page.body.contains("http-equiv"), "it does not load itself");
        let answer = server.get(&format!("/api/ProcessedCrash/?crash_id={WAITING}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.json()["state"], "failed");
        assert_eq!(answer.json()["reason"], "an object is damaged");
    }
}

#[tokio::test]
async fn a_deleted_report_is_nowhere() {
    for server in servers().await {
        server.fill().await;
        let id = super::id(PROCESSED);
        crashstore::deletion::delete(&server.test.db, &server.blobs, &id, &platform::access::Actor::default())
            .await
            .unwrap();
        // Even if an object came back.
        server.save_raw(PROCESSED).await;
        let page = server.get(&format!("/report/index/{PROCESSED}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert!(!server.get("/").await.body.contains(PROCESSED));
        for api in ["ProcessedCrash", "RawCrash"] {
            let answer = server.get(&format!("/api/{api}/?crash_id={PROCESSED}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{api}");
        }
        let copy = server.get(&format!("/report/index/{COPY}")).await;
        assert!(copy.body.contains("does not exist any more"));
    }
}
