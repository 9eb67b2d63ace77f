//! What becomes of the objects that there are.

use std::collections::BTreeMap;

use platform::queue;
use serde_json::json;

use super::site::{DAY, Site, id, problems, run};
use crate::db::{self, Cursor, Filter, State};
use crate::keys;
use crate::rebuild::*;

#[tokio::test]
async fn a_taken_over_bucket_gets_its_rows_and_nothing_is_queued() {
    for site in Site::all().await {
        let (processed, alone) = (id(1, DAY), id(2, "260603"));
        site.put_both(&processed).await;
        // Python writes what is no JSON; old reports lack what newer ones have.
        let raw = format!(r#"{{"ProductName": "Fenix", "Odd": "\ud83d", "uuid": "{alone}", "Number": NaN}}"#);
        site.put(&keys::raw_crash(&alone), raw).await;
        // Beside the crashes.
        site.put(&keys::dump_names(&processed), "[\"upload_file_minidump\"]")
            .await;
        site.put("v1/raw_crash/20260603/readme.txt", "x").await;
        site.put("v1/raw_crash/other/x", "x").await;
        site.put("test/testfile-1.txt", "test").await;

        let (counts, told) = site.run().await;
        let expected = Counts {
            days: 2,
            crashes: 2,
            processed: 1,
            received: 1,
            search_rows: 1,
            foreign: 1,
            ..Counts::default()
        };
        assert_eq!(counts, expected, "{told:?}");
        let row = site.row(&processed).await.unwrap();
        assert_eq!(row.state, State::Processed);
        assert_eq!(row.received, 1_780_308_000_250_000);
        assert_eq!((row.version.as_str(), row.signature.as_str()), ("153.0b3", "a | b"));
        let by_signature = Filter {
            signature: "a | b".to_owned(),
            ..Filter::default()
        };
        let page = db::list(&site.test.db, &by_signature, None::<&Cursor>, 9);
        assert_eq!(page.await.unwrap().len(), 1, "it is found by its signature");
        let document = site.document(&processed).await.unwrap();
        assert_eq!(document["signature"], "a | b");
        let row = site.row(&alone).await.unwrap();
        assert_eq!((row.state, row.product.as_str()), (State::Received, "Fenix"));
        assert_eq!(row.received, crate::received::day_of(&alone));
        assert_eq!(site.document(&alone).await, None);
        for id in [&processed, &alone] {
            assert!(queue::job_of(&site.test.db, id.as_str()).await.unwrap().is_none());
        }

        let (counts, _) = site.run().await;
        assert_eq!((counts.written(), counts.search_rows, counts.unchanged), (0, 0, 2));
    }
}

#[tokio::test]
async fn rows_that_differ_are_written_again_and_only_those_get_a_new_number() {
    for site in Site::all().await {
        for number in 1..=4 {
            site.put_both(&id(number, DAY)).await;
        }
        site.run().await;
        crate::sequence::step(&site.test.db, "a", 1).await.unwrap();
        site.execute("UPDATE crash SET signature = 'x' WHERE crash_id LIKE '00000001-%'")
            .await;
        site.execute("UPDATE search_row SET schema = 0 WHERE crash_id LIKE '00000002-%'")
            .await;
        site.execute("DELETE FROM search_row WHERE crash_id LIKE '00000003-%'")
            .await;
        let (counts, _) = site.run().await;
        assert_eq!((counts.replaced, counts.search_rows, counts.unchanged), (3, 2, 1));
        assert_eq!(site.row(&id(1, DAY)).await.unwrap().signature, "a | b");
        assert_eq!(db::unnumbered(&site.test.db).await.unwrap(), 2);
        let (counts, _) = site.run().await;
        assert_eq!((counts.written(), counts.unchanged), (0, 4));
    }
}

#[tokio::test]
async fn damaged_and_missing_objects_are_counted_and_stop_nothing() {
    for site in Site::all().await {
        let [raw, raw_of_processed, processed, orphan, deleted, well] = [1, 2, 3, 4, 5, 6].map(|n| id(n, DAY));
        site.put(&keys::raw_crash(&raw), "{").await;
        site.put_both(&raw_of_processed).await;
        site.put(&keys::raw_crash(&raw_of_processed), "[]").await;
        site.put_raw(&processed, &json!({})).await;
        site.put(&keys::processed_crash(&processed), "nothing").await;
        site.put_processed(&orphan, &json!({})).await;
        site.put_both(&deleted).await;
        site.put_both(&well).await;
        // A deletion that is not finished: the raw crash goes first.
        let mut tx = site.test.db.begin().await.unwrap();
        db::bury(&mut tx, &deleted, 0, 1).await.unwrap();
        db::day_is_swept(&mut tx, "20260601", 1).await.unwrap();
        tx.commit().await.unwrap();
        site.blobs.delete(&keys::raw_crash(&deleted)).await.unwrap();

        let (counts, told) = site.run().await;
        assert_eq!(
            problems(&told),
            [
                Problem::RawDamaged(raw.clone()),
                Problem::RawOfProcessedDamaged(raw_of_processed.clone()),
                Problem::ProcessedDamaged(processed.clone()),
                Problem::WithoutRaw(orphan.clone()),
            ]
        );
        assert_eq!(
            (counts.damaged, counts.missing, counts.processed, counts.received),
            (3, 1, 1, 1)
        );
        assert_eq!(site.row(&well).await.unwrap().state, State::Processed);
        assert_eq!(site.row(&processed).await.unwrap().state, State::Received);
        for id in [&raw, &raw_of_processed, &orphan] {
            assert_eq!(site.row(id).await, None);
        }
        // The next run finds the same, and changes nothing.
        let (counts, told) = site.run().await;
        assert_eq!((counts.written(), problems(&told).len()), (0, 4));
        // How many objects were listed is told: four raw crashes, and five processed ones.
        let listed = told.iter().rev().find_map(|one| match one {
            Told::At(progress) => Some((progress.day, progress.listed)),
            Told::Problem(_) | Told::Resumed(_) => None,
        });
        assert_eq!(listed, Some((None, 9)));
        // Nobody asks for missing raw crashes where only some days are gone through.
        let day = NaiveDate::from_ymd_opt(2026, 6, 1);
        for (from, to) in [(day, None), (None, day)] {
            let rebuild = Rebuild {
                from,
                to,
                ..site.rebuild()
            };
            let (counts, told) = run(&rebuild).await;
            assert_eq!((counts.crashes, counts.missing, problems(&told).len()), (4, 0, 3));
        }
    }
}

#[tokio::test]
async fn reports_that_collectors_have_yet_to_look_for_are_left_to_them() {
    for site in Site::all().await {
        let [swept, open, processed] = [(1, "260531"), (2, DAY), (3, DAY)].map(|(n, day)| id(n, day));
        // Accepted while the database was away.
        site.put_raw(&open, &json!({})).await;
        site.put_raw(&swept, &json!({})).await;
        site.put_both(&processed).await;
        let mut tx = site.test.db.begin().await.unwrap();
        db::day_is_swept(&mut tx, "20260531", 1).await.unwrap();
        tx.commit().await.unwrap();

        let (counts, told) = site.run().await;
        let expected = Counts {
            days: 2,
            crashes: 3,
            processed: 1,
            received: 1,
            search_rows: 1,
            left_to_collectors: 1,
            ..Counts::default()
        };
        assert_eq!(counts, expected, "{told:?}");
        assert_eq!(site.row(&swept).await.unwrap().state, State::Received);
        assert_eq!(site.row(&processed).await.unwrap().state, State::Processed);
        // Their sweep takes what has no row.
        let ids = [open.clone(), processed.clone()];
        let unknown = db::unknown_of(&site.test.db, &ids).await.unwrap();
        assert_eq!(unknown, std::slice::from_ref(&open));
        let (counts, _) = site.run().await;
        assert_eq!(
            (counts.written(), counts.unchanged, counts.left_to_collectors),
            (0, 2, 1)
        );
        // Once its row is there, it is a crash like any other.
        let row = crate::Received::of(&open, &crash::RawCrash::default());
        let mut tx = site.test.db.begin().await.unwrap();
        assert!(db::insert_received(&mut tx, &row).await.unwrap());
        tx.commit().await.unwrap();
        let (counts, _) = site.run().await;
        assert_eq!((counts.replaced, counts.left_to_collectors), (1, 0));
    }
}

#[tokio::test]
async fn a_row_is_kept_though_its_processed_crash_is_damaged() {
    for site in Site::all().await {
        let crash = id(1, DAY);
        site.put_both(&crash).await;
        site.run().await;
        site.put(&keys::processed_crash(&crash), "{").await;
        let (counts, told) = site.run().await;
        assert_eq!((counts.written(), counts.damaged), (0, 1));
        assert_eq!(problems(&told), [Problem::ProcessedDamaged(crash.clone())]);
        assert_eq!(site.row(&crash).await.unwrap().state, State::Processed);
    }
}

#[tokio::test]
async fn the_first_of_several_copies_counts() {
    for site in Site::all().await {
        // The order of ids is the other way round, and the first one came in on the day before.
        let [third, second, first] = [(1, DAY), (2, DAY), (3, "260531")].map(|(n, day)| id(n, day));
        for (id, time) in [
            (&third, "2026-06-01T10:00:03+00:00"),
            (&second, "2026-06-01T10:00:02+00:00"),
            (&first, "2026-05-31T10:00:01+00:00"),
        ] {
            site.put_raw(id, &json!({"CrashTime": "7", "submitted_timestamp": time}))
                .await;
        }
        let rebuild = Rebuild {
            from: NaiveDate::from_ymd_opt(2026, 6, 1),
            ..site.rebuild()
        };
        let (counts, _) = run(&rebuild).await;
        assert_eq!((counts.received, counts.duplicates), (1, 1));
        assert_eq!(site.row(&third).await.unwrap().duplicate_of, Some(second.clone()));
        site.execute("DELETE FROM crash").await;
        let (counts, _) = site.run().await;
        assert_eq!((counts.received, counts.duplicates), (1, 2));
        for id in [&second, &third] {
            let row = site.row(id).await.unwrap();
            assert_eq!((row.state, row.duplicate_of), (State::Duplicate, Some(first.clone())));
        }
        let (counts, _) = site.run().await;
        assert_eq!((counts.written(), counts.unchanged), (0, 3));
    }
}

#[tokio::test]
async fn more_crashes_than_one_batch_all_get_their_rows() {
    for site in Site::all().await {
        let many = rows::BATCH + 20;
        for number in 0..many {
            site.put_both(&id(number, DAY)).await;
        }
        let (counts, _) = site.run().await;
        assert_eq!(counts.processed, many as u64);
        let mut told = BTreeMap::new();
        let stop = CancellationToken::new();
        let mut tell = |one: Told| {
            if let Told::At(progress) = one {
                told.insert(progress.crashes, (progress.days, progress.of));
            }
        };
        let rebuilt = site.rebuild().run(&stop, &mut tell).await.unwrap();
        assert_eq!(rebuilt.counts.unchanged, many as u64);
        assert_eq!(told.get(&(many as u64)), Some(&(1, 1)));
        assert!(told.contains_key(&(rows::BATCH as u64)));
    }
}
