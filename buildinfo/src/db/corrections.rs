//! The table `correction`.

use std::collections::BTreeSet;

use builds::derive::correction::{Correction, CorrectionKind, Subject};
use builds::derive::group::GroupKey;
use platform::db::{Db, DbError};
use platform::{in_tx, on};

use super::builds::row::number;
use super::dirty_groups::{self, Touched};
use super::lease::Writes;
use super::observations;

fn name<T: serde::Serialize>(value: &T) -> Result<String, DbError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        _ => Err(DbError::Row("a correction's name".to_owned())),
    }
}

fn parse<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, DbError> {
    serde_json::from_value(serde_json::Value::String(name.to_owned()))
        .map_err(|error| DbError::Row(format!("correction: {error}")))
}

/// Stores a correction and marks the groups it concerns to be derived again. The caller must hold the right to import:
/// a derivation in progress would miss the correction.
///
/// # Errors
/// The database failed, or a correction with this id exists.
pub async fn add(to: &impl Writes, correction: &Correction, created: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO correction (id, kind, subject, field, value, author, reason, created) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let kind = name(&correction.kind)?;
    let field = correction.field.as_ref().map(name).transpose()?;
    let dirty = concerned(to.db(), correction).await?;
    let mut tx = to.begin_import().await?;
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(correction.id)
        .bind(kind)
        .bind(&correction.subject)
        .bind(field)
        .bind(correction.value.as_deref())
        .bind(&correction.author)
        .bind(&correction.reason)
        .bind(created)
        .execute(conn)
        .await
        .map(|_| ()))?;
    dirty_groups::mark_dirty(&mut tx, &dirty).await?;
    tx.commit().await
}

/// Undoes a correction; it stays stored. `false`: no correction with this id is in force. As for [`add`], the caller
/// must hold the right to import.
///
/// # Errors
/// The database failed.
pub async fn undo(to: &impl Writes, id: i64, by: &str, at: i64) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE correction SET undone_at = $2, undone_by = $3 WHERE id = $1 AND undone_at IS NULL";
    let in_force = in_force(to.db()).await?;
    let Some(correction) = in_force.iter().find(|correction| correction.id == id) else {
        return Ok(false);
    };
    let dirty = concerned(to.db(), correction).await?;
    let mut tx = to.begin_import().await?;
    let rows = in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(id)
        .bind(at)
        .bind(by)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    dirty_groups::mark_dirty(&mut tx, &dirty).await?;
    tx.commit().await?;
    Ok(rows == 1)
}

/// The groups that a correction concerns. Later observations mark their own groups when they are recorded.
async fn concerned(db: &Db, correction: &Correction) -> Result<BTreeSet<Touched>, DbError> {
    const BY_VERSION: &str = "SELECT group_key FROM build WHERE product = $1 AND version = $2";
    const BY_ID: &str = "SELECT group_key FROM build WHERE product = $1 AND build_id = $2";
    if correction.kind == CorrectionKind::Ignore {
        return observations::touched_by_ignoring(db, &correction.subject).await;
    }
    // An unreadable subject concerns nothing.
    let Ok(subject) = correction.subject.parse::<Subject>() else {
        return Ok(BTreeSet::new());
    };
    let (own, named): (GroupKey, Vec<String>) = match subject {
        // Builds that were made for it, and builds that another correction assigns to it.
        Subject::Version(product, version) => (
            GroupKey::Number(product, version.number()),
            on!(db, |pool| sqlx::query_scalar(BY_VERSION)
                .bind(product.as_str())
                .bind(version.as_str())
                .fetch_all(pool)
                .await)?,
        ),
        Subject::Build(product, id, _) => (
            GroupKey::Build(product, id),
            on!(db, |pool| sqlx::query_scalar(BY_ID)
                .bind(product.as_str())
                .bind(number(id))
                .fetch_all(pool)
                .await)?,
        ),
    };
    let groups = named.into_iter().chain([own.to_string()]);
    Ok(groups.map(Touched::Group).collect())
}

/// The groups that would have to be derived again if these corrections were added.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn groups_concerned(db: &Db, corrections: &[Correction]) -> Result<BTreeSet<String>, DbError> {
    let mut groups = BTreeSet::new();
    for correction in corrections {
        for touched in concerned(db, correction).await? {
            match touched {
                Touched::Group(key) => {
                    groups.insert(key);
                }
                Touched::Major(prefix) => {
                    groups.extend(dirty_groups::groups_of_major(db, &prefix).await?);
                }
            }
        }
    }
    Ok(groups)
}

/// A correction with its history.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StoredCorrection {
    /// The correction.
    #[serde(flatten)]
    pub correction: Correction,
    /// When it was made, microseconds UTC.
    pub created: i64,
    /// When it was undone, microseconds UTC.
    pub undone_at: Option<i64>,
    /// Who undid it.
    pub undone_by: Option<String>,
}

struct Row {
    id: i64,
    kind: String,
    subject: String,
    field: Option<String>,
    value: Option<String>,
    author: String,
    reason: String,
    created: i64,
    undone_at: Option<i64>,
    undone_by: Option<String>,
}

platform::from_row!(Row {
    id,
    kind,
    subject,
    field,
    value,
    author,
    reason,
    created,
    undone_at,
    undone_by
});

impl TryFrom<Row> for StoredCorrection {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            correction: Correction {
                id: row.id,
                kind: parse(&row.kind)?,
                subject: row.subject,
                field: row.field.as_deref().map(parse).transpose()?,
                value: row.value,
                author: row.author,
                reason: row.reason,
            },
            created: row.created,
            undone_at: row.undone_at,
            undone_by: row.undone_by,
        })
    }
}

/// Every correction after the id `after`, including undone ones, oldest first; at most `limit`.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn list(db: &Db, after: i64, limit: i64) -> Result<Vec<StoredCorrection>, DbError> {
    const SQL: &str = "SELECT id, kind, subject, field, value, author, reason, created, undone_at, undone_by \
        FROM correction \
        WHERE id > $1 \
        ORDER BY id LIMIT $2";
    let rows: Vec<Row> = on!(db, |pool| sqlx::query_as(SQL)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    rows.into_iter().map(StoredCorrection::try_from).collect()
}

/// The corrections that are not undone, oldest first.
///
/// # Errors
/// The database failed or a row cannot be read.
pub async fn in_force(db: &Db) -> Result<Vec<Correction>, DbError> {
    const SQL: &str = "SELECT id, kind, subject, field, value, author, reason, created, undone_at, undone_by \
        FROM correction \
        WHERE undone_at IS NULL \
        ORDER BY id";
    let rows: Vec<Row> = on!(db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?;
    rows.into_iter()
        .map(|row| StoredCorrection::try_from(row).map(|stored| stored.correction))
        .collect()
}
