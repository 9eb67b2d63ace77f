//! When it crashed, how long it had run, how long it was installed.
//!
//! The client's clock may be wrong by years: nothing here corrects it, it is only said so.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use serde_json::{Value, json};

use super::read::{self, NotInteger};
use crate::pipeline::Context;

/// So many characters of `CrashTime` count: some clients sent milliseconds.
const CRASH_TIME_DIGITS: usize = 10;

/// Works out the times from what the client and the collector said.
pub(super) fn dates_and_times(context: &mut Context<'_>) {
    let submitted = match context.raw.get("submitted_timestamp").cloned() {
        Some(value) => {
            let seconds = value.as_str().and_then(seconds_of);
            context.set("submitted_timestamp", value.clone());
            context.set("date_processed", value);
            seconds.unwrap_or(0)
        }
        None => {
            context.note("WARNING: raw_crash missing submitted_timestamp");
            0
        }
    };

    let crash_time = match context.raw.get("CrashTime") {
        Some(Value::String(text)) => {
            let read = read::integer_in(read::cut(text, CRASH_TIME_DIGITS));
            or_zero(context, read, "CrashTime")
        }
        Some(_) => {
            context.note("WARNING: raw_crash[CrashTime] contains unexpected value");
            submitted
        }
        None => {
            context.note("WARNING: raw_crash missing CrashTime");
            submitted
        }
    };
    context.set("crash_time", crash_time);
    if crash_time == submitted {
        context.note("client_crash_date is unknown");
    }
    if let Some(date) = DateTime::from_timestamp(crash_time, 0) {
        context.set(
            "client_crash_date",
            date.format("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
        );
    }

    let startup = context
        .processed
        .0
        .get("startup_time")
        .and_then(|value| read::integer(value).ok())
        .unwrap_or(crash_time);
    let install = match context.raw.get("InstallTime").map(read::integer) {
        Some(read) => or_zero(context, read, "InstallTime"),
        None => startup,
    };
    context.set("install_age", crash_time.saturating_sub(install));
    context.set("uptime", crash_time.saturating_sub(startup).max(0));

    let last_crash = match context.raw.get("SecondsSinceLastCrash").map(read::integer) {
        Some(Ok(seconds)) => Some(seconds),
        Some(Err(NotInteger::TooLarge)) => {
            context.note("\"SecondsSinceLastCrash\" larger than MAXINT - set to NULL");
            None
        }
        Some(Err(NotInteger::Malformed)) => {
            context.note("non-integer value of \"SecondsSinceLastCrash\"");
            None
        }
        None => None,
    };
    context.set("last_crash", json!(last_crash));
}

fn or_zero(context: &mut Context<'_>, read: Result<i64, NotInteger>, name: &str) -> i64 {
    read.unwrap_or_else(|_| {
        context.note(format!("non-integer value of \"{name}\""));
        0
    })
}

/// The seconds since 1970 of an ISO 8601 date with or without time; without offset it is UTC.
fn seconds_of(text: &str) -> Option<i64> {
    let text = text.trim_end_matches('Z');
    if let Some(date) = date_of(text) {
        return Some(date.and_time(NaiveTime::MIN).and_utc().timestamp());
    }
    // The offset, if there is one, begins at the last sign behind the date.
    let day_end = text
        .char_indices()
        .nth(if text.as_bytes().get(4) == Some(&b'-') {
            10
        } else {
            8
        })?
        .0;
    let (day, rest) = text.split_at(day_end);
    let mut rest = rest.chars();
    rest.next()?;
    let rest = rest.as_str();
    let (time, offset) = match rest.rfind(['+', '-']) {
        Some(at) => (rest.get(..at)?, offset_of(rest.get(at..)?)?),
        None => (rest, 0),
    };
    let moment = NaiveDateTime::new(date_of(day)?, time_of(time)?);
    Some(moment.and_utc().timestamp() - offset)
}

fn date_of(text: &str) -> Option<NaiveDate> {
    ["%Y-%m-%d", "%Y%m%d"]
        .iter()
        .find_map(|form| NaiveDate::parse_from_str(text, form).ok())
        .filter(|_| matches!(text.len(), 8 | 10))
}

fn time_of(text: &str) -> Option<NaiveTime> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole = match whole.len() {
        2 => format!("{whole}:00:00"),
        5 if whole.contains(':') => format!("{whole}:00"),
        _ => whole.to_owned(),
    };
    ["%H:%M:%S", "%H%M%S", "%H%M"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(&whole, form).ok())
}

/// Seconds east of UTC of `+HH:MM`, `+HHMM` or `+HH`, with or without seconds.
fn offset_of(text: &str) -> Option<i64> {
    let (sign, text) = text.split_at_checked(1)?;
    let time = time_of(text)?;
    let seconds = i64::from(chrono::Timelike::num_seconds_from_midnight(&time));
    Some(if sign == "-" { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_iso_form() {
        for (text, expected) in [
            ("1970-01-02", Some(86_400)),
            ("19700102", Some(86_400)),
            ("1970-01-01T00:01:00", Some(60)),
            ("1970-01-01 00:01:00.5", Some(60)),
            ("1970-01-01T00:01:00Z", Some(60)),
            ("1970-01-01T01:01:00+01:00", Some(60)),
            ("1969-12-31T19:01:00-0500", Some(60)),
            ("19700101T000100", Some(60)),
            ("1970-01-01T00:01", Some(60)),
            ("1970-13-01", None),
            ("1970-01-01T25:00:00", None),
            ("yesterday", None),
            ("", None),
            ("ü970-01-01T00:00:00", None),
        ] {
            assert_eq!(seconds_of(text), expected, "{text:?}");
        }
    }
}
