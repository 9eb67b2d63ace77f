//! Search rows of older forms are made again, by whatever is done on their crash.

use crashstore::db::{SearchRow, first_place, search_rows_after};
use crashstore::search::{SCHEMA, read_document, stored_document};
use platform::in_tx;

use super::*;
use crate::worker::renewal::step;

impl Bench {
    /// Gives the search row an older form, as an earlier release left it.
    pub(super) async fn age(&self, form: i64) {
        const SQL: &str = "UPDATE search_row SET schema = $2, doc = $3 WHERE crash_id = $1";
        let mut tx = self.test.db.begin().await.unwrap();
        let rows = in_tx!(&mut tx, |conn| sqlx::query(SQL)
            .bind(self.id.as_str())
            .bind(form)
            .bind(&b"old"[..])
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(rows, 1);
    }

    /// The form of the search row, and the write that it is of.
    pub(super) async fn form(&self) -> Option<(i64, i64)> {
        crashstore::db::form_of(&self.test.db, &self.id).await.unwrap()
    }

    /// Gives numbers, and reads all search rows.
    async fn search_rows(&self) -> Vec<SearchRow> {
        let db = &self.test.db;
        crashstore::sequence::step(db, "test", platform::clock::now_micros())
            .await
            .unwrap();
        let tail = search_rows_after(db, first_place(db).await.unwrap(), 100).await;
        tail.unwrap().rows
    }

    /// Queues what has an older form, from the newest crash on; returns whether a row was there.
    async fn queue_older(&self) -> bool {
        let older = crashstore::db::older_forms(&self.test.db).await.unwrap();
        let forms: Vec<i64> = older.into_iter().map(|(form, _)| form).collect();
        step(self.shared(), &forms, &mut None).await.unwrap()
    }

    async fn object(&self, key: &str) -> Option<Bytes> {
        self.blobs.get(key, 1 << 20).await.unwrap()
    }
}

#[tokio::test]
async fn a_row_of_an_older_form_is_made_again_and_nothing_else() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        bench.work().await;
        assert!(!bench.queue_older().await, "every row has the newest form");
        let before = (bench.row().await, bench.processed().await, bench.form().await);
        let key = crashstore::keys::processed_crash(&bench.id);
        let object = bench.object(&key).await;
        let first = bench.search_rows().await.remove(0);
        bench.age(SCHEMA - 1).await;

        assert!(bench.queue_older().await);
        assert!(bench.queue_older().await, "it has a job");
        assert_eq!(bench.jobs().await, 1);
        assert_eq!(bench.work().await, ["renewed"]);
        assert!(!bench.queue_older().await);
        assert_eq!(bench.jobs().await, 0);
        assert_eq!((bench.row().await, bench.processed().await, bench.form().await), before);
        assert_eq!(bench.object(&key).await, object);
        let rows = bench.search_rows().await;
        let [row] = &rows[..] else { panic!("{rows:?}") };
        assert!(row.seq > first.seq, "readers learn of it");
        assert_eq!((row.date, row.row_version), (first.date, first.row_version));
        assert_eq!(read_document(&row.doc), read_document(&stored_document(&before.1)));
        // Asked once more, there is nothing to do.
        bench.push(Kind::Renew).await;
        assert_eq!(bench.work().await, ["renewed"]);
        assert_eq!(bench.search_rows().await, rows);
    }
}

#[tokio::test]
async fn enrichment_that_finds_nothing_new_makes_only_an_older_row_again() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        bench.work().await;
        let before = (bench.row().await, bench.processed().await, bench.form().await);
        let first = bench.search_rows().await;
        bench.push(Kind::Enrich).await;
        assert_eq!(bench.work().await, ["enriched"]);
        assert_eq!(bench.search_rows().await, first, "a row of the newest form stays");
        bench.age(2).await;
        bench.push(Kind::Enrich).await;
        assert_eq!(bench.work().await, ["enriched"]);
        assert_eq!((bench.row().await, bench.processed().await, bench.form().await), before);
        let rows = bench.search_rows().await;
        assert!(rows[0].seq > first[0].seq && rows[0].doc == first[0].doc);
    }
}

#[tokio::test]
async fn greater_work_on_a_crash_makes_its_row_again_too() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        bench.work().await;
        for kind in [Kind::Process, Kind::Enrich] {
            bench.age(1).await;
            assert!(bench.queue_older().await);
            if kind == Kind::Enrich {
                bench.conclude(1, "152.0b6").await;
                bench.shared().lookup.refresh().await.unwrap();
            }
            bench.push(kind).await;
            assert_eq!(bench.jobs().await, 1);
            let outcomes = bench.work().await;
            assert_eq!(outcomes, [if kind == Kind::Process { "processed" } else { "enriched" }]);
            assert!(!bench.queue_older().await);
            assert_eq!(bench.jobs().await, 0);
        }
    }
}

#[tokio::test]
async fn a_crash_whose_document_is_lost_or_damaged_is_processed_again() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        bench.work().await;
        let key = crashstore::keys::processed_crash(&bench.id);
        for (damaged, kind) in [
            (false, Kind::Renew),
            (true, Kind::Renew),
            (false, Kind::Enrich),
            (true, Kind::Enrich),
        ] {
            bench.age(1).await;
            let (_, version) = bench.form().await.unwrap();
            if damaged {
                bench.blobs.replace(&key, Bytes::from_static(b"{")).await.unwrap();
            } else {
                bench.blobs.delete(&key).await.unwrap();
            }
            bench.push(kind).await;
            assert_eq!(bench.work().await, ["processed"], "{damaged} {kind:?}");
            assert_eq!(bench.form().await, Some((SCHEMA, version + 1)));
            assert_eq!(bench.processed().await.row_version(), version + 1);
        }
    }
}

#[tokio::test]
async fn a_crash_of_which_nothing_is_left_ends_as_failed_and_is_left_alone() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        bench.work().await;
        bench.age(1).await;
        for key in [
            crashstore::keys::processed_crash(&bench.id),
            crashstore::keys::raw_crash(&bench.id),
        ] {
            bench.blobs.delete(&key).await.unwrap();
        }
        assert!(bench.queue_older().await);
        assert_eq!(bench.work().await, ["retried"]);
        let job = queue::job_of(&bench.test.db, bench.id.as_str()).await;
        let due = job.unwrap().unwrap().run_at;
        let lanes = LaneOrder::default().next_order();
        let jobs = queue::claim(&bench.test.db, &bench.shared().claimant, &lanes, 1, due).await;
        let mut job = jobs.unwrap().remove(0);
        job.failures = queue::MAX_FAILURES - 1;
        assert_eq!(bench.shared().settle(&mut job).await, "failed");
        for _ in 0..2 {
            assert!(bench.queue_older().await, "the row says what it is");
            assert!(bench.work().await.is_empty());
        }
        assert_eq!(bench.form().await, Some((1, 1)));
        let failed = queue::failed(&bench.test.db, None, 10).await.unwrap();
        assert_eq!(failed.len(), 1);
    }
}

#[tokio::test]
async fn only_a_few_are_queued_at_a_time_and_a_running_processor_makes_all_again() {
    for mut bench in Bench::all().await {
        const CRASHES: usize = 120;
        for n in 0..CRASHES {
            bench.id = format!("{n:08x}-cbbf-4589-a673-34f800260601").parse().unwrap();
            bench.submit(&json!({}), &[], true).await;
        }
        while !bench.work().await.is_empty() {}
        for n in 0..CRASHES {
            bench.id = format!("{n:08x}-cbbf-4589-a673-34f800260601").parse().unwrap();
            bench.age(1 + i64::try_from(n % 3).unwrap()).await;
        }
        for _ in 0..3 {
            assert!(bench.queue_older().await);
        }
        // The newest: of one moment, those with the highest ids.
        assert_eq!(bench.jobs().await, 100);
        let rest = queue::job_of(&bench.test.db, "00000013-cbbf-4589-a673-34f800260601").await;
        assert_eq!(rest.unwrap(), None);

        let stop = CancellationToken::new();
        let running = tokio::spawn(bench.processor.clone().run(stop.clone()));
        let feeding = tokio::spawn(bench.processor.clone().renew_search_rows(stop.clone()));
        let done = async {
            while !crashstore::db::older_forms(&bench.test.db).await.unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), done).await.unwrap();
        stop.cancel();
        running.await.unwrap().unwrap();
        feeding.await.unwrap().unwrap();
        assert_eq!(bench.jobs().await, 0);
    }
}
