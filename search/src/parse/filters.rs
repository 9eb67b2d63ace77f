//! Conditions on fields.

use super::names::{Context, Named, find};
use super::parameters::{Parameters, truth};
use super::problem::{Fault, Problem, Warning};
use super::{dates, pattern};
use crate::document::{lower_case, parts};
use crate::fields::{FieldId, Kind};
use crate::matching::words;
use crate::query::{Condition, Number, Pattern, Range, Side, Test};

/// Maximum bytes of all compiled expressions of a query.
const MAX_COMPILED: usize = 16 << 20;

/// Maximum expressions of a query: each takes memory while it is matched.
const MAX_EXPRESSIONS: usize = 64;

/// What comes up while conditions are read.
struct Reading<'a> {
    warnings: &'a mut Vec<Warning>,
    /// Bytes of the expressions that are compiled.
    compiled: usize,
    /// How many they are.
    expressions: usize,
}

/// The conditions, that on the date first; the others by their first place.
pub(super) fn conditions(
    parameters: &Parameters<'_>,
    context: &Context,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Condition>, Problem> {
    let mut conditions = Vec::new();
    let ranges = dates::ranges(parameters.values("date"), context.now, warnings)?;
    if let Some(field) = FieldId::of("date") {
        conditions.push(Condition {
            field,
            ranges: ranges.into(),
            any: Vec::new(),
            none: Vec::new(),
        });
    }
    let mut reading = Reading {
        warnings,
        compiled: 0,
        expressions: 0,
    };
    for name in parameters.names().filter(|name| *name != "date") {
        match find(name, context) {
            Named::Unknown => {}
            Named::Protected => {
                parameters.values(name);
                let warning = Warning::new(name, "is protected: the filter is ignored");
                reading.warnings.push(warning);
            }
            Named::Field(field) => conditions.push(condition(field, parameters.values(name), &mut reading)?),
        }
    }
    Ok(conditions)
}

/// Ranges, other positive tests and negated tests of a field are kept apart.
fn condition(field: FieldId, values: &[&str], reading: &mut Reading<'_>) -> Result<Condition, Problem> {
    let mut condition = Condition {
        field,
        ranges: Vec::new(),
        any: Vec::new(),
        none: Vec::new(),
    };
    for value in values {
        let (negated, value) = match value.strip_prefix('!') {
            Some(value) => (true, value),
            None => (false, *value),
        };
        for test in tests(field, value, reading)? {
            match (negated, test) {
                (true, test) => condition.none.push(test),
                (false, Test::Range(range)) => condition.ranges.push(range),
                (false, test) => condition.any.push(test),
            }
        }
    }
    Ok(condition)
}

/// The tests that a value without its `!` stands for, of which one must hold.
fn tests(field: FieldId, value: &str, reading: &mut Reading<'_>) -> Result<Vec<Test>, Problem> {
    if field.name() == "frames" && (value == "__null__" || value.starts_with(['~', '^', '$', '@'])) {
        return Err(Problem::new(
            field.name(),
            "takes a whole name behind `=`, or words without an operator",
        ));
    }
    if value == "__null__" {
        return Ok(vec![Test::Missing]);
    }
    let test = match field.kind() {
        Kind::Boolean => boolean(field, value, reading),
        Kind::Integer | Kind::Number | Kind::Date => number(field, value)?,
        Kind::Semicolons if !value.starts_with(['=', '~', '^', '$', '@']) => return Ok(any_part(value)),
        Kind::Exact | Kind::Words | Kind::Semicolons => text(field, value, reading)?,
    };
    Ok(vec![test])
}

/// A whole value of a semicolon field, as it is shown, stands for each of its parts.
fn any_part(value: &str) -> Vec<Test> {
    let parts: Vec<Test> = parts(value).map(Test::Equals).collect();
    if parts.is_empty() {
        return vec![Test::Equals(String::new())];
    }
    parts
}

/// Crash Stats takes for false whatever it does not know as true.
fn boolean(field: FieldId, value: &str, reading: &mut Reading<'_>) -> Test {
    if value.trim().eq_ignore_ascii_case("__true__") {
        return Test::Boolean(true);
    }
    Test::Boolean(truth(value).unwrap_or_else(|| {
        let message = "is neither `true` nor `false`: taken for false";
        reading.warnings.push(Warning::new(field.name(), message));
        false
    }))
}

fn number(field: FieldId, value: &str) -> Result<Test, Problem> {
    let (side, operand) = side(value);
    let operand = operand.trim();
    let number = match field.kind() {
        Kind::Number => {
            let number: Option<f64> = operand.parse().ok();
            number
                .filter(|number| number.is_finite())
                .map(|number| Number::Number(number + 0.0))
        }
        _ => operand.parse().ok().map(Number::Integer),
    };
    match (side, number) {
        (None, Some(number)) => Ok(Test::Number(number)),
        (Some(side), Some(bound)) => Ok(Test::Range(Range { side, bound })),
        (_, None) => {
            let what = if field.kind() == Kind::Number {
                "number"
            } else {
                "whole number of 64 bits"
            };
            let message = format!("must be a {what}, alone or behind `>=`, `>`, `<=`, `<` or `!`; or `__null__`");
            Err(Problem::new(field.name(), message))
        }
    }
}

/// The bound that a value begins with, and the rest.
fn side(value: &str) -> (Option<Side>, &str) {
    const SIDES: [(&str, Side); 4] = [
        (">=", Side::From),
        ("<=", Side::UpTo),
        (">", Side::Above),
        ("<", Side::Below),
    ];
    let mut found = SIDES
        .iter()
        .filter_map(|(sign, side)| Some((Some(*side), value.strip_prefix(sign)?)));
    found.next().unwrap_or((None, value))
}

fn text(field: FieldId, value: &str, reading: &mut Reading<'_>) -> Result<Test, Problem> {
    let semicolons = field.kind() == Kind::Semicolons;
    let operand = |text: &str| {
        if semicolons { lower_case(text) } else { text.to_owned() }
    };
    let mut characters = value.chars();
    let operator = characters.next();
    let rest = characters.as_str();
    Ok(match operator {
        // What surrounds parts is no part of them.
        Some('=') if semicolons => Test::Equals(operand(rest.trim())),
        Some('=') => Test::Equals(rest.to_owned()),
        Some('~') => Test::Contains(operand(rest)),
        Some('^') => Test::StartsWith(operand(rest)),
        Some('$') => Test::EndsWith(operand(rest)),
        Some('@') => Test::Matches(expression(field, rest, reading)?),
        // All betas of a version.
        _ if field.name() == "version" && value.ends_with('b') => Test::StartsWith(value.to_owned()),
        _ if field.kind() == Kind::Words => Test::Words(words(value).collect()),
        _ => Test::Equals(value.to_owned()),
    })
}

fn expression(field: FieldId, typed: &str, reading: &mut Reading<'_>) -> Result<Pattern, Problem> {
    let case = match field.kind() {
        Kind::Semicolons => pattern::Case::Lower,
        _ => pattern::Case::Kept,
    };
    reading.expressions += 1;
    if reading.expressions > MAX_EXPRESSIONS {
        let message = format!(
            "{}: more than {MAX_EXPRESSIONS} regular expressions: ask for less at once",
            pattern::TOO_COMPLEX
        );
        return Err(Problem::of(Fault::Sense, field.name(), message));
    }
    let understood = pattern::pattern(typed, case);
    let understood = understood.map_err(|message| Problem::of(Fault::Sense, field.name(), message))?;
    reading.compiled += understood.pattern.compiled.memory_usage();
    if reading.compiled > MAX_COMPILED {
        let message = format!(
            "{}: the regular expressions are too complex together: ask for less at once",
            pattern::TOO_COMPLEX
        );
        return Err(Problem::of(Fault::Sense, field.name(), message));
    }
    if understood.has_bare_anchors {
        let message = "in a regular expression `^` and `$` are ordinary characters: it matches whole values";
        reading.warnings.push(Warning::new(field.name(), message));
    }
    Ok(understood.pattern)
}
