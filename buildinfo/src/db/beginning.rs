//! Versions and build ids of which only the beginning is given.

use platform::db::Beginning;

/// Maximum length of a beginning in bytes: no version or build id is longer.
const MAX_LENGTH: usize = 64;

/// Parses the beginning of a version: `153*`, `153.x`, or, without a star, text that cannot be a whole version (`153`,
/// `153.`, `153.0b`). `None` for anything else, which stands for itself alone.
pub fn versions(text: &str) -> Option<Beginning> {
    let text = text.trim();
    let starred = [".*", ".x", "*"].iter().find_map(|end| text.strip_suffix(end));
    let begin = starred.unwrap_or(text);
    let fits = begin.len() <= MAX_LENGTH
        && begin.starts_with(|first: char| first.is_ascii_digit())
        && begin
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    let is_open = || {
        let digits = begin.bytes().all(|byte| byte.is_ascii_digit());
        let suffix = begin.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        digits || begin.ends_with('.') || matches!(suffix, "a" | "b" | "r" | "rc" | "e" | "es")
    };
    (fits && (starred.is_some() || is_open())).then(|| Beginning::new(begin, true))
}

/// Parses the beginning of a build id: its first digits (`20260827`, with or without a star) or a date (`2026-08-27`,
/// `2026-08`). `None` for anything else.
pub fn build_ids(text: &str) -> Option<Beginning> {
    let text = text.trim();
    let begin = text.strip_suffix('*').unwrap_or(text);
    let digits: String = match begin.split('-').collect::<Vec<_>>().as_slice() {
        [digits] => (*digits).to_owned(),
        [year, rest @ ..] if year.len() == 4 && rest.len() <= 2 => {
            let two = |part: &&str| part.len() == 2;
            rest.iter().all(two).then(|| begin.replace('-', ""))?
        }
        _ => return None,
    };
    let known = builds::names::build_id::prefix_range(&digits)?;
    let is_time = (19_980_000_000_000..22_000_000_000_000).contains(&known.start) && is_date(&digits);
    is_time.then(|| Beginning::new(digits, false))
}

/// Whether the first digits of a build id can begin a timestamp: its month, day, hour and so on exist.
fn is_date(digits: &str) -> bool {
    let part = |from: usize, to: usize, most: u32, least: u32| {
        let Some(text) = digits.get(from..to.min(digits.len())) else {
            return true;
        };
        match text.len() {
            0 => true,
            // One digit of two: the second may follow.
            1 => text.parse::<u32>().is_ok_and(|first| first <= most / 10),
            _ => text.parse::<u32>().is_ok_and(|number| (least..=most).contains(&number)),
        }
    };
    let day_exists = match (digits.get(..4), digits.get(4..6), digits.get(6..8)) {
        (Some(year), Some(month), Some(day)) => chrono::NaiveDate::from_ymd_opt(
            year.parse().unwrap_or(0),
            month.parse().unwrap_or(0),
            day.parse().unwrap_or(0),
        )
        .is_some(),
        _ => true,
    };
    day_exists
        && part(4, 6, 12, 1)
        && part(6, 8, 31, 1)
        && part(8, 10, 23, 0)
        && part(10, 12, 59, 0)
        && part(12, 14, 59, 0)
}

#[cfg(test)]
mod tests {
    use platform::db::Beginning;

    use super::{build_ids, versions};

    #[test]
    fn the_beginning_of_a_version_is_told_from_a_whole_one() {
        for (text, expected) in [
            ("153", Some("153")),
            (" 153* ", Some("153")),
            ("153.", Some("153.")),
            ("153.*", Some("153")),
            ("153.0.x", Some("153.0")),
            ("153.0b", Some("153.0b")),
            ("153.0b5*", Some("153.0b5")),
            ("140.2.0es", Some("140.2.0es")),
            ("153.0", None),
            ("153.0b5", None),
            ("140.2.0esr", None),
            ("154.0b1rc2", None),
            ("*", None),
            ("b5*", None),
            ("153.0%*", None),
            ("", None),
        ] {
            let found = versions(text);
            assert_eq!(found.as_ref().map(Beginning::as_str), expected, "{text}");
        }
        assert_eq!(versions(&"1".repeat(65)), None);
    }

    #[test]
    fn dates_and_first_digits_are_beginnings_of_build_ids() {
        for (text, expected) in [
            ("20260827", Some("20260827")),
            ("2026-08-27", Some("20260827")),
            ("2026-08", Some("202608")),
            ("2026", Some("2026")),
            ("2026082709*", Some("2026082709")),
            ("2026082709300", Some("2026082709300")),
            ("20261345", None),
            ("20260231", None),
            ("2026-8-27", None),
            ("2026-08-27-01", None),
            ("2015757667", None),
            ("153", None),
            ("18970101", None),
            ("x", None),
            ("", None),
        ] {
            let found = build_ids(text);
            assert_eq!(found.as_ref().map(Beginning::as_str), expected, "{text}");
        }
    }
}
