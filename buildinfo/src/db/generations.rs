//! Writing the table `build`, and the tables `generation` and `conflict`.
//!
//! A generation is written in many small transactions, and readers see it once its row exists. It may be interrupted
//! anywhere: what remains to be written is worked out from what is already there.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use builds::build::Build;
use builds::derive::{Conflict, Derived};
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use sqlx::AssertSqlSafe;

use super::builds::row::{number, read};
use super::changes::record_changes;
use super::lease::Writes;
use super::placeholders::{MANY, marks, placeholders};

/// Maximum rows written in one transaction.
const ROWS: usize = 400;

/// A finished state of all builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation {
    /// Its number; 0 if nothing was ever derived.
    pub n: i64,
    /// When it was finished, microseconds UTC.
    pub created: i64,
    /// The number of its builds.
    pub builds: i64,
}

platform::from_row!(Generation { n, created, builds });

/// See [`finished_here`].
static FINISHED: AtomicU64 = AtomicU64::new(0);

const NONE: Generation = Generation {
    n: 0,
    created: 0,
    builds: 0,
};

/// The newest finished generation.
///
/// # Errors
/// The database failed.
pub async fn latest_generation(db: &Db) -> Result<Generation, DbError> {
    generation_at(db, i64::MAX).await
}

/// The newest stored generation finished by a time (microseconds UTC). To ask about a time, call [`super::known_at`],
/// which checks that history reaches back so far.
///
/// # Errors
/// The database failed.
pub(super) async fn generation_at(db: &Db, time: i64) -> Result<Generation, DbError> {
    const SQL: &str = "SELECT n, created, builds FROM generation WHERE created <= $1 ORDER BY n DESC LIMIT 1";
    let found: Option<Generation> = on!(db, |pool| sqlx::query_as(SQL).bind(time).fetch_optional(pool).await)?;
    Ok(found.unwrap_or(NONE))
}

/// One row to write.
#[derive(Debug)]
pub enum Step {
    /// A build is no longer valid.
    Close(Box<Build>),
    /// It is valid after all.
    Reopen(Box<Build>),
    /// A build written by an interrupted derivation is removed.
    Remove(Box<Build>),
    /// A build is valid from now on.
    Insert(String, Box<Build>),
    /// The conflicts of a group are deleted.
    Forget(String),
    /// A group has a conflict.
    Conflict(String, Conflict),
    /// A group has been derived.
    Clean(String),
}

/// The steps that make these the conclusions about these groups in the unfinished `generation`. The last step of each
/// group takes it off the list of groups to derive.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn steps_to_all(db: &Db, generation: i64, conclusions: Vec<(String, Derived)>) -> Result<Vec<Step>, DbError> {
    let keys: Vec<&str> = conclusions.iter().map(|(key, _)| key.as_str()).collect();
    let mut stored = stored_builds(db, generation, &keys).await?;
    let mut steps = Vec::new();
    for (group_key, derived) in conclusions {
        let stored = stored.remove(&group_key).unwrap_or_default();
        steps.extend(steps_of_group(&group_key, stored, derived));
    }
    Ok(steps)
}

/// The stored builds of a group.
#[derive(Debug, Default)]
struct StoredBuilds {
    /// Of earlier generations, and whether they are still open.
    before: BTreeMap<String, (Build, bool)>,
    /// Of the unfinished generation.
    written: BTreeMap<String, Build>,
}

async fn stored_builds(
    db: &Db,
    generation: i64,
    group_keys: &[&str],
) -> Result<HashMap<String, StoredBuilds>, DbError> {
    let mut found: HashMap<String, StoredBuilds> = HashMap::new();
    for keys in group_keys.chunks(MANY) {
        let sql = format!(
            "SELECT group_key, body, from_generation, to_generation \
             FROM build \
             WHERE (to_generation IS NULL OR to_generation = $1) AND group_key IN ({})",
            marks(keys.len(), 2)
        );
        let rows: Vec<(String, String, i64, Option<i64>)> = on!(db, |pool| {
            let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str())).bind(generation);
            for key in keys {
                query = query.bind(*key);
            }
            query.fetch_all(pool).await
        })?;
        for (group_key, body, from, to) in rows {
            let build = read(&body)?;
            let group = found.entry(group_key).or_default();
            if from == generation {
                group.written.insert(name(&build), build);
            } else {
                group.before.insert(name(&build), (build, to.is_none()));
            }
        }
    }
    Ok(found)
}

fn steps_of_group(group_key: &str, stored: StoredBuilds, derived: Derived) -> Vec<Step> {
    let mut wanted: BTreeMap<String, Build> = derived.builds.into_iter().map(|build| (name(&build), build)).collect();
    let mut steps = Vec::new();
    for (name, (build, open)) in stored.before {
        let stays = wanted.get(&name) == Some(&build);
        if stays {
            wanted.remove(&name);
        }
        match (stays, open) {
            (true, false) => steps.push(Step::Reopen(Box::new(build))),
            (false, true) => steps.push(Step::Close(Box::new(build))),
            (true, true) | (false, false) => {}
        }
    }
    for (name, build) in stored.written {
        if wanted.get(&name) == Some(&build) {
            wanted.remove(&name);
        } else {
            steps.push(Step::Remove(Box::new(build)));
        }
    }
    let insert = |build| Step::Insert(group_key.to_owned(), Box::new(build));
    steps.extend(wanted.into_values().map(insert));
    steps.push(Step::Forget(group_key.to_owned()));
    let conflict = |conflict| Step::Conflict(group_key.to_owned(), conflict);
    steps.extend(derived.conflicts.into_iter().map(conflict));
    steps.push(Step::Clean(group_key.to_owned()));
    steps
}

/// Writes steps in small transactions; an earlier step is never written after a later one.
///
/// # Errors
/// The database failed; what was written stays, and deriving the groups again continues from there.
pub async fn write(to: &impl Writes, generation: i64, steps: &[Step]) -> Result<(), DbError> {
    for steps in steps.chunks(ROWS) {
        let mut batch = Batch::default();
        for step in steps {
            batch.add(step)?;
        }
        let mut tx = to.begin_import_repeatable().await?;
        batch.write(&mut tx, generation).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The steps of one transaction by kind, so that many rows of a kind are written at once. Old rows are closed before
/// new ones are inserted, and old conflicts deleted before new ones, so sorting by kind changes nothing.
#[derive(Default)]
struct Batch<'a> {
    changes: Vec<(&'static str, &'a Build)>,
    inserts: Vec<(&'a str, &'a Build, String)>,
    forgets: Vec<&'a str>,
    conflicts: Vec<(&'a str, &'a Conflict, String)>,
    cleans: Vec<&'a str>,
}

impl<'a> Batch<'a> {
    fn add(&mut self, step: &'a Step) -> Result<(), DbError> {
        const CLOSE: &str = "UPDATE build \
            SET to_generation = $7 \
            WHERE product = $1 AND channel = $2 AND version = $3 AND build_id = $4 AND platform = $5 \
            AND variant = $6 AND to_generation IS NULL";
        const REOPEN: &str = "UPDATE build \
            SET to_generation = NULL \
            WHERE product = $1 AND channel = $2 AND version = $3 AND build_id = $4 AND platform = $5 \
            AND variant = $6 AND to_generation = $7";
        const REMOVE: &str = "DELETE FROM build \
            WHERE product = $1 AND channel = $2 AND version = $3 AND build_id = $4 AND platform = $5 \
            AND variant = $6 AND from_generation = $7";
        let unwritable = |error: serde_json::Error| DbError::Row(error.to_string());
        match step {
            Step::Close(build) => self.changes.push((CLOSE, build)),
            Step::Reopen(build) => self.changes.push((REOPEN, build)),
            Step::Remove(build) => self.changes.push((REMOVE, build)),
            Step::Insert(group_key, build) => {
                let body = serde_json::to_string(build).map_err(unwritable)?;
                self.inserts.push((group_key, build, body));
            }
            Step::Forget(group_key) => self.forgets.push(group_key),
            Step::Conflict(group_key, conflict) => {
                let body = serde_json::to_string(conflict).map_err(unwritable)?;
                self.conflicts.push((group_key, conflict, body));
            }
            Step::Clean(group_key) => self.cleans.push(group_key),
        }
        Ok(())
    }

    async fn write(&self, tx: &mut Tx, generation: i64) -> Result<(), DbError> {
        for (sql, build) in &self.changes {
            in_tx!(&mut *tx, |conn| sqlx::query(*sql)
                .bind(build.product.as_str())
                .bind(&build.channel)
                .bind(build.version.as_str())
                .bind(number(build.build_id))
                .bind(&build.platform)
                .bind(&build.variant)
                .bind(generation)
                .execute(conn)
                .await
                .map(|_| ()))?;
        }
        self.insert_builds(tx, generation).await?;
        delete_groups(tx, "conflict", &self.forgets).await?;
        for conflicts in self.conflicts.chunks(MANY) {
            let sql = format!(
                "INSERT INTO conflict (group_key, subject, field, body) VALUES {}",
                placeholders(conflicts.len(), 4)
            );
            in_tx!(&mut *tx, |conn| {
                let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
                for (group_key, conflict, body) in conflicts {
                    query = query
                        .bind(*group_key)
                        .bind(&conflict.subject)
                        .bind(conflict.field)
                        .bind(body);
                }
                query.execute(conn).await.map(|_| ())
            })?;
        }
        delete_groups(tx, "dirty_group", &self.cleans).await
    }

    async fn insert_builds(&self, tx: &mut Tx, generation: i64) -> Result<(), DbError> {
        for inserts in self.inserts.chunks(MANY) {
            let sql = format!(
                "INSERT INTO build (product, channel, version, build_id, platform, variant, from_generation, \
                 group_key, version_key, revision, body) \
                 VALUES {}",
                placeholders(inserts.len(), 11)
            );
            in_tx!(&mut *tx, |conn| {
                let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
                for (group_key, build, body) in inserts {
                    query = query
                        .bind(build.product.as_str())
                        .bind(&build.channel)
                        .bind(build.version.as_str())
                        .bind(number(build.build_id))
                        .bind(&build.platform)
                        .bind(&build.variant)
                        .bind(generation)
                        .bind(*group_key)
                        .bind(build.version.sort_key())
                        .bind(build.revision.as_deref())
                        .bind(body);
                }
                query.execute(conn).await.map(|_| ())
            })?;
        }
        Ok(())
    }
}

/// Deletes the rows of groups from one of the tables that have a group key.
async fn delete_groups(tx: &mut Tx, table: &'static str, keys: &[&str]) -> Result<(), DbError> {
    for keys in keys.chunks(MANY) {
        let sql = format!("DELETE FROM {table} WHERE group_key IN ({})", marks(keys.len(), 1));
        in_tx!(&mut *tx, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
            for key in keys {
                query = query.bind(*key);
            }
            query.execute(conn).await.map(|_| ())
        })?;
    }
    Ok(())
}

fn name(build: &Build) -> String {
    let (product, channel, version, id, platform, variant) = build.key();
    format!("{product} {channel} {} {id} {platform} {variant}", version.as_str())
}

/// Makes generation `n` the newest one for readers, with its record of changes. `false`: nothing changed since the one
/// before, so it was not made.
///
/// # Errors
/// The database failed; repeating the call continues from there.
pub async fn finish_generation(to: &impl Writes, n: i64, now: i64) -> Result<bool, DbError> {
    // Avoids counting all builds: takes the count of the generation before, adjusted by what this one wrote and closed.
    const BEFORE: &str = "SELECT builds FROM generation WHERE n < $1 ORDER BY n DESC LIMIT 1";
    const WRITTEN: &str = "SELECT COUNT(*) FROM build WHERE from_generation = $1";
    const CLOSED: &str = "SELECT COUNT(*) FROM build WHERE to_generation = $1";
    const SQL: &str = "INSERT INTO generation (n, created, builds) VALUES ($1, $2, $3) ON CONFLICT (n) DO NOTHING";
    if !record_changes(to, n).await? {
        return Ok(false);
    }
    let count = async |sql: &'static str| -> Result<i64, DbError> {
        let found: Option<i64> = on!(to.db(), |pool| sqlx::query_scalar(sql)
            .bind(n)
            .fetch_optional(pool)
            .await)?;
        Ok(found.unwrap_or(0))
    };
    let builds = count(BEFORE).await? + count(WRITTEN).await? - count(CLOSED).await?;
    let mut tx = to.begin_import().await?;
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(n)
        .bind(now)
        .bind(builds)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await?;
    FINISHED.fetch_add(1, Ordering::Release);
    Ok(true)
}

/// The number of generations this process has finished. A remembered newest generation is out of date once this has
/// grown.
pub(crate) fn finished_here() -> u64 {
    FINISHED.load(Ordering::Acquire)
}
