//! Failures while a crash is processed: it is deleted, another worker takes it over, a store is away, the work panics.

use std::sync::atomic::{AtomicUsize, Ordering};

use crashstore::db::Standing;
use crashstore::deletion;
use crashstore::search::SCHEMA;
use crashstore::upkeep;
use platform::clock;
use platform::queue::{JobState, LEASE};

use super::*;

impl Bench {
    fn interrupt(&self, interruption: Option<Interruption>) {
        *self.interruption.lock().unwrap() = interruption;
    }

    /// Another crash of the same kind, as number `n`.
    fn with_crash(&mut self, n: usize) {
        self.id = format!("{n:08x}-cbbf-4589-a673-34f800260601").parse().unwrap();
    }

    /// The moments of the next piece of work, which is of this kind, in order.
    async fn moments(&self, kind: Kind) -> Vec<Moment> {
        let seen: Arc<Mutex<Vec<Moment>>> = Arc::default();
        let record = Arc::clone(&seen);
        self.interrupt(Some(Arc::new(move |moment| {
            record.lock().unwrap().push(moment);
            Box::pin(async { true })
        })));
        self.work().await;
        self.interrupt(None);
        let moments = seen.lock().unwrap().clone();
        // Before and after the one object that is read, or more.
        let at_least = if kind == Kind::Renew { 2 } else { 9 };
        assert!(moments.len() >= at_least, "{moments:?}");
        moments
    }

    /// Does something at the `n`-th moment from now on.
    fn at_moment<F>(&self, n: usize, act: F)
    where
        F: FnOnce() -> futures::future::BoxFuture<'static, ()> + Send + 'static,
    {
        let count = AtomicUsize::new(0);
        let act = Mutex::new(Some(act));
        self.interrupt(Some(Arc::new(move |_| {
            let is_now = count.fetch_add(1, Ordering::SeqCst) == n;
            let act = is_now.then(|| act.lock().unwrap().take()).flatten();
            Box::pin(async move {
                if let Some(act) = act {
                    act().await;
                }
                true
            })
        })));
    }

    async fn standing(&self) -> Standing {
        let found = crashstore::db::standing(&self.test.db, &self.id).await;
        found.unwrap().unwrap()
    }

    /// Everything stored of the crash.
    async fn objects(&self) -> Vec<String> {
        use futures::TryStreamExt;
        let mut chunks = self.blobs.key_chunks("v1");
        let mut found = Vec::new();
        while let Some(keys) = chunks.try_next().await.unwrap() {
            found.extend(keys.into_iter().filter(|key| key.contains(self.id.as_str())));
        }
        found.sort();
        found
    }

    async fn keep_up(&self) -> upkeep::Kept {
        upkeep::run(&self.test.db, &self.blobs, 0).await.unwrap()
    }

    /// A crash that waits for this kind of work.
    async fn prepare(&mut self, kind: Kind, n: usize) {
        self.with_crash(n);
        // Each has a build of its own, which is still unknown.
        let build = format!("2026051809{n:04}");
        let more = json!({"BuildID": build});
        self.submit(&more, &[(crash::MAIN_DUMP, b"")], true).await;
        if kind == Kind::Sign {
            self.work().await;
            self.push(Kind::Sign).await;
        }
        if kind == Kind::Enrich {
            self.work().await;
            let generation = buildinfo::db::latest_generation(&self.test.db).await;
            let next = generation.unwrap().n + 1;
            self.conclude_of(next, &build, "152.0b6").await;
            self.shared().lookup.refresh().await.unwrap();
            self.push(Kind::Enrich).await;
        }
        if kind == Kind::Renew {
            self.work().await;
            self.age(1).await;
            self.push(Kind::Renew).await;
        }
    }
}

/// Every bench with every kind of work, and a number for the crashes of the case.
async fn cases() -> Vec<(Bench, Kind)> {
    let mut cases = Vec::new();
    for kind in [Kind::Process, Kind::Sign, Kind::Enrich, Kind::Renew] {
        cases.extend(Bench::all().await.into_iter().map(|bench| (bench, kind)));
    }
    cases
}

#[tokio::test]
async fn a_crash_that_is_deleted_at_any_step_of_its_job_is_gone_for_good() {
    for (mut bench, kind) in cases().await {
        bench.prepare(kind, 1000).await;
        let moments = bench.moments(kind).await;
        for (n, moment) in moments.iter().enumerate() {
            bench.prepare(kind, n).await;
            let (db, blobs, id) = (bench.test.db.clone(), bench.blobs.clone(), bench.id.clone());
            bench.at_moment(n, move || {
                Box::pin(async move {
                    deletion::delete(&db, &blobs, &id, &platform::access::Actor::default())
                        .await
                        .unwrap();
                })
            });
            let outcomes = bench.work().await;
            bench.interrupt(None);
            let case = format!("{} {kind:?} {moment}: {outcomes:?}", bench.test.db.engine());
            assert_eq!(bench.row().await.state, State::Deleted, "{case}");
            assert_eq!(bench.form().await, None, "{case}");
            assert_eq!(bench.jobs().await, 0, "{case}");
            assert_eq!(bench.objects().await, [""; 0], "{case}");
            let found = output::load(&bench.test.db, &bench.blobs, &bench.id).await;
            assert!(matches!(found, Ok(Stored::None)), "{case}: {found:?}");
            // Neither the upkeep nor a late request brings it back.
            bench.keep_up().await;
            bench.push(Kind::Process).await;
            assert_eq!(bench.work().await, ["deleted"], "{case}");
            assert_eq!(bench.objects().await, [""; 0], "{case}");
            assert_eq!(bench.row().await.state, State::Deleted, "{case}");
        }
    }
}

#[tokio::test]
async fn a_worker_that_was_away_at_any_step_overwrites_nothing() {
    for (mut bench, kind) in cases().await {
        let folder = tempfile::tempdir().unwrap();
        let db = bench.test.db.clone();
        let other = processor(&db, bench.blobs.clone(), folder.path(), "other").await;
        bench.prepare(kind, 1000).await;
        let moments = bench.moments(kind).await;
        for (n, moment) in moments.iter().enumerate() {
            bench.prepare(kind, n).await;
            other.0.lookup.refresh().await.unwrap();
            let (successor, id) = (Arc::clone(&other.0), bench.id.clone());
            bench.at_moment(n, move || {
                Box::pin(async move {
                    // The lease has expired; or the job is done, and the crash is processed again.
                    let later = clock::now_micros() + clock::micros(LEASE) + 1;
                    let lanes = LaneOrder::default().next_order();
                    let mut jobs = queue::claim(&successor.db, &successor.claimant, &lanes, 1, later)
                        .await
                        .unwrap();
                    if jobs.is_empty() {
                        let mut tx = successor.db.begin().await.unwrap();
                        queue::push(&mut tx, id.as_str(), Kind::Process, Lane::Standard, 0)
                            .await
                            .unwrap();
                        tx.commit().await.unwrap();
                        jobs = successor.claim(&mut LaneOrder::default(), 1).await;
                    }
                    let outcome = successor.settle(&mut jobs[0]).await;
                    assert!(
                        ["processed", "signed", "enriched", "renewed"].contains(&outcome),
                        "{outcome}"
                    );
                })
            });
            let outcomes = bench.work().await;
            bench.interrupt(None);
            let case = format!("{} {kind:?} {moment}: {outcomes:?}", bench.test.db.engine());
            // If something was overwritten all the same, it is not shown, and is made again.
            if let Ok(Stored::Lost) = output::load(&db, &bench.blobs, &bench.id).await {
                assert_eq!(bench.work().await, ["processed"], "{case}");
            }
            let standing = bench.standing().await;
            assert_eq!(bench.processed().await.row_version(), standing.row_version, "{case}");
            bench.keep_up().await;
            assert_eq!(bench.standing().await.output, None, "{case}");
            assert_eq!(bench.form().await, Some((SCHEMA, standing.row_version)), "{case}");
            let key = crashstore::keys::processed_crash(&bench.id);
            let own = bench.blobs.get(&key, 1 << 20).await.unwrap().unwrap();
            let own = ProcessedCrash::from_json(&own).unwrap();
            assert_eq!(own, bench.processed().await, "{case}");
            let outputs = bench.objects().await;
            let outputs = outputs.iter().filter(|key| key.contains("output"));
            assert_eq!(outputs.count(), 0, "{case}");
            assert_eq!(bench.jobs().await, 0, "{case}");
        }
    }
}

#[tokio::test]
async fn a_worker_that_dies_at_any_step_leaves_nothing_behind() {
    for (mut bench, kind) in cases().await {
        bench.prepare(kind, 1000).await;
        let moments = bench.moments(kind).await;
        for (n, moment) in moments.iter().enumerate() {
            bench.prepare(kind, n).await;
            let mut jobs = bench.shared().claim(&mut LaneOrder::default(), 1).await;
            let mut job = jobs.pop().unwrap();
            let died = Arc::new(tokio::sync::Notify::new());
            let dying = Arc::clone(&died);
            bench.at_moment(n, move || {
                Box::pin(async move {
                    dying.notify_one();
                    std::future::pending::<()>().await;
                })
            });
            tokio::select! {
                _ = bench.shared().settle(&mut job) => {}
                () = died.notified() => {}
            }
            bench.interrupt(None);
            let case = format!("{} {kind:?} {moment}", bench.test.db.engine());
            // The lease has expired; another worker takes the job, if it still exists.
            let later = clock::now_micros() + clock::micros(LEASE) + 1;
            let lanes = LaneOrder::default().next_order();
            let claimed = queue::claim(&bench.test.db, &bench.shared().claimant, &lanes, 1, later);
            for mut job in claimed.await.unwrap() {
                bench.shared().settle(&mut job).await;
            }
            bench.keep_up().await;
            let standing = bench.standing().await;
            assert_eq!((standing.state, standing.output), (State::Processed, None), "{case}");
            assert_eq!(bench.form().await, Some((SCHEMA, standing.row_version)), "{case}");
            assert_eq!(bench.processed().await.row_version(), standing.row_version, "{case}");
            let outputs = bench.objects().await;
            let outputs = outputs.iter().filter(|key| key.contains("output"));
            assert_eq!(outputs.count(), 0, "{case}");
            assert_eq!(bench.jobs().await, 0, "{case}");
        }
    }
}

#[tokio::test]
async fn a_blob_store_that_is_away_is_not_the_crashs_fault() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        bench.interrupt(Some(Arc::new(|_| Box::pin(async { false }))));
        for _ in 0..3 {
            assert_eq!(bench.work().await, ["put off"]);
        }
        assert!(bench.shared().stores.are_away());
        let job = queue::job_of(&bench.test.db, bench.id.as_str()).await;
        let job = job.unwrap().unwrap();
        assert_eq!((job.state, &*job.reason), (JobState::Waiting, "the blob store failed"));
        // Nothing is claimed until it is back; then work resumes by itself.
        let stop = CancellationToken::new();
        let running = tokio::spawn(bench.processor.clone().run(stop.clone()));
        bench.interrupt(None);
        let done = async {
            while bench.jobs().await > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), done).await.unwrap();
        stop.cancel();
        running.await.unwrap().unwrap();
        assert_eq!(bench.row().await.state, State::Processed);
    }
}

#[tokio::test]
async fn a_crash_that_is_deleted_without_the_blob_store_is_deleted_and_cleaned_later() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        bench.work().await;
        bench.interrupt(Some(Arc::new(|_| Box::pin(async { false }))));
        let (db, blobs) = (&bench.test.db, &bench.shared().blobs);
        let deleted = deletion::delete(db, blobs, &bench.id, &platform::access::Actor::default()).await;
        assert_eq!(deleted.unwrap(), deletion::Deletion::ObjectsLater);
        bench.interrupt(None);
        assert_eq!(bench.row().await.state, State::Deleted);
        let left = crashstore::db::to_clean(db, i64::MAX, 10).await.unwrap();
        assert_eq!(left, std::slice::from_ref(&bench.id));
        let again = deletion::delete(db, blobs, &bench.id, &platform::access::Actor::default()).await;
        assert_eq!(again.unwrap(), deletion::Deletion::Done);
        assert_eq!(bench.objects().await, [""; 0]);
        let left = crashstore::db::to_clean(db, i64::MAX, 10).await.unwrap();
        assert_eq!(left, []);
    }
}

#[tokio::test]
async fn an_object_that_fails_alone_is_tried_again_ever_later_and_shown_in_the_end() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        // Only this crash's objects fail: the store itself is fine.
        let id = bench.id.to_string();
        bench.interrupt(Some(Arc::new(move |moment| {
            let fails = moment.contains(&id);
            Box::pin(async move { !fails })
        })));
        assert_eq!(bench.work().await, ["retried"]);
        let job = queue::job_of(&bench.test.db, bench.id.as_str()).await;
        let job = job.unwrap().unwrap();
        assert!(job.run_at > clock::now_micros() - 1_000_000);
        let mut jobs = {
            let later = job.run_at;
            let lanes = LaneOrder::default().next_order();
            queue::claim(&bench.test.db, &bench.shared().claimant, &lanes, 1, later)
                .await
                .unwrap()
        };
        let mut job = jobs.pop().unwrap();
        assert_eq!(job.failures, 1);
        job.failures = queue::MAX_FAILURES - 1;
        assert_eq!(bench.shared().settle(&mut job).await, "failed");
        let failed = queue::failed(&bench.test.db, None, 10).await.unwrap();
        assert_eq!(failed[0].reason, "the blob store failed");
    }
}

#[tokio::test]
async fn a_known_crash_whose_report_is_not_there_waits_for_it() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        bench
            .blobs
            .delete(&crashstore::keys::raw_crash(&bench.id))
            .await
            .unwrap();
        assert_eq!(bench.work().await, ["retried"]);
        assert_eq!(bench.jobs().await, 1);
    }
}

#[tokio::test]
async fn a_panic_ends_the_job_as_failed_and_its_claim() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        let mut jobs = bench.shared().claim(&mut LaneOrder::default(), 1).await;
        let job = jobs.pop().unwrap();
        let held = Held {
            shared: bench.shared(),
            job: job.clone(),
        };
        let work = async { panic!("at the crash of {}", job.crash_id) };
        assert_eq!(bench.shared().guarded(&job, work).await, "failed");
        assert_eq!(bench.shared().claims().len(), 1);
        drop(held);
        assert!(bench.shared().claims().is_empty());
        let failed = queue::failed(&bench.test.db, None, 10).await.unwrap();
        assert_eq!(failed[0].reason, "the processor panicked at this crash");
    }
}

#[tokio::test]
async fn texts_of_any_length_and_kind_are_processed_on_both_databases() {
    for bench in Bench::all().await {
        let long = "\u{1f980}".repeat(3_000);
        let hostile = json!({
            "ProductName": long, "Version": long, "ReleaseChannel": format!("be\u{0}ta{long}"),
            "BuildID": long, "ProcessType": long, "Vendor": long, "URL": long,
        });
        bench.submit(&hostile, &[(crash::MAIN_DUMP, b"")], false).await;
        assert_eq!(bench.work().await, ["processed"]);
        let row = bench.row().await;
        assert_eq!(row.state, State::Processed);
        for text in [&row.product, &row.version, &row.channel, &row.build_id] {
            assert!(text.len() <= 128, "{}", text.len());
        }
    }
}
