//! Writing the tables `observation` and `sighting`: what a source said during a run.

use std::collections::{BTreeSet, HashMap, HashSet};

use builds::derive::group::group_with;
use builds::said::observation::{Digest, Observation};
use futures::TryStreamExt;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use sqlx::AssertSqlSafe;

use super::dirty_groups::{Touched, mark_dirty, touched, touched_with};
use super::lease::Writes;
use super::observations::by_digests;
use super::placeholders::{MANY, marks, placeholders};
use super::regrouping;

/// Observations written in one transaction: other writers wait for it.
const CHUNK: usize = 100;
/// Maximum withdrawn observations closed before their place is searched again.
const MOST_GONE: usize = 20_000;

/// The result of recording observations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// New, or said again after being withdrawn.
    pub new: u64,
    /// Already known.
    pub unchanged: u64,
    /// Not interpretable; they are kept, with the reason.
    pub problems: u64,
}

/// Stores what a source said during a run, and marks what must be derived again. Idempotent.
///
/// # Errors
/// The database failed; what was stored stays.
pub async fn record(to: &impl Writes, run: i64, observations: &[Observation]) -> Result<Seen, DbError> {
    record_prepared(to, run, &Prepared::of(observations.to_vec())).await
}

/// Observations with everything to be stored already computed, so that this can happen on another thread than the one
/// that stores.
#[derive(Debug)]
pub struct Prepared(Vec<NewRow>);

impl Prepared {
    /// Computes digests, groups and canonical bodies, and removes duplicates.
    pub fn of(observations: Vec<Observation>) -> Self {
        let mut known = HashSet::new();
        let rows = observations.into_iter().map(NewRow::of);
        Self(rows.filter(|row| known.insert(row.digest.clone())).collect())
    }
}

/// Like [`record`], for prepared observations.
///
/// # Errors
/// The database failed; what was stored stays.
pub async fn record_prepared(to: &impl Writes, run: i64, prepared: &Prepared) -> Result<Seen, DbError> {
    let mut seen = Seen::default();
    for rows in prepared.0.chunks(CHUNK) {
        let mut tx = to.begin_import_repeatable().await?;
        insert(&mut tx, run, rows, &mut seen).await?;
        tx.commit().await?;
    }
    Ok(seen)
}

/// Stores the *complete* content of one place, and closes what was said there before and is not said now. Never call it
/// with part of a listing, or after an outage.
///
/// # Errors
/// The database failed; what was stored stays, and nothing was closed.
pub async fn record_listing(
    to: &impl Writes,
    run: i64,
    source: &str,
    url: &str,
    observations: &[Observation],
) -> Result<Seen, DbError> {
    let seen = record(to, run, observations).await?;
    let said = observations.iter().map(Observation::digest).collect();
    close_unsaid(to, run, source, url, &said).await?;
    Ok(seen)
}

/// Closes what was said at one place and is not among `said`, the *complete* content of the place; returns how many
/// observations were closed.
///
/// # Errors
/// The database failed; what was closed stays closed, and repeating the call continues from there.
pub async fn close_unsaid(
    to: &impl Writes,
    run: i64,
    source: &str,
    url: &str,
    said: &HashSet<Digest>,
) -> Result<u64, DbError> {
    let mut closed = 0;
    loop {
        let gone = unsaid(to.db(), source, &place(url), said).await?;
        closed += close(to, run, &gone).await?;
        if gone.len() < MOST_GONE {
            return Ok(closed);
        }
    }
}

/// Closes observations that are not said any more; returns how many there were.
///
/// # Errors
/// The database failed; what was closed stays closed.
pub async fn close(to: &impl Writes, run: i64, gone: &[Digest]) -> Result<u64, DbError> {
    const CLOSE: &str = "UPDATE observation SET said_to = $1 WHERE digest = $2 AND said_to IS NULL RETURNING group_key";
    let mut closed = 0;
    for digests in gone.chunks(CHUNK) {
        let stored = by_digests(to.db(), digests).await?;
        let mut tx = to.begin_import_repeatable().await?;
        let mut dirty = BTreeSet::new();
        for stored in stored {
            let group: Option<Option<String>> = in_tx!(&mut tx, |conn| sqlx::query_scalar(CLOSE)
                .bind(run)
                .bind(&stored.digest)
                .fetch_optional(conn)
                .await)?;
            // Where its builds are, whatever the rows of products make of it today.
            dirty.extend(group.flatten().map(Touched::Group));
            dirty.extend(touched(&stored.observation));
            closed += 1;
        }
        mark_dirty(&mut tx, &dirty).await?;
        tx.commit().await?;
    }
    Ok(closed)
}

/// Some of what is said at a place but not among `said`, at most [`MOST_GONE`].
async fn unsaid(db: &Db, source: &str, place: &str, said: &HashSet<Digest>) -> Result<Vec<Digest>, DbError> {
    const OPEN: &str = "SELECT digest FROM observation WHERE source = $1 AND place = $2 AND said_to IS NULL";
    let mut gone = Vec::new();
    on!(db, |pool| {
        // Unordered: an order by digest would need its own index, and a place has hundreds of thousands.
        let mut rows = sqlx::query_scalar(OPEN).bind(source).bind(place).fetch(pool);
        while gone.len() < MOST_GONE
            && let Some(digest) = rows.try_next().await?
        {
            let digest: String = digest;
            let digest = digest.parse().map_err(|_| DbError::Row(format!("digest {digest}")))?;
            if !said.contains(&digest) {
                gone.push(digest);
            }
        }
    });
    Ok(gone)
}

/// The path of an address, which is the same for a source and its mirrors.
pub(super) fn place(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.path().to_owned())
}

#[derive(Debug)]
struct NewRow {
    observation: Observation,
    digest: String,
    group: Result<String, String>,
    place: String,
    body: String,
}

impl NewRow {
    fn of(observation: Observation) -> Self {
        let observation = observation.public();
        let body = builds::said::canonical::canonical_json(&observation.body);
        let digest = observation.digest_with(&body);
        let group = group_with(&observation, digest);
        Self {
            digest: digest.to_string(),
            group: group.map(|group| group.to_string()).map_err(|why| why.to_string()),
            place: place(&observation.url),
            body,
            observation,
        }
    }
}

async fn insert(tx: &mut Tx, run: i64, rows: &[NewRow], seen: &mut Seen) -> Result<(), DbError> {
    let mut dirty = BTreeSet::new();
    for rows in rows.chunks(MANY) {
        let known = known(tx, rows).await?;
        let unknown = |row: &&NewRow| !known.contains_key(&row.digest);
        let news: Vec<&NewRow> = rows.iter().filter(unknown).collect();
        insert_new(tx, run, &news).await?;
        // A withdrawn observation that is said again counts as new.
        let again: Vec<&str> = known
            .iter()
            .filter(|(_, known)| !known.is_said)
            .map(|(digest, _)| digest.as_str())
            .collect();
        say_again(tx, run, &again).await?;
        for row in rows {
            let known = known.get(&row.digest);
            if let (Some(known), Ok(group)) = (known, &row.group)
                && known.group.as_ref() != Some(group)
            {
                // It is interpreted in another way than when it was stored: a product has another row.
                regrouping::set_group(tx, &row.digest, group).await?;
                dirty.extend(known.group.clone().map(Touched::Group));
                dirty.extend(touched_with(&row.observation, Some(group.clone())));
            }
            if known.is_some_and(|known| known.is_said) {
                seen.unchanged += 1;
                continue;
            }
            seen.new += 1;
            if row.group.is_err() {
                seen.problems += 1;
            }
            dirty.extend(touched_with(&row.observation, row.group.clone().ok()));
        }
    }
    mark_dirty(tx, &dirty).await
}

/// An observation that was said before.
struct Known {
    /// Whether it is still said.
    is_said: bool,
    /// Its group; none if it could not be interpreted when it was stored.
    group: Option<String>,
}

/// Which of these were ever said, by digest. No other import runs meanwhile.
async fn known(tx: &mut Tx, rows: &[NewRow]) -> Result<HashMap<String, Known>, DbError> {
    let sql = format!(
        "SELECT digest, CAST(said_to IS NULL AS INTEGER), group_key FROM observation WHERE digest IN ({})",
        marks(rows.len(), 1)
    );
    let known: Vec<(String, i32, Option<String>)> = in_tx!(&mut *tx, |conn| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        for row in rows {
            query = query.bind(&row.digest);
        }
        query.fetch_all(conn).await
    })?;
    let known = known.into_iter().map(|(digest, said, group)| {
        let is_said = said != 0;
        (digest, Known { is_said, group })
    });
    Ok(known.collect())
}

/// Inserts observations that were never said before.
async fn insert_new(tx: &mut Tx, run: i64, rows: &[&NewRow]) -> Result<(), DbError> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO observation (digest, source, kind, subject, group_key, problem, url, place, body, \
         first_run, said_from) \
         VALUES {} \
         ON CONFLICT (digest) DO NOTHING",
        placeholders(rows.len(), 11)
    );
    in_tx!(&mut *tx, |conn| {
        let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
        for row in rows {
            query = query
                .bind(&row.digest)
                .bind(row.observation.source.as_str())
                .bind(row.observation.kind.as_str())
                .bind(&row.observation.subject)
                .bind(row.group.as_ref().ok())
                .bind(row.group.as_ref().err())
                .bind(&row.observation.url)
                .bind(&row.place)
                .bind(&row.body)
                .bind(run)
                .bind(run);
        }
        query.execute(conn).await.map(|_| ())
    })?;
    Ok(())
}

/// Marks withdrawn observations as said again. The ended sighting is kept.
async fn say_again(tx: &mut Tx, run: i64, digests: &[&str]) -> Result<(), DbError> {
    if digests.is_empty() {
        return Ok(());
    }
    let keep = format!(
        "INSERT INTO sighting (digest, from_run, to_run) \
         SELECT digest, said_from, said_to \
         FROM observation \
         WHERE said_to IS NOT NULL AND digest IN ({}) \
         ON CONFLICT (digest, from_run) DO NOTHING",
        marks(digests.len(), 1)
    );
    let again = format!(
        "UPDATE observation SET said_from = $1, said_to = NULL WHERE said_to IS NOT NULL AND digest IN ({})",
        marks(digests.len(), 2)
    );
    in_tx!(&mut *tx, |conn| {
        let mut query = sqlx::query(AssertSqlSafe(keep.as_str()));
        for digest in digests {
            query = query.bind(*digest);
        }
        query.execute(&mut *conn).await?;
        let mut query = sqlx::query(AssertSqlSafe(again.as_str())).bind(run);
        for digest in digests {
            query = query.bind(*digest);
        }
        query.execute(conn).await.map(|_| ())
    })?;
    Ok(())
}
