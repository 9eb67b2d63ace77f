//! Taking in what was announced: what waits in the inbox becomes observations.
//!
//! It is removed from the inbox only after the builds were derived. If the process dies before that, it is taken in
//! once more, with the same result; and what is gone from the inbox can be looked up.

use std::collections::{BTreeMap, BTreeSet};

use builds::said::observation::{Digest, Observation, SourceName};
use platform::clock;
use platform::db::Db;
use platform::lease::Lease;
use tokio_util::sync::CancellationToken;

use super::derivation::derive_dirty;
use super::error::ImportError;
use super::lease::with_lease;
use crate::db::{self, Run, Waiting, Writes};

/// Statements read at a time.
const AT_ONCE: i64 = 500;
/// Maximum tokens named in the notes of a run.
const NAMED: usize = 20;

/// Takes in everything that waits, as one run, under the same lease as an import. Waits while somebody else holds it.
/// Returns the run; none if nothing waits any more.
///
/// # Errors
/// See [`ImportError`]. What was not taken in waits.
pub async fn take_in_announced(db: &Db, owner: &str, stop: &CancellationToken) -> Result<Option<Run>, ImportError> {
    let work = |lease: Lease| async move {
        if db::last_waiting(db).await?.is_none() {
            return Ok(None);
        }
        let mut run = Run::next(db, SourceName::OWN.as_str(), String::new()).await?;
        db::start_run(&lease, &run).await?;
        let outcome = work(&lease, &mut run, stop).await;
        end(&lease, &mut run, &outcome).await?;
        outcome.map(|_| Some(run))
    };
    with_lease(db, true, &db::brief_owner(owner), stop, &|_| {}, work).await
}

/// Takes in what waits; returns the number through which it did.
async fn work(lease: &Lease, run: &mut Run, stop: &CancellationToken) -> Result<Option<i64>, ImportError> {
    let through = record_waiting(lease, run).await?;
    run.generation = derive_dirty(lease, stop, &|_| {}).await?;
    Ok(through)
}

/// Stores how the run ended, and removes from the inbox what it took in, both or neither.
async fn end(lease: &Lease, run: &mut Run, outcome: &Result<Option<i64>, ImportError>) -> Result<(), ImportError> {
    run.ended = Some(clock::now_micros());
    run.outcome = match outcome {
        Ok(_) => "complete",
        Err(ImportError::Stopped) => "stopped",
        Err(_) => "broken",
    }
    .to_owned();
    let mut tx = lease.begin_import().await?;
    db::end_run(&mut tx, run).await?;
    if let Ok(Some(through)) = outcome {
        db::remove_waiting(&mut tx, *through).await?;
    }
    Ok(tx.commit().await?)
}

/// Stores what waits as observations of a run, counts and notes them there, and returns the last number that was read;
/// none if nothing waits. What is announced otherwise now, or withdrawn, is closed.
pub(super) async fn record_waiting(lease: &Lease, run: &mut Run) -> Result<Option<i64>, ImportError> {
    let Some(through) = db::last_waiting(lease.db()).await? else {
        return Ok(None);
    };
    let mut after = i64::MIN;
    let mut tokens: BTreeMap<String, Tally> = BTreeMap::new();
    loop {
        let some = db::waiting(lease.db(), after, through, AT_ONCE).await?;
        let Some(last) = some.last() else { break };
        after = last.number;
        record(lease, run, &some).await?;
        for one in some {
            let tally = tokens.entry(one.who).or_default();
            if one.digest.is_empty() {
                tally.withdrawn += 1;
            } else {
                tally.announced += 1;
            }
        }
    }
    for (who, tally) in tokens.iter().take(NAMED) {
        run.note(&tally.sentence(who));
    }
    if tokens.len() > NAMED {
        run.note(&format!("and more with {} other tokens", tokens.len() - NAMED));
    }
    Ok(Some(through))
}

/// How much came with one token.
#[derive(Debug, Default)]
struct Tally {
    announced: u64,
    withdrawn: u64,
}

impl Tally {
    fn sentence(&self, who: &str) -> String {
        let builds = |count: u64| if count == 1 { "build" } else { "builds" };
        let Self { announced, withdrawn } = *self;
        match (announced, withdrawn) {
            (_, 0) => format!("{announced} {} announced with the token {who}", builds(announced)),
            (0, _) => format!("{withdrawn} {} withdrawn with the token {who}", builds(withdrawn)),
            _ => format!(
                "{announced} {} announced and {withdrawn} withdrawn with the token {who}",
                builds(announced)
            ),
        }
    }
}

/// Stores some statements, each the last one about its build.
async fn record(lease: &Lease, run: &mut Run, some: &[Waiting]) -> Result<(), ImportError> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let places: BTreeSet<&str> = some.iter().map(|one| one.place.as_str()).collect();
    let mut said: BTreeMap<String, Vec<Digest>> = BTreeMap::new();
    for (subject, digest) in db::announced_at(lease.db(), &places).await? {
        said.entry(subject).or_default().push(digest);
    }
    let (mut announced, mut gone) = (Vec::new(), Vec::new());
    for one in some {
        let before = said.remove(&one.subject).unwrap_or_default();
        gone.extend(before.into_iter().filter(|digest| digest.to_string() != one.digest));
        if !one.digest.is_empty() {
            // Text of our own; if it were damaged, nothing would be understood of it.
            let body = serde_json::from_str(&one.body).unwrap_or_default();
            announced.push(Observation::announced(&one.place, &one.subject, body));
        }
    }
    let seen = db::record(lease, run.id, &announced).await?;
    db::close(lease, run.id, &gone).await?;
    run.records += i64::try_from(some.len()).unwrap_or(i64::MAX);
    run.new_records += count(seen.new);
    run.unchanged += count(seen.unchanged);
    run.errors += count(seen.problems);
    Ok(())
}

/// Removes what an import has taken in, after it derived the builds.
pub(super) async fn remove(lease: &Lease, through: i64) -> Result<(), ImportError> {
    let mut tx = lease.begin_import().await?;
    db::remove_waiting(&mut tx, through).await?;
    Ok(tx.commit().await?)
}
