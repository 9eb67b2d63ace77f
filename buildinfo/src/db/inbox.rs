//! The tables `inbox` and `inbox_number`: what was announced of builds, or withdrawn, and has not been taken in yet.
//!
//! Only one process at a time may write observations, and an import can have that right for long. So what is announced
//! is stored here first, and becomes observations when the right is free.

use std::collections::{BTreeMap, BTreeSet};

use builds::said::observation::{Digest, Observation, SourceName};
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::placeholders::{MANY, marks, placeholders};
use super::recording::place;

/// Maximum statements that wait.
const MOST: i64 = 100_000;

/// What a statement about a build changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing was announced of the build.
    New,
    /// Something else was announced of it.
    Changed,
    /// The same was announced before.
    Unchanged,
    /// It is announced no more.
    Withdrawn,
}

/// What was put into the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// What each statement changes, with its subject and the digest of the observation.
    pub outcomes: Vec<(Outcome, String, String)>,
    /// The last number that must be taken in before everything that these say is seen; 0 if it is already.
    pub through: i64,
}

/// Nothing was put into the inbox; the transaction must be given up.
#[derive(Debug, thiserror::Error)]
pub enum NotPut {
    /// There is no room for more.
    #[error("{MOST} announced builds wait to be taken in: send this again later")]
    Full,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A statement that waits: the last one about its build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the order.
    pub number: i64,
    /// Where the build's observations are said to be.
    pub place: String,
    /// Which build it is about, as the subject of its observation.
    pub subject: String,
    /// The digest of its observation; empty if the build is withdrawn.
    pub digest: String,
    /// The body of its observation, as JSON.
    pub body: String,
    /// The id of the token that it came with.
    pub who: String,
}

platform::from_row!(Waiting {
    number,
    place,
    subject,
    digest,
    body,
    who
});

/// What holds of a build once everything that waits is taken in.
#[derive(Debug, Default)]
struct Known {
    /// The digest of what is announced; none if nothing is.
    digest: Option<String>,
    /// The number of the last statement about it that waits; 0 if none does.
    number: i64,
}

/// Puts announcements into the inbox, those that change something; `who` is the id of the token. They are announced
/// once the transaction is committed.
///
/// # Errors
/// See [`NotPut`].
pub async fn put_announced(tx: &mut Tx, announced: &[Observation], who: &str) -> Result<Put, NotPut> {
    let last = hold(tx).await?;
    let places: BTreeSet<&str> = announced.iter().map(|one| one.url.as_str()).collect();
    let mut known = known(tx, &places).await?;
    let (mut outcomes, mut rows, mut through) = (Vec::new(), Vec::new(), 0);
    for one in announced {
        let digest = one.digest().to_string();
        let before = known.entry((one.url.clone(), one.subject.clone())).or_default();
        let outcome = match &before.digest {
            None => Outcome::New,
            Some(same) if *same == digest => Outcome::Unchanged,
            Some(_) => Outcome::Changed,
        };
        if outcome != Outcome::Unchanged {
            before.number = last + i64::try_from(rows.len()).unwrap_or(i64::MAX) + 1;
            before.digest = Some(digest.clone());
            rows.push(Waiting {
                number: before.number,
                place: one.url.clone(),
                subject: one.subject.clone(),
                digest: digest.clone(),
                body: one.body.to_string(),
                who: who.to_owned(),
            });
        }
        through = through.max(before.number);
        outcomes.push((outcome, one.subject.clone(), digest));
    }
    if !insert(tx, last, &rows).await? {
        return Err(NotPut::Full);
    }
    Ok(Put { outcomes, through })
}

/// Puts the withdrawal of what is announced at some places into the inbox; of one subject there if given. Nothing is
/// put where nothing is announced.
///
/// # Errors
/// See [`NotPut`].
pub async fn put_withdrawn(tx: &mut Tx, at: &[(String, Option<String>)], who: &str) -> Result<Put, NotPut> {
    let last = hold(tx).await?;
    let places: BTreeSet<&str> = at.iter().map(|(place, _)| place.as_str()).collect();
    let known = known(tx, &places).await?;
    let fits = |place: &str, own: &str| {
        let mut there = at.iter().filter(|(one, _)| one == place);
        there.any(|(_, subject)| subject.as_ref().is_none_or(|subject| subject == own))
    };
    let announced = known
        .into_iter()
        .filter(|((place, own), _)| fits(place, own))
        .filter_map(|((place, own), known)| Some((place, own, known.digest?)));
    let announced: Vec<(String, String, String)> = announced.collect();
    let rows = announced
        .iter()
        .zip(last + 1..)
        .map(|((place, subject, _), number)| Waiting {
            number,
            place: place.clone(),
            subject: subject.clone(),
            digest: String::new(),
            body: String::new(),
            who: who.to_owned(),
        });
    let rows: Vec<Waiting> = rows.collect();
    if !insert(tx, last, &rows).await? {
        return Err(NotPut::Full);
    }
    let outcomes = announced.into_iter();
    Ok(Put {
        outcomes: outcomes
            .map(|(_, subject, digest)| (Outcome::Withdrawn, subject, digest))
            .collect(),
        through: rows.last().map_or(0, |last| last.number),
    })
}

/// Holds the right to add to the inbox until the transaction ends, and returns the last number that was given.
async fn hold(tx: &mut Tx) -> Result<i64, DbError> {
    const SQL: &str = "INSERT INTO inbox_number (name, number) VALUES ('inbox', 0) \
        ON CONFLICT (name) DO UPDATE SET number = inbox_number.number RETURNING number";
    Ok(in_tx!(tx, |conn| sqlx::query_scalar(SQL).fetch_one(conn).await)?)
}

/// What holds of the builds at these places, by place and subject.
async fn known(tx: &mut Tx, places: &BTreeSet<&str>) -> Result<BTreeMap<(String, String), Known>, DbError> {
    let places: Vec<&str> = places.iter().copied().collect();
    let mut known: BTreeMap<(String, String), Known> = BTreeMap::new();
    for places in places.chunks(MANY) {
        let sql = format!(
            "SELECT place, subject, digest, number FROM inbox WHERE place IN ({}) ORDER BY place, subject, number",
            marks(places.len(), 1)
        );
        // What waits is read first: meanwhile it may be taken in, and then it is said.
        let waiting: Vec<(String, String, String, i64)> = in_tx!(&mut *tx, |conn| {
            let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
            for place in places {
                query = query.bind(*place);
            }
            query.fetch_all(conn).await
        })?;
        let sql = said_at(places.len());
        let said: Vec<(String, String, String)> = in_tx!(&mut *tx, |conn| {
            let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str())).bind(SourceName::OWN.as_str());
            for url in places {
                query = query.bind(place(url));
            }
            query.fetch_all(conn).await
        })?;
        for (url, subject, digest) in said {
            known.entry((url, subject)).or_default().digest = Some(digest);
        }
        for (url, subject, digest, number) in waiting {
            let digest = Some(digest).filter(|digest| !digest.is_empty());
            known.insert((url, subject), Known { digest, number });
        }
    }
    Ok(known)
}

/// The statement for what is said at so many places.
fn said_at(places: usize) -> String {
    format!(
        "SELECT url, subject, digest FROM observation WHERE source = $1 AND place IN ({}) AND said_to IS NULL",
        marks(places, 2)
    )
}

/// Adds statements; `false` if there is no room for them.
async fn insert(tx: &mut Tx, last: i64, rows: &[Waiting]) -> Result<bool, DbError> {
    const COUNT: &str = "UPDATE inbox_number SET number = $1 WHERE name = 'inbox'";
    const FIRST: &str = "SELECT MIN(number) FROM inbox";
    if rows.is_empty() {
        return Ok(true);
    }
    let last = last.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX));
    // What waits has numbers without gaps.
    let first: Option<i64> = in_tx!(&mut *tx, |conn| sqlx::query_scalar(FIRST).fetch_one(conn).await)?;
    if first.is_some_and(|first| last - first >= MOST) {
        return Ok(false);
    }
    for rows in rows.chunks(MANY) {
        let sql = format!(
            "INSERT INTO inbox (number, place, subject, digest, body, who) VALUES {}",
            placeholders(rows.len(), 6)
        );
        in_tx!(&mut *tx, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
            for row in rows {
                query = query
                    .bind(row.number)
                    .bind(&row.place)
                    .bind(&row.subject)
                    .bind(&row.digest)
                    .bind(&row.body)
                    .bind(&row.who);
            }
            query.execute(conn).await.map(|_| ())
        })?;
    }
    in_tx!(tx, |conn| sqlx::query(COUNT).bind(last).execute(conn).await.map(|_| ()))?;
    Ok(true)
}

/// The number of the last statement that waits; none if none does.
///
/// # Errors
/// The database failed.
pub async fn last_waiting(db: &Db) -> Result<Option<i64>, DbError> {
    const SQL: &str = "SELECT MAX(number) FROM inbox";
    Ok(on!(db, |pool| sqlx::query_scalar(SQL).fetch_one(pool).await)?)
}

/// Whether a statement with this number or a lower one waits.
///
/// # Errors
/// The database failed.
pub async fn waits(db: &Db, through: i64) -> Result<bool, DbError> {
    const SQL: &str = "SELECT MIN(number) FROM inbox";
    let first: Option<i64> = on!(db, |pool| sqlx::query_scalar(SQL).fetch_one(pool).await)?;
    Ok(first.is_some_and(|first| first <= through))
}

/// The statements after one number through another that are the last ones about their builds, in their order, at most
/// `limit`.
///
/// # Errors
/// The database failed.
pub async fn waiting(db: &Db, after: i64, through: i64, limit: i64) -> Result<Vec<Waiting>, DbError> {
    const SQL: &str = "SELECT number, place, subject, digest, body, who FROM inbox i \
        WHERE number > $1 AND number <= $2 AND NOT EXISTS (SELECT 1 FROM inbox later \
        WHERE later.place = i.place AND later.subject = i.subject AND later.number > i.number \
        AND later.number <= $2) ORDER BY number LIMIT $3";
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(after)
        .bind(through)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// What is announced at these places: subject and digest of each observation.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn announced_at(db: &Db, places: &BTreeSet<&str>) -> Result<Vec<(String, Digest)>, DbError> {
    let places: Vec<&str> = places.iter().copied().collect();
    let mut found = Vec::new();
    for places in places.chunks(MANY) {
        let sql = said_at(places.len());
        let said: Vec<(String, String, String)> = on!(db, |pool| {
            let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str())).bind(SourceName::OWN.as_str());
            for url in places {
                query = query.bind(place(url));
            }
            query.fetch_all(pool).await
        })?;
        for (_, subject, digest) in said {
            let digest = digest.parse().map_err(|_| DbError::Row(format!("digest {digest}")))?;
            found.push((subject, digest));
        }
    }
    Ok(found)
}

/// Removes the statements through a number, all of which were taken in.
///
/// # Errors
/// The database failed.
pub async fn remove_waiting(tx: &mut Tx, through: i64) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM inbox WHERE number <= $1";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(through)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}
