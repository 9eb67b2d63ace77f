//! Texts from clients and from processing, made to fit a database column.

/// A text of at most `BYTES` bytes, without control characters or surrounding white space: the part of an untrusted
/// text that a column holds. PostgreSQL refuses null characters, and index entries of more than about 2,700 bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Column<const BYTES: usize>(String);

/// A name that lists filter by, such as a product's: one index entry holds several.
pub type Name = Column<128>;
/// A text shown in lists and found by its hash, such as a signature.
pub type Text = Column<1024>;

impl<const BYTES: usize> Column<BYTES> {
    /// Returns the part of a text that the column holds.
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
