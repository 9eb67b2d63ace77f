//! Each migration is applied to a database with rows in every table, and every row outlives it with the values that it
//! should have.
//!
//! `rows/` holds the rows of each version: those of the tables and columns that came with it, as the program of that
//! version would have written them. They are there from then on, so that each later migration meets them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use platform::db::{Db, Schema};
use platform::{in_tx, on};
use platform_testing::database_settings;
use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;

use super::schema::{Column, columns};

/// The values of a row by column, as text; `null` for none. A number with a fraction is counted in thousandths.
type Row = BTreeMap<String, String>;

/// The rows of each table.
type Content = BTreeMap<String, Vec<Row>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

async fn migrations(db: &Db) -> Migrator {
    let folder = match db {
        Db::Sqlite(_) => "sqlite",
        Db::Postgres(_) => "postgres",
    };
    let folder: PathBuf = root().join("migrations").join(folder);
    Migrator::new(folder).await.expect("migrations")
}

async fn migrate_to(db: &Db, version: i64) {
    let migrations = migrations(db).await;
    let migrated = match db {
        Db::Sqlite(db) => migrations.run_to(version, &db.write).await,
        Db::Postgres(pool) => migrations.run_to(version, pool).await,
    };
    migrated.unwrap_or_else(|error| panic!("migration {version}: {error}"));
}

/// Adds the rows of a version, if it has some.
async fn add_rows(db: &Db, version: i64) {
    let file = root().join(format!("tests/e2e/migrations/rows/{version:04}.sql"));
    let Ok(mut sql) = std::fs::read_to_string(file) else {
        return;
    };
    if let Db::Postgres(_) = db {
        sql = sql.replace("AS BLOB)", "AS BYTEA)");
    }
    let mut tx = db.begin().await.expect("a transaction");
    in_tx!(&mut tx, |conn| sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(conn)
        .await
        .map(|_| ()))
    .unwrap_or_else(|error| panic!("the rows of version {version}: {error}"));
    tx.commit().await.expect("a commit");
}

/// SQL for the value of a column as text.
fn as_text(db: &Db, column: &Column) -> String {
    let name = format!("\"{}\"", column.name);
    match (column.kind.as_str(), db) {
        ("TEXT", _) => name,
        ("BIGINT", _) => format!("CAST({name} AS TEXT)"),
        ("DOUBLE PRECISION", _) => format!("CAST(CAST({name} * 1000 AS BIGINT) AS TEXT)"),
        ("BOOLEAN", _) => format!("CASE WHEN {name} THEN 'true' ELSE 'false' END"),
        ("BYTEA", Db::Sqlite(_)) => format!("lower(hex({name}))"),
        ("BYTEA", Db::Postgres(_)) => format!("encode({name}, 'hex')"),
        (other, _) => panic!("how is a value of the type {other} written as text?"),
    }
}

/// All that is stored, sorted.
async fn content(db: &Db) -> Content {
    let mut of_tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for column in columns(db).await {
        of_tables.entry(column.table.clone()).or_default().push(column);
    }
    let mut content = Content::new();
    for (table, columns) in of_tables {
        let texts: Vec<String> = columns.iter().map(|column| as_text(db, column)).collect();
        let texts: Vec<String> = texts.iter().map(|text| format!("COALESCE({text}, 'null')")).collect();
        let sql = format!("SELECT {} FROM {table}", texts.join(" || '|' || "));
        // A connection that remembers the statement would not see that a migration changed its types.
        let found: Vec<String> = on!(db, |pool| sqlx::query_scalar(AssertSqlSafe(sql.as_str()))
            .persistent(false)
            .fetch_all(pool)
            .await)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
        let mut rows: Vec<Row> = Vec::new();
        for values in found {
            let names = columns.iter().map(|column| column.name.clone());
            rows.push(names.zip(values.split('|').map(str::to_owned)).collect());
        }
        rows.sort();
        content.insert(table, rows);
    }
    content
}

/// Sets a column of every row of a table.
fn set(content: &mut Content, table: &str, column: &str, value: impl Fn(&Row) -> &'static str) {
    for row in content.get_mut(table).expect("the table is there") {
        let value = value(row).to_owned();
        row.insert(column.to_owned(), value);
    }
}

/// What a migration must make of what was there.
fn migrated(version: i64, before: &Content) -> Content {
    let mut content = before.clone();
    let all = &mut content;
    match version {
        // The newest sighting moves into the row of its observation.
        4 => {
            set(all, "observation", "said_from", |row| match row["digest"].as_str() {
                "said" | "taken back" => "1000",
                "said again" => "3000",
                // It has no sighting: since the run that saw it first.
                _ => "500",
            });
            set(all, "observation", "said_to", |row| match row["digest"].as_str() {
                "taken back" => "2000",
                _ => "null",
            });
            let sightings = all.get_mut("sighting").expect("the table is there");
            sightings.retain(|row| row["digest"] == "said again" && row["from_run"] == "1000");
        }
        // What was deleted gets a tombstone, whose moment the search row had as its version.
        5 => {
            for (column, value) in [
                ("row_version", "0"),
                ("output", ""),
                ("deleted", "null"),
                ("cleaned", "null"),
            ] {
                set(all, "crash", column, |_| value);
            }
            let crashes = all.get_mut("crash").expect("the table is there");
            let mut tombstone: Row = crashes[0].keys().map(|name| (name.clone(), String::new())).collect();
            for (column, value) in [
                ("crash_id", "deleted-crash"),
                ("received", "400"),
                ("state", "deleted"),
                ("weight", "1000"),
                ("duplicate_of", "null"),
                ("generation", "0"),
                ("processed", "0"),
                ("row_version", "0"),
                ("deleted", "900"),
                ("cleaned", "null"),
            ] {
                tombstone.insert(column.to_owned(), value.to_owned());
            }
            crashes.push(tombstone);
            set(all, "search_row", "row_version", |_| "0");
            set(all, "job", "again_run_at", |_| "null");
        }
        6 => set(all, "import_lease", "token", |_| "0"),
        9 => set(all, "crash", "version_reported", |_| ""),
        // Every row waits for its number, and the first one is 1.
        13 => {
            set(all, "search_row", "seq", |_| "null");
            let row = [
                ("name", "search_row"),
                ("number", "0"),
                ("removed", "0"),
                ("owner", ""),
                ("lease_until", "0"),
            ];
            let row = row.map(|(column, value)| (column.to_owned(), value.to_owned()));
            all.insert("search_sequence".to_owned(), vec![Row::from(row)]);
        }
        14 => set(all, "search_sequence", "identity", |_| "some text"),
        // The processed crashes with a signature, and the whole pipeline under its new number.
        15 => {
            let row = [
                ("signature_hash", "hash of it"),
                ("signature", "victim::render"),
                ("first_date", "200"),
                ("first_build", "20260827091500"),
            ];
            let row = row.map(|(column, value)| (column.to_owned(), value.to_owned()));
            all.insert("signature_first".to_owned(), vec![Row::from(row)]);
            for job in all.get_mut("job").expect("the table is there") {
                for column in ["kind", "again_kind"] {
                    job.entry(column.to_owned())
                        .and_modify(|kind| *kind = kind.replace('1', "3"));
                }
            }
        }
        // The others add tables and indexes, or change how texts compare.
        _ => {}
    }
    for rows in content.values_mut() {
        rows.sort();
    }
    content
}

#[tokio::test]
async fn rows_outlive_every_migration() {
    let mut of_databases = Vec::new();
    for settings in database_settings().await {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let db = Db::connect(&settings, folder.path()).await.expect("it can be reached");
        let versions: Vec<i64> = migrations(&db)
            .await
            .iter()
            .map(|migration| migration.version)
            .collect();
        let mut before = Content::new();
        for version in versions {
            migrate_to(&db, version).await;
            let mut after = content(&db).await;
            after.retain(|table, rows| before.contains_key(table) || !rows.is_empty());
            if version == 14 {
                // Each database has another.
                set(&mut after, "search_sequence", "identity", |row| {
                    assert_eq!(row["identity"].len(), 32);
                    "some text"
                });
            }
            assert_eq!(after, migrated(version, &before), "{}: {version}", db.engine());
            add_rows(&db, version).await;
            before = content(&db).await;
            let empty: Vec<_> = before.iter().filter(|(_, rows)| rows.is_empty()).collect();
            assert!(
                empty.is_empty(),
                "rows/{version:04}.sql must have rows of each: {empty:?}"
            );
        }
        // They were the migrations that the program would have applied.
        assert_eq!(db.schema().await.expect("it answers"), Schema::Fits);
        of_databases.push(before);
    }
    for other in &of_databases[1..] {
        assert_eq!(other, &of_databases[0]);
    }
}
