//! How much of a text is kept, how numbers are written for people, and places in lists for addresses.
//!
//! Pure and small, so that any crate may use it. Lengths are in characters: a cut never parts one.

pub mod cursor;

use std::fmt::{self, Display, Write};

/// The first `most` characters of a text, or all of it if it is shorter.
pub fn cut(text: &str, most: usize) -> &str {
    match text.char_indices().nth(most) {
        None => text,
        Some((end, _)) => text.get(..end).unwrap_or(text),
    }
}

/// The first `most` characters of what is shown, which is never made whole.
pub fn beginning(shown: impl Display, most: usize) -> String {
    let mut beginning = Beginning {
        text: String::new(),
        room: most,
    };
    // An error only says that there was more.
    let _ = write!(beginning, "{shown}");
    beginning.text
}

/// The beginning of a text that is being written.
struct Beginning {
    text: String,
    /// How many characters more there is room for.
    room: usize,
}

impl Write for Beginning {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let kept = cut(more, self.room);
        self.text.push_str(kept);
        self.room -= kept.chars().count();
        if kept.len() < more.len() {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

/// Whether a character would break or turn a line: a control character, a mark of direction, a separator of lines.
pub fn breaks_line(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The text on one line that reads from its beginning to its end: what would break or turn it is replaced.
pub fn one_line(text: &str) -> String {
    text.replace(breaks_line, "\u{fffd}")
}

/// The text, or its first `most` characters with `…` behind them, which shows that more was there.
pub fn shortened(text: &str, most: usize) -> String {
    let kept = cut(text, most);
    let rest = if kept.len() < text.len() { "…" } else { "" };
    format!("{kept}{rest}")
}

/// A whole number with a comma before every three digits, and a minus sign (U+2212) if it is below 0: `12,345`.
pub fn thousands(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::new();
    if count < 0 {
        text.push('−');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_end_between_characters() {
        for (text, most, kept, marked) in [
            ("äöü", 2, "äö", "äö…"),
            ("äöü", 3, "äöü", "äöü"),
            ("äöü", 0, "", "…"),
            ("\u{1f600}\u{1f600}", 1, "\u{1f600}", "\u{1f600}…"),
            ("", 0, "", ""),
        ] {
            assert_eq!(cut(text, most), kept, "{text:?} {most}");
            assert_eq!(shortened(text, most), marked, "{text:?} {most}");
        }
    }

    #[test]
    fn the_beginning_of_what_is_shown_is_that_of_its_text() {
        for (parts, most, kept) in [
            (["äö", "üß"], 3, "äöü"),
            (["äö", "ü"], 3, "äöü"),
            (["äö", ""], 2, "äö"),
            (["", ""], 0, ""),
            (["a", "b"], 0, ""),
        ] {
            let [one, two] = parts;
            assert_eq!(beginning(format_args!("{one}{two}"), most), kept, "{parts:?} {most}");
        }
    }

    #[test]
    fn a_line_is_neither_broken_nor_turned() {
        let text = "a\nb\u{202e}c\u{2028}d\u{2067}e\u{0}";
        assert_eq!(one_line(text), "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}");
        assert_eq!(one_line("Ann, stäck wörk"), "Ann, stäck wörk");
    }

    #[test]
    fn every_three_digits_stand_apart() {
        for (count, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-123_456, "−123,456"),
            (i64::MIN, "−9,223,372,036,854,775,808"),
        ] {
            assert_eq!(thousands(count), expected);
        }
    }
}
