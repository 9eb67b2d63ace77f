//! Elasticsearch's regular expressions: always matching the whole value, with Lucene's syntax.

use regex_automata::meta::Regex;
use regex_automata::util::syntax;

use super::body::Refused;

/// Maximum length of an expression in characters; Elasticsearch's own limit.
const LONGEST: usize = 1000;
/// Maximum size of a compiled expression in bytes.
const LARGEST: usize = 1 << 20;

/// Compiles an expression. Matching time is proportional to the text, whatever the expression.
pub(super) fn compile(pattern: &str) -> Result<Regex, Refused> {
    if pattern.chars().count() > LONGEST {
        return Err(Refused(format!(
            "a regular expression may have at most {LONGEST} characters"
        )));
    }
    let pattern = format!("^(?:{})$", translate(pattern)?);
    Regex::builder()
        .configure(
            Regex::config()
                .nfa_size_limit(Some(LARGEST))
                .onepass_size_limit(Some(LARGEST))
                .hybrid_cache_capacity(LARGEST),
        )
        .syntax(syntax::Config::new().nest_limit(50))
        .build(&pattern)
        .map_err(|_| Refused("the regular expression is malformed or too large".to_owned()))
}

/// Translates an expression into the engine's syntax. In Lucene's, a backslash makes any character literal, and `^` and
/// `$` are literal; its extensions (`~ & @ # < > "`) are refused.
fn translate(pattern: &str) -> Result<String, Refused> {
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut characters = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let literal = characters.next();
                literal_into(
                    &mut out,
                    literal.ok_or_else(|| Refused("the regular expression ends with a backslash".to_owned()))?,
                );
            }
            '[' if !in_class => {
                in_class = true;
                out.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '-' if in_class => out.push('-'),
            '(' if characters.peek() == Some(&'?') => {
                return Err(Refused(
                    "groups of the kind (?…) are not known in regular expressions here".to_owned(),
                ));
            }
            '.' | '?' | '+' | '*' | '|' | '(' | ')' | '{' | '}' if !in_class => out.push(character),
            '~' | '&' | '@' | '#' | '<' | '>' | '"' if !in_class => {
                return Err(Refused(format!(
                    "the operator {character} is not known in regular expressions here"
                )));
            }
            literal => literal_into(&mut out, literal),
        }
    }
    Ok(out)
}

fn literal_into(out: &mut String, literal: char) {
    match literal {
        '<' | '>' => out.push(literal),
        _ if literal.is_ascii_punctuation() => out.extend(['\\', literal]),
        _ => out.push(literal),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::compile;

    #[test]
    fn the_whole_value_must_match() {
        for (pattern, text, expected) in [
            ("[0-9]+\\.0a1", "67.0a1", true),
            ("[0-9]+\\.0a1", "167.0a12", false),
            ("[0-9]+\\.0b[0-9]+", "64.0b14", true),
            ("[0-9]+\\.0b[0-9]+", "61.0b4rc1", false),
            ("[0-9]+\\.[0-9]+(\\.[0-9]+)?", "62.0.2", true),
            ("[0-9]+\\.[0-9]+(\\.[0-9]+)?", "62.0.2esr", false),
            ("6[0-9]\\.0|70\\.0", "70.0", true),
            ("a|b", "ab", false),
            ("[^0-9]*", "abc", true),
            ("\\d", "d", true),
            ("^a$", "a", false),
            ("[a\\]b]+", "a]b", true),
            ("6{2}", "66", true),
        ] {
            let found = compile(pattern).unwrap().is_match(text);
            assert_eq!(found, expected, "{pattern} of {text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let huge = "(((((a{100}){100}){100}){100}){100})";
        for pattern in ["~a", "<1-9>", "(?i)a", "(", "[", "a\\", huge, &"a".repeat(1001)] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_is_read_or_refused(pattern in "\\PC{0,40}|[a-c0-9.*+?|(){}\\[\\]\\\\^-]{0,40}") {
            if let Ok(regex) = compile(&pattern) {
                regex.is_match("64.0b14");
            }
        }
    }
}
