//! Times as clients of Crash Stats read them.

use chrono::{DateTime, SecondsFormat};

/// A time, microseconds UTC, as Python writes it: with a fraction only if there is one. `zone` is `+00:00` or `Z`.
pub(super) fn iso(micros: i64, zone: &str) -> String {
    let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    let format = match micros.rem_euclid(1_000_000) {
        0 => SecondsFormat::Secs,
        _ => SecondsFormat::Micros,
    };
    let text = time.to_rfc3339_opts(format, true);
    format!("{}{zone}", text.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_stand_only_where_there_are_some() {
        for (micros, zone, expected) in [
            (0, "Z", "1970-01-01T00:00:00Z"),
            (1_780_311_520_234_130, "+00:00", "2026-06-01T10:58:40.234130+00:00"),
            (1_780_311_520_000_000, "+00:00", "2026-06-01T10:58:40+00:00"),
            (-1, "Z", "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(iso(micros, zone), expected);
        }
    }
}
