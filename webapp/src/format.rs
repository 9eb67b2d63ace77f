//! Numbers and times in human-readable form. All times are UTC.

use platform::clock;
use text::thousands;

/// A stored time as `2026-08-03 11:02:44`.
pub(crate) fn time(micros: i64) -> String {
    clock::from_micros(micros).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A duration in seconds as its two largest units: `3 h 12 min`.
pub(crate) fn seconds(count: i64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = count.unsigned_abs();
    let mut parts = Vec::new();
    for (size, unit) in UNITS {
        let whole = rest / size;
        rest %= size;
        if whole > 0 {
            parts.push(format!("{whole} {unit}"));
        } else if !parts.is_empty() {
            // `1 d 5 s` would suggest a precision that is not needed.
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    let text = if parts.is_empty() {
        "0 s".to_owned()
    } else {
        parts.join(" ")
    };
    if count < 0 { format!("−{text}") } else { text }
}

/// A number of bytes: `1,536 bytes (1.5 KiB)`.
pub(crate) fn bytes(count: i64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let plain = format!("{} bytes", thousands(count));
    let mut tenths = count.unsigned_abs();
    if tenths < 1024 {
        return plain;
    }
    let mut unit = "";
    tenths = tenths.saturating_mul(10);
    for name in UNITS {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = name;
    }
    format!("{plain} ({}.{} {unit})", tenths / 10, tenths % 10)
}

/// A number with its noun: `1 build`, `3 builds`.
pub(crate) fn counted(count: i64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(count))
}

/// Part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) is_code: bool,
}

/// The parts of a text; words between backticks are code.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let parts = text.split('`').enumerate();
    let pieces = parts.map(|(at, text)| Piece {
        text: text.to_owned(),
        is_code: at % 2 == 1,
    });
    pieces.filter(|piece| !piece.text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_show_two_units() {
        for (count, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (11_520, "3 h 12 min"),
            (86_405, "1 d"),
            (i64::MIN, "−106751991167300 d 15 h"),
        ] {
            assert_eq!(seconds(count), expected);
        }
    }

    #[test]
    fn bytes_show_both_forms() {
        for (count, expected) in [
            (7, "7 bytes"),
            (1536, "1,536 bytes (1.5 KiB)"),
            (17_179_869_184, "17,179,869,184 bytes (16.0 GiB)"),
        ] {
            assert_eq!(bytes(count), expected);
        }
    }
}
