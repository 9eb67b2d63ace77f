//! Where a page of findings begins.

use std::fmt;
use std::str::FromStr;

use builds::audit::Check;
use text::cursor;

/// A finding's place in the list: the check and the key, written by [`cursor`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The check.
    pub check: Check,
    /// The finding's sort key within its check.
    pub key: String,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&cursor::write([self.check.as_str(), &self.key]))
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let [check, key] = cursor::read(text).ok_or(())?;
        Ok(Self {
            check: Check::named(&check).ok_or(())?,
            key,
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
