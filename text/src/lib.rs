//! How much of a text is kept, how numbers are written for people, and places in lists for addresses.
//!
//! Pure and small, so that any crate may use it. Lengths are in characters: a cut never parts one.

pub mod cursor;

/// The first `most` characters of a text, or all of it if it is shorter.
pub fn cut(text: &str, most: usize) -> &str {
    match text.char_indices().nth(most) {
        None => text,
        Some((end, _)) => text.get(..end).unwrap_or(text),
    }
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
