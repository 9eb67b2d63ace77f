//! A database and a store, with crashes as Antenna and Socorro write them.

use bytes::Bytes;
use platform::blobs::BlobSettings;
use platform_testing::{TestDb, databases};
use serde_json::{Value, json};

use crate::db::{self, Summary};
use crate::rebuild::*;
use crate::{keys, search};

/// The day of most crashes here.
pub(super) const DAY: &str = "260601";

pub(super) fn id(number: usize, day: &str) -> CrashId {
    format!("{number:08x}-cbbf-4589-a673-34f800{day}").parse().unwrap()
}

/// A database and a store beside it.
pub(super) struct Site {
    pub(super) test: TestDb,
    pub(super) blobs: Blobs,
}

impl Site {
    pub(super) async fn all() -> Vec<Self> {
        let tests = databases().await.into_iter();
        let site = |test: TestDb| Self {
            blobs: Blobs::open(&BlobSettings::default(), test.folder.path()).unwrap(),
            test,
        };
        tests.map(site).collect()
    }

    pub(super) fn rebuild(&self) -> Rebuild {
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

    pub(super) async fn run(&self) -> (Counts, Vec<Told>) {
        run(&self.rebuild()).await
    }

    pub(super) async fn put(&self, key: &str, body: impl Into<Bytes>) {
        self.blobs.replace(key, body.into()).await.unwrap();
    }

    /// Puts a raw crash as Antenna writes it.
    pub(super) async fn put_raw(&self, id: &CrashId, changes: &Value) {
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
    pub(super) async fn put_processed(&self, id: &CrashId, changes: &Value) {
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

    pub(super) async fn put_both(&self, id: &CrashId) {
        self.put_raw(id, &json!({})).await;
        self.put_processed(id, &json!({})).await;
    }

    pub(super) async fn row(&self, id: &CrashId) -> Option<Summary> {
        db::get(&self.test.db, id).await.unwrap()
    }

    /// The search document of a crash.
    pub(super) async fn document(&self, id: &CrashId) -> Option<Value> {
        let found = db::search_documents(&self.test.db, std::slice::from_ref(id)).await;
        let stored = found.unwrap().remove(id.as_str())?;
        search::read_document(&stored.document).map(Value::Object)
    }

    /// Writes to the database.
    pub(super) async fn execute(&self, sql: &'static str) {
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

pub(super) async fn run(rebuild: &Rebuild) -> (Counts, Vec<Told>) {
    let mut told = Vec::new();
    let stop = CancellationToken::new();
    let rebuilt = rebuild.run(&stop, &mut |one| told.push(one)).await.unwrap();
    assert!(!rebuilt.stopped);
    (rebuilt.counts, told)
}

pub(super) fn problems(told: &[Told]) -> Vec<Problem> {
    let problem = |told: &Told| match told {
        Told::Problem(problem) => Some(problem.clone()),
        Told::At(_) | Told::Resumed(_) => None,
    };
    told.iter().filter_map(problem).collect()
}
