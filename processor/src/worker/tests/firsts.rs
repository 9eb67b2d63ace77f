//! The first date and the smallest build id of a signature are right as soon as a crash is processed.

use crashstore::db::{First, signature_firsts};
use crashstore::deletion;

use super::*;

/// When the crash of the bench came in.
const DATE: i64 = 1_780_311_520_234_134;

impl Bench {
    pub(super) async fn firsts(&self, signature: &str) -> Option<First> {
        signature_firsts(&self.test.db, &[signature]).await.unwrap().pop()
    }
}

#[tokio::test]
async fn a_processed_crash_counts_at_once_and_one_that_is_deleted_stays_counted() {
    for mut bench in Bench::all().await {
        let java = json!({"JavaStackTrace": "java.lang.E: x\n\tat org.a.B.c(B.java:1)"});
        bench.submit(&java, &[], true).await;
        let mut jobs = bench.shared().claim(&mut LaneOrder::default(), 1).await;
        let mut lost = jobs.pop().unwrap();
        let claim = lost.claim.clone();
        lost.claim.push('x');
        assert_eq!(bench.shared().settle(&mut lost).await, "lost");
        lost.claim = claim;
        let signature = "java.lang.E: at org.a.B.c(B.java)";
        assert_eq!(bench.firsts(signature).await, None, "what is not stored does not count");
        assert_eq!(bench.shared().settle(&mut lost).await, "processed");
        assert_eq!(bench.row().await.signature, signature);
        let first = bench.firsts(signature).await.unwrap();
        assert_eq!((first.date, first.build), (DATE, BUILD.parse().ok()));

        // An earlier crash of an unknown build, and a later one of an older build.
        for (n, (date, build, expected)) in [
            (
                "2026-06-01T10:00:00+00:00",
                "soon",
                (1_780_308_000_000_000, BUILD.parse().ok()),
            ),
            (
                "2026-06-02T10:00:00+00:00",
                "20260101000000",
                (1_780_308_000_000_000, Some(20_260_101_000_000)),
            ),
        ]
        .into_iter()
        .enumerate()
        {
            bench.id = format!("{n:08x}-cbbf-4589-a673-34f800260601").parse().unwrap();
            let mut more = java.clone();
            more["submitted_timestamp"] = json!(date);
            more["BuildID"] = json!(build);
            bench.submit(&more, &[], true).await;
            assert_eq!(bench.work().await, ["processed"]);
            let first = bench.firsts(signature).await.unwrap();
            assert_eq!((first.date, first.build), expected, "{date}");
        }
        let nobody = platform::access::Actor::default();
        deletion::delete(&bench.test.db, &bench.blobs, &bench.id, &nobody)
            .await
            .unwrap();
        let first = bench.firsts(signature).await.unwrap();
        assert_eq!(first.build, Some(20_260_101_000_000));
    }
}
