//! Build ids: the time at which a build was started, as digits.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The year of the project's first builds.
pub(crate) const FIRST_YEAR: u16 = 1998;
/// Valid years of a build id.
const YEARS: std::ops::RangeInclusive<u32> = FIRST_YEAR as u32..=2199;

/// A build id: 14 digits `YYYYMMDDHHMMSS` in UTC that make a real date.
///
/// Historic ids of 10 (`YYYYMMDDHH`) and 12 digits (`YYYYMMDDHHMM`) are accepted: builds before 2010 have them, in US
/// west coast local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuildId(u64);

/// Why a text is not a build id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotABuildId {
    /// Only whitespace.
    #[error("empty")]
    Empty,
    /// Something other than ASCII digits.
    #[error("not digits only")]
    NotDigits,
    /// Neither 14 digits nor the historic 10 or 12.
    #[error("wrong number of digits")]
    Length,
    /// The digits are not a date, or one before 1998.
    #[error("not a date")]
    NotADate,
}

impl BuildId {
    /// The digits as one number. Ids of different lengths never share a number.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// The id whose digits are `number`, if valid.
    pub fn from_u64(number: u64) -> Option<Self> {
        let length = number.checked_ilog10()? + 1;
        let full = match length {
            10 => number * 10_000,
            12 => number * 100,
            14 => number,
            _ => return None,
        };
        date_of(full).map(|_| Self(number))
    }

    /// Whether this has the 10 or 12 digits of builds before 2010.
    pub fn is_historic(self) -> bool {
        self.0 < 10_000_000_000_000
    }

    /// The time that the id names. Historic ids are read as UTC too, and so can be off by hours.
    pub fn time(self) -> DateTime<Utc> {
        let full = match self.0 {
            ..10_000_000_000 => self.0 * 10_000,
            10_000_000_000..1_000_000_000_000 => self.0 * 100,
            full => full,
        };
        date_of(full).expect("a build id was checked to be a date when it was made")
    }

    /// Microseconds since 1970, UTC, of [`Self::time`].
    pub fn micros(self) -> i64 {
        self.time().timestamp_micros()
    }
}

/// The part of 14 digits that makes them an invalid date: its name and its digits. None if the date is valid, or the
/// text is not 14 digits.
pub fn odd_part(text: &str) -> Option<(&'static str, &str)> {
    let text = text.trim();
    let is_id = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_id || text.parse::<BuildId>().is_ok() {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let number = |text: &str| text.parse::<u32>().unwrap_or_default();
    let (year, month, day) = (number(part(0..4)), number(part(4..6)), number(part(6..8)));
    let found = if !YEARS.contains(&year) {
        ("year of a build", part(0..4))
    } else if !(1..=12).contains(&month) {
        ("month", part(4..6))
    } else if i32::try_from(year).is_ok_and(|year| NaiveDate::from_ymd_opt(year, month, day).is_none()) {
        ("day of that month", part(6..8))
    } else if number(part(8..10)) > 23 {
        ("hour", part(8..10))
    } else if number(part(10..12)) > 59 {
        ("minute", part(10..12))
    } else {
        ("second", part(12..14))
    };
    Some(found)
}

fn date_of(full: u64) -> Option<DateTime<Utc>> {
    // Every part is below 10,000, so no conversion can fail.
    let part = |divisor: u64, modulus: u64| u32::try_from(full / divisor % modulus).ok();
    let year = part(10_000_000_000, 10_000)?;
    if !YEARS.contains(&year) {
        return None;
    }
    NaiveDate::from_ymd_opt(
        i32::try_from(year).ok()?,
        part(100_000_000, 100)?,
        part(1_000_000, 100)?,
    )?
    .and_hms_opt(part(10_000, 100)?, part(100, 100)?, part(1, 100)?)
    .map(|time| time.and_utc())
}

impl FromStr for BuildId {
    type Err = NotABuildId;

    fn from_str(text: &str) -> Result<Self, NotABuildId> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotABuildId::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotABuildId::NotDigits);
        }
        if !matches!(text.len(), 10 | 12 | 14) {
            return Err(NotABuildId::Length);
        }
        text.parse()
            .ok()
            .and_then(Self::from_u64)
            .filter(|_| !text.starts_with('0'))
            .ok_or(NotABuildId::NotADate)
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl Serialize for BuildId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BuildId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The numeric range of the 14-digit ids that begin with `prefix`, a text of 4 to 13 digits; `None` for anything else.
pub fn prefix_range(prefix: &str) -> Option<std::ops::Range<u64>> {
    if !(4..14).contains(&prefix.len()) || !prefix.bytes().all(|byte| byte.is_ascii_digit()) || prefix.starts_with('0')
    {
        return None;
    }
    let number: u64 = prefix.parse().ok()?;
    let missing = u32::try_from(14 - prefix.len()).ok()?;
    let scale = 10_u64.pow(missing);
    Some(number * scale..(number + 1) * scale)
}

/// The numeric range of the ids named by a text: all that begin with its 4 to 13 digits, or the one whole id.
pub fn named_range(text: &str) -> Option<std::ops::Range<u64>> {
    prefix_range(text).or_else(|| {
        let id = text.parse::<BuildId>().ok()?.as_u64();
        Some(id..id + 1)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BuildId, NotABuildId, named_range, prefix_range};

    #[test]
    fn ids_are_real_dates_of_14_digits_or_historic() {
        for text in ["20181025233934", "20160229000000", "2004110711", "201005181330"] {
            assert_eq!(text.parse::<BuildId>().map(|id| id.to_string()), Ok(text.to_owned()));
        }
        assert!("2004110711".parse::<BuildId>().unwrap().is_historic());
        assert!(!"20181025233934".parse::<BuildId>().unwrap().is_historic());
        assert_eq!(
            "20181025233934".parse::<BuildId>().unwrap().time().to_rfc3339(),
            "2018-10-25T23:39:34+00:00"
        );
        assert_eq!(
            "2004110711".parse::<BuildId>().unwrap().time().to_rfc3339(),
            "2004-11-07T11:00:00+00:00"
        );
    }

    #[test]
    fn junk_is_told_apart() {
        for (text, expected) in [
            ("", NotABuildId::Empty),
            ("2\",381,,\"", NotABuildId::NotDigits),
            ("２０１８", NotABuildId::NotDigits),
            ("20181025", NotABuildId::Length),
            ("363142253", NotABuildId::Length),
            ("2015757667", NotABuildId::NotADate),
            ("2015895489", NotABuildId::NotADate),
            ("20181325233934", NotABuildId::NotADate),
            ("20180229000000", NotABuildId::NotADate),
            ("20181025243934", NotABuildId::NotADate),
            ("00000000000000", NotABuildId::NotADate),
            ("01998101010101", NotABuildId::NotADate),
        ] {
            assert_eq!(text.parse::<BuildId>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_prefix_spans_its_ids() {
        assert_eq!(prefix_range("20181025"), Some(20_181_025_000_000..20_181_026_000_000));
        assert_eq!(prefix_range("201"), None);
        assert_eq!(prefix_range("20181025233934"), None);
        assert_eq!(prefix_range("2018x"), None);
        for (text, expected) in [
            ("20181025233934", Some(20_181_025_233_934..20_181_025_233_935)),
            ("201810", Some(20_181_000_000_000..20_181_100_000_000)),
            ("20", None),
            ("x", None),
        ] {
            assert_eq!(named_range(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,20}|[0-9]{1,20}") {
            if let Ok(id) = text.parse::<BuildId>() {
                prop_assert_eq!(id.to_string(), text.trim());
                prop_assert_eq!(BuildId::from_u64(id.as_u64()), Some(id));
                id.time();
            }
        }

        #[test]
        fn numbers_that_are_ids_round_trip(number: u64) {
            if let Some(id) = BuildId::from_u64(number) {
                prop_assert_eq!(id.to_string().parse(), Ok(id));
            }
        }
    }
}
