//! The place of a conflict in the list of conflicts.

use crate::db::StoredConflict;

/// Separates the members of a conflict's place; no name contains it.
const SEPARATOR: char = '\n';

/// A conflict's place: its group, subject and field.
pub(super) fn write(conflict: &StoredConflict) -> String {
    let StoredConflict {
        group_key,
        subject,
        field,
        ..
    } = conflict;
    format!("{group_key}{SEPARATOR}{subject}{SEPARATOR}{field}")
}

/// The group, subject and field of a place; missing ones are empty.
pub(super) fn read(key: &str) -> [&str; 3] {
    let mut parts = key.split(SEPARATOR);
    [(); 3].map(|()| parts.next().unwrap_or_default())
}
