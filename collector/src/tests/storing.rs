//! How a report ends up in the blob store, the database and the queue.

use crashstore::db::{self, State};
use crashstore::report::load_raw;
use platform_testing::databases;

use super::*;

fn crash(time: &str) -> Vec<u8> {
    form(&[
        ("ProductName", "Fire\0fox"),
        ("Version", "128.0"),
        ("ReleaseChannel", "beta"),
        ("BuildID", "20260801000000"),
        ("CrashTime", time),
    ])
}

#[tokio::test]
async fn an_accepted_report_is_durable_known_and_wanted() {
    for test in databases().await {
        let running = running(Settings::default(), &test.db, test.folder.path());
        let id = accepted(&post(&running.router, &[], crash("1")).await);
        assert!(load_raw(&running.blobs, &id).await.unwrap().is_some());
        let row = db::get(&running.db, &id).await.unwrap().unwrap();
        assert_eq!(row.state, State::Received);
        assert_eq!(
            (
                row.product.as_str(),
                row.version.as_str(),
                row.channel.as_str(),
                row.build_id.as_str()
            ),
            ("Firefox", "128.0", "beta", "20260801000000")
        );
        let jobs = jobs(&running.db).await;
        assert_eq!(
            jobs.iter().map(|job| job.crash_id.as_str()).collect::<Vec<_>>(),
            [id.as_str()]
        );
        assert!(running.collector.0.unrecorded.ids().is_empty());
    }
}

#[tokio::test]
async fn many_reports_at_once_are_all_recorded() {
    for test in databases().await {
        let running = running(Settings::default(), &test.db, test.folder.path());
        let bodies: Vec<Vec<u8>> = (0..40).map(|n| crash(&n.to_string())).collect();
        let posts = bodies.into_iter().map(|body| post(&running.router, &[], body));
        let answers = futures::future::join_all(posts).await;
        let ids: Vec<_> = answers.iter().map(accepted).collect();
        until(async || db::unknown_of(&running.db, &ids).await.unwrap().is_empty()).await;
        assert_eq!(jobs(&running.db).await.len(), 40);
    }
}

#[tokio::test]
async fn copies_within_the_window_get_the_first_id() {
    for test in databases().await {
        let running = running(Settings::default(), &test.db, test.folder.path());
        let again = form(&[
            ("ProductName", "Fire\0fox"),
            ("Version", "128.0"),
            ("ReleaseChannel", "beta"),
            ("BuildID", "20260801000000"),
            ("CrashTime", "1"),
            ("Throttleable", "0"),
            ("SubmittedFrom", "AboutCrashes"),
        ]);
        let (first, second) = tokio::join!(
            post(&running.router, &[], crash("1")),
            post(&running.router, &[], crash("1"))
        );
        let id = accepted(&first);
        assert_eq!(accepted(&second), id);
        assert_eq!(accepted(&post(&running.router, &[], again).await), id);
        assert_ne!(accepted(&post(&running.router, &[], crash("2")).await), id);
        assert_eq!(jobs(&running.db).await.len(), 2);

        // Another process, or the same one after a restart, consults the database.
        let other = super::running(Settings::default(), &test.db, test.folder.path());
        assert_eq!(accepted(&post(&other.router, &[], crash("1")).await), id);

        // A deleted report no longer counts as the first copy.
        let deleted = accepted(&post(&running.router, &[], crash("3")).await);
        crashstore::deletion::delete(
            &running.db,
            &running.blobs,
            &deleted,
            &platform::access::Actor::default(),
        )
        .await
        .unwrap();
        let anew = accepted(&post(&running.router, &[], crash("3")).await);
        assert_ne!(anew, deleted);
        assert!(load_raw(&running.blobs, &anew).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn later_copies_are_stored_and_not_processed() {
    for test in databases().await {
        let settings = Settings {
            duplicate_window_seconds: 0,
            ..Settings::default()
        };
        let running = running(settings, &test.db, test.folder.path());
        let first = accepted(&post(&running.router, &[], crash("1")).await);
        until(async || db::get(&running.db, &first).await.unwrap().is_some()).await;
        let second = accepted(&post(&running.router, &[], crash("1")).await);
        assert_ne!(first, second);
        let row = db::get(&running.db, &second).await.unwrap().unwrap();
        assert_eq!((row.state, row.duplicate_of), (State::Duplicate, Some(first.clone())));
        assert!(load_raw(&running.blobs, &second).await.unwrap().is_some());
        let jobs = jobs(&running.db).await;
        assert_eq!(
            jobs.iter().map(|job| job.crash_id.as_str()).collect::<Vec<_>>(),
            [first.as_str()]
        );
    }
}

#[tokio::test]
async fn reports_that_two_users_could_send_are_never_copies() {
    let (running, _folder) = on_sqlite(Settings::default()).await;
    let body = form(&[("ProductName", "Focus"), ("JavaStackTrace", "a")]);
    let first = accepted(&post(&running.router, &[], body.clone()).await);
    assert_ne!(accepted(&post(&running.router, &[], body).await), first);
}

#[tokio::test]
async fn an_unavailable_database_loses_nothing() {
    for test in databases().await {
        let away = platform::db::Db::connect(&test.settings, test.folder.path())
            .await
            .unwrap();
        let running = running(Settings::default(), &away, test.folder.path());
        away.close().await;
        let id = accepted(&post(&running.router, &[], crash("1")).await);
        assert_eq!(running.collector.0.unrecorded.ids(), vec![id.clone()]);
        assert_eq!(db::get(&test.db, &id).await.unwrap(), None);

        // The next process finds it without help.
        let next = super::running(Settings::default(), &test.db, test.folder.path());
        until(async || db::get(&next.db, &id).await.unwrap().is_some()).await;
        let row = db::get(&next.db, &id).await.unwrap().unwrap();
        assert_eq!((row.product.as_str(), row.state), ("Firefox", State::Received));
        assert_eq!(jobs(&next.db).await.len(), 1);
        assert_eq!(accepted(&post(&next.router, &[], crash("1")).await), id);
    }
}

#[tokio::test]
async fn the_sweep_records_what_the_writer_could_not() {
    for test in databases().await {
        let (collector, blobs) = stopped(Settings::default(), &test.db, test.folder.path());
        // No rows are written yet.
        let first = accepted(&post(&collector.router(), &[], crash("1")).await);
        assert_eq!(collector.0.unrecorded.ids(), vec![first.clone()]);
        let lost: crash::CrashId = "de1bb258-cbbf-4589-a673-34f800160918".parse().unwrap();
        drop(collector.0.unrecorded.guard(lost.clone()));
        let damaged: crash::CrashId = "de1bb258-cbbf-4589-a673-34f800160919".parse().unwrap();
        blobs
            .create(&crashstore::keys::raw_crash(&damaged), "{".into())
            .await
            .unwrap();
        drop(collector.0.unrecorded.guard(damaged));

        assert_eq!(collector.0.sweep_unrecorded().await.unwrap(), 1);
        // A missing report may still be on its way, and is looked for once more.
        assert_eq!(collector.0.unrecorded.ids(), [lost]);
        assert_eq!(collector.0.sweep_unrecorded().await.unwrap(), 0);
        assert!(collector.0.unrecorded.ids().is_empty());
        assert_eq!(jobs(&test.db).await.len(), 1);
        assert_eq!(collector.0.sweep_everything().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn rebuilt_rows_are_those_that_were_written() {
    for test in databases().await {
        let running = running(Settings::default(), &test.db, test.folder.path());
        let id = accepted(&post(&running.router, &[], crash("1")).await);
        until(async || db::get(&running.db, &id).await.unwrap().is_some()).await;
        let written = db::get(&running.db, &id).await.unwrap().unwrap();
        let mut tx = running.db.begin().await.unwrap();
        // Lost without a trace, as if the table had been lost.
        db::bury(&mut tx, &id, 0, 0).await.unwrap();
        db::cleaned(&mut tx, &id, 0).await.unwrap();
        tx.commit().await.unwrap();
        crashstore::sequence::step(&running.db, "one", 0).await.unwrap();
        let mut tx = running.db.begin().await.unwrap();
        assert_eq!(db::forget(&mut tx, std::slice::from_ref(&id)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        until(async || {
            running.collector.0.sweep_everything().await.unwrap();
            db::get(&running.db, &id).await.unwrap().is_some()
        })
        .await;
        assert_eq!(db::get(&running.db, &id).await.unwrap().unwrap(), written);
    }
}

#[tokio::test]
async fn a_day_that_was_swept_is_not_read_again() {
    for test in databases().await {
        let (collector, blobs) = stopped(Settings::default(), &test.db, test.folder.path());
        let id = |text: &str| text.parse::<crash::CrashId>().unwrap();
        let save = async |text: &str| {
            let raw = crash::RawCrash::default();
            crashstore::report::save(&blobs, &id(text), &raw, &Default::default())
                .await
                .unwrap();
        };
        let (past, today) = (
            "de1bb258-cbbf-4589-a673-34f800160918".to_owned(),
            crash::CrashId::new([1; 16], crash::Throttle::Accept, platform::clock::now()),
        );
        save(&past).await;
        save(today.as_str()).await;
        assert_eq!(collector.0.sweep_everything().await.unwrap(), 2);
        assert_eq!(db::swept_days(&test.db).await.unwrap(), ["20160918"]);
        // A report of a past day must come with its row; one of today need not.
        save("ee1bb258-cbbf-4589-a673-34f800160918").await;
        save(&today.as_str().replacen("01", "02", 1)).await;
        assert_eq!(collector.0.sweep_everything().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_report_of_a_past_day_is_acknowledged_only_with_its_row() {
    for test in databases().await {
        let settings = Settings {
            submitter_token: Some("secret".into()),
            ..Settings::default()
        };
        // No rows are written.
        let (collector, _) = stopped(settings, &test.db, test.folder.path());
        let chosen = |id: &str| form(&[("CrashTime", "1"), ("uuid", id)]);
        let headers = [("authorization", "Bearer secret")];
        let past = chosen("de1bb258-cbbf-4589-a673-34f800160918");
        let answered = post(&collector.router(), &headers, past).await;
        assert_eq!(answered.status.as_u16(), 503);
        let today = crash::CrashId::new([1; 16], crash::Throttle::Accept, platform::clock::now());
        let answered = post(&collector.router(), &headers, chosen(today.as_str())).await;
        assert_eq!(accepted(&answered), today);
    }
}

#[tokio::test]
async fn a_deleted_report_is_not_taken_again_and_not_swept() {
    for test in databases().await {
        let settings = Settings {
            submitter_token: Some("secret".into()),
            ..Settings::default()
        };
        let running = running(settings, &test.db, test.folder.path());
        let id = crash::CrashId::new([1; 16], crash::Throttle::Accept, platform::clock::now());
        let send = async || {
            let body = form(&[("CrashTime", "1"), ("uuid", id.as_str())]);
            post(&running.router, &[("authorization", "Bearer secret")], body).await
        };
        assert_eq!(accepted(&send().await), id);
        let by = platform::access::Actor::default();
        let delete = crashstore::deletion::delete(&running.db, &running.blobs, &id, &by);
        assert_eq!(delete.await.unwrap(), crashstore::deletion::Deletion::Done);
        assert_eq!(send().await.body, "Discarded=rule_deleted");
        assert!(load_raw(&running.blobs, &id).await.unwrap().is_none());

        // Accepted because the database did not answer in time: its row still says deleted, and the report is removed
        // again.
        let raw = crash::RawCrash::default();
        crashstore::report::save(&running.blobs, &id, &raw, &Default::default())
            .await
            .unwrap();
        assert_eq!(running.collector.0.sweep_everything().await.unwrap(), 0);
        let row = db::get(&running.db, &id).await.unwrap().unwrap();
        assert_eq!(row.state, State::Deleted);
        assert_eq!(jobs(&running.db).await.len(), 0);
    }
}

#[tokio::test]
async fn a_blob_store_that_fails_is_never_acknowledged() {
    let (running, folder) = on_sqlite(Settings::default()).await;
    let blobs = folder.path().join("blobs");
    std::fs::remove_dir_all(&blobs).unwrap();
    std::fs::write(&blobs, "a file where the folder was").unwrap();
    let answered = post(&running.router, &[], crash("1")).await;
    assert_eq!((answered.status.as_u16(), answered.body.as_str()), (503, ""));
    std::fs::remove_file(&blobs).unwrap();
    std::fs::create_dir(&blobs).unwrap();
    accepted(&post(&running.router, &[], crash("1")).await);
}

#[tokio::test]
async fn a_chosen_id_is_kept_once() {
    let settings = Settings {
        submitter_token: Some("secret".into()),
        ..Settings::default()
    };
    let (running, _folder) = on_sqlite(settings).await;
    let id = "de1bb258-cbbf-4589-a673-34f800160918";
    for time in ["1", "1", "2"] {
        let body = form(&[("CrashTime", time), ("uuid", id)]);
        let answered = post(&running.router, &[("authorization", "Bearer secret")], body).await;
        assert_eq!(accepted(&answered).as_str(), id);
    }
    let raw = load_raw(&running.blobs, &id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(raw.text("CrashTime"), Some("1"));
    until(async || db::get(&running.db, &id.parse().unwrap()).await.unwrap().is_some()).await;
    assert_eq!(jobs(&running.db).await.len(), 1);
}

#[tokio::test]
async fn the_background_part_runs_once_and_stops() {
    let (running, _folder) = on_sqlite(Settings::default()).await;
    until(async || running.collector.0.waiting_rows.lock().unwrap().is_none()).await;
    assert!(running.collector.run(CancellationToken::new()).await.is_err());
    running.stop.cancel();
    until(async || running._task.is_finished()).await;
}
