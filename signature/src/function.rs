//! C++ and Rust function names, reduced to what groups crashes: no return type, arguments, template arguments,
//! qualifiers, hashes or numbers that change from build to build.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_automata::dfa::{Automaton, dense};
use regex_automata::{Anchored, Input};

use crate::brackets::{last_token, outermost};
use crate::lists::Lists;
use crate::python;
use crate::scalar::Scalar;

/// Maximum bytes examined in the template arguments of `IPC::ParamTraits`, which are kept. Arguments nested deeper than
/// in any real name are collapsed, so that the time stays linear.
const PARAM_TRAITS_BUDGET: usize = 1024 * 1024;

/// Reduces a C++ function. `None` if there is nothing but qualifiers, for which Socorro has no signature.
pub(crate) fn cpp(function: &str, line: Option<&Scalar<'_>>, lists: &Lists) -> Option<String> {
    let name = drop_qualifiers(function);
    if name.is_empty() {
        return None;
    }
    let name = if name.contains("::operator") {
        name
    } else {
        last_token(name)
    };
    let name = replace(Cow::Borrowed(name), "`anonymous namespace'", "(anonymous namespace)");
    let name = apply(name, drop_lambda_numbers);
    let mut budget = PARAM_TRAITS_BUDGET;
    let name = apply(name, |name| collapse_types(name, &mut budget));
    let name = apply(name, drop_arguments);
    let name = apply(name, |name| {
        name.contains("clone .cold").then(|| drop_slices(name, b'[', b']'))
    });
    let name = append_line(name, line, lists);
    Some(apply(name, fix_spaces).into_owned())
}

/// Reduces a Rust function.
pub(crate) fn rust(function: &str, line: Option<&Scalar<'_>>, lists: &Lists) -> String {
    let name = Cow::Borrowed(last_token(function));
    let name = apply(name, collapse_rust_types);
    let name = apply(name, |name| name.contains('(').then(|| drop_slices(name, b'(', b')')));
    let name = append_line(name, line, lists);
    let name = apply(name, fix_spaces);
    apply(name, drop_hash).into_owned()
}

/// Applies a step that returns `None` if it changes nothing.
fn apply<'a>(text: Cow<'a, str>, step: impl FnOnce(&str) -> Option<String>) -> Cow<'a, str> {
    match step(&text) {
        Some(changed) => Cow::Owned(changed),
        None => text,
    }
}

fn replace<'a>(text: Cow<'a, str>, from: &str, to: &str) -> Cow<'a, str> {
    apply(text, |text| text.contains(from).then(|| text.replace(from, to)))
}

fn drop_qualifiers(function: &str) -> &str {
    let mut name = function;
    for qualifier in ["const", "const&", "const &", "&&", "&"] {
        if let Some(rest) = name.strip_suffix(qualifier) {
            name = python::strip(rest);
        }
    }
    name
}

/// Replaces `::$_12::` by `::$::`: it counts the lambdas of a file and changes with it.
fn drop_lambda_numbers(name: &str) -> Option<String> {
    // Few names have any, and setting up the search costs more.
    if !name.contains('$') {
        return None;
    }
    let mut out = String::new();
    let mut copied = 0;
    for (at, start) in name.match_indices("::$_") {
        let number = at + start.len();
        let end = number + digits(&name[number..]);
        // The colons after a dropped number do not begin another match.
        if at >= copied && end > number && name[end..].starts_with("::") {
            out.push_str(&name[copied..at]);
            out.push_str("::$::");
            copied = end + 2;
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&name[copied..]);
    Some(out)
}

/// Returns how many bytes of decimal digits, in any script, a text begins with.
fn digits(text: &str) -> usize {
    static DIGITS: LazyLock<dense::DFA<Vec<u32>>> =
        LazyLock::new(|| dense::DFA::new(r"\d*").expect("the expression for digits is well formed"));
    let ascii = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &text[ascii..];
    // Other scripts are rare, and the expression is slower.
    if rest.bytes().next().is_none_or(|byte| byte.is_ascii()) {
        return ascii;
    }
    let input = Input::new(rest).anchored(Anchored::Yes);
    let found = DIGITS.try_search_fwd(&input).ok().flatten();
    ascii + found.map_or(0, |found| found.offset())
}

/// Replaces template arguments by `<T>`, except where they identify the function.
fn collapse_types(name: &str, budget: &mut usize) -> Option<String> {
    if !name.contains('<') {
        return None;
    }
    let mut out = String::with_capacity(name.len());
    let mut copied = 0;
    for slice in outermost(name, b'<', b'>') {
        let before = &name[copied..slice.start];
        let whole = &name[slice.start..slice.end];
        // Most are short; there may be so many that searching each one is slow.
        let has = |word: &str| whole.len() > word.len() && whole.contains(word);
        out.push_str(before);
        copied = slice.end;
        if whole == "<name omitted>" || before.ends_with("operator") || has(" as ") || has(" in ") {
            out.push_str(whole);
        } else if before.ends_with("IPC::ParamTraits")
            && let Some(left) = budget.checked_sub(whole.len())
        {
            *budget = left;
            let contents = inside(whole);
            out.push('<');
            match collapse_types(contents, budget) {
                Some(collapsed) => out.push_str(&collapsed),
                None => out.push_str(contents),
            }
            out.push('>');
        } else {
            out.push_str("<T>");
        }
    }
    out.push_str(&name[copied..]);
    Some(out)
}

/// Returns the text between the first and last character, even if these are not brackets.
fn inside(whole: &str) -> &str {
    let mut characters = whole.chars();
    characters.next();
    characters.next_back();
    characters.as_str()
}

fn collapse_rust_types(name: &str) -> Option<String> {
    if !name.contains('<') {
        return None;
    }
    let mut out = String::with_capacity(name.len());
    let mut copied = 0;
    for slice in outermost(name, b'<', b'>') {
        out.push_str(&name[copied..slice.start]);
        let whole = &name[slice.start..slice.end];
        out.push_str(if whole.contains(" as ") { whole } else { "<T>" });
        copied = slice.end;
    }
    out.push_str(&name[copied..]);
    Some(out)
}

fn drop_arguments(name: &str) -> Option<String> {
    if !name.contains('(') {
        return None;
    }
    let mut out = String::with_capacity(name.len());
    let mut copied = 0;
    for slice in outermost(name, b'(', b')') {
        let before = &name[copied..slice.start];
        let whole = &name[slice.start..slice.end];
        out.push_str(before);
        copied = slice.end;
        if whole == "(anonymous namespace)" || before.ends_with("operator") {
            out.push_str(whole);
        }
    }
    out.push_str(&name[copied..]);
    Some(out)
}

fn drop_slices(name: &str, open: u8, close: u8) -> String {
    let mut out = String::with_capacity(name.len());
    let mut copied = 0;
    for slice in outermost(name, open, close) {
        out.push_str(&name[copied..slice.start]);
        copied = slice.end;
    }
    out.push_str(&name[copied..]);
    out
}

/// Appends the line number to functions so large that only the line tells crashes apart.
fn append_line<'a>(name: Cow<'a, str>, line: Option<&Scalar<'_>>, lists: &Lists) -> Cow<'a, str> {
    if lists.with_line_number(&name).is_none() {
        return name;
    }
    Cow::Owned(match line {
        Some(line) => format!("{name}:{line}"),
        None => format!("{name}:None"),
    })
}

/// Removes spaces before `*`, `&` and `,`, and puts one after every comma.
fn fix_spaces(name: &str) -> Option<String> {
    let bytes = name.as_bytes();
    if !bytes.contains(&b',') && !bytes.contains(&b' ') {
        return None;
    }
    let glued = |i: usize| matches!(bytes.get(i), Some(b'*' | b'&' | b','));
    let mut out = None;
    let mut copied = 0;
    for (i, byte) in bytes.iter().enumerate() {
        let is_comma = *byte == b',';
        let changes = if is_comma {
            bytes.get(i + 1) != Some(&b' ') || glued(i + 2)
        } else {
            *byte == b' ' && glued(i + 1)
        };
        if !changes {
            continue;
        }
        // A name of nothing but commas doubles in length.
        let out = out.get_or_insert_with(|| String::with_capacity(2 * name.len()));
        // Copying nothing would take as long as copying something.
        if copied < i {
            out.push_str(&name[copied..i]);
        }
        if is_comma {
            out.push_str(", ");
        }
        copied = i + 1;
    }
    let mut out = out?;
    out.push_str(&name[copied..]);
    Some(out)
}

/// Removes a legacy mangling hash, `::h` and hexadecimal digits, from the end.
fn drop_hash(name: &str) -> Option<String> {
    let (body, end) = match name.strip_suffix('\n') {
        Some(body) => (body, "\n"),
        None => (name, ""),
    };
    let without_digits = body.trim_end_matches(|c: char| c.is_ascii_hexdigit());
    let without_hash = without_digits.strip_suffix("::h")?;
    (without_digits.len() < body.len()).then(|| format!("{without_hash}{end}"))
}

#[cfg(test)]
mod tests;
