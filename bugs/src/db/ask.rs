//! What others ask: which bugs name a signature, which signatures a bug names, and what is known of bugs.

use std::collections::{BTreeMap, BTreeSet};

use platform::db::{Db, DbError};
use platform::on;
use sqlx::AssertSqlSafe;

use super::marks::{MANY, marks};
use crate::bug::{Bug, BugSignature};

/// Maximum signatures, or bugs, in one question.
pub const MAX_ASKED: usize = 1000;
/// Maximum signatures in one answer.
pub const MAX_ANSWERED: usize = 100_000;

/// A question that cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It is about too much.
    #[error("at most {MAX_ASKED} can be asked for at once, not {0}")]
    TooMany(usize),
    /// Its answer is too long.
    #[error("the bugs asked for name more than {MAX_ANSWERED} signatures: ask for fewer at once")]
    TooLong,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A pair as it is stored.
struct Pair {
    bug_id: i64,
    signature: String,
}

platform::from_row!(Pair { bug_id, signature });

/// A bug as it is stored.
struct Row {
    id: i64,
    status: String,
    resolution: String,
    summary: String,
    assigned: bool,
    keywords: String,
    flags: String,
}

platform::from_row!(Row {
    id,
    status,
    resolution,
    summary,
    assigned,
    keywords,
    flags
});

impl Row {
    fn bug(self) -> Result<Bug, DbError> {
        let damaged = |error: serde_json::Error| DbError::Row(format!("bug {}: {error}", self.id));
        Ok(Bug {
            id: self.id,
            keywords: serde_json::from_str(&self.keywords).map_err(damaged)?,
            flags: serde_json::from_str::<BTreeMap<String, String>>(&self.flags).map_err(damaged)?,
            status: self.status,
            resolution: self.resolution,
            summary: self.summary,
            assigned: self.assigned,
        })
    }
}

/// Every signature of every bug that names one of these signatures, in the order of bugs and then signatures, each
/// once. Signatures are compared whole.
///
/// # Errors
/// Too many are asked for, the answer is too long, or the database failed.
pub async fn bugs_of(db: &Db, signatures: &[String]) -> Result<Vec<BugSignature>, AskError> {
    let asked: BTreeSet<&str> = signatures.iter().map(String::as_str).collect();
    check(asked.len())?;
    // No stored text has one, and PostgreSQL takes none.
    let asked: Vec<&str> = asked.into_iter().filter(|text| !text.contains('\0')).collect();
    let mut bugs: BTreeSet<i64> = BTreeSet::new();
    for some in asked.chunks(MANY) {
        let sql = format!(
            "SELECT bug_id FROM bug_signature WHERE signature IN ({})",
            marks(some.len())
        );
        let found: Vec<i64> = on!(db, |pool| {
            let mut query = sqlx::query_scalar(AssertSqlSafe(sql.as_str()));
            for signature in some {
                query = query.bind(*signature);
            }
            query.fetch_all(pool).await
        })
        .map_err(DbError::from)?;
        bugs.extend(found);
        if bugs.len() > MAX_ANSWERED {
            return Err(AskError::TooLong);
        }
    }
    let bugs: Vec<i64> = bugs.into_iter().collect();
    pairs(db, &bugs).await
}

/// Every signature of these bugs, in the order of bugs and then signatures, each once.
///
/// # Errors
/// Too many are asked for, the answer is too long, or the database failed.
pub async fn signatures_of(db: &Db, ids: &[i64]) -> Result<Vec<BugSignature>, AskError> {
    let ids: BTreeSet<i64> = ids.iter().copied().collect();
    check(ids.len())?;
    let ids: Vec<i64> = ids.into_iter().collect();
    pairs(db, &ids).await
}

/// What is known of these bugs, in the order of their numbers; those that are not known are left out.
///
/// # Errors
/// Too many are asked for, or the database failed.
pub async fn details(db: &Db, ids: &[i64]) -> Result<Vec<Bug>, AskError> {
    let ids: BTreeSet<i64> = ids.iter().copied().collect();
    check(ids.len())?;
    let ids: Vec<i64> = ids.into_iter().collect();
    let mut found: Vec<Bug> = Vec::with_capacity(ids.len());
    for some in ids.chunks(MANY) {
        let sql = format!(
            "SELECT id, status, resolution, summary, assigned, keywords, flags FROM bug WHERE id IN ({})",
            marks(some.len())
        );
        let rows: Vec<Row> = on!(db, |pool| {
            let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
            for id in some {
                query = query.bind(id);
            }
            query.fetch_all(pool).await
        })
        .map_err(DbError::from)?;
        for row in rows {
            found.push(row.bug()?);
        }
    }
    found.sort_by_key(|bug| bug.id);
    Ok(found)
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Bugs.
    pub bugs: i64,
    /// Different pairs of bug and signature.
    pub signatures: i64,
}

impl Numbers {
    /// Counts what is stored.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of(db: &Db) -> Result<Self, DbError> {
        const SQL: &str = "SELECT (SELECT COUNT(*) FROM bug), (SELECT COUNT(*) FROM bug_signature)";
        let (bugs, signatures) = on!(db, |pool| sqlx::query_as(SQL).fetch_one(pool).await)?;
        Ok(Self { bugs, signatures })
    }
}

/// The bugs with the next numbers after `after`, at most `limit` of them.
///
/// # Errors
/// The database failed.
pub async fn list(db: &Db, after: i64, limit: usize) -> Result<Vec<Bug>, DbError> {
    const SQL: &str = "SELECT id, status, resolution, summary, assigned, keywords, flags \
        FROM bug WHERE id > $1 ORDER BY id LIMIT $2";
    let rows: Vec<Row> = on!(db, |pool| sqlx::query_as(SQL)
        .bind(after)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await)?;
    rows.into_iter().map(Row::bug).collect()
}

fn check(asked: usize) -> Result<(), AskError> {
    if asked > MAX_ASKED {
        return Err(AskError::TooMany(asked));
    }
    Ok(())
}

/// The signatures of bugs, whose numbers are sorted.
async fn pairs(db: &Db, ids: &[i64]) -> Result<Vec<BugSignature>, AskError> {
    let mut found: Vec<BugSignature> = Vec::new();
    for some in ids.chunks(MANY) {
        let sql = format!(
            "SELECT bug_id, signature FROM bug_signature WHERE bug_id IN ({}) ORDER BY bug_id, signature",
            marks(some.len())
        );
        let pairs: Vec<Pair> = on!(db, |pool| {
            let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
            for id in some {
                query = query.bind(id);
            }
            query.fetch_all(pool).await
        })
        .map_err(DbError::from)?;
        found.extend(pairs.into_iter().map(|pair| BugSignature {
            id: pair.bug_id,
            signature: pair.signature,
        }));
        if found.len() > MAX_ANSWERED {
            return Err(AskError::TooLong);
        }
    }
    Ok(found)
}
