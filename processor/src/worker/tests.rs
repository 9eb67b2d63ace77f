mod faults;
mod firsts;
mod renewal;
mod signing;

use std::collections::BTreeMap;

use buildinfo::db::{Step, changes_removed, finish_generation, write_steps};
use builds::{Build, Certainty, Product, Reason, Status};
use bytes::Bytes;
use crash::{CrashId, ProcessedCrash, RawCrash};
use crashstore::column::Name;
use crashstore::db::{State, Summary};
use crashstore::output::{self, Stored};
use crashstore::{Received, report};
use platform::blobs::BlobSettings;
use platform::db::progress;
use platform::queue::{Kind, Lane};
use platform_testing::{Interruption, Moment, TestDb, databases, interrupted};
use serde_json::{Value, json};

use super::*;

const BUILD: &str = "20260518091500";

/// A processor over a fresh database and folder.
struct Bench {
    test: TestDb,
    processor: Processor,
    id: CrashId,
    /// The store without interruptions.
    blobs: Blobs,
    interruption: Arc<Mutex<Option<Interruption>>>,
}

/// A processor over a database; its files are in `folder`.
async fn processor(db: &Db, blobs: Blobs, folder: &std::path::Path, owner: &str) -> Processor {
    let lookup = Lookup::new(db.clone());
    lookup.refresh().await.unwrap();
    Processor::start(ProcessorContext {
        db: db.clone(),
        blobs,
        wake: Wake::default(),
        lookup,
        // Nobody is asked for symbols.
        settings: Settings {
            symbols_urls: Some(Vec::new()),
            ..Settings::default()
        },
        data_dir: folder.to_owned(),
        owner: owner.to_owned(),
    })
    .unwrap()
}

impl Bench {
    async fn all() -> Vec<Self> {
        let mut benches = Vec::new();
        for test in databases().await {
            let blobs = Blobs::open(&BlobSettings::default(), test.folder.path()).unwrap();
            let interruption: Arc<Mutex<Option<Interruption>>> = Arc::default();
            let asked = Arc::clone(&interruption);
            let front: Interruption = Arc::new(move |moment| {
                let interruption = asked.lock().unwrap().clone();
                Box::pin(async move {
                    match interruption {
                        Some(interruption) => interruption(moment).await,
                        None => true,
                    }
                })
            });
            let front = interrupted(&blobs, front);
            let processor = processor(&test.db, front, test.folder.path(), "tester").await;
            benches.push(Self {
                test,
                processor,
                blobs,
                interruption,
                id: "de1bb258-cbbf-4589-a673-34f800260601".parse().unwrap(),
            });
        }
        benches
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.processor.0
    }

    /// Stores a report and pushes it, with or without its row.
    async fn submit(&self, more: &Value, dumps: &[(&str, &'static [u8])], with_row: bool) {
        let mut raw = json!({
            "uuid": self.id, "submitted_timestamp": "2026-06-01T10:58:40.234134+00:00",
            "ProductName": "Firefox", "Version": "152.0", "ReleaseChannel": "beta",
            "BuildID": BUILD, "CrashTime": "1780311500",
        });
        let members = raw.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        let raw = RawCrash(members.clone());
        let dumps: BTreeMap<String, Bytes> = dumps
            .iter()
            .map(|(name, dump)| ((*name).to_owned(), Bytes::from_static(dump)))
            .collect();
        report::save(&self.blobs, &self.id, &raw, &dumps).await.unwrap();
        let mut tx = self.test.db.begin().await.unwrap();
        if with_row {
            let row = Received {
                id: self.id.clone(),
                received: 1,
                product: Name::default(),
                version: Name::default(),
                channel: Name::default(),
                build_id: Name::default(),
                weight: 1.0,
                content_hash: String::new(),
                duplicate_of: None,
            };
            crashstore::db::insert_received(&mut tx, &row).await.unwrap();
        }
        tx.commit().await.unwrap();
        self.push(Kind::Process).await;
    }

    async fn push(&self, kind: Kind) {
        let mut tx = self.test.db.begin().await.unwrap();
        queue::push(&mut tx, self.id.as_str(), kind, Lane::Standard, 0)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Claims what is due and works on it.
    async fn work(&self) -> Vec<&'static str> {
        let mut outcomes = Vec::new();
        for mut job in self.shared().claim(&mut LaneOrder::default(), 10).await {
            outcomes.push(self.shared().settle(&mut job).await);
            self.shared().claims().remove(&job.crash_id);
        }
        outcomes
    }

    async fn processed(&self) -> ProcessedCrash {
        match output::load(&self.test.db, &self.blobs, &self.id).await {
            Ok(Stored::Valid(crash)) => *crash,
            other => panic!("{other:?}"),
        }
    }

    async fn row(&self) -> Summary {
        let row = crashstore::db::get(&self.test.db, &self.id).await;
        row.unwrap().unwrap()
    }

    async fn jobs(&self) -> i64 {
        let depth = queue::depth(&self.test.db).await.unwrap();
        depth.iter().map(|(_, count)| count).sum()
    }

    /// Records, as generation `n`, that the crash's build has this version.
    async fn conclude(&self, n: i64, version: &str) {
        self.conclude_of(n, BUILD, version).await;
    }

    async fn conclude_of(&self, n: i64, build_id: &str, version: &str) {
        let build = Build {
            product: Product::FIREFOX,
            channel: "beta".to_owned(),
            version: version.parse().unwrap(),
            build_id: build_id.parse().unwrap(),
            platform: "win64".to_owned(),
            variant: String::new(),
            line: Product::FIREFOX.line("beta", &version.parse().unwrap()),
            build_number: Some(1),
            status: Status::Shipped,
            certainty: Certainty::Stated,
            reason: Reason::InReleases,
            offered_on: vec!["beta".to_owned()],
            revision: None,
            repository: None,
            archive_url: None,
            published_at: None,
            shipped_on: None,
            sources: Vec::new(),
            evidence: Vec::new(),
        };
        let steps = [Step::Insert("group".to_owned(), Box::new(build))];
        write_steps(&self.test.db, n, &steps).await.unwrap();
        assert!(finish_generation(&self.test.db, n, 1).await.unwrap());
    }
}

#[tokio::test]
async fn a_java_crash_of_an_unknown_beta_is_processed_and_marked() {
    for bench in Bench::all().await {
        let trace = json!({"JavaStackTrace": "java.lang.E: secret\n\tat org.a.B.c(B.java:1)"});
        bench.submit(&trace, &[], true).await;
        assert_eq!(bench.work().await, ["processed"]);
        assert_eq!(bench.jobs().await, 0);
        let crash = bench.processed().await;
        assert_eq!(crash.text("version"), Some("152.0b0"));
        assert_eq!(crash.at(&["build_info", "status"]), Some(&json!("unknown")));
        assert!(crash.text("signature").unwrap().contains("java.lang.E"));
        let notes = crash.text("processor_notes").unwrap();
        assert!(notes.contains("release channel is beta but no version data was found"));
        assert!(!notes.contains("secret"));
        let row = bench.row().await;
        assert_eq!(row.state, State::Processed);
        assert_eq!(row.version, "152.0b0");
        assert_eq!(Some(row.signature.as_str()), crash.text("signature"));
    }
}

#[tokio::test]
async fn a_crash_of_an_unknown_build_is_reported_with_its_install_hashed() {
    for bench in Bench::all().await {
        bench.submit(&json!({"InstallTime": "1780000000"}), &[], true).await;
        assert_eq!(bench.work().await, ["processed"]);
        let tally = bench.shared().lookup.take_tally();
        assert_eq!(tally.asked.len(), 1);
        let sightings: Vec<_> = tally.sightings.into_iter().collect();
        let [((key, install), seen)] = &sightings[..] else {
            panic!("{sightings:?}");
        };
        assert_eq!(key.build_id, BUILD);
        assert!(!install.as_str().contains("1780000000"));
        assert_eq!((seen.reported.as_str(), seen.at), ("152.0", 1_780_311_520_234_134));
    }
}

#[tokio::test]
async fn a_crash_without_a_row_gets_one_from_its_report() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[(crash::MAIN_DUMP, b"")], false).await;
        assert_eq!(bench.work().await, ["processed"]);
        let row = bench.row().await;
        assert_eq!(row.state, State::Processed);
        assert_eq!(row.received, 1_780_311_520_234_134);
        assert_eq!(row.product, "Firefox");
        let crash = bench.processed().await;
        assert_eq!(crash.text("mdsw_status_string"), Some("EmptyMinidump"));
    }
}

#[tokio::test]
async fn a_lost_dump_leaves_a_note_for_those_who_may_see_the_dump() {
    for bench in Bench::all().await {
        let names = [crash::MAIN_DUMP, "upload_file_minidump_other", "memory_report"];
        bench
            .submit(&json!({}), &names.map(|name| (name, &b""[..])), true)
            .await;
        for name in names {
            let key = crashstore::keys::dump(&bench.id, name);
            bench.blobs.delete(&key).await.unwrap();
        }
        assert_eq!(bench.work().await, ["processed"]);
        let crash = bench.processed().await;
        let note = "a dump is missing from the store";
        let notes = crash.text("processor_notes").unwrap().lines();
        assert_eq!(notes.filter(|line| *line == note).count(), 1);
        let mut expected = names.map(|name| json!({"note": note, "detail": name}));
        expected.sort_by_key(|entry| entry["detail"].to_string());
        assert_eq!(crash.0["processor_details"], json!(expected));
    }
}

#[tokio::test]
async fn a_job_without_a_report_is_kept_as_failed_with_the_reason() {
    for bench in Bench::all().await {
        bench.push(Kind::Process).await;
        assert_eq!(bench.work().await, ["failed"]);
        let failed = queue::failed(&bench.test.db, None, 10).await.unwrap();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].reason, "there is no raw crash");
    }
}

#[tokio::test]
async fn a_crash_whose_walkers_died_twice_is_processed_without_a_walk() {
    for bench in Bench::all().await {
        let dumps: &[(&str, &'static [u8])] = &[(crash::MAIN_DUMP, b"MDMP")];
        bench.submit(&json!({}), dumps, true).await;
        let mut jobs = bench.shared().claim(&mut LaneOrder::default(), 1).await;
        let mut job = jobs.pop().unwrap();
        job.walker_deaths = 2;
        assert_eq!(bench.shared().settle(&mut job).await, "processed");
        let crash = bench.processed().await;
        assert_eq!(crash.0["json_dump"], json!({}));
        let notes = crash.text("processor_notes").unwrap();
        assert!(notes.contains("MinidumpStackwalkRule: minidump-stackwalk: a walker died"));
    }
}

#[tokio::test]
async fn a_lost_claim_changes_nothing() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        let mut jobs = bench.shared().claim(&mut LaneOrder::default(), 1).await;
        let mut job = jobs.pop().unwrap();
        job.claim.push('x');
        assert_eq!(bench.shared().settle(&mut job).await, "lost");
        assert_eq!(bench.row().await.state, State::Received);
        assert_eq!(bench.jobs().await, 1);
    }
}

#[tokio::test]
async fn a_build_that_becomes_known_reaches_its_crashes_without_a_second_walk() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        bench.work().await;
        let before = bench.processed().await;

        bench.conclude(1, "152.0b6").await;
        bench.shared().lookup.refresh().await.unwrap();
        watch::pass_on(bench.shared()).await.unwrap();
        let done = progress(&bench.test.db, "enriched_generation").await;
        assert_eq!(done.unwrap(), 1);
        assert_eq!(bench.jobs().await, 1);

        assert_eq!(bench.work().await, ["enriched"]);
        let after = bench.processed().await;
        assert_eq!(after.text("version"), Some("152.0b6"));
        assert_eq!(after.at(&["build_info", "status"]), Some(&json!("shipped")));
        assert!(!after.text("processor_notes").unwrap().contains("b0"));
        assert_eq!(after.0["started_datetime"], before.0["started_datetime"]);
        assert_eq!(bench.row().await.version, "152.0b6");

        // Asked again, the answer is the same: nothing is pushed, nothing is rewritten.
        watch::pass_on(bench.shared()).await.unwrap();
        assert_eq!(bench.jobs().await, 0);
        bench.push(Kind::Enrich).await;
        assert_eq!(bench.work().await, ["enriched"]);
        assert_eq!(bench.processed().await, after);
        assert_eq!(bench.jobs().await, 0);
    }
}

#[tokio::test]
async fn a_build_reaches_its_crashes_also_when_its_change_was_removed_before_it_was_passed_on() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        bench.work().await;
        bench.conclude(1, "152.0b6").await;
        bench.conclude_of(2, "20990101000000", "199.0b1").await;
        bench.shared().lookup.refresh().await.unwrap();
        // The generations are from 1970, so their changes are removed.
        let settings = buildinfo::Settings::default();
        let now = platform::clock::now_micros();
        buildinfo::watch::upkeep::step(&bench.test.db, &settings, now)
            .await
            .unwrap();
        assert_eq!(changes_removed(&bench.test.db).await.unwrap(), 2);
        watch::pass_on(bench.shared()).await.unwrap();
        assert_eq!(bench.jobs().await, 1);
        assert_eq!(bench.work().await, ["enriched"]);
        let after = bench.processed().await;
        assert_eq!(after.at(&["build_info", "status"]), Some(&json!("shipped")));
        // Once is enough.
        watch::pass_on(bench.shared()).await.unwrap();
        assert_eq!(bench.jobs().await, 0);
    }
}

#[tokio::test]
async fn processing_again_gives_what_enriching_again_gave() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        bench.work().await;
        bench.conclude(1, "152.0b6").await;
        bench.shared().lookup.refresh().await.unwrap();
        bench.push(Kind::Enrich).await;
        bench.work().await;
        let enriched = bench.processed().await;
        bench.push(Kind::Process).await;
        bench.work().await;
        let again = bench.processed().await;
        for field in ["version", "major_version", "build_info", "signature"] {
            assert_eq!(again.0.get(field), enriched.0.get(field), "{field}");
        }
    }
}

#[tokio::test]
async fn a_crash_looked_up_in_an_older_generation_is_looked_at_once_more() {
    for bench in Bench::all().await {
        bench.conclude(1, "152.0b6").await;
        bench.shared().lookup.refresh().await.unwrap();
        // Stored, but not loaded yet.
        bench.conclude(2, "152.0b7").await;
        bench.submit(&json!({}), &[], true).await;
        assert_eq!(bench.work().await, ["processed"]);
        assert_eq!(bench.jobs().await, 1);
        assert!(bench.work().await.is_empty(), "it waits");
    }
}

#[tokio::test]
async fn a_running_worker_does_its_jobs_and_stops() {
    for bench in Bench::all().await {
        bench.submit(&json!({}), &[], true).await;
        let stop = CancellationToken::new();
        let running = tokio::spawn(bench.processor.clone().run(stop.clone()));
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
