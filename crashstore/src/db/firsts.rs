//! The table `signature_first`: the first crash of each signature, and the smallest build id of its crashes.
//!
//! Both only ever become smaller: deleting or processing a crash again takes nothing back. So what a reader has seen
//! stays true, and a row that has nothing to gain is not locked.

use std::collections::HashMap;

use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use sqlx::AssertSqlSafe;

use super::crashes::signature_hash;
use crate::column::Text;

/// Maximum signatures that [`signature_firsts`] looks up at once.
pub const MOST_FIRSTS: usize = 1_000;

/// Maximum digits of a build id that counts.
const MOST_DIGITS: usize = 18;

/// What the first crashes of a signature say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct First {
    /// The signature.
    pub signature: String,
    /// When its first crash came in, microseconds UTC: the earliest date by which search finds one.
    pub date: i64,
    /// The smallest build id of its crashes, compared as a number; `None` if none has one of 1 to 18 digits.
    pub build: Option<i64>,
}

impl First {
    /// What one crash says; `None` without a signature. `date` is when it came in, microseconds UTC.
    pub fn of(signature: &Text, date: i64, build_id: &str) -> Option<Self> {
        let has_digits = (1..=MOST_DIGITS).contains(&build_id.len()) && build_id.bytes().all(|b| b.is_ascii_digit());
        let build = build_id.parse().ok().filter(|number| has_digits && *number > 0);
        (!signature.is_empty()).then(|| Self {
            signature: signature.as_str().to_owned(),
            date,
            build,
        })
    }

    /// The earlier date and the smaller build id of both.
    pub(crate) fn merged(self, other: &Self) -> Self {
        Self {
            date: self.date.min(other.date),
            build: self.build.into_iter().chain(other.build).min(),
            signature: self.signature,
        }
    }
}

struct FirstRow {
    signature: String,
    first_date: i64,
    first_build: Option<i64>,
}

platform::from_row!(FirstRow {
    signature,
    first_date,
    first_build
});

impl From<FirstRow> for First {
    fn from(row: FirstRow) -> Self {
        Self {
            signature: row.signature,
            date: row.first_date,
            build: row.first_build,
        }
    }
}

pub(super) const ONE: &str = "SELECT signature, first_date, first_build FROM signature_first WHERE signature_hash = $1";

pub(super) const NOTE: &str = "\
INSERT INTO signature_first (signature_hash, signature, first_date, first_build) VALUES ($1, $2, $3, $4)
ON CONFLICT (signature_hash) DO UPDATE SET
  first_date = CASE
    WHEN excluded.first_date < signature_first.first_date THEN excluded.first_date
    ELSE signature_first.first_date END,
  first_build = CASE
    WHEN signature_first.first_build IS NULL OR excluded.first_build < signature_first.first_build
    THEN excluded.first_build
    ELSE signature_first.first_build END";

/// Notes what a crash says of its signature. A transaction that notes several does so last, in the order of the
/// signatures, so that no two wait for each other.
///
/// # Errors
/// The database failed.
pub async fn note_first(tx: &mut Tx, found: &First) -> Result<(), DbError> {
    let hash = hash_of(&found.signature);
    // A row with nothing to gain is only read: workers with crashes of one signature do not wait for each other.
    let known: Option<FirstRow> = in_tx!(&mut *tx, |conn| sqlx::query_as(ONE)
        .bind(&hash)
        .fetch_optional(conn)
        .await)?;
    if known.is_some_and(|known| has_all(&known.into(), found)) {
        return Ok(());
    }
    in_tx!(tx, |conn| sqlx::query(NOTE)
        .bind(&hash)
        .bind(&found.signature)
        .bind(found.date)
        .bind(found.build)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Each signature once, with what all of these say of it, in the order in which they are to be noted.
pub(crate) fn in_order(found: impl IntoIterator<Item = First>) -> Vec<First> {
    let mut of_signatures: HashMap<String, First> = HashMap::new();
    for one in found {
        let merged = match of_signatures.remove(&one.signature) {
            Some(other) => one.merged(&other),
            None => one,
        };
        of_signatures.insert(merged.signature.clone(), merged);
    }
    let mut firsts: Vec<First> = of_signatures.into_values().collect();
    firsts.sort_by(|one, other| one.signature.cmp(&other.signature));
    firsts
}

/// Those of the given ones that the table does not say yet.
pub(crate) async fn unnoted(db: &Db, mut found: Vec<First>) -> Result<Vec<First>, DbError> {
    let mut known = HashMap::new();
    for part in found.chunks(MOST_FIRSTS) {
        let signatures: Vec<&str> = part.iter().map(|one| one.signature.as_str()).collect();
        known.extend(rows_of(db, &signatures).await?);
    }
    found.retain(|one| known.get(&one.signature).is_none_or(|known| !has_all(known, one)));
    Ok(found)
}

/// Whether there is nothing new in what was found.
fn has_all(known: &First, found: &First) -> bool {
    let no_smaller = match (known.build, found.build) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(known), Some(found)) => known <= found,
    };
    known.date <= found.date && no_smaller
}

/// The statement of [`signature_firsts`] for so many signatures.
pub(super) fn of_signatures_sql(signatures: usize) -> String {
    let marks: Vec<String> = (1..=signatures).map(|n| format!("${n}")).collect();
    format!(
        "SELECT signature, first_date, first_build FROM signature_first WHERE signature_hash IN ({})",
        marks.join(", ")
    )
}

/// The first crashes of those of these signatures that any crash ever had: each once, in the order in which they are
/// given. Signatures are compared whole. Of more than [`MOST_FIRSTS`], only the first are looked up.
///
/// # Errors
/// The database failed.
pub async fn signature_firsts<S: AsRef<str> + Sync>(db: &Db, signatures: &[S]) -> Result<Vec<First>, DbError> {
    let signatures: Vec<&str> = signatures.iter().take(MOST_FIRSTS).map(AsRef::as_ref).collect();
    let mut known = rows_of(db, &signatures).await?;
    Ok(signatures
        .into_iter()
        .filter_map(|signature| known.remove(signature))
        .collect())
}

async fn rows_of(db: &Db, signatures: &[&str]) -> Result<HashMap<String, First>, DbError> {
    if signatures.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = of_signatures_sql(signatures.len());
    let rows: Vec<FirstRow> = on!(db, |pool| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        for signature in signatures {
            query = query.bind(hash_of(signature));
        }
        query.fetch_all(pool).await
    })?;
    let firsts = rows.into_iter().map(First::from);
    Ok(firsts.map(|first| (first.signature.clone(), first)).collect())
}

/// Under which hash a signature stands. What no column holds unchanged is nobody's signature.
fn hash_of(signature: &str) -> String {
    signature_hash(&Text::of(signature))
}
