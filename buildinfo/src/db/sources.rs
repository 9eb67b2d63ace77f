//! The table `source_state`: the health of each source.

use builds::SourceName;
use platform::db::{Db, DbError};
use platform::{in_tx, on};

use super::lease::Writes;

/// Maximum characters kept of a source's trouble.
const MAX_TROUBLE: usize = 500;

/// How a source does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// Its name, see [`builds::SourceName::as_str`].
    pub source: String,
    /// When it was last asked, microseconds UTC.
    pub tried: i64,
    /// When it last answered, microseconds UTC; none if it never did.
    pub answered: Option<i64>,
    /// When the newest item it reported was uploaded or shipped, microseconds UTC.
    pub newest: Option<i64>,
    /// What it did at the last try instead of answering; none if it answered.
    pub trouble: Option<String>,
}

platform::from_row!(SourceState {
    source,
    tried,
    answered,
    newest,
    trouble
});

impl SourceState {
    /// Whether imports of this program read the source, so that its silence matters.
    pub fn is_read(&self) -> bool {
        let source = self.source.parse::<SourceName>();
        source.is_ok_and(|source| source.row().is_read())
    }
}

/// Stores the result of one try: `answered` is when the source answered, none if it did not; `newest` is the newest
/// item it reported; `trouble` is what it did instead of answering, cut to 500 characters. Earlier answers stay known,
/// and an older try changes nothing.
///
/// Call it once the generation that rests on the answers is finished, so that no answer claims to be fresher than it
/// is.
///
/// # Errors
/// The database failed.
pub async fn record_state(
    to: &impl Writes,
    source: &str,
    tried: i64,
    answered: Option<i64>,
    newest: Option<i64>,
    trouble: Option<&str>,
) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO source_state (source, tried, answered, newest, trouble) \
        VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (source) DO UPDATE \
        SET tried = excluded.tried, answered = COALESCE(excluded.answered, source_state.answered), \
        newest = COALESCE(excluded.newest, source_state.newest), trouble = excluded.trouble \
        WHERE excluded.tried >= source_state.tried";
    let trouble = trouble.map(|text| text::cut(text, MAX_TROUBLE));
    let mut tx = to.begin_import().await?;
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(source)
        .bind(tried)
        .bind(answered)
        .bind(newest)
        .bind(trouble)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// The state of every source that was ever asked, sorted by name.
///
/// # Errors
/// The database failed.
pub async fn source_states(db: &Db) -> Result<Vec<SourceState>, DbError> {
    const SQL: &str = "SELECT source, tried, answered, newest, trouble FROM source_state ORDER BY source";
    Ok(on!(db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?)
}
