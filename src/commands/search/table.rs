//! An answer as people read it: crashes in lines, what was counted in indented tables.

use std::fmt::Write as _;

use search::answer::{Answer, Bucket, Counted, Facet};
use search::fields::FieldId;
use search::hits::{Cell, Hit};
use search::json::{Term, name};

/// Maximum characters of a value in a line; `--json` has all of it.
const WIDEST: usize = 100;

/// The crashes, a line each, in aligned columns below their names. Nothing without any.
pub(super) fn hits(hits: &[Hit], columns: &[FieldId]) -> String {
    if hits.is_empty() || columns.is_empty() {
        return String::new();
    }
    let names = columns.iter().map(|column| column.name().to_owned()).collect();
    let shown = hits.iter().map(|hit| hit.cells.iter().map(shown).collect());
    let lines: Vec<Vec<String>> = std::iter::once(names).chain(shown).collect();
    let widths: Vec<usize> = (0..columns.len())
        .map(|at| {
            lines
                .iter()
                .filter_map(|line| line.get(at))
                .map(|text| text.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut out = "\n".to_owned();
    for line in lines {
        let padded: Vec<String> = line
            .iter()
            .zip(&widths)
            .map(|(text, width)| format!("{text:width$}"))
            .collect();
        out.push_str(padded.join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// A value on one line; a dash for what is missing.
fn shown(cell: &Cell) -> String {
    let text = match cell {
        Cell::Missing => "-".to_owned(),
        Cell::Integer(integer) => integer.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Boolean(boolean) => boolean.to_string(),
        Cell::Text(text) => one_line(text),
        Cell::Texts(texts) => one_line(&texts.join(", ")),
    };
    if text.is_empty() { "\"\"".to_owned() } else { text }
}

fn one_line(text: &str) -> String {
    text::one_line(&text::shortened(text, WIDEST))
}

/// What was counted, a table for each aggregation: the count and its share of what it was counted within, and below it
/// what was counted in that bucket.
pub(super) fn facets(answer: &Answer) -> String {
    let mut out = String::new();
    for facet in &answer.facets {
        out.push('\n');
        add_facet(&mut out, facet, answer.total, 0);
    }
    out
}

fn add_facet(out: &mut String, facet: &Facet, of: u64, depth: usize) {
    let indent = "  ".repeat(depth);
    let name = name(&facet.of);
    // Writing to a text does not fail.
    let _ = match &facet.counted {
        Counted::Distinct(count) => writeln!(out, "{indent}{name}: {}", thousands(*count)),
        Counted::Buckets(buckets) if buckets.is_empty() => writeln!(out, "{indent}{name}: none"),
        Counted::Buckets(buckets) => {
            let count = |bucket: &Bucket| {
                let weighted = bucket.weighted.map(weighted).unwrap_or_default();
                format!("{}{weighted}", thousands(bucket.count))
            };
            let counts: Vec<String> = buckets.iter().map(count).collect();
            let width = counts.iter().map(|count| count.chars().count()).max().unwrap_or(0);
            let mut written = writeln!(out, "{indent}{name}");
            for (bucket, count) in buckets.iter().zip(counts) {
                let term = one_line(&Term(&bucket.key, &facet.of).to_string());
                let term = if term.is_empty() { "\"\"".to_owned() } else { term };
                let share = bucket.count as f64 * 100.0 / of.max(1) as f64;
                written = writeln!(out, "{indent}  {count:>width$}  {share:5.1} %  {term}");
                for within in &bucket.facets {
                    add_facet(out, within, bucket.count, depth + 3);
                }
            }
            written
        }
    };
}

/// For how many crashes those that were counted stand.
pub(super) fn weighted(sum: f64) -> String {
    // Beyond the largest integer it is that one.
    format!(" (≈ {})", text::thousands(sum.round() as i64))
}

fn thousands(count: u64) -> String {
    text::thousands(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use search::answer::Key;
    use search::query::Aggregation;
    use serde_json::json;

    use super::*;

    fn field(name: &str) -> FieldId {
        FieldId::of(name).unwrap()
    }

    fn terms(name: &str, buckets: Vec<(&str, u64, Vec<Facet>)>) -> Facet {
        let bucket = |(key, count, facets): (&str, u64, Vec<Facet>)| Bucket {
            weighted: None,
            key: Key::Text(key.to_owned()),
            count,
            facets,
        };
        Facet {
            of: Aggregation::Terms {
                field: field(name),
                size: 50,
                within: Vec::new(),
            },
            counted: Counted::Buckets(buckets.into_iter().map(bucket).collect()),
        }
    }

    #[test]
    fn crashes_stand_in_aligned_lines() {
        let columns = ["uuid", "uptime", "addons", "signature"].map(field);
        let hit = |id: &str, document: serde_json::Value| Hit::new(id, 0, document.as_object().unwrap(), &columns);
        let found = [
            hit(
                "b",
                json!({"uptime": 1234, "signature": "js::x\u{1b}[2J\ny", "addons": ["p", "q"]}),
            ),
            hit("aa", json!({"signature": "é".repeat(101), "addons": [""]})),
        ];
        let long = format!("{}…", "é".repeat(100));
        assert_eq!(
            hits(&found, &columns),
            format!(
                "\nuuid  uptime  addons  signature\n\
                 b     1234    p, q    js::x\u{fffd}[2J\u{fffd}y\n\
                 aa    -       \"\"      {long}\n"
            )
        );
        assert_eq!(hits(&[], &columns), "");
        assert_eq!(hits(&found, &[]), "");
    }

    #[test]
    fn what_is_counted_stands_in_indented_tables() {
        let installs = Facet {
            of: Aggregation::Cardinality {
                field: field("install_time"),
            },
            counted: Counted::Distinct(1_200),
        };
        let inner = vec![terms("version", vec![("1.0", 500, vec![])]), installs.clone()];
        let answer = Answer {
            total: 2_000,
            hits: Vec::new(),
            last: None,
            weighted: None,
            facets: vec![
                terms("product", vec![("Firefox", 1_500, inner), ("", 5, vec![])]),
                installs,
                terms("reason", vec![]),
            ],
        };
        assert_eq!(
            facets(&answer),
            "\nproduct\
             \n  1,500   75.0 %  Firefox\
             \n      version\
             \n        500   33.3 %  1.0\
             \n      cardinality_install_time: 1,200\
             \n      5    0.2 %  \"\"\
             \n\
             \ncardinality_install_time: 1,200\
             \n\
             \nreason: none\n"
        );
    }
}
