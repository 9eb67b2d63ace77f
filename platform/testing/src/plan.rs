//! How a database would run a statement.

use sqlx::AssertSqlSafe;

use platform::db::Db;

/// The lines of a plan that read a whole table, or sort: empty when every row is found by an index in the order that
/// is wanted. PostgreSQL is asked for the plan that holds for any values, and told to avoid both where it can.
pub async fn slow_steps(db: &Db, sql: &str) -> Vec<String> {
    let tables = tables(db).await;
    let is_table = |name: Option<&str>| tables.iter().any(|table| Some(table.as_str()) == name);
    let slow = |line: &String| match db {
        Db::Sqlite(_) => {
            line.contains("USE TEMP B-TREE")
                || line
                    .strip_prefix("SCAN ")
                    .is_some_and(|scanned| !scanned.contains("INDEX") && is_table(scanned.split(' ').next()))
        }
        Db::Postgres(_) => {
            let node = line.trim_start().trim_start_matches("->").trim_start();
            node.contains("Seq Scan") || node.starts_with("Sort ") || node.starts_with("Incremental Sort")
        }
    };
    plan(db, sql).await.into_iter().filter(slow).collect()
}

/// The tables of SQLite: what else it scans is what a part of the statement has found.
async fn tables(db: &Db) -> Vec<String> {
    match db {
        Db::Sqlite(db) => sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
            .fetch_all(&db.read)
            .await
            .expect("SQLite knows its tables"),
        Db::Postgres(_) => Vec::new(),
    }
}

/// The lines of a plan.
pub async fn plan(db: &Db, sql: &str) -> Vec<String> {
    match db {
        Db::Sqlite(db) => {
            let sql = format!("EXPLAIN QUERY PLAN {sql}");
            let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
                .fetch_all(&db.write)
                .await
                .expect("SQLite explains the statement");
            rows.into_iter().map(|row| row.3).collect()
        }
        Db::Postgres(pool) => {
            let count = (1..=300).take_while(|n| sql.contains(&format!("${n}"))).count();
            let mut tx = pool.begin().await.expect("a transaction begins");
            for setting in [
                "SET LOCAL enable_seqscan = off",
                "SET LOCAL enable_sort = off",
                "SET LOCAL plan_cache_mode = force_generic_plan",
            ] {
                sqlx::query(setting)
                    .execute(&mut *tx)
                    .await
                    .expect("the planner can be set");
            }
            sqlx::raw_sql(AssertSqlSafe(format!("PREPARE explained AS {sql}")))
                .execute(&mut *tx)
                .await
                .expect("PostgreSQL prepares the statement");
            let values = vec!["NULL"; count].join(", ");
            let execute = if count == 0 {
                "EXPLAIN EXECUTE explained".to_owned()
            } else {
                format!("EXPLAIN EXECUTE explained({values})")
            };
            let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(execute))
                .fetch_all(&mut *tx)
                .await
                .expect("PostgreSQL explains the statement");
            sqlx::raw_sql("DEALLOCATE explained")
                .execute(&mut *tx)
                .await
                .expect("the statement is forgotten");
            rows
        }
    }
}

/// Lets the database learn how its rows are spread.
pub async fn analyze(db: &Db) {
    if let Db::Sqlite(db) = db {
        let done = sqlx::query("ANALYZE").execute(&db.write).await;
        done.expect("SQLite looks at its rows");
    }
    db.analyze().await.expect("PostgreSQL looks at its rows");
}
