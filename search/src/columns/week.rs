//! The ISO week in which a report came in.

use std::fmt;

use chrono::{DateTime, Datelike, Days, IsoWeek, NaiveDate, Weekday};

/// An ISO week in UTC, which begins on Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week(IsoWeek);

impl Week {
    /// The week of a moment in microseconds UTC. A moment that no calendar has is in that of 1970.
    pub fn of(micros: i64) -> Self {
        Self(DateTime::from_timestamp_micros(micros).unwrap_or_default().iso_week())
    }

    /// Reads the name of a folder.
    pub fn from_name(name: &str) -> Option<Self> {
        let (year, week) = name.split_once("-W")?;
        let monday = NaiveDate::from_isoywd_opt(year.parse().ok()?, week.parse().ok()?, Weekday::Mon)?;
        let found = Self(monday.iso_week());
        (found.to_string() == name).then_some(found)
    }

    /// Its first moment and the first one after it, microseconds UTC.
    pub fn span(self) -> (i64, i64) {
        let monday = NaiveDate::from_isoywd_opt(self.0.year(), self.0.week(), Weekday::Mon);
        let begin = |day: Option<NaiveDate>| {
            let midnight = day.and_then(|day| day.and_hms_opt(0, 0, 0));
            midnight.map_or(i64::MAX, |midnight| midnight.and_utc().timestamp_micros())
        };
        (
            begin(monday),
            begin(monday.and_then(|monday| monday.checked_add_days(Days::new(7)))),
        )
    }
}

/// As folders are named: `2026-W48`.
impl fmt::Display for Week {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-W{:02}", self.0.year(), self.0.week())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday() {
        let micros = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros();
        for (moment, name) in [
            ("2026-11-23T00:00:00Z", "2026-W48"),
            ("2026-11-29T23:59:59.999999Z", "2026-W48"),
            ("2026-11-30T00:00:00Z", "2026-W49"),
            ("2027-01-01T00:00:00Z", "2026-W53"),
            ("2024-12-30T00:00:00Z", "2025-W01"),
            ("1970-01-01T00:00:00Z", "1970-W01"),
        ] {
            let week = Week::of(micros(moment));
            assert_eq!(week.to_string(), name);
            assert_eq!(Week::from_name(name), Some(week));
            let (from, to) = week.span();
            assert!((from..to).contains(&micros(moment)), "{moment}");
            assert_eq!(to - from, 7 * 86_400 * 1_000_000);
        }
        for name in [
            "2026-W54",
            "2026-W00",
            "2026-W1",
            "26-W48",
            "2026-48",
            "",
            "x-Wy",
            "+2026-W48",
        ] {
            assert_eq!(Week::from_name(name), None, "{name}");
        }
        assert!(Week::of(micros("2027-01-01T00:00:00Z")) < Week::of(micros("2027-01-04T00:00:00Z")));
    }
}
