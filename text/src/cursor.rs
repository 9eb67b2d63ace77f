//! Places in lists, as addresses and answers hold them: the key of the last row of a page, behind which the next page
//! begins. Its parts stand behind each other with `~` between them. What is no letter, digit, `-`, `.` or `_` of ASCII
//! is written with `%`, so that a part may hold anything; when reading, any character may be.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What is written with `%`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The place with these parts.
pub fn write<const N: usize>(parts: [&str; N]) -> String {
    parts
        .map(|part| utf8_percent_encode(part, ENCODED).to_string())
        .join("~")
}

/// The parts of a place; none if it has another number of them, or one that is no text or holds a null character, which
/// PostgreSQL refuses to be asked for.
pub fn read<const N: usize>(place: &str) -> Option<[String; N]> {
    let mut parts = place.split('~').map(|part| {
        let text = percent_decode_str(part).decode_utf8().ok()?;
        (!text.contains('\0')).then(|| text.into_owned())
    });
    let mut found = [const { String::new() }; N];
    for part in &mut found {
        *part = parts.next()??;
    }
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::{read, write};

    #[test]
    fn places_read_back() {
        for (parts, text) in [
            (["1", "a-b_c.d"], "1~a-b_c.d"),
            (["", ""], "~"),
            (["~%", "ä\n /"], "%7E%25~%C3%A4%0A%20%2F"),
        ] {
            assert_eq!(write(parts), text);
            assert_eq!(read(text), Some(parts.map(str::to_owned)), "{text}");
        }
        assert_eq!(read("a%2Db"), Some(["a-b".to_owned()]));
    }

    #[test]
    fn nothing_else_is_a_place() {
        for text in ["", "1", "1~2~3", "1~2~", "1~%00", "1~\0", "1~%ff"] {
            assert_eq!(read::<2>(text), None, "{text:?}");
        }
    }
}
