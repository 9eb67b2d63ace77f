//! Queues crashes to be processed again.

use std::collections::BTreeMap;

use crash::CrashId;
use platform::access::{self, Action, Actor};
use platform::db::{Db, DbError};
use platform::queue::{self, Kind, Lane};

use crate::db::{self, State};

/// Maximum crashes in one transaction.
const BATCH: usize = 200;
/// How often a transaction is tried that another writer made fail.
const TRIES: usize = 3;

/// What is done again. A later variant includes the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ruleset {
    /// The signature is made again of what the minidumps showed before; nothing else changes, except that the crash
    /// gets what is known about its build by now.
    RegenerateSignature,
    /// The whole processing.
    Default,
}

impl Ruleset {
    /// Every ruleset, the usual one first.
    pub const ALL: [Self; 2] = [Self::Default, Self::RegenerateSignature];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::RegenerateSignature => "regenerate_signature",
        }
    }

    /// The ruleset with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ruleset| ruleset.name() == name)
    }

    fn kind(self) -> Kind {
        match self {
            Self::Default => Kind::Process,
            Self::RegenerateSignature => Kind::Sign,
        }
    }
}

/// What became of a request for a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// This crash is queued: the one that was named, or the first copy of its report.
    Queued(CrashId),
    /// It was passed over, since it was deleted.
    Deleted,
    /// It was passed over, since nobody knows it.
    Unknown,
}

/// Queues crashes in the lane for such work, and records for each in the audit log that `by` wanted it. A job that is
/// there already does both works; one that was given up is taken up once more. What cannot be queued is passed over.
/// Returns what became of each, in the order in which they are given. `now`: microseconds UTC.
///
/// A request that fails half-way has queued the crashes before; it can be repeated.
///
/// # Errors
/// The database failed.
pub async fn reprocess(db: &Db, wanted: &[(CrashId, Ruleset)], by: &Actor, now: i64) -> Result<Vec<Fate>, DbError> {
    let mut fates = Vec::with_capacity(wanted.len());
    for batch in wanted.chunks(BATCH) {
        let mut tried = 1;
        loop {
            match queue_all(db, batch, by, now).await {
                Ok(found) => {
                    fates.extend(found);
                    break;
                }
                Err(error) if tried == TRIES => return Err(error),
                Err(_) => tried += 1,
            }
        }
    }
    Ok(fates)
}

async fn queue_all(db: &Db, wanted: &[(CrashId, Ruleset)], by: &Actor, now: i64) -> Result<Vec<Fate>, DbError> {
    let mut tx = db.begin().await?;
    let ids: Vec<&CrashId> = wanted.iter().map(|(id, _)| id).collect();
    let mut named = db::named(&mut tx, &ids).await?;
    let firsts: Vec<CrashId> = named.values().filter_map(|named| named.duplicate_of.clone()).collect();
    let firsts: Vec<&CrashId> = firsts.iter().filter(|id| !named.contains_key(id.as_str())).collect();
    named.extend(db::named(&mut tx, &firsts).await?);

    let fate_of = |id: &CrashId| {
        let own = named.get(id.as_str());
        let id = own.and_then(|own| own.duplicate_of.as_ref()).unwrap_or(id);
        match named.get(id.as_str()).map(|named| named.state) {
            Some(State::Received | State::Processed | State::Duplicate) => Fate::Queued(id.clone()),
            Some(State::Deleted) => Fate::Deleted,
            None => Fate::Unknown,
        }
    };
    let mut fates = Vec::with_capacity(wanted.len());
    // In the order of their ids, so that two requests do not wait for each other.
    let mut queued: BTreeMap<String, Ruleset> = BTreeMap::new();
    for (id, ruleset) in wanted {
        let fate = fate_of(id);
        if let Fate::Queued(id) = &fate {
            let most = queued.entry(id.to_string()).or_insert(*ruleset);
            *most = (*most).max(*ruleset);
        }
        fates.push(fate);
    }
    for (id, ruleset) in &queued {
        queue::push(&mut tx, id, ruleset.kind(), Lane::Reprocessing, now).await?;
        access::record(&mut tx, by, Action::ReprocessCrash, Some(id), ruleset.name()).await?;
    }
    tx.commit().await?;
    Ok(fates)
}
