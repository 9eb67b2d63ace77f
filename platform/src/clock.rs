//! The time: the one place that asks the system clock.
//!
//! Every stored time is a count of microseconds since 1970-01-01T00:00:00 UTC in an `i64`.
//!
//! Tests move the time: while `DATIL_TEST_CLOCK` names a file, that file's content is the time, for everything that is
//! stored, compared or waited for in the sense of the domain (leases, back-off, retention, schedules). How long a
//! network or a statement may take is measured by the runtime's own clock, and so is how often a process looks whether
//! there is work.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

/// The variable that names the file of a test's clock.
pub const TEST_CLOCK: &str = "DATIL_TEST_CLOCK";

/// How often a moved clock is looked at by those who wait for a time.
const LOOK: Duration = Duration::from_millis(20);

static MOVED: OnceLock<Moved> = OnceLock::new();

/// A clock that a file moves.
#[derive(Debug)]
struct Moved {
    file: PathBuf,
    /// What stands while the file cannot be read, as in the moment in which it is written.
    last: Mutex<DateTime<Utc>>,
}

/// The clock of a test cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// The file holds no time.
    #[error(
        "{TEST_CLOCK}: {} does not hold a time: RFC 3339, such as 2026-08-03T11:02:44Z, or microseconds since 1970",
        .0.display()
    )]
    NoTime(PathBuf),
    /// The system is more than a test.
    #[error("{TEST_CLOCK} moves the time and is for tests alone: {0} is not on this machine")]
    NotLocal(&'static str),
}

/// Moves the time if the environment asks for it. `remote` names a part of the system that is not on this machine.
///
/// # Errors
/// It is asked for, and there is such a part, or the file holds no time.
pub fn from_environment(remote: Option<&'static str>) -> Result<(), ClockError> {
    match (std::env::var_os(TEST_CLOCK), remote) {
        (None, _) => Ok(()),
        (Some(_), Some(part)) => Err(ClockError::NotLocal(part)),
        (Some(file), None) => move_by(Path::new(&file)),
    }
}

/// Makes the content of a file the time of this process, for good: RFC 3339 text, or a number of microseconds since
/// 1970 UTC.
///
/// # Errors
/// The file cannot be read, or holds no time.
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

/// The present moment.
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

/// The present moment in microseconds UTC.
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

/// A length of time in microseconds, as it is added to stored times.
pub fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// A stored time as a date; times outside of what a date can hold become 1970-01-01.
pub fn from_micros(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// A stored time as RFC 3339 text in UTC with seconds, such as `2026-08-03T11:02:44Z`.
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
