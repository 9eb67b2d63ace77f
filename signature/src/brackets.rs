//! Brackets in function names: tokens outside them, and the outermost pairs of one kind.
//!
//! Names come from symbol files and may be unbalanced. All delimiters are ASCII, so bytes can be examined one by one.

/// An outermost bracketed part of a text, from the opening to the closing bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slice {
    /// The offset of its opening bracket.
    pub(crate) start: usize,
    /// The offset after its closing bracket, or the end of the text if there is none.
    pub(crate) end: usize,
}

/// Returns the outermost parts between `open` and `close`. Only these two are counted: an unmatched closing bracket is
/// ordinary text, and an unclosed part runs to the end.
pub(crate) fn outermost(text: &str, open: u8, close: u8) -> impl Iterator<Item = Slice> {
    let bytes = text.as_bytes();
    let mut position = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(position..)?;
        let start = position + rest.iter().position(|b| *b == open)?;
        let mut depth = 0_usize;
        for (i, byte) in bytes.iter().enumerate().skip(start) {
            if *byte == open {
                depth += 1;
            } else if *byte == close {
                depth -= 1;
                if depth == 0 {
                    position = i + 1;
                    return Some(Slice { start, end: position });
                }
            }
        }
        position = bytes.len();
        Some(Slice { start, end: position })
    })
}

/// Returns the last token of a function: the name without prefixes and return type.
///
/// Tokens are separated by single spaces outside all brackets (`(`, `{`, `[`, `<` and the backtick, which `'` closes).
/// A closing bracket that does not match the innermost open one is ordinary text. A last token that begins with `(` or
/// `[clone` belongs to the one before it.
pub(crate) fn last_token(text: &str) -> &str {
    let bytes = text.as_bytes();
    let mut awaited: Vec<u8> = Vec::new();
    let mut start = 0;
    let mut end = bytes.len();
    // No token begins after the last space.
    let blanks = text.rfind(' ').map_or(0, |last| last + 1);
    for (i, byte) in bytes[..blanks].iter().enumerate() {
        match byte {
            b'(' => awaited.push(b')'),
            b'{' => awaited.push(b'}'),
            b'[' => awaited.push(b']'),
            b'<' => awaited.push(b'>'),
            b'`' => awaited.push(b'\''),
            b' ' if awaited.is_empty() => {
                if i + 1 == bytes.len() {
                    // A single trailing space starts no token.
                    end = i;
                } else {
                    let next = &bytes[i + 1..];
                    if !next.starts_with(b"(") && !next.starts_with(b"[clone") {
                        start = i + 1;
                    }
                }
            }
            b')' | b'}' | b']' | b'>' | b'\'' if awaited.last() == Some(byte) => {
                awaited.pop();
            }
            _ => {}
        }
    }
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_token_is_the_function() {
        let cases = [
            ("zebra", "zebra"),
            ("void zebra(int a, int b)", "zebra(int a, int b)"),
            ("static std::map<a, b> Zebra::leap()", "Zebra::leap()"),
            ("zebra (int)", "zebra (int)"),
            (
                "void zebra(int) [clone .cold.1] [clone .part.2]",
                "zebra(int) [clone .cold.1] [clone .part.2]",
            ),
            ("operator new(int)", "new(int)"),
            ("`anonymous namespace'::zebra", "`anonymous namespace'::zebra"),
            ("zebra ", "zebra"),
            ("zebra  ", ""),
            ("a < b c", "< b c"),
            ("a) b", "b"),
            (" ", ""),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(last_token(text), expected, "{text}");
        }
    }

    #[test]
    fn outermost_parts_count_one_kind_of_bracket() {
        let cases: [(&str, &[&str]); 5] = [
            ("a<b<c>>::d<e>", &["<b<c>>", "<e>"]),
            ("a>b<c", &["<c"]),
            ("no", &[]),
            ("<>", &["<>"]),
            ("a<(>)", &["<(>"]),
        ];
        for (text, expected) in cases {
            let found: Vec<&str> = outermost(text, b'<', b'>')
                .map(|slice| &text[slice.start..slice.end])
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
