//! Search rows that an earlier release wrote are made again after an upgrade.

use crashstore::db::{Place, SearchRow, search_rows_after, unnumbered};
use crashstore::search::{SCHEMA, read_document};
use demo::Plan;
use platform::db::Db;
use platform::in_tx;
use platform_testing::database_settings;

use crate::system::{Config, System};

/// Every row in the order of the numbers; `None` while one waits for a number.
async fn rows(db: &Db) -> Option<Vec<SearchRow>> {
    if unnumbered(db).await.expect("a count") > 0 {
        return None;
    }
    let tail = search_rows_after(db, Place::default(), 100).await.expect("rows");
    Some(tail.rows)
}

/// Leaves the rows as the release before the last form did.
async fn age(db: &Db) {
    const SQL: &str = "UPDATE search_row SET schema = $1, doc = $2";
    let mut tx = db.begin().await.expect("a transaction");
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(SCHEMA - 1)
        .bind(&b"old"[..])
        .execute(conn)
        .await
        .map(|_| ()))
    .expect("they are changed");
    tx.commit().await.expect("a commit");
}

/// What `datil check` says of the search rows.
fn checked(system: &System) -> String {
    let output = system.run(["check"]);
    let text = String::from_utf8(output.stdout).expect("output is UTF-8");
    let line = text.lines().find(|line| line.contains("search rows"));
    line.unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_an_earlier_release_are_made_again_and_check_says_so_before_and_after() {
    let world = demo::World::generate(&Plan::default());
    for database in database_settings().await {
        let mut system = System::up(&Config {
            database: database.clone(),
            ..Config::default()
        });
        let samples = demo::crashes::samples_for(&world);
        let ids: Vec<String> = samples
            .iter()
            .take(3)
            .map(|sample| system.submit(sample, "firefox"))
            .collect();
        let mut crashes = Vec::new();
        for id in &ids {
            crashes.push(system.processed(id).await);
        }
        let db = Db::connect(&database, &system.data()).await.expect("it can be reached");
        let before = system.wait_for("the numbers", async || rows(&db).await).await;
        assert_eq!(before.len(), 3);
        system.stop();
        let said = checked(&system);
        assert!(
            said.starts_with("ok  ") && said.contains("all have the newest form"),
            "{said}"
        );

        age(&db).await;
        let said = checked(&system);
        assert!(
            said.starts_with("ok  ")
                && said.contains("3 have the form of an earlier release")
                && said.contains("searches by build_certainty, build_status, builds_behind, frames, weight"),
            "{said}"
        );

        system.start(["up"]);
        system
            .wait_for("rows of the newest form", async || {
                checked(&system).contains("all have the newest form").then_some(())
            })
            .await;
        let after = system.wait_for("the numbers", async || rows(&db).await).await;
        let newest = before.iter().map(|row| row.seq).max().expect("rows");
        assert_eq!(after.len(), 3);
        for row in &after {
            let old = before.iter().find(|old| old.crash_id == row.crash_id).expect("the row");
            assert_eq!(
                (row.schema, row.date, row.row_version),
                (SCHEMA, old.date, old.row_version)
            );
            assert_eq!(read_document(&row.doc), read_document(&old.doc));
            assert!(row.seq > newest, "readers learn of it");
        }
        for (id, crash) in ids.iter().zip(&crashes) {
            assert_eq!(&system.processed(id).await, crash, "nothing else of it changed");
        }
        let line = "datil_processor_renewed_search_rows_total ";
        assert!((system.metric(line).await - 3.0).abs() < 0.5, "{}", system.log_text());
        assert_eq!(system.run_well(["crash", "failed"]), "");
        db.close().await;
    }
}
