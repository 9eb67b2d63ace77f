//! The sources behind stored conflicts.

use std::collections::{BTreeMap, BTreeSet};

use builds::audit::Contradiction;
use builds::{Digest, SourceName};
use platform::db::{Db, DbError};

use crate::db::{self, StoredConflict};

/// Observations of a value examined for their source.
const MOST_ASKED: usize = 8;
/// Observations read at a time.
const AT_ONCE: usize = 200;

/// Conflicts with the sources of each value, in the order given; one of another form is left out.
///
/// # Errors
/// The database failed.
pub(crate) async fn told(
    db: &Db,
    stored: Vec<StoredConflict>,
) -> Result<Vec<(StoredConflict, Contradiction)>, DbError> {
    let mut read: Vec<(StoredConflict, Contradiction)> = stored
        .into_iter()
        .filter_map(|row| {
            let told = Contradiction::read(row.subject.clone(), row.field.clone(), &row.body)?;
            Some((row, told))
        })
        .collect();
    let digests: Vec<Digest> = read
        .iter()
        .flat_map(|(_, one)| one.values.values())
        .flat_map(|digests| digests.iter().take(MOST_ASKED).copied())
        .collect();
    let mut sources: BTreeMap<String, SourceName> = BTreeMap::new();
    for some in digests.chunks(AT_ONCE) {
        let said = db::by_digests(db, some).await?;
        sources.extend(said.into_iter().map(|one| (one.digest, one.observation.source)));
    }
    for (_, one) in &mut read {
        for (value, digests) in &one.values {
            let names: BTreeSet<SourceName> = digests
                .iter()
                .take(MOST_ASKED)
                .filter_map(|digest| sources.get(&digest.to_string()).copied())
                .collect();
            if !names.is_empty() {
                one.sources.insert(value.clone(), names);
            }
        }
    }
    Ok(read)
}
