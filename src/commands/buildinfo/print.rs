//! Answers as lines: JSON for programs, aligned columns for people.

use std::io::Write;

use serde::Serialize;

/// Maximum width of a cell to which others are aligned.
const MAX_WIDTH: usize = 48;

/// Prints one object per line.
pub(super) fn objects<T: Serialize>(rows: impl IntoIterator<Item = T>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for row in rows {
        writeln!(out, "{}", serde_json::to_string(&row)?)?;
    }
    Ok(())
}

/// Prints rows below a heading, in columns as wide as necessary.
pub(super) fn columns<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in aligned(heading, rows) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn aligned<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let heading = heading.map(str::to_owned);
    let all = || std::iter::once(&heading).chain(rows);
    let widths: Vec<usize> = (0..N)
        .map(|column| {
            let width = |row: &[String; N]| row[column].chars().count();
            all().map(width).max().unwrap_or(0).min(MAX_WIDTH)
        })
        .collect();
    all()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect()
}

/// A value, or `-` for none.
pub(super) fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Several values in one cell.
pub(super) fn listed<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    let values: Vec<String> = values
        .into_iter()
        .map(|value| value.to_string())
        .filter(|value| !value.is_empty())
        .collect();
    or_dash((!values.is_empty()).then(|| values.join(",")))
}

/// Prints on stderr how to continue a list, so that stdout carries only the answer.
#[expect(clippy::print_stderr, reason = "a hint for people, beside the answer")]
pub(super) fn say_more(after: &str) {
    eprintln!("more follow: --after '{after}'");
}

#[cfg(test)]
mod tests {
    use super::{aligned, listed};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let long = "x".repeat(60);
        let rows = [["1".to_owned(), "a".to_owned()], ["2345".to_owned(), long.clone()]];
        assert_eq!(
            aligned(["id", "name"], &rows),
            ["id    name".to_owned(), "1     a".to_owned(), format!("2345  {long}"),]
        );
        assert_eq!(
            (listed([""; 2]), listed(["a", "b"])),
            ("-".to_owned(), "a,b".to_owned())
        );
    }
}
