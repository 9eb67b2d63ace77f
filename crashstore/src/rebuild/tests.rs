//! Rows made again, over both databases, from objects as they stand in a store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::FutureExt;
use platform::access::Actor;
use platform::blobs::BlobSettings;
use platform::queue::{self, Claimant, Kind, Lane, LaneOrder};
use platform_testing::{TestDb, databases, interrupted};
use serde_json::{Value, json};

use super::*;
use crate::db::{self, Cursor, Filter, State, Summary};
use crate::{keys, search};

/// The day of most crashes here.
const DAY: &str = "260601";

fn id(number: usize, day: &str) -> CrashId {
    format!("{number:08x}-cbbf-4589-a673-34f800{day}").parse().unwrap()
}

/// A database and a store beside it.
struct Site {
    test: TestDb,
    blobs: Blobs,
}

impl Site {
    async fn all() -> Vec<Self> {
        let tests = databases().await.into_iter();
        let site = |test: TestDb| Self {
            blobs: Blobs::open(&BlobSettings::default(), test.folder.path()).unwrap(),
            test,
        };
        tests.map(site).collect()
    }

    fn rebuild(&self) -> Rebuild {
        Rebuild {
            db: self.test.db.clone(),
            blobs: self.blobs.clone(),
            store: "here".to_owned(),
            from: None,
            to: None,
            anew: false,
            lookup_name: str::to_owned,
        }
    }

    async fn run(&self) -> (Counts, Vec<Told>) {
        run(&self.rebuild()).await
    }

    async fn put(&self, key: &str, body: impl Into<Bytes>) {
        self.blobs.replace(key, body.into()).await.unwrap();
    }

    /// Puts a raw crash as Antenna writes it.
    async fn put_raw(&self, id: &CrashId, changes: &Value) {
        let mut raw = json!({
            "ProductName": "Firefox", "Version": "153.0", "ReleaseChannel": "beta", "BuildID": "20260501000000",
            "uuid": id, "submitted_timestamp": "2026-06-01T10:00:00.250000+00:00", "version": 2,
            "metadata": {
                "payload": "multipart", "payload_compressed": "0", "payload_size": 7, "collector_notes": [],
                "dump_checksums": {}, "user_agent": "None", "throttle_rule": "ACCEPT",
            },
        });
        merge(&mut raw, changes);
        self.put(&keys::raw_crash(id), raw.to_string()).await;
    }

    /// Puts a processed crash as Socorro writes it: without what is our own.
    async fn put_processed(&self, id: &CrashId, changes: &Value) {
        let mut processed = json!({
            "crash_id": id, "uuid": id, "product": "Firefox", "version": "153.0b3", "release_channel": "beta",
            "build": "20260501000000", "os_name": "Linux", "process_type": "parent", "signature": "a | b",
            "reason": "SIGSEGV", "success": true, "submitted_timestamp": "2026-06-01T10:00:00.250000+00:00",
            "date_processed": "2026-06-01T10:00:00.250000+00:00",
            "completed_datetime": "2026-06-01T10:00:09+00:00",
        });
        merge(&mut processed, changes);
        self.put(&keys::processed_crash(id), processed.to_string()).await;
    }

    async fn put_both(&self, id: &CrashId) {
        self.put_raw(id, &json!({})).await;
        self.put_processed(id, &json!({})).await;
    }

    async fn row(&self, id: &CrashId) -> Option<Summary> {
        db::get(&self.test.db, id).await.unwrap()
    }

    /// The search document of a crash.
    async fn document(&self, id: &CrashId) -> Option<Value> {
        let found = db::search_documents(&self.test.db, std::slice::from_ref(id)).await;
        let (_, doc) = found.unwrap().pop()?;
        search::read_document(&doc).map(Value::Object)
    }

    /// Writes to the database.
    async fn execute(&self, sql: &'static str) {
        let mut tx = self.test.db.begin().await.unwrap();
        platform::in_tx!(&mut tx, |conn| sqlx::query(sql).execute(conn).await.map(|_| ())).unwrap();
        tx.commit().await.unwrap();
    }
}

fn merge(document: &mut Value, changes: &Value) {
    let document = document.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(document.remove(name)),
            value => drop(document.insert(name.clone(), value.clone())),
        }
    }
}

async fn run(rebuild: &Rebuild) -> (Counts, Vec<Told>) {
    let mut told = Vec::new();
    let stop = CancellationToken::new();
    let rebuilt = rebuild.run(&stop, &mut |one| told.push(one)).await.unwrap();
    assert!(!rebuilt.stopped);
    (rebuilt.counts, told)
}

fn problems(told: &[Told]) -> Vec<Problem> {
    let problem = |told: &Told| match told {
        Told::Problem(problem) => Some(problem.clone()),
        Told::At(_) | Told::Resumed(_) => None,
    };
    told.iter().filter_map(problem).collect()
}

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
async fn damaged_and_missing_objects_are_counted_and_stop_nothing() {
    for site in Site::all().await {
        let [raw, raw_of_processed, processed, orphan, deleted, well] = [1, 2, 3, 4, 5, 6].map(|n| id(n, DAY));
        site.put(&keys::raw_crash(&raw), "{").await;
        site.put_both(&raw_of_processed).await;
        site.put(&keys::raw_crash(&raw_of_processed), "[]").await;
        site.put_raw(&processed, &json!({})).await;
        site.put(&keys::processed_crash(&processed), "nothing").await;
        site.put_processed(&orphan, &json!({})).await;
        site.put_processed(&id(7, "250101"), &json!({})).await;
        site.put_both(&deleted).await;
        site.put_both(&well).await;
        // A deletion that is not finished: the raw crash goes first.
        let mut tx = site.test.db.begin().await.unwrap();
        db::bury(&mut tx, &deleted, 0, 1).await.unwrap();
        tx.commit().await.unwrap();
        site.blobs.delete(&keys::raw_crash(&deleted)).await.unwrap();

        let rebuild = Rebuild {
            from: NaiveDate::from_ymd_opt(2026, 1, 1),
            ..site.rebuild()
        };
        let (counts, told) = run(&rebuild).await;
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
        let (counts, told) = run(&rebuild).await;
        assert_eq!((counts.written(), problems(&told).len()), (0, 4));
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
async fn one_object_that_the_store_does_not_give_out_is_damaged() {
    for site in Site::all().await {
        let (broken, well) = (id(1, DAY), id(2, DAY));
        site.put_both(&broken).await;
        site.put_both(&well).await;
        let at = format!("before read {}", keys::raw_crash(&broken));
        let interruption = Arc::new(move |moment: String| std::future::ready(moment != at).boxed());
        let rebuild = Rebuild {
            blobs: interrupted(&site.blobs, interruption),
            ..site.rebuild()
        };
        let (counts, told) = run(&rebuild).await;
        assert_eq!((counts.processed, counts.damaged), (1, 1));
        assert_eq!(problems(&told), [Problem::RawOfProcessedDamaged(broken)]);
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
