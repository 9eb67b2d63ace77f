//! The words of texts.

use memchr::memchr2_iter;
use unicode_segmentation::UnicodeSegmentation;

/// The words of a text in lower case, in order: what stands between the word boundaries of Unicode (UAX 29) and has a
/// letter or a digit. `_` joins words, `::` parts them.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    text.unicode_words().map(str::to_lowercase)
}

/// Words of which a text has any.
#[derive(Debug, Clone)]
pub(super) struct AnyWord(Vec<String>);

impl AnyWord {
    /// Of words in lower case.
    pub(super) fn of(words: &[String]) -> Self {
        Self(words.to_vec())
    }

    /// Whether the text has one of them.
    pub(super) fn is_in(&self, text: &str) -> bool {
        if text.is_ascii() {
            self.0.iter().any(|word| in_ascii(text, word))
        } else {
            let mut found = text.unicode_words();
            found.any(|piece| self.0.iter().any(|word| same(piece, word)))
        }
    }
}

/// Whether a piece of a text is this word, which is in lower case.
fn same(piece: &str, word: &str) -> bool {
    if piece.is_ascii() {
        piece.eq_ignore_ascii_case(word)
    } else {
        piece.to_lowercase() == word
    }
}

/// Whether a text of ASCII has this word. White space always parts words there, so that it is enough to part what
/// stands around each place that has the word's letters.
fn in_ascii(text: &str, word: &str) -> bool {
    let Some(first) = word.bytes().next().filter(u8::is_ascii) else {
        return false;
    };
    let bytes = text.as_bytes();
    let mut passed = 0;
    for start in memchr2_iter(first, first.to_ascii_uppercase(), bytes) {
        let end = start + word.len();
        // Behind what was already looked at.
        if start < passed {
            continue;
        }
        let Some(found) = bytes.get(start..end) else {
            return false;
        };
        if !found.eq_ignore_ascii_case(word.as_bytes()) {
            continue;
        }
        let from = bytes[..start].iter().rposition(u8::is_ascii_whitespace).unwrap_or(0);
        let space = bytes[end..].iter().position(u8::is_ascii_whitespace);
        let to = space.map_or(bytes.len(), |at| end + at);
        if text[from..to].unicode_words().any(|piece| same(piece, word)) {
            return true;
        }
        passed = to;
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_have_words() {
        for (text, expected) in [
            ("js::break_your_browser", vec!["js", "break_your_browser"]),
            ("js<isKewl>", vec!["js", "iskewl"]),
            ("mozilla::js::f", vec!["mozilla", "js", "f"]),
            ("Windows NT", vec!["windows", "nt"]),
            ("that I used", vec!["that", "i", "used"]),
            ("EMPTY: no crashing thread identified; x", {
                vec!["empty", "no", "crashing", "thread", "identified", "x"]
            }),
            ("0x7ff1 10.0.19041", vec!["0x7ff1", "10.0.19041"]),
            ("@ | :: ()", vec![]),
            ("", vec![]),
            ("ÄÖ straße \u{212a}elvin", vec!["äö", "straße", "kelvin"]),
        ] {
            assert_eq!(words(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_word_is_found_whatever_its_case_and_place() {
        for (word, text, expected) in [
            ("js", "js::x", true),
            ("js", "a | JS<x>", true),
            ("js", "jsx xjs _js js_", false),
            ("js", "jsx js", true),
            ("js", "j", false),
            ("js", "", false),
            ("kelvin", "\u{212a}elvin", true),
            ("i\u{307}x", "\u{130}x", true),
            ("ix", "\u{130}x", false),
            ("straße", "Straße", true),
            ("straße", "strasse", false),
            ("a b", "a b", false),
            ("", "a", false),
        ] {
            let any = AnyWord::of(&[word.to_owned()]);
            assert_eq!(any.is_in(text), expected, "{word:?} {text:?}");
        }
    }

    proptest! {
        #[test]
        fn words_are_found_as_if_the_text_was_split(
            text in "[a-cA-C:._'1 \t\n|<>é\u{212a}-]{0,24}",
            word in "[a-ck_1'.é]{0,3}",
        ) {
            let any = AnyWord::of(std::slice::from_ref(&word));
            prop_assert_eq!(any.is_in(&text), words(&text).any(|found| found == word));
        }
    }
}
