//! Crash ids.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// The identity of a crash report: a lower-case UUID whose last seven characters are the throttle digit and the day it
/// was received (UTC), `<digit>YYMMDD`. Clients see it with the prefix `bp-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CrashId(String);

/// The throttler's decision, as encoded in the crash id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttle {
    /// Saved and processed.
    Accept,
    /// Answered with an id, but discarded.
    FakeAccept,
}

/// The text is not a crash id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a crash id: it is 36 characters of lower-case hexadecimal and hyphens that end in the digits of a date, YYMMDD"
)]
pub struct CrashIdError;

impl CrashId {
    /// Builds a new id from 16 random bytes.
    pub fn new(random: [u8; 16], throttle: Throttle, received: DateTime<Utc>) -> Self {
        let uuid = uuid::Builder::from_random_bytes(random)
            .into_uuid()
            .hyphenated()
            .to_string();
        let digit = match throttle {
            Throttle::Accept => '0',
            Throttle::FakeAccept => '3',
        };
        let day = format!(
            "{:02}{:02}{:02}",
            received.year().rem_euclid(100),
            received.month(),
            received.day()
        );
        Self(format!("{}{digit}{day}", &uuid[..29]))
    }

    /// Returns the id as text, without the prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the day the report was received. The century is always 20.
    pub fn day(&self) -> NaiveDate {
        // Every constructor has checked the day.
        day_of(&self.0).unwrap_or_default()
    }

    /// Returns the day as used in storage keys, `YYYYMMDD`.
    pub fn day_key(&self) -> String {
        format!("20{}", &self.0[30..])
    }
}

fn day_of(text: &str) -> Option<NaiveDate> {
    let digits = text.get(30..36)?;
    NaiveDate::parse_from_str(&format!("20{digits}"), "%Y%m%d").ok()
}

impl FromStr for CrashId {
    type Err = CrashIdError;

    /// Accepts exactly 36 characters; anything after them is refused, even a line end. (Earlier systems let one line
    /// end through, and it ended up in storage keys.)
    fn from_str(text: &str) -> Result<Self, CrashIdError> {
        let bytes = text.as_bytes();
        let shape = bytes.len() == 36
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => *byte == b'-',
                30.. => byte.is_ascii_digit(),
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        if shape && day_of(text).is_some() {
            Ok(Self(text.to_owned()))
        } else {
            Err(CrashIdError)
        }
    }
}

impl TryFrom<String> for CrashId {
    type Error = CrashIdError;

    fn try_from(text: String) -> Result<Self, CrashIdError> {
        text.parse()
    }
}

impl From<CrashId> for String {
    fn from(id: CrashId) -> Self {
        id.0
    }
}

impl fmt::Display for CrashId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn an_id_contains_its_day() {
        let id: CrashId = "de1bb258-cbbf-4589-a673-34f800160918".parse().unwrap();
        assert_eq!(id.day(), NaiveDate::from_ymd_opt(2016, 9, 18).unwrap());
        assert_eq!(id.day_key(), "20160918");
    }

    #[test]
    fn a_new_id_can_be_read_back() {
        let received = Utc.with_ymd_and_hms(2026, 11, 24, 23, 59, 59).unwrap();
        for (throttle, end) in [(Throttle::Accept, "0261124"), (Throttle::FakeAccept, "3261124")] {
            let id = CrashId::new([0xab; 16], throttle, received);
            assert!(id.as_str().ends_with(end), "{id}");
            assert_eq!(id.as_str().parse(), Ok(id));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "de1bb258-cbbf-4589-a673-34f800160918\n",
            "bp-de1bb258-cbbf-4589-a673-34f800160918",
            "DE1BB258-cbbf-4589-a673-34f800160918",
            "de1bb258-cbbf-4589-a673-34f800161318",
            "de1bb258-cbbf-4589-a673-34f8001609é",
            "de1bb258-cbbf-4589-a673-34f80016091a",
            "de1bb258xcbbf-4589-a673-34f800160918",
        ] {
            assert_eq!(text.parse::<CrashId>(), Err(CrashIdError), "{text:?}");
        }
    }
}
