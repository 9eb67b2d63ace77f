//! Which rows match.

use std::io;

use super::limits::{Limits, Refused};
use crate::columns::{
    Bits, Coded, NO_CODE, Segment, Snapshot, Texts, integer_of, is_full, number_of, order_of_integer, order_of_number,
};
use crate::fields::{FieldId, Kind};
use crate::matching::{Matcher, within};
use crate::query::{Condition, Number, Range, Side, Test};

/// The rows of each segment that meet all conditions and are not deleted.
pub(super) fn matches(snapshot: &Snapshot, conditions: &[Condition], limits: &Limits) -> Result<Vec<Bits>, Refused> {
    let mut left: Vec<Bits> = snapshot
        .segments
        .iter()
        .map(|segment| segment.alive().clone())
        .collect();
    // Numbers first: they are cheap, and a short time leaves few rows.
    let (texts, numbers): (Vec<_>, Vec<_>) = conditions
        .iter()
        .partition(|condition| condition.field.kind().is_text());
    for condition in numbers {
        let accepted = OfNumbers::new(condition);
        for (segment, rows) in snapshot.segments.iter().zip(&mut left) {
            accepted.keep(segment, rows, limits)?;
        }
    }
    for condition in texts {
        OfTexts::new(condition, snapshot)?.keep(snapshot, &mut left, limits)?;
    }
    Ok(left)
}

/// Whether rows without the field pass.
fn missing_passes(condition: &Condition) -> bool {
    condition.ranges.is_empty()
        && (condition.any.is_empty() || condition.any.contains(&Test::Missing))
        && !condition.none.contains(&Test::Missing)
}

/// A condition on numbers, moments or booleans, of which a row has one at most.
struct OfNumbers {
    field: FieldId,
    missing: bool,
    /// The least and the greatest order that pass the ranges.
    span: Option<(u64, u64)>,
    /// Ranges that are compared value by value.
    odd: Vec<Range>,
    any: Option<Matcher>,
    none: Option<Matcher>,
}

impl OfNumbers {
    fn new(condition: &Condition) -> Self {
        let field = condition.field;
        let mut span = Some((0, u64::MAX));
        let mut odd = Vec::new();
        for range in &condition.ranges {
            match order_of(field, range.bound) {
                Some(bound) => span = span.and_then(|span| cut(span, range.side, bound)),
                // No boolean is in a range.
                None if field.kind() == Kind::Boolean => span = None,
                None => odd.push(*range),
            }
        }
        let matcher = |tests: &[Test]| (!tests.is_empty()).then(|| Matcher::new(tests));
        Self {
            field,
            missing: missing_passes(condition),
            span,
            odd,
            any: matcher(&condition.any),
            none: matcher(&condition.none),
        }
    }

    fn passes(&self, order: u64) -> bool {
        if self.odd.is_empty() && self.any.is_none() && self.none.is_none() {
            return true;
        }
        let holds = |matcher: &Matcher| match self.field.kind() {
            Kind::Boolean => matcher.holds_for_boolean(order == 1),
            _ => matcher.holds_for_number(self.number(order)),
        };
        self.odd.iter().all(|range| within(self.number(order), *range))
            && self.any.as_ref().is_none_or(holds)
            && !self.none.as_ref().is_some_and(holds)
    }

    fn number(&self, order: u64) -> Number {
        if self.field.kind() == Kind::Number {
            Number::Number(number_of(order))
        } else {
            Number::Integer(integer_of(order))
        }
    }

    fn keep(&self, segment: &Segment, rows: &mut Bits, limits: &Limits) -> Result<(), Refused> {
        let Some(column) = segment.numbers(self.field)? else {
            if !self.missing {
                *rows = Bits::none(segment.rows());
            }
            return Ok(());
        };
        let is_simple = self.odd.is_empty() && self.any.is_none() && self.none.is_none();
        if let Some((least, greatest)) = self.span
            && is_simple
            && is_full(&column)
            && least <= column.min_value()
            && column.max_value() <= greatest
        {
            return Ok(());
        }
        let mut passing = Bits::none(segment.rows());
        let mut having = Bits::none(segment.rows());
        Segment::scan(
            &column,
            rows,
            || limits.go_on(),
            |at, values| {
                for (&row, &value) in at.iter().zip(values) {
                    having.insert(row);
                    let is_within = self
                        .span
                        .is_some_and(|(least, greatest)| (least..=greatest).contains(&value));
                    if is_within && self.passes(value) {
                        passing.insert(row);
                    }
                }
            },
        )?;
        settle(rows, &having, &passing, self.missing);
        Ok(())
    }
}

/// After how many texts it is looked whether to go on: an expression may take a millisecond for one of them.
fn every(condition: &Condition) -> usize {
    let mut tests = condition.any.iter().chain(&condition.none);
    if tests.any(|test| matches!(test, Test::Matches(_))) {
        16
    } else {
        1024
    }
}

/// Keeps the rows that have values and pass, and those without values if they pass.
fn settle(rows: &mut Bits, having: &Bits, passing: &Bits, missing: bool) {
    if missing {
        let mut failing = having.clone();
        failing.and_not(passing);
        rows.and_not(&failing);
    } else {
        rows.and(passing);
    }
}

fn order_of(field: FieldId, bound: Number) -> Option<u64> {
    match (field.kind(), bound) {
        (Kind::Integer | Kind::Date, Number::Integer(bound)) => Some(order_of_integer(bound)),
        // Negative and positive zero are the same number.
        (Kind::Number, Number::Number(bound)) if bound.is_finite() => Some(order_of_number(bound + 0.0)),
        _ => None,
    }
}

fn cut((least, greatest): (u64, u64), side: Side, bound: u64) -> Option<(u64, u64)> {
    let (least, greatest) = match side {
        Side::From => (least.max(bound), greatest),
        Side::Above => (least.max(bound.checked_add(1)?), greatest),
        Side::UpTo => (least, greatest.min(bound)),
        Side::Below => (least, greatest.min(bound.checked_sub(1)?)),
    };
    (least <= greatest).then_some((least, greatest))
}

/// A text passes one of the positive tests.
const POSITIVE: u8 = 1;
/// A text passes one of the negated tests.
const NEGATED: u8 = 2;
/// It has not been looked at.
const UNKNOWN: u8 = 4;

/// A condition on texts, of which a row may have several.
struct OfTexts<'a> {
    condition: &'a Condition,
    missing: bool,
    any: Matcher,
    none: Matcher,
    /// Whether its texts can be looked up in a dictionary.
    is_equal_only: bool,
    /// After how many texts it is looked whether to go on.
    every: usize,
    /// The codes of the field, and what is known of each; none where places are looked up text by text.
    known: Option<(Coded, Vec<u8>)>,
}

impl<'a> OfTexts<'a> {
    fn new(condition: &'a Condition, snapshot: &Snapshot) -> Result<Self, Refused> {
        let is_equal = |test: &Test| matches!(test, Test::Equals(_) | Test::Missing);
        let is_equal_only = condition.any.iter().chain(&condition.none).all(is_equal);
        let known = if is_equal_only || condition.field.name() == "uuid" {
            None
        } else {
            let coded = snapshot.codes.of(condition.field, &snapshot.segments)?;
            let unknown = vec![UNKNOWN; coded.count()];
            Some((coded, unknown))
        };
        Ok(Self {
            condition,
            missing: missing_passes(condition),
            any: Matcher::new(&condition.any),
            none: Matcher::new(&condition.none),
            is_equal_only,
            every: every(condition),
            known,
        })
    }

    fn look_at(&self, text: &str) -> u8 {
        u8::from(self.any.holds_for_text(text)) * POSITIVE + u8::from(self.none.holds_for_text(text)) * NEGATED
    }

    fn keep(mut self, snapshot: &Snapshot, left: &mut [Bits], limits: &Limits) -> Result<(), Refused> {
        for (at, (segment, rows)) in snapshot.segments.iter().zip(left).enumerate() {
            if !self.condition.ranges.is_empty() {
                // No text is in a range.
                *rows = Bits::none(segment.rows());
                continue;
            }
            let Some(column) = segment.texts(self.condition.field)? else {
                if !self.missing {
                    *rows = Bits::none(segment.rows());
                }
                continue;
            };
            let seen = self.places(at, &column, limits)?;
            let mut having = Bits::none(segment.rows());
            let mut positive = Bits::none(segment.rows());
            let mut negated = Bits::none(segment.rows());
            Segment::scan(
                column.ords(),
                rows,
                || limits.go_on(),
                |at, places| {
                    for (&row, &place) in at.iter().zip(places) {
                        let seen = seen.get(place as usize).copied().unwrap_or(0);
                        having.insert(row);
                        if seen & POSITIVE != 0 {
                            positive.insert(row);
                        }
                        if seen & NEGATED != 0 {
                            negated.insert(row);
                        }
                    }
                },
            )?;
            let mut passing = if self.condition.any.is_empty() {
                having.clone()
            } else {
                positive
            };
            passing.and_not(&negated);
            settle(rows, &having, &passing, self.missing);
        }
        Ok(())
    }

    /// What is known of the text at each place of a segment's dictionary.
    fn places(&mut self, at: usize, column: &Texts, limits: &Limits) -> Result<Vec<u8>, Refused> {
        if let Some((coded, mut known)) = self.known.take() {
            let mut seen = Vec::with_capacity(column.num_terms());
            for (count, &code) in coded.places(at).iter().enumerate() {
                if count % self.every == 0 {
                    limits.go_on()?;
                }
                let mut of_code = known.get(code as usize).copied().unwrap_or(UNKNOWN);
                if of_code == UNKNOWN && code != NO_CODE {
                    of_code = self.look_at(coded.text(code));
                    if let Some(known) = known.get_mut(code as usize) {
                        *known = of_code;
                    }
                }
                seen.push(of_code);
            }
            self.known = Some((coded, known));
            return Ok(seen);
        }
        let mut seen = vec![0; column.num_terms()];
        if !self.is_equal_only {
            let mut terms = column.dictionary().stream()?;
            for (count, seen) in seen.iter_mut().enumerate() {
                if count % self.every == 0 {
                    limits.go_on()?;
                }
                if !terms.advance() {
                    break;
                }
                *seen = self.look_at(std::str::from_utf8(terms.key()).map_err(io::Error::other)?);
            }
            return Ok(seen);
        }
        for (tests, flag) in [(&self.condition.any, POSITIVE), (&self.condition.none, NEGATED)] {
            for test in tests {
                if let Test::Equals(text) = test
                    && let Some(place) = column.dictionary().term_ord(text)?
                    && let Some(seen) = seen.get_mut(place as usize)
                {
                    *seen |= flag;
                }
            }
        }
        Ok(seen)
    }
}
