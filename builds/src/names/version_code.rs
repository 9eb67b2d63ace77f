//! Android version codes of Fenix. They are not build ids, but tell when a build was made.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

/// The twelve highest bits of a 10-digit code.
const MARK: u32 = 0x782;
/// The day from which 10-digit codes count hours: year, month, day.
const FIRST_DAY: (i32, u32, u32) = (2014, 12, 28);
/// The base year of an 8-digit code that begins with 0.
const FIRST_YEAR: i32 = 2018;

/// When the build with this version code was made; `None` if it is not a version code.
///
/// Up to August 2020 a code had 8 digits: years since 2018, day of the year, hour and minute. Since then it has 10: of
/// the lowest 20 bits, all but the last three are hours since 2014-12-28 (the last three identify the processor).
pub(crate) fn built_at(code: &str) -> Option<DateTime<Utc>> {
    if !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u32 = code.parse().ok()?;
    match code.len() {
        8 => {
            let year = FIRST_YEAR + i32::try_from(number / 10_000_000).ok()?;
            let day = NaiveDate::from_yo_opt(year, number / 10_000 % 1_000)?;
            Some(day.and_hms_opt(number / 100 % 100, number % 100, 0)?.and_utc())
        }
        10 if number >> 20 == MARK => {
            let (year, month, day) = FIRST_DAY;
            let hours = u64::from((number & 0xf_ffff) >> 3);
            let day = NaiveDate::from_ymd_opt(year, month, day)?.checked_add_days(Days::new(hours / 24))?;
            let hour = TimeDelta::hours(i64::try_from(hours % 24).ok()?);
            Some(day.and_hms_opt(0, 0, 0)?.and_utc() + hour)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::built_at;

    #[test]
    fn both_kinds_tell_when_the_build_was_made() {
        for (code, expected) in [
            ("21571434", Some("2020-06-05 14:34")),
            ("00010000", Some("2018-01-01 00:00")),
            ("93652359", Some("2027-12-31 23:59")),
            ("2015757667", Some("2020-08-13 04:00")),
            ("2015895489", Some("2022-08-01 00:00")),
            ("11831860", None),
            ("11832459", None),
            ("7777777", None),
            ("999999999", None),
            ("2004110711", None),
            ("9999999999", None),
            ("+1571434", None),
            ("hi", None),
            ("", None),
        ] {
            let found = built_at(code).map(|time| time.format("%Y-%m-%d %H:%M").to_string());
            assert_eq!(found.as_deref(), expected, "{code}");
        }
    }
}
