//! The queue stays fast when it is long: every statement finds its rows by an index.

use platform::queue::{self, Kind, Lane};
use platform_testing::{analyze, databases, slow_steps};

const ROWS: usize = 50_000;

#[tokio::test]
async fn a_long_queue_is_neither_read_whole_nor_sorted() {
    for test in databases().await {
        let db = &test.db;
        for chunk in 0..ROWS / 5000 {
            let mut tx = db.begin_repeatable().await.unwrap();
            for n in 0..5000 {
                let id = format!("{:08}", chunk * 5000 + n);
                let lane = [Lane::Standard, Lane::Reprocessing][n % 2];
                let at = i64::try_from(n).unwrap();
                queue::push(&mut tx, &id, Kind::Process, lane, at).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
        analyze(db).await;
        for (name, sql) in queue::statements(db) {
            let slow = slow_steps(db, &sql).await;
            assert!(slow.is_empty(), "{} {name}: {slow:?}", db.engine());
        }
        let depth = queue::depth(db).await.unwrap();
        assert!(
            depth.contains(&(Some(Lane::Standard), queue::MOST_COUNTED)),
            "{depth:?}"
        );
    }
}
