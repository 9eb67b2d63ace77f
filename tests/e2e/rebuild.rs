//! Rows that are lost, or were never there, are made of what the blob store holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crash::CrashId;
use crashstore::db::{Filter, MOST_DOCUMENTS, SearchDocument, get, list, search_documents};
use crashstore::search::read_document;
use demo::Plan;
use platform::db::{DatabaseSettings, Db};
use platform::{in_tx, queue};
use platform_testing::database_settings;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::stand_ins::StandIns;
use crate::system::{Config, System};

/// What a report holds and nobody may see.
const PROTECTED: &str = "https://private.example/diary";

async fn open(database: &DatabaseSettings, system: &System) -> Db {
    Db::open(database, &system.data())
        .await
        .expect("the database can be opened")
}

/// Everything that search knows of these crashes.
async fn documents(db: &Db, ids: &[CrashId]) -> BTreeMap<String, Value> {
    assert!(ids.len() <= MOST_DOCUMENTS);
    let found = search_documents(db, ids).await.expect("documents can be read");
    let read = |stored: SearchDocument| Value::Object(read_document(&stored.document).expect("a document"));
    found.into_iter().map(|(id, stored)| (id, read(stored))).collect()
}

/// Makes the rows, and returns what is said about that.
fn rebuild(system: &System, more: &[&str]) -> Value {
    let args = ["crash", "rebuild", "--json"].iter().chain(more);
    serde_json::from_str(&system.run_well(args)).expect("JSON")
}

/// Loses the database: the whole file, or on a server the rows of crashes.
async fn lose(database: &DatabaseSettings, system: &System) {
    if database.url.is_empty() {
        for ending in ["", "-wal", "-shm"] {
            let file = system.data().join(format!("datil.db{ending}"));
            assert!(
                std::fs::remove_file(&file).is_ok() || !ending.is_empty(),
                "{}",
                file.display()
            );
        }
        return;
    }
    let db = open(database, system).await;
    for sql in ["DELETE FROM crash", "DELETE FROM search_row", "DELETE FROM job"] {
        let mut tx = db.begin().await.expect("a transaction");
        in_tx!(&mut tx, |conn| sqlx::query(sql).execute(conn).await.map(|_| ())).expect("rows can be deleted");
        tx.commit().await.expect("a commit");
    }
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_rows_come_back_as_they_were() {
    let sources = StandIns::serve(&Plan::default()).await;
    for database in database_settings().await {
        let mut system = System::new(&Config {
            database: database.clone(),
            sources: Some(&sources.url),
            ..Config::default()
        });
        system.run_well(["buildinfo", "import"]);
        system.start(["up"]);
        let samples = demo::crashes::samples_for(&sources.world);
        let mut ids: Vec<String> = samples.iter().map(|sample| system.submit(sample, "firefox")).collect();
        for id in &ids {
            system.processed(id).await;
            let key = system.data().join("blobs/v1/processed_crash").join(id);
            let is_there = async || key.exists().then_some(());
            system.wait_for("the document to be under its own key", is_there).await;
        }
        let deleted = ids.pop().expect("a crash");
        system.run_well(["crash", "delete", &deleted]);
        system.stop();
        // One that nobody has processed.
        system.start(["collector"]);
        let waiting = system.submit(&report(1), "firefox");
        system.stop();

        let parsed: Vec<CrashId> = ids.iter().map(|id| id.parse().expect("an id")).collect();
        let db = open(&database, &system).await;
        let before = documents(&db, &parsed).await;
        db.close().await;
        let listed = system.run_well(["crash", "list", "--json"]);
        assert_eq!((before.len(), listed.lines().count()), (ids.len(), ids.len() + 1));
        // Nothing is lost yet.
        let all = ids.len() + 1;
        let told = rebuild(&system, &[]);
        assert_eq!(
            (&told["unchanged"], &told["replaced"], &told["search_rows"]),
            (&json!(all), &json!(0), &json!(0))
        );

        lose(&database, &system).await;
        assert_eq!(system.run_well(["crash", "list"]), "");
        let told = rebuild(&system, &[]);
        let made = json!({"processed": ids.len(), "received": 1, "duplicates": 0});
        assert_eq!(
            (&told["made"], &told["search_rows"]),
            (&made, &json!(ids.len())),
            "{told}"
        );
        assert_eq!(system.run_well(["crash", "list", "--json"]), listed);
        let db = open(&database, &system).await;
        assert_eq!(documents(&db, &parsed).await, before);
        for id in ids.iter().chain([&waiting]) {
            let job = queue::job_of(&db, id).await.expect("jobs can be read");
            assert!(job.is_none(), "{id} is in the queue");
        }
        let gone = get(&db, &deleted.parse().expect("an id"))
            .await
            .expect("rows can be read");
        assert_eq!(gone, None);
        db.close().await;
        let text = system.run_well(["crash", "rebuild"]);
        assert!(text.contains("no row was changed\n"), "{text}");

        // Services go on with those rows; a look at the waiting one has it processed.
        system.start(["up"]);
        assert_eq!(system.get(&format!("/report/index/{}", ids[0])).await.0, 200);
        assert_eq!(system.get(&format!("/report/index/{deleted}")).await.0, 404);
        system.get(&format!("/report/index/{waiting}")).await;
        system.processed(&waiting).await;
    }
}

/// A report that differs from others.
fn report(number: usize) -> demo::crashes::Submission {
    demo::crashes::Submission {
        annotations: BTreeMap::from([
            ("ProductName".to_owned(), "Firefox".to_owned()),
            ("Version".to_owned(), "153.0".to_owned()),
            ("CrashTime".to_owned(), number.to_string()),
        ]),
        name: "plain",
        sample: "none",
        dumps: BTreeMap::new(),
        expected: None,
    }
}

fn id(number: usize, day: &str) -> String {
    format!("{number:08x}-cbbf-4589-a673-34f800{day}")
}

fn put(file: PathBuf, text: &str) {
    let folder = file.parent().expect("a folder");
    std::fs::create_dir_all(folder).expect("a folder can be made");
    std::fs::write(file, text).expect("a file can be written");
}

/// A bucket as Antenna and Socorro fill it.
struct Bucket<'a>(&'a Path);

impl Bucket<'_> {
    fn raw(&self, id: &str) -> PathBuf {
        self.0.join(format!("v1/raw_crash/20{}", &id[30..])).join(id)
    }

    fn processed(&self, id: &str) -> PathBuf {
        self.0.join("v1/processed_crash").join(id)
    }

    fn put_raw(&self, id: &str) {
        let raw = json!({
            "BuildID": "20260501000000", "CrashTime": id, "Odd": "HALF", "ProductName": "Firefox",
            "ReleaseChannel": "beta", "URL": PROTECTED, "Version": "153.0", "version": 2, "uuid": id,
            "submitted_timestamp": "2026-06-01T10:00:00.250000+00:00",
            "metadata": {
                "collector_notes": [], "dump_checksums": {"upload_file_minidump": "00"}, "payload": "multipart",
                "payload_compressed": "1", "payload_size": 10, "throttle_rule": "ACCEPT", "user_agent": "None",
            },
        });
        // Python writes halves of a surrogate pair as they are.
        put(self.raw(id), &raw.to_string().replace("HALF", "\\ud83d"));
        put(self.0.join("v1/dump_names").join(id), r#"["upload_file_minidump"]"#);
        put(self.0.join("v1/dump").join(id), "MDMP");
    }

    fn put_processed(&self, id: &str) {
        let processed = json!({
            "crash_id": id, "uuid": id, "product": "Firefox", "version": "153.0b3", "build": "20260501000000",
            "release_channel": "beta", "url": PROTECTED, "uptime": 7, "os_name": "Linux", "process_type": "parent",
            "signature": "mozalloc_abort | a::b", "reason": "SIGSEGV / SEGV_MAPERR", "success": true,
            "processor_notes": "", "submitted_timestamp": "2026-06-01T10:00:00.250000+00:00",
            "date_processed": "2026-06-01T10:00:00.250000+00:00",
            "completed_datetime": "2026-06-01T10:00:09.000001+00:00",
            "json_dump": {
                "crash_info": {"crashing_thread": 0}, "threads": [{"frames": [{"function": "a::b"}]}],
                "modules": null, "odd": "NAN",
            },
        });
        // And numbers that are not finite.
        put(self.processed(id), &processed.to_string().replace("\"NAN\"", "NaN"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_socorros_is_taken_over_and_damaged_objects_are_named() {
    for database in database_settings().await {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let more = format!("[blobs]\nurl = \"file://{}\"", folder.path().display());
        let system = System::new(&Config {
            database: database.clone(),
            more: &more,
            ..Config::default()
        });
        let bucket = Bucket(folder.path());
        let [well, alone, torn, orphan] = [1, 2, 3, 4].map(|number| id(number, "260601"));
        bucket.put_raw(&well);
        bucket.put_processed(&well);
        bucket.put_raw(&alone);
        put(bucket.raw(&torn), &format!(r#"{{"URL": "{PROTECTED}", "#));
        bucket.put_processed(&orphan);
        put(bucket.0.join("test/testfile-1.txt"), "test");

        let output = system.run(["crash", "rebuild", "--json"]);
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert_eq!(output.status.code(), Some(1), "{err}");
        let told: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(
            told["made"],
            json!({"processed": 1, "received": 1, "duplicates": 0}),
            "{told}"
        );
        assert_eq!((&told["damaged"], &told["missing"]), (&json!(1), &json!(1)));
        for (id, what) in [(&torn, "cannot be read"), (&orphan, "is missing")] {
            let is_named = err
                .lines()
                .any(|line| line.starts_with(id.as_str()) && line.contains(what));
            assert!(is_named, "{err}");
        }
        assert!(!format!("{out}{err}").contains(PROTECTED), "{err}");

        let listed = system.run_well(["crash", "list", "--json"]);
        let rows: Vec<Value> = listed
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let row = rows.iter().find(|row| row["crash_id"] == well.as_str()).expect("a row");
        for (column, expected) in [
            ("state", "processed"),
            ("received", "2026-06-01T10:00:00Z"),
            ("product", "Firefox"),
            ("version", "153.0b3"),
            ("signature", "mozalloc_abort | a::b"),
            ("build_status", ""),
        ] {
            assert_eq!(row[column], expected, "{column}");
        }
        let db = open(&database, &system).await;
        let found = documents(&db, &[well.parse().expect("an id")]).await;
        assert_eq!(found[&well]["uptime"], 7);
        assert_eq!(found[&well]["frames"], json!(["a::b"]));
        db.close().await;
        // It can be shown, and nothing protected with it.
        let shown = system.run_well(["crash", "show", &well]);
        assert!(shown.contains("a::b") && !shown.contains(PROTECTED), "{shown}");
        // Processed crashes without a raw crash are not looked for where days are named.
        let args = [
            "crash",
            "rebuild",
            "--json",
            "--from",
            "2026-06-01",
            "--to",
            "2026-06-01",
        ];
        let told: Value = serde_json::from_slice(&system.run(args).stdout).expect("JSON");
        assert_eq!(
            [&told["unchanged"], &told["damaged"], &told["missing"]],
            [&json!(2), &json!(1), &json!(0)],
            "{told}"
        );
        let wrong = system.run(["crash", "rebuild", "--from", "2026-06-02", "--to", "2026-06-01"]);
        assert_eq!(wrong.status.code(), Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_goes_on() {
    /// Enough that the program is still at work when it is stopped.
    const MANY: usize = 2000;
    for (signal, database) in [Signal::INT, Signal::KILL]
        .into_iter()
        .zip(database_settings().await.iter().cycle())
    {
        let system = System::new(&Config {
            database: database.clone(),
            ..Config::default()
        });
        let blobs = system.data().join("blobs");
        let bucket = Bucket(&blobs);
        let first = id(MANY, "260601");
        bucket.put_raw(&first);
        bucket.put_processed(&first);
        for number in 0..MANY {
            let id = id(number, "260602");
            bucket.put_raw(&id);
            bucket.put_processed(&id);
        }
        let db = open(database, &system).await;
        let running = system.spawn(["crash", "rebuild", "--json"]);
        // The second day has begun, so the first one is done.
        system
            .wait_for("rows of the second day", async || {
                let page = list(&db, &Filter::default(), None, 2).await.expect("a list");
                (page.len() == 2).then_some(())
            })
            .await;
        let pid = Pid::from_child(&running);
        kill_process(pid, signal).expect("it can be signalled");
        let output = running.wait_with_output().expect("it ends");
        if signal == Signal::INT {
            let err = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{err}");
            assert!(err.contains("goes on with the day"), "{err}");
            let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            assert_eq!((&told["stopped"], &told["days"]), (&json!(true), &json!(1)));
        }
        let told = rebuild(&system, &[]);
        assert_eq!(told["resumed_after"], "2026-06-01", "{told}");
        assert_eq!((&told["days"], &told["crashes"]), (&json!(1), &json!(MANY)));
        let told = rebuild(&system, &[]);
        assert_eq!(
            (&told["resumed_after"], &told["unchanged"]),
            (&Value::Null, &json!(MANY + 1))
        );
        db.close().await;
    }
}
