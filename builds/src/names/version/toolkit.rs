//! The version order that the programs themselves use.

use std::cmp::Ordering;

/// Compares two versions as the programs themselves do (toolkit's version comparator), which differs from
/// `Version`'s order: a missing suffix is greater than any, so `65.0` comes after `65.0esr`; `1.*` comes after every
/// `1.N`; `1.0+` is `1.1pre`.
pub fn toolkit_cmp(a: &str, b: &str) -> Ordering {
    let mut left = a.split('.');
    let mut right = b.split('.');
    loop {
        let (left, right) = (left.next(), right.next());
        if left.is_none() && right.is_none() {
            return Ordering::Equal;
        }
        let order = ToolkitPart::read(left.unwrap_or("")).compare(&ToolkitPart::read(right.unwrap_or("")));
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// One part between dots: number, text, number, rest.
struct ToolkitPart<'a> {
    first: i64,
    text: &'a str,
    second: i64,
    rest: &'a str,
}

impl<'a> ToolkitPart<'a> {
    fn read(part: &'a str) -> Self {
        if part == "*" {
            return Self {
                first: i64::MAX,
                text: "",
                second: 0,
                rest: "",
            };
        }
        let (first, after) = split_number(part);
        if after == "+" {
            return Self {
                first: first.saturating_add(1),
                text: "pre",
                second: 0,
                rest: "",
            };
        }
        let end = after
            .find(|character: char| character.is_ascii_digit() || matches!(character, '+' | '-'))
            .unwrap_or(after.len());
        let (text, after) = after.split_at(end);
        let (second, rest) = split_number(after);
        Self {
            first,
            text,
            second,
            rest,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.first
            .cmp(&other.first)
            .then_with(|| absent_is_greater(self.text, other.text))
            .then_with(|| self.second.cmp(&other.second))
            .then_with(|| absent_is_greater(self.rest, other.rest))
    }
}

fn absent_is_greater(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => a.as_bytes().cmp(b.as_bytes()),
    }
}

/// A leading number with optional sign, and the rest. A number beyond 64 bits counts as the greatest.
fn split_number(text: &str) -> (i64, &str) {
    let sign = usize::from(text.starts_with(['+', '-']));
    let digits = text.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return (0, text);
    }
    let (number, rest) = text.split_at(sign + digits);
    (number.parse().unwrap_or(i64::MAX), rest)
}
