//! What a program says its version is, beside what its build is called.

use crate::names::version::written::{Stage, Version};

impl Version {
    /// Whether a build of this version says of itself that it is `reported`.
    ///
    /// Programs leave out what is not part of their number: betas and candidates the suffix (`153.0` for `153.0b5` and
    /// `153.0rc2`), many the `esr`. Candidates have the number of their candidate in folders only. The numbers before
    /// the suffix are the same always, but for `0.0`, which says that a program does not know its version.
    pub fn can_report(&self, reported: &Self) -> bool {
        if reported.numbers[..2] == [0, 0] {
            return true;
        }
        if reported.numbers != self.numbers {
            return false;
        }
        match (reported.stage, self.stage) {
            (Stage::Release, _)
            | (Stage::ReleaseCandidate(_), Stage::ReleaseCandidate(_) | Stage::Release)
            | (Stage::Esr, Stage::Esr | Stage::Release)
            // All betas of a number, and what the last candidate of a release was called once.
            | (Stage::Beta(0), Stage::Beta(_))
            | (Stage::Beta(99), Stage::ReleaseCandidate(_) | Stage::Release) => true,
            (reported, own) => reported == own,
        }
    }
}

/// Whether what a program reports contradicts the version of its build. A text that is no version does; no text does
/// not.
pub fn contradicts(version: &str, reported: &str) -> bool {
    let reported = reported.trim();
    if reported.is_empty() || reported == version {
        return false;
    }
    match (version.parse::<Version>(), reported.parse::<Version>()) {
        (Ok(version), Ok(reported)) => !version.can_report(&reported),
        (_, Err(_)) => true,
        (Err(_), Ok(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::contradicts;

    #[test]
    fn what_builds_report_of_themselves_is_no_contradiction() {
        for (version, reported, expected) in [
            // A beta keeps its number for itself; so does Developer Edition.
            ("153.0b5", "153.0", false),
            ("153.0b5", "153.0b5", false),
            ("153.0b5", "153.0b", false),
            ("153.0b5", "153.0b4", true),
            ("153.0b5", "154.0", true),
            ("153.0b5", "153.0.1", true),
            ("154.0b1rc2", "154.0", false),
            ("154.0b1rc2", "154.0b1", false),
            ("154.0b1rc2", "154.0b2", true),
            // A release candidate on beta, as now and as it was called until 2015.
            ("153.0rc2", "153.0", false),
            ("38.0rc3", "38.0b99", false),
            ("153.0rc2", "153.0b9", true),
            ("153.0", "153.0", false),
            ("153.0", "153.0.0", false),
            ("153.0", " 153.0 ", false),
            ("153.0", "153.0.1", true),
            ("153.0.1", "153.0", true),
            ("153.0", "152.0", true),
            ("153.0", "1530", true),
            ("140.2.0esr", "140.2.0", false),
            ("140.2.0esr", "140.2.0esr", false),
            ("115.3.0", "115.3.0esr", false),
            ("140.2.0esr", "140.2.1", true),
            ("155.0a1", "155.0a1", false),
            ("155.0a1", "155.0", false),
            ("155.0a1", "154.0a1", true),
            ("155.0a1", "155.0b1", true),
            // Fenix nightlies that named the day, and a program that does not know.
            ("155.0a1", "0.0a1", false),
            ("155.0a1", "", false),
            ("79.0.0-beta.3", "79.0b3", false),
            ("153.0", "my browser", true),
            ("no version", "153.0", false),
        ] {
            assert_eq!(contradicts(version, reported), expected, "{version} reports {reported}");
        }
    }
}
