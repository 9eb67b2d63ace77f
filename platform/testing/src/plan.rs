//! How a database would run a statement.

use sqlx::AssertSqlSafe;

use platform::db::Db;

/// Returns the lines of a plan that scan a whole table or sort: none if an index finds every row in the required order.
/// PostgreSQL is asked for its generic plan, and told to avoid both if it can.
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

/// SQLite's tables: anything else it scans is the result of a part of the statement.
async fn tables(db: &Db) -> Vec<String> {
    match db {
        Db::Sqlite(db) => sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
            .fetch_all(&db.read)
            .await
            .expect("SQLite knows its tables"),
        Db::Postgres(_) => Vec::new(),
    }
}

/// Returns the lines of a plan.
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

/// Updates the database's statistics.
pub async fn analyze(db: &Db) {
    if let Db::Sqlite(db) = db {
        let done = sqlx::query("ANALYZE").execute(&db.write).await;
        done.expect("SQLite looks at its rows");
    }
    db.analyze().await.expect("PostgreSQL looks at its rows");
}
