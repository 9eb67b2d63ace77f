//! The table `archive_place`: what the archive's folders held when last read.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;

use builds::names::UnknownName;
use builds::said::observation::{Kind, SourceName};
use platform::db::{Db, DbError};
use platform::{in_tx, on};
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;

use super::lease::Writes;
use super::placeholders::placeholders;

/// Places written in one transaction.
const CHUNK: usize = 150;
/// Subjects read at a time.
const PAGE: i64 = 10_000;

/// What the next import should do about a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlaceState {
    /// A folder to look at again: more may come.
    Open,
    /// A folder that is complete, with everything in it.
    Settled,
    /// It does not exist, though something pointed to it.
    Absent,
    /// A file that exists but could not be understood.
    Bad,
}

impl PlaceState {
    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Settled => "settled",
            Self::Absent => "absent",
            Self::Bad => "bad",
        }
    }
}

impl fmt::Display for PlaceState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for PlaceState {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        [Self::Open, Self::Settled, Self::Absent, Self::Bad]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownName {
                what: "state of a place",
                text: text.to_owned(),
            })
    }
}

/// What a place held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contents {
    /// Its folders, while the place is open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<String>,
    /// Its files, while the place is open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// For a build: the platforms seen.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub platforms: BTreeSet<String>,
    /// For a build: the platforms whose metadata was read here.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub read: BTreeSet<String>,
    /// For a bad file: what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A folder or file of the archive, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its path, from `/pub/`; a folder's ends in a slash.
    pub path: String,
    /// What the next import should do about it.
    pub state: PlaceState,
    /// What it held.
    pub contents: Contents,
    /// The archive's name for the state of the listing.
    pub etag: Option<String>,
}

/// Every known place, by path.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn places(db: &Db) -> Result<HashMap<String, Place>, DbError> {
    const SQL: &str = "SELECT path, state, seen, etag FROM archive_place";
    let rows: Vec<(String, String, String, Option<String>)> =
        on!(db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?;
    rows.into_iter()
        .map(|(path, state, seen, etag)| {
            let bad = || DbError::Row(format!("place {path}"));
            let place = Place {
                state: state.parse().map_err(|_| bad())?,
                contents: serde_json::from_str(&seen).map_err(|_| bad())?,
                etag,
                path: path.clone(),
            };
            Ok((path, place))
        })
        .collect()
}

/// Stores the places a run found, replacing what was known of them; among several with the same path, the last one
/// counts.
///
/// # Errors
/// The database failed; what was stored stays.
pub async fn put_places(to: &impl Writes, run: i64, places: &[Place]) -> Result<(), DbError> {
    let mut last: HashMap<&str, &Place> = HashMap::new();
    last.extend(places.iter().map(|place| (place.path.as_str(), place)));
    let places: Vec<&Place> = last.into_values().collect();
    for chunk in places.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO archive_place (path, state, seen, etag, run) \
             VALUES {} \
             ON CONFLICT (path) DO UPDATE \
             SET state = excluded.state, seen = excluded.seen, etag = excluded.etag, run = excluded.run",
            placeholders(chunk.len(), 5)
        );
        let seen: Vec<String> = chunk
            .iter()
            .map(|place| serde_json::to_string(&place.contents))
            .collect::<Result<_, _>>()
            .map_err(|error| DbError::Row(error.to_string()))?;
        let mut tx = to.begin_import_repeatable().await?;
        in_tx!(&mut tx, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
            for (place, seen) in chunk.iter().zip(&seen) {
                query = query
                    .bind(&place.path)
                    .bind(place.state.as_str())
                    .bind(seen)
                    .bind(&place.etag)
                    .bind(run);
            }
            query.execute(conn).await.map(|_| ())
        })?;
        tx.commit().await?;
    }
    Ok(())
}

/// Deletes the record that these files were bad.
///
/// # Errors
/// The database failed.
pub async fn forget_bad(to: &impl Writes, paths: &[String]) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM archive_place WHERE path = $1 AND state = 'bad'";
    for chunk in paths.chunks(CHUNK) {
        let mut tx = to.begin_import_repeatable().await?;
        for path in chunk {
            in_tx!(&mut tx, |conn| sqlx::query(SQL)
                .bind(path)
                .execute(conn)
                .await
                .map(|_| ()))?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Passes the subject of every usable Buildhub record to `each`, once each and cut to 300 characters.
///
/// # Errors
/// The database failed.
pub async fn each_buildhub_subject(db: &Db, mut each: impl FnMut(&str)) -> Result<(), DbError> {
    const SQL: &str = "SELECT substr(subject, 1, 300) \
        FROM observation \
        WHERE source = $1 AND kind = $2 AND substr(subject, 1, 300) > $3 AND group_key IS NOT NULL \
        ORDER BY source, kind, substr(subject, 1, 300) LIMIT $4";
    let mut last = String::new();
    loop {
        let rows: Vec<String> = on!(db, |pool| sqlx::query_scalar(SQL)
            .bind(SourceName::BUILDHUB.as_str())
            .bind(Kind::BuildhubRecord.as_str())
            .bind(&last)
            .bind(PAGE)
            .fetch_all(pool)
            .await)?;
        let Some(end) = rows.last() else {
            return Ok(());
        };
        rows.chunk_by(|left, right| left == right)
            .filter_map(|same| same.first())
            .for_each(|subject| each(subject));
        last.clone_from(end);
    }
}
