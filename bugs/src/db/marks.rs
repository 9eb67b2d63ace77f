//! Placeholders for statements about many rows.

/// Keys in one statement, at most.
pub(super) const MANY: usize = 100;

/// `$1, $2`: so many placeholders.
pub(super) fn marks(count: usize) -> String {
    let marks: Vec<String> = (1..=count).map(|n| format!("${n}")).collect();
    marks.join(", ")
}
