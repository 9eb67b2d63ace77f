//! The time: the one place that asks the system clock.
//!
//! Every stored time is a count of microseconds since 1970-01-01T00:00:00 UTC in an `i64`.

use chrono::{DateTime, SecondsFormat, Utc};

/// The present moment.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that may ask the system clock"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The present moment in microseconds UTC.
pub fn now_micros() -> i64 {
    now().timestamp_micros()
}

/// A stored time as a date; times outside of what a date can hold become 1970-01-01.
pub fn from_micros(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// A stored time as RFC 3339 text in UTC with seconds, such as `2026-08-03T11:02:44Z`.
pub fn rfc3339(micros: i64) -> String {
    from_micros(micros).to_rfc3339_opts(SecondsFormat::Secs, true)
}
