//! The time. Nothing else reads the system clock.
//!
//! Every stored time is a count of microseconds since 1970-01-01T00:00:00 UTC in an `i64`.
//!
//! Tests can move the time: if `DATIL_TEST_CLOCK` names a file, its content is the time for everything the domain
//! stores, compares or waits for (leases, back-off, retention, schedules). Network and statement timeouts use the
//! runtime's own clock, and so do the intervals at which processes poll for work.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

/// The variable that names the file of a test's clock.
pub const TEST_CLOCK: &str = "DATIL_TEST_CLOCK";

/// How often waiting tasks read a moved clock.
const LOOK: Duration = Duration::from_millis(20);

static MOVED: OnceLock<Moved> = OnceLock::new();

/// A clock controlled by a file.
#[derive(Debug)]
struct Moved {
    file: PathBuf,
    /// The last time read, used while the file cannot be read, as while it is being written.
    last: Mutex<DateTime<Utc>>,
}

/// A test's clock that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// The file does not hold a time.
    #[error(
        "{TEST_CLOCK}: {} does not hold a time: RFC 3339, such as 2026-08-03T11:02:44Z, or microseconds since 1970",
        .0.display()
    )]
    NoTime(PathBuf),
    /// Part of the system is not on this machine, so it may be more than a test.
    #[error("{TEST_CLOCK} moves the time and is for tests alone: {0} is not on this machine")]
    NotLocal(&'static str),
}

/// Uses a test's clock if the environment asks for it. `remote` names a part of the system that is not on this machine.
///
/// # Errors
/// A test's clock is asked for, but there is such a part, or the file does not hold a time.
pub fn from_environment(remote: Option<&'static str>) -> Result<(), ClockError> {
    match (std::env::var_os(TEST_CLOCK), remote) {
        (None, _) => Ok(()),
        (Some(_), Some(part)) => Err(ClockError::NotLocal(part)),
        (Some(file), None) => move_by(Path::new(&file)),
    }
}

/// Makes a file's content the time of this process, permanently: RFC 3339 text, or microseconds since 1970 UTC.
///
/// # Errors
/// The file cannot be read, or does not hold a time.
fn move_by(file: &Path) -> Result<(), ClockError> {
    let bad = || ClockError::NoTime(file.to_owned());
    let time = read(file).ok_or_else(bad)?;
    let moved = MOVED.get_or_init(|| Moved {
        file: file.to_owned(),
        last: Mutex::new(time),
    });
    if moved.file == file { Ok(()) } else { Err(bad()) }
}

fn read(file: &Path) -> Option<DateTime<Utc>> {
    let text = std::fs::read_to_string(file).ok()?;
    let text = text.trim();
    match text.parse::<i64>() {
        Ok(micros) => DateTime::from_timestamp_micros(micros),
        Err(_) => DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()),
    }
}

/// The current time.
#[expect(clippy::disallowed_methods, reason = "the one place that may ask the system clock")]
pub fn now() -> DateTime<Utc> {
    let Some(moved) = MOVED.get() else {
        return Utc::now();
    };
    let mut last = moved.last.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(time) = read(&moved.file) {
        *last = time;
    }
    *last
}

/// The current time in microseconds UTC.
pub fn now_micros() -> i64 {
    now().timestamp_micros()
}

/// Waits until this much time has passed.
pub async fn sleep(time: Duration) {
    if MOVED.get().is_none() {
        return tokio::time::sleep(time).await;
    }
    let end = now_micros().saturating_add(micros(time));
    while now_micros() < end {
        tokio::time::sleep(LOOK).await;
    }
}

/// A duration in microseconds, for adding to stored times.
pub fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Converts a stored time to a date; times out of range become 1970-01-01.
pub fn from_micros(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// Formats a stored time as RFC 3339 in UTC with seconds, such as `2026-08-03T11:02:44Z`.
pub fn rfc3339(micros: i64) -> String {
    from_micros(micros).to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_a_time_in_one_of_two_forms() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        for (text, expected) in [
            ("2026-08-03T11:02:44Z\n", Some(1_785_754_964_000_000)),
            ("2026-08-03T13:02:44.5+02:00", Some(1_785_754_964_500_000)),
            (" 1785754964000000 ", Some(1_785_754_964_000_000)),
            ("", None),
            ("yesterday", None),
        ] {
            std::fs::write(&file, text).unwrap();
            let found = read(&file).map(|time| time.timestamp_micros());
            assert_eq!(found, expected, "{text:?}");
        }
        assert!(move_by(&folder.path().join("missing")).is_err());
    }
}
