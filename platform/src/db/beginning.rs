//! Texts known only by their beginning.

use super::database::Db;
use super::error::DbError;
use crate::on;

/// The texts with a beginning that a person typed.
///
/// With whole numbers, no digit may follow a beginning that ends in one: `153` matches `153.0.1` and `153.0b5`, but not
/// `1530.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    text: String,
    whole_numbers: bool,
}

/// The range of a [`Beginning`] in byte order, and the range excluded from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// The start of the range.
    pub from: String,
    /// The end of the range, excluded.
    pub until: String,
    /// The start of the excluded range; equal to [`Bounds::until`] if nothing is excluded.
    pub gap_from: String,
    /// The end of the excluded range; texts from here on are included again.
    pub gap_until: String,
}

impl Beginning {
    /// Matches texts that begin with `text`; with `whole_numbers`, a digit at its end is the last of its number.
    pub fn new(text: impl Into<String>, whole_numbers: bool) -> Self {
        Self {
            text: text.into(),
            whole_numbers,
        }
    }

    /// The beginning itself.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a text has this beginning.
    pub fn matches(&self, text: &str) -> bool {
        let Some(rest) = text.strip_prefix(self.text.as_str()) else {
            return false;
        };
        !(self.is_closed() && rest.starts_with(|next: char| next.is_ascii_digit()))
    }

    /// Returns the same as ranges, for statements that find texts by an index: `column >= from AND column < until AND
    /// (column < gap_from OR column >= gap_until)`.
    pub fn bounds(&self) -> Bounds {
        let with = |end: char| format!("{}{end}", self.text);
        // No character is greater than the last one.
        let until = with(char::MAX);
        let (gap_from, gap_until) = if self.is_closed() {
            (with('0'), with(':'))
        } else {
            (until.clone(), until.clone())
        };
        Bounds {
            from: self.text.clone(),
            until,
            gap_from,
            gap_until,
        }
    }

    /// Whether the next character must not be a digit.
    fn is_closed(&self) -> bool {
        self.whole_numbers && self.text.ends_with(|last: char| last.is_ascii_digit())
    }
}

/// Returns at most `most` distinct values of a column with this beginning, from the highest down. `sql` finds the
/// highest value from `$1` (included) to `$2` (excluded) by an index: it runs once for each value, however many rows
/// have it.
///
/// # Errors
/// The database failed.
pub async fn values(db: &Db, sql: &str, begin: &Beginning, most: usize) -> Result<Vec<String>, DbError> {
    let mut bounds = begin.bounds();
    let mut found = Vec::new();
    while found.len() < most {
        let next: Option<String> = on!(db, |pool| sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(&bounds.from)
            .bind(&bounds.until)
            .fetch_optional(pool)
            .await)?;
        let Some(next) = next else { break };
        if begin.matches(&next) {
            bounds.until.clone_from(&next);
            found.push(next);
        } else {
            // Continue below the excluded range.
            bounds.until.clone_from(&bounds.gap_from);
        }
    }
    Ok(found)
}

impl std::fmt::Display for Beginning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}*", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Beginning;

    #[test]
    fn whole_numbers_are_not_continued_and_bounds_say_the_same() {
        for (begin, whole, text, expected) in [
            ("153", true, "153.0", true),
            ("153", true, "153.0b5rc1", true),
            ("153", true, "153", true),
            ("153", true, "153\u{fffd}", true),
            ("153", true, "1530.0", false),
            ("153", true, "15.0", false),
            ("153", true, "154.0", false),
            ("153.0b1", true, "153.0b1rc2", true),
            ("153.0b1", true, "153.0b12", false),
            ("153.0b", true, "153.0b12", true),
            ("2026", false, "20260801", true),
            ("2026", false, "20270101", false),
        ] {
            let found = Beginning::new(begin, whole);
            assert_eq!(found.matches(text), expected, "{begin} {text}");
            let bounds = found.bounds();
            let gap = text < bounds.gap_from.as_str() || text >= bounds.gap_until.as_str();
            let within = text >= bounds.from.as_str() && text < bounds.until.as_str() && gap;
            assert_eq!(within, expected, "{begin} {text}");
        }
    }
}
