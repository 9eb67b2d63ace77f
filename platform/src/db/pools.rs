//! Connections whose statements are broken off when they take too long.

use std::time::{Duration, Instant};

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnection, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Executor};

/// How long a statement waits for a locked SQLite file before it fails.
pub(super) const BUSY: Duration = Duration::from_secs(15);

/// Reading connections to SQLite, whose statements are broken off after `time`.
pub(super) fn readers(time: Option<Duration>) -> SqlitePoolOptions {
    let options = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(BUSY)
        // There is nobody who could have closed a file.
        .test_before_acquire(false);
    let Some(time) = time else { return options };
    // Each statement acquires a connection: either a new one or one that was used before.
    options
        .after_connect(move |connection, _| Box::pin(break_off_after(connection, time)))
        .before_acquire(move |connection, _| {
            Box::pin(async move {
                break_off_after(connection, time).await?;
                Ok(true)
            })
        })
}

/// Breaks off what this connection still does after this time.
async fn break_off_after(connection: &mut SqliteConnection, time: Duration) -> Result<(), sqlx::Error> {
    /// So many steps of SQLite's machine take well under a millisecond.
    const STEPS: i32 = 10_000;
    let end = Instant::now() + time;
    let mut handle = connection.lock_handle().await?;
    handle.set_progress_handler(STEPS, move || Instant::now() < end);
    Ok(())
}

/// Connections to PostgreSQL, which breaks off statements after `time`; without a limit they are for long work, whose
/// statements are planned each time. A transaction whose process was stopped in the middle of it ends as well: others
/// wait for its locks.
pub(super) fn connections(time: Option<Duration>) -> PgPoolOptions {
    const IDLE: Duration = Duration::from_secs(300);
    let limit = time.map_or(0, |time| time.as_millis());
    let idle = IDLE.as_millis();
    // A plan that was made while a table was empty reads all of it, and would be kept while an import fills it.
    let plans = match time {
        None => "; SET plan_cache_mode = force_custom_plan",
        Some(_) => "",
    };
    let sql = format!(
        "SET statement_timeout = {limit}; SET lock_timeout = {limit}; \
         SET idle_in_transaction_session_timeout = {idle}{plans}"
    );
    PgPoolOptions::new()
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(move |connection, _| {
            let sql = sql.clone();
            Box::pin(async move {
                connection.execute(AssertSqlSafe(sql)).await?;
                Ok(())
            })
        })
}
