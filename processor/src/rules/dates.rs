//! Crash time, uptime and install age.
//!
//! The client's clock may be wrong by years: this is reported, not corrected.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use crash::collector;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::notes::Note;
use super::read::{self, NotInteger};

/// Maximum digits read of a time: some clients sent milliseconds, or a fraction.
const TIME_DIGITS: usize = 10;

/// Works out the times from what the client and the collector reported.
pub(super) fn dates_and_times(context: &mut Context<'_>) {
    let submitted = match context.raw.get(collector::SUBMITTED).cloned() {
        Some(value) => {
            let seconds = value.as_str().and_then(seconds_of);
            context.set("submitted_timestamp", value.clone());
            context.set("date_processed", value);
            seconds.unwrap_or(0)
        }
        None => {
            context.note(Note::public("WARNING: raw_crash missing submitted_timestamp"));
            0
        }
    };

    let known = known_crash_time(context).filter(is_set);
    let crash_time = known.unwrap_or(submitted);
    context.set("crash_time", crash_time);
    if crash_time == submitted {
        context.note(Note::public("client_crash_date is unknown"));
    }
    if let Some(date) = DateTime::from_timestamp(crash_time, 0) {
        context.set("client_crash_date", date.format("%Y-%m-%dT%H:%M:%S+00:00").to_string());
    }

    // The difference of a known time and a guessed one is meaningless.
    let startup = context.raw.get("StartupTime");
    let startup = startup.or_else(|| context.processed.0.get("startup_time"));
    let startup = startup.and_then(|value| seconds(value)?.ok());
    if let Some((crash, startup)) = known.zip(startup.filter(is_set)) {
        context.set("uptime", crash.saturating_sub(startup).max(0));
    }
    let install = context.raw.get("InstallTime");
    match (known, install.map(|value| (value, seconds(value)))) {
        (_, Some((value, None | Some(Err(_))))) => {
            context.note(Note::about("InstallTime", "non-integer value of \"InstallTime\"").with(value));
        }
        (Some(crash), Some((_, Some(Ok(install))))) if is_set(&install) => {
            context.set("install_age", crash.saturating_sub(install));
        }
        _ => {}
    }

    last_crash(context);
}

/// The time since the crash before this one, in seconds.
fn last_crash(context: &mut Context<'_>) {
    let annotation = "SecondsSinceLastCrash";
    let value = context.raw.get(annotation).unwrap_or(&Value::Null);
    let seconds = read::integer(value);
    let text = match seconds {
        Err(NotInteger::TooLarge) => Some("\"SecondsSinceLastCrash\" larger than MAXINT - set to NULL"),
        Err(NotInteger::Malformed) if context.raw.contains_key(annotation) => {
            Some("non-integer value of \"SecondsSinceLastCrash\"")
        }
        Ok(_) | Err(_) => None,
    };
    let note = text.map(|text| Note::about(annotation, text).with(value));
    context.notes.extend(note);
    context.set("last_crash", json!(seconds.ok()));
}

/// The crash time that the client reports, in seconds since 1970.
fn known_crash_time(context: &mut Context<'_>) -> Option<i64> {
    let Some(value) = context.raw.get("CrashTime") else {
        context.note(Note::public("WARNING: raw_crash missing CrashTime"));
        return None;
    };
    let text = match seconds(value) {
        Some(Ok(seconds)) => return Some(seconds),
        Some(Err(_)) => "non-integer value of \"CrashTime\"",
        None => "WARNING: raw_crash[CrashTime] contains unexpected value",
    };
    context.note(Note::about("CrashTime", text).with(value));
    None
}

/// The crash time in the annotations, in seconds since 1970.
pub(crate) fn crash_time(raw: &Map<String, Value>) -> Option<i64> {
    seconds(raw.get("CrashTime")?)?.ok().filter(is_set)
}

/// Whether a time was set: 0 comes from a clock or field that never was.
fn is_set(seconds: &i64) -> bool {
    *seconds > 0
}

/// The seconds since 1970 in a text or number; `None` for a value of another type.
fn seconds(value: &Value) -> Option<Result<i64, NotInteger>> {
    let text = crash::text_of(value)?;
    // Signs and `_` separators do not count as digits.
    let (sign, digits) = match read::strip(&text) {
        text if text.starts_with('-') => ("-", text.trim_start_matches('-')),
        text => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.replace('_', "");
    let digits = format!("{sign}{}", text::cut(&digits, TIME_DIGITS));
    // The digits of a number need not start with those of its whole part: `1.7e9`.
    Some(match value {
        Value::Number(number) if !number.is_i64() => {
            read::wide_integer(value).and_then(|whole| read::integer_in(text::cut(&whole.to_string(), TIME_DIGITS)))
        }
        _ => read::integer_in(&digits),
    })
}

/// The seconds since 1970 of an ISO 8601 date, with or without time; UTC if there is no offset.
fn seconds_of(text: &str) -> Option<i64> {
    let text = text.trim_end_matches('Z');
    if let Some(date) = date_of(text) {
        return Some(date.and_time(NaiveTime::MIN).and_utc().timestamp());
    }
    // The offset, if any, starts at the last sign after the date.
    let day_end = text
        .char_indices()
        .nth(if text.as_bytes().get(4) == Some(&b'-') { 10 } else { 8 })?
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

/// The offset in seconds east of UTC: `+HH:MM`, `+HHMM` or `+HH`, with or without seconds.
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
    fn numbers_and_texts_say_the_same_time() {
        for (value, expected) in [
            (json!("1700000000"), Some(Ok(1_700_000_000))),
            (json!(1_700_000_000), Some(Ok(1_700_000_000))),
            (json!(1_700_000_000.75), Some(Ok(1_700_000_000))),
            (json!(1.7e9), Some(Ok(1_700_000_000))),
            (json!("1700000000.75"), Some(Ok(1_700_000_000))),
            (json!(" 1700000000\n"), Some(Ok(1_700_000_000))),
            (json!(1_700_000_000_123_i64), Some(Ok(1_700_000_000))),
            (json!("1700000000123"), Some(Ok(1_700_000_000))),
            (json!("+1700000000"), Some(Ok(1_700_000_000))),
            (json!("1_700_000_000"), Some(Ok(1_700_000_000))),
            (json!("-1700000000"), Some(Ok(-1_700_000_000))),
            (json!("soon"), Some(Err(NotInteger::Malformed))),
            (json!(""), Some(Err(NotInteger::Malformed))),
            (json!(true), None),
            (json!(null), None),
            (json!([1]), None),
        ] {
            assert_eq!(seconds(&value), expected, "{value}");
        }
    }

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
