//! A signature is made again of what is stored, and nothing else changes.

use crashstore::db::search_documents;
use crashstore::search::read_document;

use super::*;

const SIGNATURE: &str = "java.lang.E: at org.a.B.c(B.java)";

impl Bench {
    /// A processed crash that an earlier release gave another signature.
    async fn signed_before(&self) -> ProcessedCrash {
        const ROW: &str = "UPDATE crash SET signature = 'old', signature_hash = 'x' WHERE crash_id = $1";
        const FIRST: &str = "DELETE FROM signature_first";
        let trace = json!({"JavaStackTrace": "java.lang.E: x\n\tat org.a.B.c(B.java:1)"});
        self.submit(&trace, &[], true).await;
        assert_eq!(self.work().await, ["processed"]);
        let mut crash = self.processed().await;
        assert_eq!(crash.text("signature"), Some(SIGNATURE));
        crash.set("signature", "old");
        crash.set("proto_signature", "old");
        crash.set("signature_debug", "old");
        crash.set("signature_lists", "old");
        // What another processing would not leave as it is.
        crash.set("kept", "as it is");
        let notes = format!("{}\nSigTruncate: old", crash.text("processor_notes").unwrap());
        crash.set("processor_notes", notes);
        let key = crashstore::keys::processed_crash(&self.id);
        self.blobs.replace(&key, crash.to_json().into()).await.unwrap();
        let mut tx = self.test.db.begin().await.unwrap();
        platform::in_tx!(&mut tx, |conn| sqlx::query(ROW)
            .bind(self.id.as_str())
            .execute(&mut *conn)
            .await
            .map(|_| ()))
        .unwrap();
        platform::in_tx!(&mut tx, |conn| sqlx::query(FIRST).execute(conn).await.map(|_| ())).unwrap();
        tx.commit().await.unwrap();
        crash
    }

    async fn search_document(&self) -> Value {
        let found = search_documents(&self.test.db, std::slice::from_ref(&self.id)).await;
        let stored = found.unwrap().remove(self.id.as_str()).unwrap();
        Value::Object(read_document(&stored.document).unwrap())
    }
}

#[tokio::test]
async fn a_signature_is_made_again_and_nothing_else() {
    for bench in Bench::all().await {
        let mut before = bench.signed_before().await;
        bench.push(Kind::Sign).await;
        assert_eq!(bench.work().await, ["signed"]);
        assert_eq!(bench.jobs().await, 0);
        let mut after = bench.processed().await;
        assert_eq!(after.text("signature"), Some(SIGNATURE));
        assert_eq!(after.text("signature_lists"), Some(bench.shared().lists.now().sha256()));
        assert_eq!(after.row_version(), before.row_version() + 1);
        let notes = after.text("processor_notes").unwrap().to_owned();
        let last = notes.lines().last().unwrap();
        assert!(last.starts_with(">>> Signature made again: "), "{notes}");
        assert!(!notes.contains("SigTruncate: old"), "{notes}");
        assert_eq!(
            after.0["processor_history"],
            json!([before.text("processor_notes").unwrap()])
        );
        assert_eq!(bench.row().await.signature, SIGNATURE);
        assert_eq!(bench.search_document().await["signature"], SIGNATURE);
        assert!(bench.firsts(SIGNATURE).await.is_some());
        assert!(bench.firsts("old").await.is_none());
        for name in [
            "signature",
            "signature_debug",
            "signature_lists",
            "proto_signature",
            "processor_notes",
            "processor_history",
            "row_version",
        ] {
            before.0.remove(name);
            after.0.remove(name);
        }
        assert_eq!(after, before);
    }
}

#[tokio::test]
async fn a_build_that_has_become_known_is_attached_as_well() {
    for bench in Bench::all().await {
        bench.signed_before().await;
        bench.conclude(1, "152.0b6").await;
        bench.shared().lookup.refresh().await.unwrap();
        // Both are wanted: one job does both.
        bench.push(Kind::Enrich).await;
        bench.push(Kind::Sign).await;
        assert_eq!(bench.work().await, ["signed"]);
        let crash = bench.processed().await;
        assert_eq!(crash.text("signature"), Some(SIGNATURE));
        assert_eq!(crash.text("version"), Some("152.0b6"));
        assert_eq!(bench.row().await.version, "152.0b6");
        bench.push(Kind::Enrich).await;
        assert_eq!(bench.work().await, ["enriched"]);
        assert_eq!(bench.processed().await, crash);
    }
}

#[tokio::test]
async fn without_what_the_signature_is_made_of_the_crash_is_processed() {
    for bench in Bench::all().await {
        // Not processed yet: a job for all is there, and stays one.
        bench.submit(&json!({}), &[], true).await;
        bench.push(Kind::Sign).await;
        assert_eq!(bench.work().await, ["processed"]);
        let key = crashstore::keys::processed_crash(&bench.id);
        for damaged in [false, true] {
            bench.blobs.delete(&key).await.unwrap();
            if damaged {
                bench.blobs.replace(&key, "{".into()).await.unwrap();
            }
            bench.push(Kind::Sign).await;
            assert_eq!(bench.work().await, ["processed"], "{damaged}");
            assert!(bench.processed().await.text("signature").is_some());
        }
    }
}
