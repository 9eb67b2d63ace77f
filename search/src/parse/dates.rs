//! The span of time that is searched.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::problem::{Fault, Problem, Warning};
use crate::query::{Number, Range, Side};

const NAME: &str = "date";
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// How far back is searched if nothing says how far.
const DEFAULT_SPAN: i64 = 7 * DAY;

/// Maximum span.
pub(super) const MAX_SPAN: i64 = 365 * DAY;

/// The strongest lower and upper bound of these values. Without an upper one it is `now`, without a lower one it is 7
/// days before the upper.
pub(super) fn ranges(values: &[&str], now: i64, warnings: &mut Vec<Warning>) -> Result<[Range; 2], Problem> {
    let mut lower: Option<(i64, Side)> = None;
    let mut upper: Option<(i64, Side)> = None;
    for value in values {
        if matches!(*value, "__null__" | "!__null__") {
            warnings.push(Warning::new(NAME, "every crash has a date: `__null__` is ignored"));
            continue;
        }
        let (side, text) = bound(value)?;
        let moment = moment(text).ok_or_else(|| {
            Problem::new(
                NAME,
                "not a valid datetime: write `2026-01-31`, or `2026-01-31T23:59:59Z`, in UTC or with an offset",
            )
        })?;
        match side {
            Side::Above | Side::From => {
                let stronger = |(at, is)| moment > at || (moment == at && is == Side::From);
                if lower.is_none_or(stronger) {
                    lower = Some((moment, side));
                }
            }
            Side::Below | Side::UpTo => {
                let stronger = |(at, is)| moment < at || (moment == at && is == Side::UpTo);
                if upper.is_none_or(stronger) {
                    upper = Some((moment, side));
                }
            }
        }
    }
    let upper = upper.unwrap_or((now, Side::UpTo));
    let lower = lower.unwrap_or((upper.0.saturating_sub(DEFAULT_SPAN), Side::From));
    if upper.0.saturating_sub(lower.0) > MAX_SPAN {
        return Err(Problem::of(
            Fault::Sense,
            NAME,
            "Date range is bigger than 365 days: give a later `>=` or an earlier `<`",
        ));
    }
    Ok([lower, upper].map(|(moment, side)| Range {
        side,
        bound: Number::Integer(moment),
    }))
}

/// The bound's side, and the text of its moment.
fn bound(value: &str) -> Result<(Side, &str), Problem> {
    if value.starts_with('!') {
        return Err(Problem::new(
            NAME,
            "a bound cannot be negated: write the opposite one, `<` for `!>=`",
        ));
    }
    for (sign, side) in [
        (">=", Side::From),
        ("<=", Side::UpTo),
        (">", Side::Above),
        ("<", Side::Below),
    ] {
        if let Some(text) = value.strip_prefix(sign) {
            return Ok((side, text.trim()));
        }
    }
    Err(Problem::of(
        Fault::Sense,
        NAME,
        "date must have a prefix operator: `>=`, `>`, `<=` or `<`",
    ))
}

/// Microseconds UTC of a day or a moment; without an offset it is in UTC.
fn moment(text: &str) -> Option<i64> {
    let (day, rest) = text.split_at_checked(10)?;
    let digits = day.bytes().enumerate();
    let plain = digits.into_iter().all(|(at, byte)| {
        if at == 4 || at == 7 {
            byte == b'-'
        } else {
            byte.is_ascii_digit()
        }
    });
    if !plain {
        return None;
    }
    let day: NaiveDate = day.parse().ok()?;
    if rest.is_empty() {
        return micros(day.and_time(NaiveTime::MIN), 0);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (time, offset) = match rest.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0),
        // In an address a plus is read as a space.
        None => match rest.rfind(['+', '-', ' ']) {
            None => (rest, 0),
            Some(at) => (rest.get(..at)?, offset(rest.get(at..)?)?),
        },
    };
    let format = if time.matches(':').count() == 1 {
        "%H:%M"
    } else {
        "%H:%M:%S%.f"
    };
    micros(day.and_time(NaiveTime::parse_from_str(time, format).ok()?), offset)
}

fn micros(moment: NaiveDateTime, offset: i64) -> Option<i64> {
    moment.and_utc().timestamp_micros().checked_sub(offset)
}

/// Microseconds of an offset, as `+02:00`, `-0230` or `+02`.
fn offset(text: &str) -> Option<i64> {
    let (sign, digits) = text.split_at_checked(1)?;
    let digits = digits.replacen(':', "", 1);
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at_checked(2)?;
    let hours: i64 = hours.parse().ok()?;
    let minutes: i64 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let size = (hours * 60 + minutes) * 60 * SECOND;
    Some(if sign == "-" { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros()
    }

    #[test]
    fn moments_are_read() {
        for (text, expected) in [
            ("2024-05-05", "2024-05-05T00:00:00Z"),
            ("2024-05-05 23:59:59", "2024-05-05T23:59:59Z"),
            ("2024-05-05T23:59", "2024-05-05T23:59:00Z"),
            ("2024-05-05T23:59:59.25Z", "2024-05-05T23:59:59.25Z"),
            ("2024-05-05T23:59:59+02:00", "2024-05-05T21:59:59Z"),
            ("2024-05-05T23:59:59 02:00", "2024-05-05T21:59:59Z"),
            ("2024-05-05T23:59:59.123456-0230", "2024-05-06T02:29:59.123456Z"),
        ] {
            assert_eq!(moment(text), Some(at(expected)), "{text}");
        }
        for text in [
            "",
            "x",
            "2024",
            "2024-5-5",
            "2024-13-01",
            "2024-02-30",
            "+024-01-01",
            "2024-05-05X10:00",
            "2024-05-05T",
            "2024-05-05T25:00:00",
            "2024-05-05T10:00:00+99:00",
            "2024-05-05T10:00:00+é",
            "２０２４-05-05",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn the_strongest_bounds_count() {
        use Side::{Above, Below, From, UpTo};
        let now = "2026-11-29T05:00:00Z";
        for (values, lower, upper) in [
            (vec![], (From, "2026-11-22T05:00:00Z"), (UpTo, now)),
            (vec!["__null__"], (From, "2026-11-22T05:00:00Z"), (UpTo, now)),
            (vec![">=2026-11-01"], (From, "2026-11-01T00:00:00Z"), (UpTo, now)),
            (
                vec!["<2026-11-10"],
                (From, "2026-11-03T00:00:00Z"),
                (Below, "2026-11-10T00:00:00Z"),
            ),
            (
                vec![
                    ">=2026-11-01",
                    ">2026-11-01",
                    ">=2026-10-01",
                    "<=2026-11-09",
                    "<2026-11-09",
                    "<2026-11-10",
                ],
                (Above, "2026-11-01T00:00:00Z"),
                (Below, "2026-11-09T00:00:00Z"),
            ),
            (vec![">2027-01-01"], (Above, "2027-01-01T00:00:00Z"), (UpTo, now)),
        ] {
            let range = |(side, moment): (Side, &str)| Range {
                side,
                bound: Number::Integer(at(moment)),
            };
            let expected = [range(lower), range(upper)];
            assert_eq!(ranges(&values, at(now), &mut Vec::new()), Ok(expected), "{values:?}");
        }
        for value in ["2026-11-01", "!>=2026-11-01", ">=yesterday", ">2024-01-01", "", "="] {
            assert!(ranges(&[value], at(now), &mut Vec::new()).is_err(), "{value}");
        }
    }
}
