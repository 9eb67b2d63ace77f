//! Placeholders for statements about many rows.

/// Rows or keys in one statement. Statements of one size share one text, which the database prepares once; and SQLite
/// finds each parameter by scanning the whole statement, so much larger statements take longer.
pub(super) const MANY: usize = 20;

/// `$4, $5`: `count` placeholders, the first with the number `first`.
pub(super) fn marks(count: usize, first: usize) -> String {
    let marks: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    marks.join(", ")
}

/// `'a', 'b'`: names of the program's own, none of which has a quotation mark.
pub(super) fn quoted(names: impl IntoIterator<Item = &'static str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("'{name}'")).collect();
    quoted.join(", ")
}

/// `($1, $2), ($3, $4)`: the placeholders of an `INSERT` of `rows` rows with `columns` columns.
pub(super) fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| format!("({})", marks(columns, row * columns + 1));
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}
