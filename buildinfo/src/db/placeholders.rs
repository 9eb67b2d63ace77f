//! The placeholders of statements about many rows.

/// So many rows, or keys, go into one statement. Statements of one size have one text, which the database prepares
/// once; and SQLite finds each parameter by looking through all of its statement, so that a statement with many times
/// more of them takes longer.
pub(super) const MANY: usize = 20;

/// `$4, $5`: `count` placeholders, the first with the number `first`.
pub(super) fn marks(count: usize, first: usize) -> String {
    let marks: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    marks.join(", ")
}

/// `($1, $2), ($3, $4)`: the placeholders of an `INSERT` of `rows` rows with `columns` columns.
pub(super) fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| format!("({})", marks(columns, row * columns + 1));
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}
