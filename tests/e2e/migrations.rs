//! The migrations come in pairs, and give both databases the same schema.

use std::collections::BTreeSet;
use std::path::Path;

use platform::db::{Db, Schema};
use platform::testing::{database_settings, databases};

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

/// Every column of every table: (table, column, nullable).
async fn columns(db: &Db) -> BTreeSet<(String, String, bool)> {
    const SQLITE: &str = "SELECT m.name, p.name, p.\"notnull\" = 0 \
        FROM sqlite_master m \
        JOIN pragma_table_info(m.name) p \
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx%'";
    const POSTGRES: &str = "SELECT table_name::text, column_name::text, is_nullable = 'YES' \
        FROM information_schema.columns \
        WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%'";
    let rows: Vec<(String, String, bool)> = match db {
        Db::Sqlite(db) => sqlx::query_as(SQLITE).fetch_all(&db.read).await.expect("columns"),
        Db::Postgres(pool) => sqlx::query_as(POSTGRES).fetch_all(pool).await.expect("columns"),
    };
    rows.into_iter().collect()
}

#[tokio::test]
async fn both_databases_have_the_same_columns() {
    let mut seen = Vec::new();
    for test in databases().await {
        seen.push(columns(&test.db).await);
    }
    assert!(seen[0].len() > 50, "{:?}", seen[0]);
    for other in &seen[1..] {
        assert_eq!(&seen[0], other);
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
