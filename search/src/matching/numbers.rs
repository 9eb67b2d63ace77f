//! Numbers, compared exactly.

use std::cmp::Ordering;

use crate::query::{Number, Range, Side};

/// 2^63, the least that is greater than any `i64`.
const ABOVE_INTEGERS: f64 = 9_223_372_036_854_775_808.0;

/// How two finite numbers compare: exactly, also where a `f64` cannot tell integers apart.
pub fn compare(left: Number, right: Number) -> Ordering {
    match (left, right) {
        (Number::Integer(left), Number::Integer(right)) => left.cmp(&right),
        (Number::Number(left), Number::Number(right)) => finite(left, right),
        (Number::Integer(left), Number::Number(right)) => mixed(left, right),
        (Number::Number(left), Number::Integer(right)) => mixed(right, left).reverse(),
    }
}

/// Whether a finite number is on the bound's side.
pub fn within(number: Number, range: Range) -> bool {
    let order = compare(number, range.bound);
    match range.side {
        Side::Above => order.is_gt(),
        Side::From => order.is_ge(),
        Side::Below => order.is_lt(),
        Side::UpTo => order.is_le(),
    }
}

/// Zeros are equal whatever their sign.
fn finite(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or(Ordering::Equal)
}

fn mixed(integer: i64, number: f64) -> Ordering {
    if number >= ABOVE_INTEGERS {
        return Ordering::Less;
    }
    if number < -ABOVE_INTEGERS {
        return Ordering::Greater;
    }
    // Exact: its integer part is in range.
    integer
        .cmp(&(number.trunc() as i64))
        .then_with(|| finite(0.0, number.fract()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGE: i64 = 1 << 53;

    #[test]
    fn numbers_compare_exactly() {
        use Number::{Integer, Number as Real};
        use Ordering::{Equal, Greater, Less};
        for (left, right, expected) in [
            (Integer(1), Integer(2), Less),
            (Integer(EDGE + 1), Integer(EDGE), Greater),
            (Integer(EDGE + 1), Real(EDGE as f64), Greater),
            (Integer(EDGE), Real(EDGE as f64), Equal),
            (Integer(i64::MAX), Real(ABOVE_INTEGERS), Less),
            (Integer(i64::MIN), Real(-ABOVE_INTEGERS), Equal),
            (Integer(i64::MIN), Real(-1e300), Greater),
            (Integer(i64::MAX), Real(1e300), Less),
            (Integer(1), Real(1.5), Less),
            (Integer(2), Real(1.5), Greater),
            (Integer(-1), Real(-1.5), Greater),
            (Integer(-2), Real(-1.5), Less),
            (Integer(0), Real(-0.0), Equal),
            (Integer(0), Real(-0.5), Greater),
            (Real(0.0), Real(-0.0), Equal),
            (Real(0.1), Real(0.2), Less),
        ] {
            assert_eq!(compare(left, right), expected, "{left:?} {right:?}");
            assert_eq!(compare(right, left), expected.reverse(), "{right:?} {left:?}");
        }
    }

    #[test]
    fn bounds_are_on_one_side() {
        for (side, below, same, above) in [
            (Side::Above, false, false, true),
            (Side::From, false, true, true),
            (Side::Below, true, false, false),
            (Side::UpTo, true, true, false),
        ] {
            let range = Range {
                side,
                bound: Number::Integer(EDGE),
            };
            let found = [EDGE - 1, EDGE, EDGE + 1].map(|value| within(Number::Integer(value), range));
            assert_eq!(found, [below, same, above], "{side:?}");
        }
    }
}
