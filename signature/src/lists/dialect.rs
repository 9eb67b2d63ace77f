//! Translates Python's dialect of regular expressions to that of the `regex` crates.
//!
//! Most expressions mean the same in both. Differences are rewritten here; anything without a counterpart is refused,
//! since it would silently mean something else. One thing is narrower: for `\w` and `\b`, only ASCII letters, digits
//! and the underscore are parts of words.

use std::iter::Peekable;
use std::str::Chars;

/// Returns the expression in Rust's dialect, or the unsupported feature it uses.
pub(super) fn translate(python: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(python.len() + 8);
    let mut rest = python.chars().peekable();
    // Whether the previous item was a quantifier, which `+` would make possessive.
    let mut quantified = false;
    while let Some(c) = rest.next() {
        let was_quantified = std::mem::take(&mut quantified);
        match c {
            '\\' => escape(&mut rest, &mut out, false)?,
            '[' => class(&mut rest, &mut out)?,
            '$' => out.push_str(r"(?:\n?\z)"),
            '(' => {
                out.push('(');
                let ahead: String = rest.clone().take(3).collect();
                if ["?=", "?!", "?<=", "?<!"].iter().any(|look| ahead.starts_with(look)) {
                    return Err("look-around is not supported");
                }
                if ["?>", "?(", "?#", "?P="].iter().any(|kind| ahead.starts_with(kind)) {
                    return Err("this kind of group is not supported");
                }
            }
            '*' | '+' | '?' => {
                if was_quantified && c == '+' {
                    return Err("possessive quantifiers are not supported");
                }
                if was_quantified && c == '*' {
                    return Err("multiple repeat");
                }
                out.push(c);
                quantified = true;
            }
            '{' => match count(&rest) {
                Some((length, text)) => {
                    if was_quantified {
                        return Err("multiple repeat");
                    }
                    out.push_str(&text);
                    rest.nth(length - 1);
                    quantified = true;
                }
                None => out.push_str(r"\{"),
            },
            '}' => out.push_str(r"\}"),
            c => out.push(c),
        }
    }
    Ok(out)
}

/// Parses what follows `{` if it is a valid count: its length in characters, and the count in Rust's form. In Python,
/// any other brace is an ordinary character.
fn count(rest: &Peekable<Chars<'_>>) -> Option<(usize, String)> {
    let mut inside = String::new();
    for c in rest.clone() {
        match c {
            '}' => {
                let length = inside.len() + 1;
                let (least, most) = match inside.split_once(',') {
                    None if !inside.is_empty() => return Some((length, format!("{{{inside}}}"))),
                    None => return None,
                    Some(both) => both,
                };
                let least = if least.is_empty() { "0" } else { least };
                return (!most.contains(',')).then(|| (length, format!("{{{least},{most}}}")));
            }
            '0'..='9' | ',' => inside.push(c),
            _ => return None,
        }
    }
    None
}

/// Translates what follows a backslash.
fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String, in_class: bool) -> Result<(), &'static str> {
    let Some(c) = rest.next() else {
        return Err("a backslash at the end");
    };
    match c {
        'Z' if !in_class => out.push_str(r"\z"),
        'b' if in_class => out.push_str(r"\x08"),
        '0' => out.push_str(r"\x00"),
        '1'..='9' => return Err("references to groups are not supported"),
        // Symbols are almost always ASCII, and the full tables of letters would make the automaton so big that matching
        // long frames becomes slow.
        'w' if in_class => out.push_str("0-9A-Za-z_"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' if !in_class => out.push_str("[^0-9A-Za-z_]"),
        'b' => out.push_str(r"(?-u:\b)"),
        'A' | 'B' | 'D' | 'S' | 'W' | 'a' | 'd' | 'f' | 'n' | 'r' | 's' | 't' | 'u' | 'U' | 'v' | 'x' => {
            out.push('\\');
            out.push(c);
        }
        c if c.is_ascii_alphanumeric() => return Err("unknown escape"),
        // In Python an escaped character stands for itself; Rust gives `\<` and `\>` another meaning.
        '<' | '>' => out.push(c),
        c if c.is_ascii() => {
            out.push('\\');
            out.push(c);
        }
        c => out.push(c),
    }
    Ok(())
}

/// Translates a class in square brackets, without the first bracket. Rust has nested classes and operations between
/// them; Python does not.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), &'static str> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if rest.next_if_eq(&']').is_some() {
        out.push_str(r"\]");
    }
    while let Some(c) = rest.next() {
        match c {
            ']' => {
                out.push(']');
                return Ok(());
            }
            '\\' => escape(rest, out, true)?,
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    Err("unterminated character set")
}
