//! The migrations come in pairs, give both databases the same schema, and keep the rows that are there.

mod rows;
mod schema;

use std::collections::BTreeSet;
use std::path::Path;

use platform::db::{Db, Schema};
use platform_testing::{database_settings, databases};

fn names(folder: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    std::fs::read_dir(path)
        .expect("the folder is there")
        .map(|entry| entry.expect("a file").file_name().into_string().expect("UTF-8"))
        .collect()
}

#[test]
fn every_migration_exists_for_both_databases() {
    assert_eq!(names("sqlite"), names("postgres"));
}

/// The same tables, with the same columns, types, defaults and indexes.
#[tokio::test]
async fn both_databases_have_the_same_schema() {
    let mut seen = Vec::new();
    for test in databases().await {
        let (columns, indexes) = (schema::columns(&test.db).await, schema::indexes(&test.db).await);
        assert!(columns.len() > 100, "{columns:#?}");
        assert!(indexes.len() > 50, "{indexes:#?}");
        seen.push((columns, indexes));
    }
    for (columns, indexes) in &seen[1..] {
        let differing: Vec<_> = seen[0].0.symmetric_difference(columns).collect();
        assert!(differing.is_empty(), "columns of one of them only: {differing:#?}");
        let differing: Vec<_> = seen[0].1.symmetric_difference(indexes).collect();
        assert!(differing.is_empty(), "indexes of one of them only: {differing:#?}");
    }
}

#[tokio::test]
async fn a_schema_that_is_too_old_or_too_new_is_told() {
    for settings in database_settings().await {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let db = Db::connect(&settings, folder.path()).await.expect("it can be reached");
        assert!(matches!(db.schema().await, Ok(Schema::Older { found: 0, .. })));
        let opened = Db::open(&settings, folder.path()).await;
        // SQLite migrates itself; PostgreSQL must be told to.
        assert_eq!(opened.is_ok(), matches!(db, Db::Sqlite(_)));
        db.migrate(folder.path()).await.expect("it can be migrated");
        assert_eq!(db.schema().await.expect("it answers"), Schema::Fits);
        const NEWER: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
            VALUES (99999, 'newer', TRUE, $1, 0)";
        let checksum: &[u8] = &[0];
        match &db {
            Db::Sqlite(db) => sqlx::query(NEWER).bind(checksum).execute(&db.write).await.map(|_| ()),
            Db::Postgres(pool) => sqlx::query(NEWER).bind(checksum).execute(pool).await.map(|_| ()),
        }
        .expect("a row");
        let error = Db::open(&settings, folder.path()).await.expect_err("it is too new");
        assert!(error.to_string().contains("use a newer datil"), "{error}");
    }
}
