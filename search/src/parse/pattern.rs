//! Regular expressions in Lucene's syntax, translated.
//!
//! They match whole values. `.` is any character, `@` any text, `#` nothing, `"…"` a literal, `<n-m>` a number in a
//! range; `^` and `$` are ordinary characters. What has no translation is refused: complement `~` and intersection `&`,
//! and what Lucene does not have: look-around, back-references and lazy repetition.

use std::iter::Peekable;
use std::str::Chars;

use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;
use regex_syntax::ast::ErrorKind;

use crate::query::Pattern;

/// Maximum characters of an expression.
const MAX_LENGTH: usize = 1_000;

/// Maximum bytes of a compiled expression.
const MAX_COMPILED: usize = 1 << 20;

/// Maximum bytes of what is kept while texts are matched, for each thread.
const MAX_CACHE: usize = 1 << 20;

/// Maximum groups and repetitions within each other.
const MAX_NESTED: u32 = 50;

/// Maximum times that something is repeated.
const MAX_REPEATED: u32 = 1_000;

/// Maximum numbers in a range.
const MAX_NUMBERS: u64 = 1_000;

/// Whether an expression's letters are as they were typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// As typed.
    Kept,
    /// Whichever stands for those in lower case, as the values are.
    Lower,
}

/// How Crash Stats begins what it says of an expression that it does not understand.
const MALFORMED: &str = "Malformed supersearch query";
/// And of one that costs too much.
pub(super) const TOO_COMPLEX: &str = "Search query is too complex";

/// An expression that was understood.
#[derive(Debug)]
pub(super) struct Understood {
    pub(super) pattern: Pattern,
    /// Whether `^` or `$` stand where people often mean the ends of the value.
    pub(super) has_bare_anchors: bool,
}

/// The expression, compiled; or a text that says what is wrong with it.
pub(super) fn pattern(typed: &str, case: Case) -> Result<Understood, String> {
    if typed.len() > MAX_LENGTH && typed.chars().count() > MAX_LENGTH {
        return Err(format!(
            "{TOO_COMPLEX}: the regular expression is longer than {MAX_LENGTH} characters: shorten it"
        ));
    }
    let Translation {
        translated,
        has_bare_anchors,
        ..
    } = Translation::of(typed, case).map_err(|message| format!("{MALFORMED}: {message}"))?;
    let config = Config::new()
        .nfa_size_limit(Some(MAX_COMPILED))
        .onepass_size_limit(Some(MAX_COMPILED))
        .dfa_size_limit(Some(MAX_COMPILED))
        .hybrid_cache_capacity(MAX_CACHE)
        .which_captures(WhichCaptures::Implicit);
    let syntax = syntax::Config::new().nest_limit(MAX_NESTED).dot_matches_new_line(true);
    let compiled = Regex::builder().configure(config).syntax(syntax).build(&translated);
    let pattern = Pattern {
        typed: typed.to_owned(),
        compiled: compiled.map_err(|error| refused(&error))?,
    };
    Ok(Understood {
        pattern,
        has_bare_anchors,
    })
}

fn refused(error: &BuildError) -> String {
    let is_nested = |error: &regex_syntax::Error| match error {
        regex_syntax::Error::Parse(error) => matches!(error.kind(), ErrorKind::NestLimitExceeded(_)),
        _ => false,
    };
    if error.size_limit().is_some() {
        format!("{TOO_COMPLEX}: the regular expression is too complex: repeat less")
    } else if error.syntax_error().is_some_and(is_nested) {
        format!(
            "{TOO_COMPLEX}: parentheses, brackets and repetitions stand more than {MAX_NESTED} deep within each other: \
             nest less"
        )
    } else {
        format!(
            "{MALFORMED}: not a regular expression: look for parentheses, brackets and repetitions that do not match, \
             and put `\\` before a character that is meant as it is"
        )
    }
}

/// An expression that is being translated.
struct Translation<'a> {
    typed: Peekable<Chars<'a>>,
    translated: String,
    /// Whether a repetition was just closed.
    repeated: bool,
    /// Whether a part begins here: the whole, a group or an alternative.
    begins: bool,
    has_bare_anchors: bool,
}

impl<'a> Translation<'a> {
    fn of(typed: &'a str, case: Case) -> Result<Self, String> {
        let begin = match case {
            Case::Kept => r"\A(?:",
            // The values have no other letters: that one of them is meant by any of its forms changes nothing else.
            Case::Lower => r"\A(?i:",
        };
        let mut translation = Self {
            typed: typed.chars().peekable(),
            translated: begin.to_owned(),
            repeated: false,
            begins: true,
            has_bare_anchors: false,
        };
        let mut open = 0u32;
        while let Some(character) = translation.typed.next() {
            match character {
                '(' => open += 1,
                ')' => open = open.checked_sub(1).ok_or("a `)` has no `(` before it")?,
                _ => {}
            }
            translation.one(character)?;
        }
        if open > 0 {
            return Err("a `(` is not closed".to_owned());
        }
        translation.translated.push_str(r")\z");
        Ok(translation)
    }

    fn one(&mut self, character: char) -> Result<(), String> {
        let repeated = std::mem::take(&mut self.repeated);
        let begins = std::mem::replace(&mut self.begins, matches!(character, '(' | '|'));
        let ends = matches!(self.typed.peek(), None | Some(')' | '|'));
        self.has_bare_anchors |= (character == '^' && begins) || (character == '$' && ends);
        match character {
            '|' | ')' | '.' => self.translated.push(character),
            '(' => self.open()?,
            '?' if repeated => return Err("lazy repetition is not supported: leave out the second `?`".to_owned()),
            '?' | '*' | '+' => {
                self.translated.push(character);
                self.repeated = true;
            }
            '{' => self.times()?,
            '[' => self.class()?,
            '"' => self.quoted()?,
            '<' => self.numbers()?,
            '@' => self.translated.push_str("(?:.*)"),
            '#' => self.translated.push_str(r"[^\s\S]"),
            '~' => return Err("complement is not supported: write `\\~` for the character".to_owned()),
            '&' => return Err("intersection is not supported: write `\\&` for the character".to_owned()),
            '\\' => self.escaped()?,
            other => self.literal(other),
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        if self.typed.peek() == Some(&'?') {
            return Err("`(?` is not supported: neither look-around nor flags nor named groups".to_owned());
        }
        self.translated.push_str("(?:");
        Ok(())
    }

    /// A character that stands for itself.
    fn literal(&mut self, character: char) {
        if character.is_ascii_alphanumeric() {
            self.translated.push(character);
        } else {
            self.translated.push_str(&format!(r"\x{{{:x}}}", u32::from(character)));
        }
    }

    /// Behind a backslash.
    fn escaped(&mut self) -> Result<(), String> {
        let Some(character) = self.typed.next() else {
            return Err("a `\\` stands at the end".to_owned());
        };
        let class = match character {
            'd' => "[0-9]",
            'D' => "[^0-9]",
            's' => r"[ \t\n\r]",
            'S' => r"[^ \t\n\r]",
            'w' => "[A-Za-z0-9_]",
            'W' => "[^A-Za-z0-9_]",
            '0'..='9' => return Err("back-references are not supported".to_owned()),
            other if other.is_ascii_alphabetic() => {
                return Err(format!(
                    "`\\{other}` is not supported: of letters only \\d \\D \\s \\S \\w \\W"
                ));
            }
            other => {
                self.literal(other);
                return Ok(());
            }
        };
        self.translated.push_str(class);
        Ok(())
    }

    fn quoted(&mut self) -> Result<(), String> {
        self.translated.push_str("(?:");
        loop {
            match self.typed.next() {
                None => return Err("a `\"` is not closed".to_owned()),
                Some('"') => break,
                Some(other) => self.literal(other),
            }
        }
        self.translated.push(')');
        Ok(())
    }

    fn class(&mut self) -> Result<(), String> {
        self.translated.push('[');
        if self.typed.next_if_eq(&'^').is_some() {
            self.translated.push('^');
        }
        let mut empty = true;
        // Whether a range may begin with what stands before.
        let mut begun = false;
        loop {
            match self.typed.next() {
                None => return Err("a `[` is not closed".to_owned()),
                Some(']') if empty => return Err("`[]` is empty: write `\\]` for the character".to_owned()),
                Some(']') => break,
                Some('-') if begun && self.typed.peek().is_some_and(|next| *next != ']') => {
                    self.translated.push('-');
                    if let Some(end) = self.typed.next()
                        && !self.member(end)?
                    {
                        return Err("a range ends with one character: write `\\-` for a `-` before a class".to_owned());
                    }
                    begun = false;
                }
                Some(member) => begun = self.member(member)?,
            }
            empty = false;
        }
        self.translated.push(']');
        Ok(())
    }

    /// A member of a class, and whether it is one character.
    fn member(&mut self, member: char) -> Result<bool, String> {
        if member != '\\' {
            self.literal(member);
            return Ok(true);
        }
        let one = self.typed.peek().is_some_and(|next| !next.is_ascii_alphabetic());
        self.escaped()?;
        Ok(one)
    }

    /// A number of digits, if any.
    fn digits(&mut self) -> String {
        let mut digits = String::new();
        while let Some(digit) = self.typed.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        digits
    }

    /// Behind `{`.
    fn times(&mut self) -> Result<(), String> {
        const WRONG: &str = "behind `{` write how often: `{2}`, `{2,}` or `{2,5}`; or `\\{` for the character";
        let least = self.digits();
        let most = self.typed.next_if_eq(&',').map(|_| self.digits());
        if self.typed.next() != Some('}') || least.is_empty() {
            return Err(WRONG.to_owned());
        }
        for digits in [Some(&least), most.as_ref()]
            .into_iter()
            .flatten()
            .filter(|digits| !digits.is_empty())
        {
            let times: Option<u32> = digits.parse().ok();
            if times.is_none_or(|times| times > MAX_REPEATED) {
                return Err(format!("nothing can be repeated more than {MAX_REPEATED} times"));
            }
        }
        let rest = most.map(|most| format!(",{most}")).unwrap_or_default();
        self.translated.push_str(&format!("{{{least}{rest}}}"));
        self.repeated = true;
        Ok(())
    }

    /// Behind `<`. Bounds with as many digits as each other stand for numbers with that many.
    fn numbers(&mut self) -> Result<(), String> {
        const WRONG: &str = "behind `<` write two numbers: `<1-31>`; or `\\<` for the character";
        let from = self.digits();
        let dash = self.typed.next();
        let to = self.digits();
        let (Ok(least), Ok(most)) = (from.parse::<u64>(), to.parse::<u64>()) else {
            return Err(WRONG.to_owned());
        };
        if dash != Some('-') || self.typed.next() != Some('>') {
            return Err(WRONG.to_owned());
        }
        let (least, most) = (least.min(most), least.max(most));
        if most - least >= MAX_NUMBERS {
            return Err(format!("a range of numbers holds at most {MAX_NUMBERS} of them"));
        }
        let (zeros, width) = if from.len() == to.len() {
            ("", from.len())
        } else {
            ("0*", 0)
        };
        let numbers: Vec<String> = (least..=most).map(|number| format!("{number:0width$}")).collect();
        self.translated
            .push_str(&format!("(?:{zeros}(?:{}))", numbers.join("|")));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, case: Case, matching: &[&str], others: &[&str]) {
        let understood = pattern(typed, case);
        let pattern = understood.unwrap_or_else(|error| panic!("{typed}: {error}")).pattern;
        for text in matching {
            assert!(pattern.compiled.is_match(text), "{typed} {text:?}");
        }
        for text in others {
            assert!(!pattern.compiled.is_match(text), "{typed} {text:?}");
        }
    }

    #[test]
    fn expressions_match_whole_values() {
        for (typed, matching, others) in [
            (
                r#""hg:hg.mozilla.org/".*:[0-9a-f]+"#,
                vec!["hg:hg.mozilla.org/mozilla-central:js/src/x.cpp:0a1b"],
                vec![
                    "hg:hgxmozilla.org/a:0a",
                    "hg:hg.mozilla.org/a:0A",
                    "x hg:hg.mozilla.org/a:0a",
                    "",
                ],
            ),
            ("", vec![""], vec!["a"]),
            ("a.c", vec!["abc", "a\nc", "aéc"], vec!["xabc", "abcx", "ac", "ABC"]),
            ("ab|c", vec!["ab", "c"], vec!["ac", "abc", "b"]),
            ("(ab|c)d?", vec!["ab", "cd"], vec!["d", "abc"]),
            ("a{2}", vec!["aa"], vec!["a", "aaa"]),
            ("a{2,}", vec!["aa", "aaaa"], vec!["a"]),
            ("a{1,2}", vec!["a", "aa"], vec!["", "aaa"]),
            ("\"a.b\"+", vec!["a.b", "a.ba.b"], vec!["axb", "a.bb"]),
            ("a@z", vec!["az", "a\nbz"], vec!["a", "z"]),
            ("a#|b", vec!["b"], vec!["a", "a#"]),
            ("^a$", vec!["^a$"], vec!["a"]),
            ("a\\.b\\\\\\*", vec!["a.b\\*"], vec!["axb\\*"]),
            ("\\d+\\s\\w\\D\\S\\W", vec!["12 x_x-"], vec!["1x", "١ x_x-"]),
            ("[a-c]", vec!["b"], vec!["d", "-"]),
            ("[^a-c]", vec!["d", "é", "^"], vec!["b", ""]),
            ("[a^-]", vec!["a", "^", "-"], vec!["b"]),
            ("[\\]\\-x]", vec!["]", "-", "x"], vec!["\\"]),
            ("[[&&~~\"-]", vec!["[", "&", "~", "\"", "-"], vec!["a"]),
            ("[+--]", vec!["+", ",", "-"], vec!["."]),
            ("[\\d-x]", vec!["1", "-", "x"], vec!["a"]),
            ("[\\d_]+", vec!["1_"], vec!["a", "\\d"]),
            ("<1-12>", vec!["1", "12", "007"], vec!["0", "13", "112"]),
            ("<08-11>", vec!["08", "10"], vec!["8", "12", "008"]),
            ("a}b]c/=:%'", vec!["a}b]c/=:%'"], vec!["ab"]),
            ("a**", vec!["", "aaa"], vec!["b"]),
            (
                "js::.*<lambda_\\d>".replace('<', "\\<").as_str(),
                vec!["js::x<lambda_1>"],
                vec!["js::x"],
            ),
        ] {
            check(typed, Case::Kept, &matching, &others);
        }
    }

    #[test]
    fn letters_stand_for_the_lower_ones_of_values() {
        for (typed, matching, others) in [
            (r"Xul\.DLL[A-Z]\D", vec!["xul.dllax"], vec!["xul.dlla1", "xul.dll1x"]),
            ("[@-Z]tick", vec!["@tick", "atick"], vec!["`tick", "[tick"]),
            ("[A-_]+", vec!["az^_"], vec!["`"]),
            ("[^A-Z]", vec!["1"], vec!["a"]),
            ("ΑΣ", vec!["ας", "ασ"], vec!["α"]),
            ("\"DLL\"", vec!["dll"], vec!["dl"]),
        ] {
            check(typed, Case::Lower, &matching, &others);
        }
    }

    #[test]
    fn what_cannot_be_translated_is_refused() {
        let deep = format!("{}a{}", "(".repeat(60), ")".repeat(60));
        for (typed, part) in [
            ("~a", "complement"),
            ("a&b", "intersection"),
            ("a+?", "lazy"),
            ("a{2}?", "lazy"),
            ("(?=a)", "look-around"),
            ("(?i)a", "flags"),
            ("(a)\\1", "back-references"),
            ("\\bfoo", "not supported"),
            ("a\\", "at the end"),
            ("\"a", "not closed"),
            ("[a", "not closed"),
            ("[]", "empty"),
            ("[z-a]", "not a regular expression"),
            ("[A-\\d]", "ends with one character"),
            ("[Z-\\w]x", "ends with one character"),
            (deep.as_str(), "deep within each other"),
            ("(a", "not closed"),
            ("a)", "no `(`"),
            ("a)(b", "no `(`"),
            ("*a", "not a regular expression"),
            ("a{", "how often"),
            ("a{,2}", "how often"),
            ("a{2001}", "more than 1000"),
            ("a{99999999999}", "more than 1000"),
            ("a{3,2}", "not a regular expression"),
            ("<a>", "two numbers"),
            ("<1-99999>", "at most 1000"),
            ("<1-99999999999999999999999>", "two numbers"),
        ] {
            let error = pattern(typed, Case::Kept).expect_err(typed);
            assert!(error.contains(part), "{typed}: {error}");
        }
    }

    #[test]
    fn hostile_expressions_end_in_an_error() {
        let nested = format!("{}a{}", "(".repeat(400), ")".repeat(400));
        for typed in [
            "((a{1,100}){1,100}){1,100}",
            "(((((.{1000}){1000}){1000}){1000}){1000}){1000}",
            "([^a]{1000}){1000}",
            &"<0-999>".repeat(140),
            &nested,
            &"a".repeat(1_001),
        ] {
            assert!(pattern(typed, Case::Kept).is_err(), "{typed:.40}");
        }
    }

    #[test]
    fn anchors_are_noticed() {
        for (typed, expected) in [
            ("^a", true),
            ("a$", true),
            ("(^js|x)", true),
            ("x|^a", true),
            ("(a|b$)c", true),
            ("js\\\\$", true),
            ("a\\$", false),
            ("\\^a", false),
            ("a^b$c", false),
            ("[^a]", false),
            ("[a$]", false),
            ("\"^a$\"", false),
            ("", false),
        ] {
            let understood = pattern(typed, Case::Kept).unwrap();
            assert_eq!(understood.has_bare_anchors, expected, "{typed}");
        }
    }
}
