//! Where a page of findings begins.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use builds::audit::Check;

/// A finding's place in the list. Written `<check>~<key>`, the key percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The check.
    pub check: Check,
    /// What the finding is sorted by within its check.
    pub key: String,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = utf8_percent_encode(&self.key, NON_ALPHANUMERIC);
        write!(out, "{}~{key}", self.check.as_str())
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (check, key) = text.split_once('~').ok_or(())?;
        let key = percent_decode_str(key).decode_utf8().map_err(|_| ())?;
        // PostgreSQL has no text with a null character.
        if key.contains('\0') {
            return Err(());
        }
        Ok(Self {
            check: Check::named(check).ok_or(())?,
            key: key.into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_back_and_nothing_else_is_one() {
        let place = Place {
            check: Check::Conflict,
            key: "Firefox 64.0\nFirefox beta ~%\nrevision".to_owned(),
        };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "conflict", "all~x", "conflict~%00", "conflict~%FF"] {
            assert_eq!(text.parse::<Place>(), Err(()), "{text}");
        }
    }
}
