//! Texts of clients and of what was found, fit for a column of the database.

/// A text of at most so many bytes, without control characters and without white space around it: what a column holds
/// of a text that anybody may have sent. PostgreSQL refuses null characters, and index entries of more than about
/// 2,700 bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Column<const BYTES: usize>(String);

/// A name that lists are made by, such as a product's: several stand in one index entry.
pub type Name = Column<128>;
/// A text that is shown in lists and found by its hash, such as a signature.
pub type Text = Column<1024>;

impl<const BYTES: usize> Column<BYTES> {
    /// What of a text the column holds.
    pub fn of(text: &str) -> Self {
        let mut kept = String::new();
        for letter in text.trim().chars().filter(|letter| !letter.is_control()) {
            if kept.len() + letter.len_utf8() > BYTES {
                break;
            }
            kept.push(letter);
        }
        // A cut may end in white space.
        kept.truncate(kept.trim_end().len());
        Self(kept)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const BYTES: usize> std::ops::Deref for Column<BYTES> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_column_holds() {
        let long = "\u{1f600}".repeat(3000);
        for (text, expected) in [
            ("Firefox", "Firefox"),
            ("  Fire\u{0}fox\n", "Firefox"),
            ("\u{7}", ""),
            (&long, &"\u{1f600}".repeat(32)),
            (&format!("{} x", "a".repeat(127)), &"a".repeat(127)),
        ] {
            assert_eq!(Name::of(text).as_str(), expected, "{text:?}");
        }
        assert_eq!(Text::of(&long).len(), 1024);
    }
}
