//! What others do meanwhile, and what interrupts it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use platform::access::Actor;
use platform::queue::{self, Claimant, Kind, Lane, LaneOrder};
use platform_testing::interrupted;
use serde_json::json;

use super::site::{DAY, Site, id, problems, run};
use crate::db::{self, State};
use crate::keys;
use crate::rebuild::*;

#[tokio::test]
async fn what_was_deleted_or_is_being_worked_on_is_left_alone() {
    for site in Site::all().await {
        let (deleted, claimed, newer) = (id(1, DAY), id(2, DAY), id(3, DAY));
        for id in [&deleted, &claimed, &newer] {
            site.put_both(id).await;
        }
        site.run().await;
        let by = Actor::default();
        crate::deletion::delete(&site.test.db, &site.blobs, &deleted, &by)
            .await
            .unwrap();
        // Its objects come back, as from a copy of the bucket.
        site.put_both(&deleted).await;
        let now = platform::clock::now_micros();
        let mut tx = site.test.db.begin().await.unwrap();
        queue::push(&mut tx, claimed.as_str(), Kind::Process, Lane::Standard, now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let lanes = LaneOrder::default().next_order();
        let jobs = queue::claim(&site.test.db, &Claimant::new("worker"), &lanes, 1, now).await;
        assert_eq!(jobs.unwrap().len(), 1);
        // The database knows a newer one than the store.
        site.execute("UPDATE crash SET row_version = 7 WHERE crash_id LIKE '00000003-%'")
            .await;
        site.execute("UPDATE crash SET signature = 'x' WHERE signature <> ''")
            .await;
        let (counts, told) = site.run().await;
        let expected = Counts {
            days: 1,
            crashes: 3,
            deleted: 1,
            left_to_others: 1,
            missing: 1,
            ..Counts::default()
        };
        assert_eq!(counts, expected);
        assert_eq!(problems(&told), [Problem::ProcessedLost(newer.clone())]);
        assert_eq!(site.row(&deleted).await.unwrap().state, State::Deleted);
        assert_eq!(site.document(&deleted).await, None);
        for id in [&claimed, &newer] {
            assert_eq!(site.row(id).await.unwrap().signature, "x");
        }
    }
}

#[tokio::test]
async fn an_output_that_is_not_copied_yet_is_the_one_that_counts() {
    for site in Site::all().await {
        let crash = id(1, DAY);
        site.put_both(&crash).await;
        site.run().await;
        let newer = json!({"signature": "newer", "row_version": 5, "product": "Firefox"});
        site.put(&keys::output(&crash, "claim"), newer.to_string()).await;
        site.execute("UPDATE crash SET output = 'claim', row_version = 5").await;
        let (counts, _) = site.run().await;
        assert_eq!((counts.replaced, counts.search_rows), (1, 1));
        assert_eq!(site.row(&crash).await.unwrap().signature, "newer");
        let standing = db::standing(&site.test.db, &crash).await.unwrap().unwrap();
        assert_eq!((standing.row_version, standing.output.as_deref()), (5, Some("claim")));
    }
}

#[tokio::test]
async fn whoever_writes_a_crash_meanwhile_wins() {
    for site in Site::all().await {
        let [received, finished, buried] = [1, 2, 3].map(|n| id(n, DAY));
        for id in [&received, &finished, &buried] {
            site.put_both(id).await;
        }
        site.run().await;
        site.execute("DELETE FROM crash WHERE crash_id LIKE '00000001-%'").await;
        site.execute("UPDATE crash SET signature = 'x' WHERE signature <> ''")
            .await;
        let (db, keys) = (
            site.test.db.clone(),
            [&received, &finished, &buried].map(keys::processed_crash),
        );
        let ids = [received.clone(), finished.clone(), buried.clone()];
        let meanwhile = Arc::new(move |moment: String| {
            let (db, keys, ids) = (db.clone(), keys.clone(), ids.clone());
            async move {
                let [received, finished, buried] = &ids;
                let at = |key: &String| moment == format!("after read {key}");
                let mut tx = db.begin().await.unwrap();
                if at(&keys[0]) {
                    let row = crate::Received::of(received, &crash::RawCrash::default());
                    assert!(db::insert_received(&mut tx, &row).await.unwrap());
                } else if at(&keys[1]) {
                    let output = db::Output {
                        row_version: 1,
                        claim: "c".to_owned(),
                    };
                    let found = db::Finished::default();
                    assert!(db::finish(&mut tx, finished, &found, 0, &output, 1).await.unwrap());
                } else if at(&keys[2]) {
                    db::bury(&mut tx, buried, 0, 1).await.unwrap();
                }
                tx.commit().await.unwrap();
                true
            }
            .boxed()
        });
        let rebuild = Rebuild {
            blobs: interrupted(&site.blobs, meanwhile),
            ..site.rebuild()
        };
        let (counts, told) = run(&rebuild).await;
        assert_eq!((counts.written(), counts.left_to_others), (0, 3), "{told:?}");
        assert_eq!(site.row(&received).await.unwrap().state, State::Received);
        assert_eq!(site.row(&finished).await.unwrap().signature, "");
        assert_eq!(site.row(&buried).await.unwrap().state, State::Deleted);
        assert_eq!(site.document(&buried).await, None);
    }
}

#[tokio::test]
async fn an_interrupted_run_goes_on_with_the_day_it_had_come_to() {
    for site in Site::all().await {
        for (number, day) in ["260531", "260601", "260602"].iter().enumerate() {
            site.put_both(&id(number, day)).await;
        }
        let second = keys::raw_crash(&id(1, "260601"));
        for stops in [true, false] {
            // Stopped by a person, or by a store that goes away.
            let stop = CancellationToken::new();
            let (at, token, away) = (format!("before read {second}"), stop.clone(), AtomicBool::new(false));
            let interruption = Arc::new(move |moment: String| {
                let waits = moment == at && stops;
                if waits {
                    token.cancel();
                } else if moment == at {
                    away.store(true, Ordering::SeqCst);
                }
                let goes_on = !away.load(Ordering::SeqCst);
                async move {
                    if waits {
                        std::future::pending::<()>().await;
                    }
                    goes_on
                }
                .boxed()
            });
            let rebuild = Rebuild {
                blobs: interrupted(&site.blobs, interruption),
                ..site.rebuild()
            };
            let mut told = Vec::new();
            let ended = rebuild.run(&stop, &mut |one| told.push(one)).await;
            match ended {
                Ok(rebuilt) => assert!(stops && rebuilt.stopped),
                Err(error) => assert!(!stops, "{error}"),
            }
            assert!(site.row(&id(0, "260531")).await.is_some());
            assert_eq!(site.row(&id(1, "260601")).await, None);
        }
        // Another store, and other days, begin with their first day.
        for rebuild in [
            Rebuild {
                store: "there".to_owned(),
                to: NaiveDate::from_ymd_opt(2026, 5, 31),
                ..site.rebuild()
            },
            Rebuild {
                to: NaiveDate::from_ymd_opt(2026, 5, 31),
                ..site.rebuild()
            },
        ] {
            assert_eq!(run(&rebuild).await.0.unchanged, 1);
        }
        let (counts, told) = site.run().await;
        assert_eq!((counts.days, counts.processed), (2, 2));
        assert_eq!(
            told.first(),
            Some(&Told::Resumed(NaiveDate::from_ymd_opt(2026, 5, 31).unwrap()))
        );
        // It came to its end: the next run begins with the first day.
        let (counts, told) = site.run().await;
        assert_eq!((counts.days, counts.unchanged), (3, 3));
        assert!(!matches!(told.first(), Some(Told::Resumed(_))));
    }
}

#[tokio::test]
async fn what_the_store_does_not_give_out_is_read_by_the_next_run() {
    for site in Site::all().await {
        let [first, raw, processed, last] =
            [(1, "260531"), (2, DAY), (3, DAY), (4, "260602")].map(|(number, day)| id(number, day));
        for id in [&first, &raw, &processed, &last] {
            site.put_both(id).await;
        }
        let before = |key: String| format!("before read {key}");
        let never = [before(keys::raw_crash(&raw)), before(keys::processed_crash(&processed))];
        // The second time it is given out.
        let (once, was_tried) = (before(keys::processed_crash(&first)), AtomicBool::new(false));
        let interruption = Arc::new(move |moment: String| {
            let fails = never.contains(&moment) || (moment == once && !was_tried.swap(true, Ordering::SeqCst));
            std::future::ready(!fails).boxed()
        });
        let rebuild = Rebuild {
            blobs: interrupted(&site.blobs, interruption),
            ..site.rebuild()
        };
        let (counts, told) = run(&rebuild).await;
        let expected = Counts {
            days: 3,
            crashes: 4,
            processed: 2,
            search_rows: 2,
            not_read: 2,
            ..Counts::default()
        };
        assert_eq!(counts, expected, "{told:?}");
        let not_read = [Problem::NotRead(raw.clone()), Problem::NotRead(processed.clone())];
        assert_eq!(problems(&told), not_read);
        for id in [&raw, &processed] {
            assert_eq!(site.row(id).await, None);
        }
        // Days after it were done, and it was not.
        let (counts, told) = site.run().await;
        let done = NaiveDate::from_ymd_opt(2026, 5, 31).unwrap();
        assert_eq!(told.first(), Some(&Told::Resumed(done)));
        assert_eq!((counts.days, counts.processed, counts.unchanged), (2, 2, 1));
        let (counts, told) = site.run().await;
        assert_eq!((counts.days, counts.unchanged), (3, 4), "{told:?}");
        // Rows that are there stay.
        let (counts, _) = run(&rebuild).await;
        assert_eq!((counts.written(), counts.unchanged, counts.not_read), (0, 2, 2));
        for id in [&raw, &processed] {
            assert_eq!(site.row(id).await.unwrap().state, State::Processed);
        }
    }
}
