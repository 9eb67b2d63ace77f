//! The sequencer: gives each search row that was written a number, so that readers can follow what is new.
//!
//! Numbers grow strictly, are never used again, and become visible in their order: a reader that has seen a number has
//! seen every lower one, or a later write of that row. No clock has a part in that.

use std::time::{Duration, Instant};

use platform::clock;
use platform::db::{Db, DbError};
use tokio_util::sync::CancellationToken;

use crate::{db, meters};

#[cfg(test)]
mod tests;

/// How often rows without a number are looked for.
const EVERY: Duration = Duration::from_millis(500);
/// How long one process gives numbers alone without doing so again.
const LEASE: Duration = Duration::from_secs(5);
/// A lease that ends later than this from now does not count: the clock of the process that took it was wrong.
const NEVER: Duration = Duration::from_secs(60);
/// Maximum rows that get a number in one transaction.
pub const STEP: i64 = 500;
/// The longest pause after a step that failed.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(10);

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    /// So many rows got a number, 0 to [`STEP`].
    Rows(i64),
    /// Another process gives numbers.
    NotMine,
}

/// Numbers what is written until `stop`, under the name `owner`, which no other process has. Any number of processes
/// may do so: one at a time works, and another goes on when it is gone.
/// A database that fails is asked again.
pub async fn run(db: Db, owner: String, stop: CancellationToken) {
    let mut back_off = EVERY;
    loop {
        let began = Instant::now();
        let stepped = tokio::select! {
            () = stop.cancelled() => return,
            stepped = step_and_count(&db, &owner) => stepped,
        };
        let pause = match &stepped {
            // It goes on at once, but others must come to write too.
            Ok(Numbered::Rows(STEP)) => began.elapsed().min(EVERY),
            Ok(_) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "search rows could not be numbered; it is tried again");
                back_off = (back_off * 2).min(LONGEST_BACK_OFF);
                back_off
            }
        };
        if stepped.is_ok() {
            back_off = EVERY;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn step_and_count(db: &Db, owner: &str) -> Result<Numbered, DbError> {
    let numbered = step(db, owner, clock::now_micros()).await?;
    if let Numbered::Rows(rows) = numbered {
        meters::NUMBERED.add(u64::try_from(rows).unwrap_or(0));
        let waiting = if rows == STEP { db::unnumbered(db).await? } else { 0 };
        meters::UNNUMBERED.set(f64::from(u32::try_from(waiting).unwrap_or(u32::MAX)));
    }
    Ok(numbered)
}

/// Numbers at most [`STEP`] rows in one transaction, unless another process has the lease. `now` is this process's
/// time, microseconds UTC; a wrong one only decides who works.
///
/// # Errors
/// The database failed; nothing was numbered, or it cannot be told.
pub async fn step(db: &Db, owner: &str, now: i64) -> Result<Numbered, DbError> {
    if !db::is_any_unnumbered(db).await? {
        return Ok(Numbered::Rows(0));
    }
    let until = now.saturating_add(clock::micros(LEASE));
    let never = now.saturating_add(clock::micros(NEVER));
    // Whoever writes waits for others on SQLite, so it is looked first.
    if let Some((holder, end)) = db::sequence_lease(db).await?
        && holder != owner
        && end > now
        && end <= never
    {
        return Ok(Numbered::NotMine);
    }
    // Durable: a number that a reader has seen must never be given again.
    let mut tx = db.begin().await?;
    let Some(last) = db::take_sequence(&mut tx, owner, now, until, never).await? else {
        return Ok(Numbered::NotMine);
    };
    let rows = db::number_search_rows(db, &mut tx, last, STEP).await?;
    tx.commit().await?;
    Ok(Numbered::Rows(rows))
}

/// Lets others give numbers at once, if this process has the lease. Without it they only wait.
///
/// # Errors
/// The database failed.
pub async fn give_back(db: &Db, owner: &str) -> Result<(), DbError> {
    db::give_back_sequence(db, owner).await
}
