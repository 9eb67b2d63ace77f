//! Whether one value passes a test. What evaluates a query decides what that means for a crash.

mod numbers;
mod words;

use memchr::memmem::Finder;
use regex_automata::meta::Regex;

use crate::query::{Number, Range, Test};
use crate::row::Value;

pub use numbers::{compare, within};
pub use words::words;

/// Tests, made ready to be applied to many values. A value passes if it passes any of them; without tests, none does.
///
/// [`Test::Missing`] holds for no value, and a test holds for no value of another type than its own.
#[derive(Debug, Clone)]
pub struct Matcher {
    texts: Vec<TextTest>,
    ranges: Vec<Range>,
    numbers: Vec<Number>,
    booleans: Vec<bool>,
}

/// A test on a text.
#[derive(Debug, Clone)]
enum TextTest {
    Equals(String),
    Contains(Box<Finder<'static>>),
    StartsWith(String),
    EndsWith(String),
    Matches(Regex),
    Words(words::AnyWord),
}

impl Matcher {
    /// Makes the tests ready.
    pub fn new(tests: &[Test]) -> Self {
        let mut matcher = Self {
            texts: Vec::new(),
            ranges: Vec::new(),
            numbers: Vec::new(),
            booleans: Vec::new(),
        };
        for test in tests {
            match test {
                Test::Missing => {}
                Test::Number(number) => matcher.numbers.push(*number),
                Test::Range(range) => matcher.ranges.push(*range),
                Test::Boolean(boolean) => matcher.booleans.push(*boolean),
                Test::Equals(text) => matcher.texts.push(TextTest::Equals(text.clone())),
                Test::Contains(text) => matcher
                    .texts
                    .push(TextTest::Contains(Box::new(Finder::new(text).into_owned()))),
                Test::StartsWith(text) => matcher.texts.push(TextTest::StartsWith(text.clone())),
                Test::EndsWith(text) => matcher.texts.push(TextTest::EndsWith(text.clone())),
                Test::Matches(pattern) => matcher.texts.push(TextTest::Matches(pattern.compiled.clone())),
                Test::Words(words) => matcher.texts.push(TextTest::Words(words::AnyWord::of(words))),
            }
        }
        matcher
    }

    /// Whether a value passes.
    pub fn holds_for(&self, value: &Value) -> bool {
        match value {
            Value::Text(text) => self.holds_for_text(text),
            Value::Integer(integer) => self.holds_for_number(Number::Integer(*integer)),
            Value::Number(number) => self.holds_for_number(Number::Number(*number)),
            Value::Boolean(boolean) => self.holds_for_boolean(*boolean),
        }
    }

    /// Whether a text passes.
    pub fn holds_for_text(&self, text: &str) -> bool {
        self.texts.iter().any(|test| match test {
            TextTest::Equals(wanted) => text == wanted,
            TextTest::Contains(finder) => finder.find(text.as_bytes()).is_some(),
            TextTest::StartsWith(start) => text.starts_with(start),
            TextTest::EndsWith(end) => text.ends_with(end),
            TextTest::Matches(regex) => regex.is_match(text),
            TextTest::Words(any) => any.is_in(text),
        })
    }

    /// Whether a number or a moment passes.
    pub fn holds_for_number(&self, number: Number) -> bool {
        self.numbers.iter().any(|wanted| compare(number, *wanted).is_eq())
            || self.ranges.iter().any(|range| within(number, *range))
    }

    /// Whether true or false passes.
    pub fn holds_for_boolean(&self, boolean: bool) -> bool {
        self.booleans.contains(&boolean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Pattern, Side};

    fn text(test: Test, text: &str) -> bool {
        Matcher::new(&[test]).holds_for_text(text)
    }

    #[test]
    fn texts_pass_their_tests() {
        for (test, passing, failing) in [
            (Test::Equals(String::new()), vec![""], vec![" ", "a"]),
            (Test::Equals("Js".into()), vec!["Js"], vec!["js", "Js ", ""]),
            (Test::Contains("s:".into()), vec!["js::x", "s:"], vec!["JS::x", ""]),
            (Test::Contains(String::new()), vec!["", "a"], vec![]),
            (Test::Contains("*".into()), vec!["a*"], vec!["a"]),
            (
                Test::StartsWith("OOM".into()),
                vec!["OOM", "OOM | x"],
                vec!["oom", " OOM"],
            ),
            (Test::EndsWith("é".into()), vec!["é", "aé"], vec!["e", "éa"]),
            (
                Test::Words(vec!["js".into(), "b".into()]),
                vec!["js", "a B"],
                vec!["jsx", ""],
            ),
            (Test::Words(Vec::new()), vec![], vec!["", "a"]),
            (Test::Missing, vec![], vec!["", "a"]),
            (Test::Boolean(true), vec![], vec!["true", ""]),
        ] {
            for passes in passing {
                assert!(text(test.clone(), passes), "{test:?} {passes:?}");
            }
            for fails in failing {
                assert!(!text(test.clone(), fails), "{test:?} {fails:?}");
            }
        }
        let compiled = Regex::new("a.c").unwrap();
        let pattern = Test::Matches(Pattern {
            typed: "a.c".to_owned(),
            compiled,
        });
        assert!(text(pattern.clone(), "abc"));
        assert!(!text(pattern, "ab"));
    }

    #[test]
    fn one_of_several_tests_is_enough() {
        let range = Range {
            side: Side::Above,
            bound: Number::Integer(7),
        };
        let matcher = Matcher::new(&[
            Test::Number(Number::Integer(3)),
            Test::Range(range),
            Test::Boolean(false),
            Test::Equals("a".to_owned()),
            Test::EndsWith("z".to_owned()),
        ]);
        for (value, expected) in [
            (Value::Integer(3), true),
            (Value::Number(3.0), true),
            (Value::Integer(7), false),
            (Value::Integer(8), true),
            (Value::Number(7.5), true),
            (Value::Boolean(false), true),
            (Value::Boolean(true), false),
            (Value::Text("a".to_owned()), true),
            (Value::Text("xyz".to_owned()), true),
            (Value::Text("3".to_owned()), false),
        ] {
            assert_eq!(matcher.holds_for(&value), expected, "{value:?}");
        }
        assert!(!Matcher::new(&[]).holds_for(&Value::Boolean(true)));
    }
}
