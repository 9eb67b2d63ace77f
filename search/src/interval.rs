//! Where the intervals of histograms begin.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate};

use crate::query::Calendar;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The lower bound of the interval that a finite number is in; each begins at a multiple of `width`, which is greater
/// than 0. It is never `-0.0`. A number too great to be divided stands alone.
pub fn of_number(number: f64, width: f64) -> f64 {
    let bound = (number / width).floor() * width;
    if bound.is_finite() { bound + 0.0 } else { number }
}

/// The beginning of the unit that a moment is in, both microseconds UTC. A moment beyond the calendar stands alone.
pub fn of_date(micros: i64, unit: Calendar) -> i64 {
    let start = |width: i64| micros.checked_sub(micros.rem_euclid(width));
    let bound = match unit {
        Calendar::Minute => start(60 * SECOND),
        Calendar::Hour => start(3600 * SECOND),
        Calendar::Day => start(DAY),
        Calendar::Week | Calendar::Month | Calendar::Quarter | Calendar::Year => first_day(micros, unit),
    };
    bound.unwrap_or(micros)
}

fn first_day(micros: i64, unit: Calendar) -> Option<i64> {
    let day = DateTime::from_timestamp_micros(micros)?.date_naive();
    let first = match unit {
        Calendar::Week => {
            let since_monday = day.weekday().num_days_from_monday();
            day.checked_sub_days(Days::new(u64::from(since_monday)))?
        }
        Calendar::Quarter => first_of_month(day)?.checked_sub_months(Months::new(day.month0() % 3))?,
        Calendar::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1)?,
        Calendar::Month | Calendar::Minute | Calendar::Hour | Calendar::Day => first_of_month(day)?,
    };
    let midnight = first.and_hms_opt(0, 0, 0)?.and_utc();
    midnight.timestamp().checked_mul(SECOND)
}

fn first_of_month(day: NaiveDate) -> Option<NaiveDate> {
    day.with_day(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fall_to_a_multiple_of_the_width() {
        for (number, width, expected) in [
            (0.0, 60.0, 0.0),
            (59.0, 60.0, 0.0),
            (60.0, 60.0, 60.0),
            (-1.0, 60.0, -60.0),
            (-60.0, 60.0, -60.0),
            (0.75, 0.5, 0.5),
            (1e300, 1e-300, 1e300),
        ] {
            assert_eq!(of_number(number, width), expected, "{number} {width}");
        }
        assert!(of_number(-0.0, 1.0).is_sign_positive());
    }

    #[test]
    fn moments_fall_to_the_beginning_of_their_unit() {
        let micros = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros();
        for (moment, unit, expected) in [
            ("2026-11-29T05:06:07.891Z", Calendar::Minute, "2026-11-29T05:06:00Z"),
            ("2026-11-29T05:06:07Z", Calendar::Hour, "2026-11-29T05:00:00Z"),
            ("2026-11-29T05:06:07Z", Calendar::Day, "2026-11-29T00:00:00Z"),
            ("2026-11-29T23:59:59Z", Calendar::Week, "2026-11-23T00:00:00Z"),
            ("2026-11-30T00:00:00Z", Calendar::Week, "2026-11-30T00:00:00Z"),
            ("2026-01-01T00:00:00Z", Calendar::Week, "2025-12-29T00:00:00Z"),
            ("2026-11-29T05:06:07Z", Calendar::Month, "2026-11-01T00:00:00Z"),
            ("2026-12-31T05:06:07Z", Calendar::Quarter, "2026-10-01T00:00:00Z"),
            ("2026-05-31T05:06:07Z", Calendar::Quarter, "2026-04-01T00:00:00Z"),
            ("2026-12-31T05:06:07Z", Calendar::Year, "2026-01-01T00:00:00Z"),
            ("1969-12-31T23:59:59.5Z", Calendar::Day, "1969-12-31T00:00:00Z"),
            ("1969-12-31T23:59:59.5Z", Calendar::Year, "1969-01-01T00:00:00Z"),
        ] {
            assert_eq!(of_date(micros(moment), unit), micros(expected), "{moment} {unit:?}");
        }
    }

    #[test]
    fn moments_beyond_the_calendar_stand_alone() {
        for unit in [Calendar::Day, Calendar::Week, Calendar::Year] {
            for micros in [i64::MIN, i64::MAX] {
                let bound = of_date(micros, unit);
                assert!(bound <= micros, "{unit:?}");
            }
        }
    }
}
